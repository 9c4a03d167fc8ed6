// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_layout.h"

#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace cachecore::journal {

namespace {

std::uint64_t numberAt(std::span<const std::byte> bytes, std::size_t at)
{
    return get<std::uint64_t>(bytes.data() + at);
}

/// The bytes of a header before its hash.
std::size_t hashedHeaderLength(std::size_t kindLength, std::size_t pathLength)
{
    return static_cast<std::size_t>(paddedTo8(kHeaderFixed + kindLength + pathLength));
}

} // namespace

bool plausibleHeader(const JournalHeader &header)
{
    return header.before.size <= kMaxSourceSize && std::has_single_bit(header.unit) && header.unit >= kJournalLeastUnit
        && header.unit <= kJournalMostUnit;
}

std::vector<std::byte> encodeHeader(const JournalHeader &header)
{
    const std::string &kind = header.identity.kind;
    const std::string &path = header.targetPath;
    assert(kind.size() <= kJournalMostIdentityKind && path.size() <= kJournalMostPath);
    const std::size_t hashed = hashedHeaderLength(kind.size(), path.size());
    std::vector<std::byte> bytes(hashed + kHashSize);
    std::byte *const at = bytes.data();
    std::memcpy(at, kMagic.data(), kMagic.size());
    put(at + 8, kJournalVersion);
    put(at + 12, static_cast<std::uint32_t>(bytes.size()));
    std::ranges::copy(header.transaction, at + 16);
    std::ranges::copy(header.salt, at + 32);
    put(at + 48, header.unit);
    put(at + 52, static_cast<std::uint32_t>(kind.size()));
    put(at + 56, header.identity.a);
    put(at + 64, header.identity.b);
    put(at + 72, header.before.size);
    put(at + 80, static_cast<std::uint64_t>(header.before.modifiedNs));
    put(at + 88, static_cast<std::uint64_t>(header.before.changedNs));
    put(at + 96, header.before.sampleHash);
    put(at + 104, static_cast<std::uint64_t>(header.createdNs));
    put(at + 112, static_cast<std::uint32_t>(path.size()));
    std::memcpy(at + kHeaderFixed, kind.data(), kind.size());
    std::memcpy(at + kHeaderFixed + kind.size(), path.data(), path.size());
    put(at + hashed, saltedHash(header.salt, {std::span(bytes).first(hashed)}));
    return bytes;
}

std::optional<std::size_t> headerLength(std::span<const std::byte> fixed)
{
    const auto length = get<std::uint32_t>(fixed.data() + 12);
    const auto kind = get<std::uint32_t>(fixed.data() + 52);
    const auto path = get<std::uint32_t>(fixed.data() + 112);
    if (kind > kJournalMostIdentityKind || path > kJournalMostPath)
        return std::nullopt;
    if (length != hashedHeaderLength(kind, path) + kHashSize)
        return std::nullopt;
    return length;
}

std::optional<JournalHeader> decodeHeader(std::span<const std::byte> bytes)
{
    const std::size_t hashed = bytes.size() - kHashSize;
    const std::byte *const at = bytes.data();
    JournalHeader header;
    std::copy_n(at + 16, header.transaction.size(), header.transaction.begin());
    std::copy_n(at + 32, header.salt.size(), header.salt.begin());
    if (saltedHash(header.salt, {bytes.first(hashed)}) != getHash(at + hashed)
        && !leftOut(ProtocolStep::JournalComparesHeader))
        return std::nullopt;
    const auto text = [at](std::size_t begin, std::size_t length) {
        return std::string(reinterpret_cast<const char *>(at + begin), length);
    };
    const auto kindLength = get<std::uint32_t>(at + 52);
    const auto pathLength = get<std::uint32_t>(at + 112);
    header.unit = get<std::uint32_t>(at + 48);
    header.identity = {text(kHeaderFixed, kindLength), numberAt(bytes, 56), numberAt(bytes, 64)};
    header.before.size = numberAt(bytes, 72);
    header.before.modifiedNs = static_cast<std::int64_t>(numberAt(bytes, 80));
    header.before.changedNs = static_cast<std::int64_t>(numberAt(bytes, 88));
    header.before.sampleHash = numberAt(bytes, 96);
    header.createdNs = static_cast<std::int64_t>(numberAt(bytes, 104));
    header.targetPath = text(kHeaderFixed + kindLength, pathLength);
    if (!plausibleHeader(header) || get<std::uint32_t>(at + 116) != 0
        || !allZero(
            bytes.subspan(kHeaderFixed + kindLength + pathLength, hashed - kHeaderFixed - kindLength - pathLength)))
        return std::nullopt;
    return header;
}

void RecordStart::encode(std::byte *at) const
{
    put(at, static_cast<std::uint32_t>(type));
    put(at + 4, number);
    put(at + 8, sequence);
    put(at + 16, length);
}

