// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/edit_history.h"
#include "tests/support/edits.h"
#include "tests/support/memory_external.h"
#include "tests/support/random.h"

#include <cstddef>
#include <memory>
#include <vector>

// A history of edits on a small disk that is an array.
namespace cachet_test {

inline constexpr std::uint64_t kHistorySize = 300;
using Bytes = std::vector<std::byte>;

inline Bytes visible(const cachecore::EditHistory &history, const Bytes &disk)
{
    Bytes bytes = disk;
    history.current().overlay(cachecore::ByteOffset(0), bytes);
    return bytes;
}

inline void stagePiece(cachecore::EditHistory &history, cachecore::ByteRange range, cachecore::Piece piece,
                       cachecore::EditKind kind = cachecore::EditKind::Set, bool join = false)
{
    const std::uint64_t payload = piece.payload();
    piece.stamp = cachecore::Piece::newStamp();
    history.stage(range, std::move(piece), {}, kind, payload, join);
}

inline void stage(cachecore::EditHistory &history, cachecore::ByteRange range, Bytes bytes, bool repeats,
                  cachecore::EditKind kind = cachecore::EditKind::Set, bool join = false)
{
    stagePiece(history, range,
               repeats ? cachecore::Piece::patternOf(shared(std::move(bytes)))
                       : cachecore::Piece::literalOf(shared(std::move(bytes))),
               kind, join);
}

inline cachecore::Piece randomPiece(Random &random, std::uint64_t length)
{
    switch (random.below(4)) {
    case 0:
        return cachecore::Piece::literalOf(shared(random.bytes(length)));
    case 1:
        return cachecore::Piece::patternOf(shared(random.bytes(random.between(1, 5))));
    case 2:
        return cachecore::Piece::generatedBy({cachecore::Generator::Kind::Random, 1, random.next(), 1});
    default:
        return cachecore::Piece::externalFrom(std::make_shared<MemoryExternal>(random.bytes(length + 3)), 3);
    }
}

/// Where a write keeps the old bytes.
enum class Old { InMemory, InJournal, Nowhere };

/// Writes what is staged in `range` to the disk; returns what beginEpoch says.
inline bool write(cachecore::EditHistory &history, Bytes &disk, cachecore::ByteRange range, Old old = Old::InMemory,
                  std::uint64_t retiredBytes = 1)
{
    cachecore::EpochChange change;
    change.written = history.current().clipped(range);
    const auto journal = std::make_shared<MemoryExternal>(disk);
    change.retiredBytes = old == Old::InJournal ? retiredBytes : 0;
    change.written.forEachPiece(
        cachecore::ByteRange::whole(disk.size()), [&](cachecore::ByteRange part, const cachecore::Piece &piece) {
            const std::span<std::byte> place
                = std::span(disk).subspan(part.begin().value(), static_cast<std::size_t>(part.length()));
            if (old == Old::InMemory)
                change.oldBytes = change.oldBytes.with(part, literalPiece(Bytes(place.begin(), place.end()), 0));
            if (old == Old::InJournal)
                change.oldBytes
                    = change.oldBytes.with(part, cachecore::Piece::externalFrom(journal, part.begin().value()));
            return piece.readTo(0, place).has_value();
        });
    cachecore::StagedEdits carried = carriedOver(history.current(), change);
    return history.beginEpoch(std::move(change), std::move(carried));
}

inline cachecore::ByteRange randomRange(Random &random)
{
    const std::uint64_t begin = random.below(kHistorySize);
    return rangeAt(begin, random.skewedBelow(kHistorySize - begin) + 1);
}

} // namespace cachet_test
