// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_format.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct XXH3_state_s;

namespace cachecore::journal {

/// XXH3-128 of a salt and what is added after it; one object hashes any number of things one after the other without allocating.
class SaltedHasher {
public:
    explicit SaltedHasher(const JournalSalt &salt = {});

    void setSalt(const JournalSalt &salt) { m_salt = salt; }
    /// Begins the next hash.
    void begin();
    void add(std::span<const std::byte> bytes);
    [[nodiscard]] Hash128 end();

    /// The running hash over records: of the one before and a record's own.
    [[nodiscard]] Hash128 chained(const Hash128 &before, const Hash128 &record);

private:
    struct Free {
        void operator()(XXH3_state_s *state) const;
    };
    std::unique_ptr<XXH3_state_s, Free> m_state;
    JournalSalt m_salt;
};

/// Hashes of extents that one pattern covers from end to end: a fill of a whole disk has few of them, however long it is. Forgets when it is full.
class PatternHashes {
public:
    struct Key {
        std::uint64_t phase = 0;
        std::uint64_t length = 0; ///< not 0
        std::uint32_t pattern = 0;

        friend bool operator==(const Key &, const Key &) = default;
    };
    [[nodiscard]] std::optional<Hash128> find(const Key &key) const
    {
        if (m_slots.empty() || m_slots[slotOf(key)].key != key)
            return std::nullopt;
        return m_slots[slotOf(key)].hash;
    }
    void remember(const Key &key, const Hash128 &hash)
    {
        m_slots.resize(kSlots);
        m_slots[slotOf(key)] = {key, hash};
    }
    void clear() { m_slots.clear(); }

private:
    static constexpr std::size_t kSlots = 4096;
    struct Slot {
        Key key;
        Hash128 hash{};
    };
    static std::size_t slotOf(const Key &key)
    {
        return static_cast<std::size_t>((key.phase + key.pattern * 1021U + key.length) % kSlots);
    }
    std::vector<Slot> m_slots;
};

/// Hands the bytes [skip, skip + length) of a piece that is in memory to `sink(span)`.
template <typename Sink>
void forEachPieceByte(const Piece &piece, std::uint64_t skip, std::uint64_t length, std::span<std::byte> scratch,
                      Sink &&sink)
{
    if (piece.kind == Piece::Kind::Literal) {
        sink(piece.literal(skip, length));
        return;
    }
    for (std::uint64_t done = 0; done < length;) {
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), length - done));
        (void)piece.peekTo(skip + done, scratch.first(step));
        sink(std::span<const std::byte>(scratch.first(step)));
        done += step;
    }
}

/// Hands the units' bytes with the segments put over `old`, or the part of them in `part`, to `sink(span)`, piece by piece. Pieces that follow from a rule
/// are expanded in `scratch`, which is not empty.
template <typename Sink>
void forEachNewByte(ByteRange units, ByteRange part, std::span<const std::byte> old,
                    std::span<const JournalSegment> segments, std::span<std::byte> scratch, Sink &&sink)
{
    const auto keep = [&](ByteOffset from, ByteOffset to) {
        if (from < to)
            sink(old.subspan(static_cast<std::size_t>(from - units.begin()), static_cast<std::size_t>(to - from)));
    };
    ByteOffset at = part.begin();
    for (const JournalSegment &segment : segments) {
        const ByteRange range = segment.range.intersection(part);
        if (range.empty())
            continue;
        keep(at, range.begin());
        forEachPieceByte(segment.piece, range.begin() - segment.range.begin(), range.length(), scratch, sink);
        at = range.end();
    }
    keep(at, part.end());
}

} // namespace cachecore::journal
