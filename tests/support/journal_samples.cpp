// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/journal_samples.h"

#include "tests/support/edits.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

using namespace cachecore;

namespace cachet_test {

std::vector<std::byte> SampleExtent::content() const
{
    std::vector<std::byte> bytes = old;
    for (const JournalSegment &segment : segments) {
        const auto at = static_cast<std::size_t>(segment.range.begin() - units.begin());
        for (std::uint64_t i = 0; i < segment.range.length(); ++i)
            (void)segment.piece.peekTo(i, std::span(bytes).subspan(at + static_cast<std::size_t>(i), 1));
    }
    return bytes;
}

Result<void> SampleJournal::writeTo(JournalWriter &writer) const
{
    if (auto done = writer.begin(header); !done)
        return done;
    for (const SampleExtent &extent : extents) {
        if (auto done = writer.extent(extent.units, extent.old, extent.segments); !done)
            return done;
    }
    for (const JournalState state : states) {
        if (auto done = state == JournalState::Armed ? writer.arm() : writer.append(state); !done)
            return done;
    }
    return {};
}

std::vector<std::byte> SampleJournal::bytes() const
{
    const auto file = fileWith({});
    JournalWriter writer(*file, "sample");
    if (!writeTo(writer))
        std::abort();
    return bytesOf(*file);
}

JournalHeader sampleHeader(std::uint64_t size, std::uint32_t unit)
{
    JournalHeader header;
    for (std::size_t i = 0; i < 16; ++i) {
        header.transaction[i] = static_cast<std::byte>(0xa0 + i);
        header.salt[i] = static_cast<std::byte>(0x50 + i);
    }
    header.identity = {"file", 2049, 131072};
    header.before = {size, 1'700'000'000'000'000'000, 1'700'000'001'000'000'000, 0x1122334455667788};
    header.unit = unit;
    header.createdNs = 1'700'000'002'000'000'000;
    header.targetPath = "/images/disk.img";
    return header;
}

SampleJournal smallJournal()
{
    SampleJournal journal{sampleHeader(4100), {}, {JournalState::Armed, JournalState::Done}};
    SampleExtent first{rangeAt(0, 4096), std::vector<std::byte>(4096), {}};
    std::ranges::fill(std::span(first.old).first(8), std::byte{0x11});
    first.segments.push_back({rangeAt(2, 3), literalPiece(bytesOf({0xca, 0xfe, 0x21}), 0)});
    SampleExtent second{rangeAt(4096, 4), bytesOf({1, 2, 3, 4}), {}};
    second.segments.push_back({rangeAt(4096, 4), patternPiece(bytesOf({0xde, 0xad}), 0)});
    journal.extents = {first, second};
    return journal;
}

namespace {

Piece randomPiece(Random &random, std::uint64_t length, const std::vector<SharedBytes> &patterns)
{
    Piece piece;
    switch (random.below(4)) {
    case 0:
        piece = Piece::patternOf(patterns[random.below(patterns.size())]);
        piece.phase = random.oneIn(4) ? random.next() / 2 : random.below(piece.bytes()->size());
        return piece;
    case 1: {
        constexpr std::array<std::uint8_t, 4> kWidths = {1, 2, 4, 8};
        piece = Piece::generatedBy({random.oneIn(2) ? Generator::Kind::Random : Generator::Kind::Increment,
                                    kWidths[random.below(4)], random.next(), random.next()});
        piece.phase = random.next() / 2;
        return piece;
    }
    default: {
        const std::uint64_t lead = random.below(9);
        piece = literalPiece(random.bytes(static_cast<std::size_t>(lead + length + random.below(3))), 0);
        piece.phase = lead;
        return piece;
    }
    }
}

std::vector<JournalSegment> randomSegments(Random &random, ByteRange units, const std::vector<SharedBytes> &patterns)
{
    std::vector<JournalSegment> segments;
    std::uint64_t at = units.begin().value() + (random.oneIn(3) ? 0 : random.skewedBelow(units.length()));
    while (at < units.end().value() && segments.size() < 40) {
        const std::uint64_t room = units.end().value() - at;
        const std::uint64_t length = random.oneIn(4) ? room : 1 + random.skewedBelow(room);
        segments.push_back({rangeAt(at, length), randomPiece(random, length, patterns)});
        at += length + (random.oneIn(3) ? 0 : random.skewedBelow(units.length()));
    }
    return segments;
}

} // namespace

SampleJournal randomJournal(Random &random, std::uint64_t mostExtents)
{
    const std::uint32_t unit = 512U << random.below(6);
    const std::uint64_t size = 1 + random.skewedBelow(std::uint64_t{1} << 40);
    std::vector<SharedBytes> patterns;
    for (std::uint64_t i = 0; i < 5; ++i)
        patterns.push_back(shared(random.bytes(static_cast<std::size_t>(1 + random.skewedBelow(9000)))));

    SampleJournal journal{sampleHeader(size, unit), {}, {}};
    std::ranges::copy(random.bytes(16), journal.header.salt.begin());
    const std::uint64_t units = (size + unit - 1) / unit;
    std::uint64_t next = random.skewedBelow(units);
    while (next < units && journal.extents.size() < mostExtents) {
        const std::uint64_t count = std::min(units - next, 1 + random.skewedBelow(64));
        const ByteRange range(ByteOffset(next * unit), ByteOffset(std::min(size, (next + count) * unit)));
        SampleExtent extent{range, random.bytes(static_cast<std::size_t>(range.length())), {}};
        extent.segments = randomSegments(random, range, patterns);
        journal.extents.push_back(std::move(extent));
        next += count + random.skewedBelow(units);
    }
    journal.states.push_back(JournalState::Armed);
    if (random.oneIn(2))
        journal.states.push_back(JournalState::RollingBack);
    if (random.oneIn(2))
        journal.states.push_back(random.oneIn(2) ? JournalState::Done : JournalState::RolledBack);
    return journal;
}

namespace {

/// The journal's bytes before ARMED, which the fuzzer appends itself, with the byte before them that says how it is to be read.
std::vector<std::byte> seedOf(const SampleJournal &journal, unsigned mode)
{
    const auto file = fileWith({});
    JournalWriter writer(*file, "seed");
    SampleJournal records = journal;
    records.states.clear();
    std::uint64_t end = 0;
    if (records.writeTo(writer)) {
        end = writer.size();
        (void)writer.arm();
    }
    std::vector<std::byte> bytes = bytesOf(*file);
    bytes.resize(static_cast<std::size_t>(end));
    bytes.insert(bytes.begin(), static_cast<std::byte>(mode));
    return bytes;
}

} // namespace

std::map<std::string, std::vector<std::byte>> journalSeeds()
{
    constexpr unsigned kSeal = 1;
    constexpr unsigned kArmed = 3;
    constexpr unsigned kRollingBack = 7;
    constexpr unsigned kDone = 11;
    SampleJournal journal{sampleHeader(520, 512), {}, {}};
    journal.header.targetPath = "/d";
    std::map<std::string, std::vector<std::byte>> seeds;
    seeds["empty"] = seedOf(journal, kSeal);
    journal.extents.push_back({rangeAt(0, 512), patternBytes(512), {}});
    auto &first = journal.extents[0].segments;
    first.push_back({rangeAt(1, 3), literalPiece(bytesOf({1, 2, 3}), 0)});
    first.push_back({rangeAt(10, 4), literalPiece(bytesOf({4, 5, 6, 7}), 0)});
    seeds["literals"] = seedOf(journal, kArmed);
    journal.extents.push_back({rangeAt(512, 8), patternBytes(8, 1), {}});
    journal.extents[1].segments.push_back({rangeAt(512, 8), patternPiece(bytesOf({8, 9, 10}), 0)});
    seeds["patterns"] = seedOf(journal, kDone);
    journal.extents.erase(journal.extents.begin());
    auto &last = journal.extents[0].segments;
    last = {{rangeAt(512, 3), Piece::generatedBy({Generator::Kind::Random, 1, 7, 1})},
            {rangeAt(515, 5), Piece::generatedBy({Generator::Kind::Increment, 4, 7, 3})}};
    seeds["generated"] = seedOf(journal, kRollingBack);
    std::vector<std::byte> hostile = seeds["generated"]; // ARMED, RLNG, then one that says a wrong number
    hostile[0] = std::byte{17};
    for (const int type : {0, 1, 2}) {
        std::vector<std::byte> state(16);
        state[0] = static_cast<std::byte>(type);
        state[1] = static_cast<std::byte>(type == 2 ? 1 : 0);
        hostile.insert(hostile.end(), state.begin(), state.end());
    }
    seeds["states"] = hostile;
    std::vector<std::byte> newer = seeds["empty"];
    newer[0] = std::byte{0};
    newer[9] = std::byte{2};
    seeds["newer"] = newer;
    return seeds;
}

std::unique_ptr<EnvFile> fileWith(std::span<const std::byte> bytes)
{
    auto file = systemEnv()->openAnonymous();
    if (!file)
        std::abort();
    while (!bytes.empty()) {
        const auto status = (*file)->status();
        const auto put = (*file)->pwritev(ByteOffset(status->size), std::span(&bytes, 1));
        if (!put || *put == 0)
            std::abort();
        bytes = bytes.subspan(*put);
    }
    return std::move(*file);
}

std::vector<std::byte> bytesOf(EnvFile &file)
{
    std::vector<std::byte> bytes(static_cast<std::size_t>(file.status()->size));
    for (std::size_t done = 0; done < bytes.size();) {
        const std::span<std::byte> rest = std::span(bytes).subspan(done);
        const auto got = file.preadv(ByteOffset(done), std::span(&rest, 1));
        if (!got && got.error().systemError == EINTR)
            continue;
        if (!got || *got == 0)
            std::abort();
        done += *got;
    }
    return bytes;
}

} // namespace cachet_test