RecordStart RecordStart::decode(const std::byte *at)
{
    return {static_cast<RecordType>(get<std::uint32_t>(at)), get<std::uint32_t>(at + 4), get<std::uint64_t>(at + 8),
            get<std::uint64_t>(at + 16)};
}

void ExtentHead::encode(std::byte *at) const
{
    start.encode(at);
    put(at + 24, unitsBegin);
    put(at + 32, unitsLength);
    put(at + 40, literalLength);
    put(at + 48, oldHash);
    put(at + 64, newHash);
}

ExtentHead ExtentHead::decode(const std::byte *at)
{
    return {RecordStart::decode(at),
            get<std::uint64_t>(at + 24),
            get<std::uint64_t>(at + 32),
            get<std::uint64_t>(at + 40),
            getHash(at + 48),
            getHash(at + 64)};
}

void SegmentEntry::encode(std::byte *at) const
{
    put(at, begin);
    put(at + 8, length);
    put(at + 16, static_cast<std::uint8_t>(kind));
    put(at + 17, width);
    put(at + 18, zero);
    put(at + 20, pattern);
    put(at + 24, phase);
    put(at + 32, seed);
    put(at + 40, step);
}

SegmentEntry SegmentEntry::decode(const std::byte *at)
{
    return {get<std::uint64_t>(at),      get<std::uint64_t>(at + 8),  static_cast<Kind>(get<std::uint8_t>(at + 16)),
            get<std::uint8_t>(at + 17),  get<std::uint16_t>(at + 18), get<std::uint32_t>(at + 20),
            get<std::uint64_t>(at + 24), get<std::uint64_t>(at + 32), get<std::uint64_t>(at + 40)};
}

bool SegmentEntry::plausible() const
{
    const bool noGenerator = width == 0 && seed == 0 && step == 0;
    switch (kind) {
    case Kind::Literal:
        return zero == 0 && noGenerator && pattern == 0 && phase == 0;
    case Kind::Pattern:
        return zero == 0 && noGenerator;
    case Kind::Random:
    case Kind::Increment:
        return zero == 0 && pattern == 0 && width <= 8 && std::has_single_bit(width)
            && phase <= ~std::uint64_t{0} - length;
    }
    return false;
}

Hash128 StateRecord::encode(const JournalSalt &salt, std::span<std::byte, kStateSize> block) const
{
    std::ranges::fill(block, std::byte{0});
    RecordStart{type, 0, sequence, kStateSize}.encode(block.data());
    put(block.data() + 24, extents);
    put(block.data() + 32, unitBytes);
    put(block.data() + 40, newBytes);
    put(block.data() + 48, before);
    const Hash128 hash = saltedHash(salt, {block.first(kStateSize - kHashSize)});
    put(block.data() + kStateSize - kHashSize, hash);
    return hash;
}

std::optional<StateRecord> StateRecord::decode(const JournalSalt &salt, std::span<const std::byte, kStateSize> block)
{
    const RecordStart start = RecordStart::decode(block.data());
    const std::span<const std::byte> hashed = block.first(kStateSize - kHashSize);
    if (!stateOf(start.type) || start.number != 0 || start.length != kStateSize
        || (saltedHash(salt, {hashed}) != getHash(block.data() + hashed.size())
            && !leftOut(ProtocolStep::JournalComparesState))
        || !allZero(hashed.subspan(64)))
        return std::nullopt;
    const StateRecord record{start.type,
                             start.sequence,
                             get<std::uint64_t>(block.data() + 24),
                             get<std::uint64_t>(block.data() + 32),
                             get<std::uint64_t>(block.data() + 40),
                             getHash(block.data() + 48)};
    if (record.type != RecordType::Armed && (record.extents != 0 || record.unitBytes != 0 || record.newBytes != 0))
        return std::nullopt;
    return record;
}

RecordType recordOf(JournalState state)
{
    switch (state) {
    case JournalState::Unarmed:
        return RecordType::None;
    case JournalState::Armed:
        return RecordType::Armed;
    case JournalState::RollingBack:
        return RecordType::RollingBack;
    case JournalState::Done:
        return RecordType::Done;
    case JournalState::RolledBack:
        return RecordType::RolledBack;
    }
    return RecordType::None;
}

std::optional<JournalState> stateOf(RecordType type)
{
    for (const JournalState state :
         {JournalState::Armed, JournalState::RollingBack, JournalState::Done, JournalState::RolledBack}) {
        if (recordOf(state) == type)
            return state;
    }
    return std::nullopt;
}

bool mayFollow(JournalState from, JournalState to)
{
    switch (from) {
    case JournalState::Unarmed:
        return to == JournalState::Armed;
    case JournalState::Armed:
    case JournalState::RollingBack:
        return to == JournalState::RollingBack || to == JournalState::Done || to == JournalState::RolledBack;
    case JournalState::Done:
    case JournalState::RolledBack:
        return false;
    }
    return false;
}

} // namespace cachecore::journal
