// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/recovery_log_rig.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace cachet_test {

using namespace cachecore;

FlatEdits::FlatEdits(const StagedEdits &edits, std::uint64_t size)
    : staged(static_cast<std::size_t>(size), kNothing)
    , bases(static_cast<std::size_t>(size), kNothing)
{
    edits.forEachPiece(edits.span(), [&](ByteRange range, const Piece &piece) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(range.length()));
        const bool read = piece.readTo(0, bytes).has_value();
        for (std::size_t i = 0; i < bytes.size(); ++i)
            staged[static_cast<std::size_t>(range.begin().value()) + i]
                = read ? std::to_integer<std::uint64_t>(bytes[i]) : 0xbad;
        return true;
    });
    edits.forEachBase(edits.span(), [&](ByteRange range, const Base &base) {
        const std::uint64_t first = base.skip / Base::kBaseBlock - range.begin().value() / Base::kBaseBlock;
        for (std::uint64_t at = range.begin().value(); at < range.end().value(); ++at) {
            auto &to = bases[static_cast<std::size_t>(at)];
            if (base.kind == Base::Kind::Unseen)
                to = 0x1000;
            else if (base.kind == Base::Kind::SeenBytes)
                to = std::to_integer<std::uint64_t>(
                    base.bytes()[static_cast<std::size_t>(base.skip + (at - range.begin().value()))]);
            else
                to = base.hashes()[static_cast<std::size_t>(first + at / Base::kBaseBlock)][0];
        }
        return true;
    });
}

namespace {

RecoveryLogHeader someHeader()
{
    RecoveryLogHeader header;
    header.identity = {"file", 7, 8};
    header.fingerprint = {RecoveryLogRig::kSize, 1, 2, 3};
    header.createdNs = 4;
    header.sourcePath = "/somewhere/a disk\xff.img";
    return header;
}

constexpr std::size_t kExternalSize = 5000;
const char *const kNamedPath = "/no/such/import.bin";

} // namespace

RecoveryLogRig::RecoveryLogRig(RecoveryLog::Options options)
    : header(someHeader())
    , named(std::make_shared<NamedExternal>(patternBytes(kExternalSize, 77),
                                            ExternalOrigin{kNamedPath, {kExternalSize, 5, 6, 7}}))
    , nameless(std::make_shared<MemoryExternal>(patternBytes(kExternalSize, 78)))
    , log(another(options))
{
    troubles.reserve(100); // told without memory too
}

std::string RecoveryLogRig::inMemory()
{
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "";
}

RecoveryLog::Options RecoveryLogRig::atOnce()
{
    RecoveryLog::Options options;
    options.behind = std::chrono::milliseconds(0);
    options.retryAfter = std::chrono::milliseconds(0);
    return options;
}

std::unique_ptr<RecoveryLog> RecoveryLogRig::another(RecoveryLog::Options options)
{
    return std::make_unique<RecoveryLog>(env, stem, header, executor, options,
                                         [this](const std::optional<Error> &trouble) {
                                             if (trouble)
                                                 troubles.push_back(*trouble);
                                             else
                                                 ++mended;
                                         });
}

void RecoveryLogRig::keep(const StagedEdits &edits)
{
    log->note(edits);
    (void)executor->runOne();
}

Result<RecoveredEdits> RecoveryLogRig::readAt(const std::string &path) const
{
    return readRecoveryLog(*systemEnv(), path,
                           [this](const std::string &file) -> Result<std::shared_ptr<const ExternalBytes>> {
                               if (file == kNamedPath)
                                   return named;
                               return failure(ErrorCode::NotFound, Operation::Import, {}, file);
                           });
}

Piece RecoveryLogRig::randomPiece(std::uint64_t length, Random &random) const
{
    Piece piece;
    switch (random.below(6)) {
    case 0:
        piece = Piece::patternOf(shared(random.bytes(random.between(1, 9))));
        piece.phase = random.below(piece.bytes()->size());
        break;
    case 1:
        piece = Piece::generatedBy({random.oneIn(2) ? Generator::Kind::Random : Generator::Kind::Increment,
                                    static_cast<std::uint8_t>(1U << random.below(4)), random.next(), random.next()});
        piece.phase = random.skewedBelow(std::uint64_t{1} << 40);
        break;
    case 2:
        piece = Piece::externalFrom(named, random.below(kExternalSize - length + 1));
        break;
    case 3:
        piece = Piece::externalFrom(nameless, random.below(kExternalSize - length + 1));
        break;
    default: {
        const std::uint64_t lead = random.below(5);
        piece = Piece::literalOf(shared(random.bytes(static_cast<std::size_t>(lead + length))));
        piece.phase = lead;
    }
    }
    piece.stamp = Piece::newStamp();
    return piece;
}

RangeTree<Base> randomBases(ByteRange range, Random &random)
{
    RangeTree<Base> bases;
    if (random.oneIn(3))
        return bases;
    if (random.oneIn(2)) {
        const auto seen = random.bytes(static_cast<std::size_t>(range.length()));
        return bases.with(range, Base::ofBytes(shared(seen)));
    }
    const ByteRange blocks = baseBlocks(range);
    std::vector<Hash128> hashes;
    for (std::uint64_t i = 0; i < blocks.length() / Base::kBaseBlock; ++i)
        hashes.push_back({random.next(), random.next()});
    return bases.with(blocks, Base::ofHashes(std::make_shared<const std::vector<Hash128>>(std::move(hashes))));
}

StagedEdits RecoveryLogRig::changed(const StagedEdits &edits, Random &random) const
{
    const std::uint64_t length = 1 + random.skewedBelow(kExternalSize);
    const ByteRange range = rangeAt(random.below(kSize - length + 1), length);
    if (random.oneIn(5))
        return edits.without(range);
    if (random.oneIn(6) && !edits.empty()) {
        // What was under an extent becomes known, as when a write has read it.
        const ByteRange extent = edits.extent(random.below(edits.extentCount()));
        return edits.withBase(extent, Base::ofBytes(shared(random.bytes(static_cast<std::size_t>(extent.length())))));
    }
    return edits.with(range, randomPiece(length, random), randomBases(range, random));
}

} // namespace cachet_test
