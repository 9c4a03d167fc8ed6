// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_cursor.h"

#include <algorithm>

namespace cachet {

using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace {

std::uint64_t lastByte(const CursorSpace &space)
{
    return space.size == 0 ? 0 : space.size - 1;
}

// As many of `rows` whole rows up as there are, in the same column.
std::uint64_t rowsUp(std::uint64_t caret, std::uint64_t rows, const CursorSpace &space)
{
    const std::uint64_t row = caret / space.bytesPerRow;
    return caret - std::min(rows, row) * space.bytesPerRow;
}

std::uint64_t rowsDown(std::uint64_t caret, std::uint64_t rows, const CursorSpace &space)
{
    const std::uint64_t rowsLeft = lastByte(space) / space.bytesPerRow - caret / space.bytesPerRow;
    return std::min(caret + std::min(rows, rowsLeft) * space.bytesPerRow, lastByte(space));
}

std::uint64_t previousSector(std::uint64_t caret)
{
    const std::uint64_t into = caret % kSectorBytes;
    if (into != 0)
        return caret - into;
    return caret == 0 ? 0 : caret - kSectorBytes;
}

std::uint64_t nextSector(std::uint64_t caret, const CursorSpace &space)
{
    const std::uint64_t step = kSectorBytes - caret % kSectorBytes;
    return step > lastByte(space) - caret ? caret : caret + step;
}

std::uint64_t target(const CursorState &state, CursorMove move, const CursorSpace &space)
{
    const std::uint64_t caret = state.caret;
    const std::uint64_t last = lastByte(space);
    switch (move) {
    case CursorMove::Left:
        return caret == 0 || state.place != CaretPlace::First ? caret : caret - 1;
    case CursorMove::Right:
        return caret < last ? caret + 1 : last;
    case CursorMove::Up:
        return rowsUp(caret, 1, space);
    case CursorMove::Down:
        return rowsDown(caret, 1, space);
    case CursorMove::PageUp:
        return rowsUp(caret, space.rowsPerPage, space);
    case CursorMove::PageDown:
        return rowsDown(caret, space.rowsPerPage, space);
    case CursorMove::RowStart:
        return caret - caret % space.bytesPerRow;
    case CursorMove::RowEnd: {
        const std::uint64_t step = space.bytesPerRow - 1 - caret % space.bytesPerRow;
        return step > last - caret ? last : caret + step;
    }
    case CursorMove::DocumentStart:
        return 0;
    case CursorMove::DocumentEnd:
        return last;
    case CursorMove::PreviousSector:
        return previousSector(caret);
    case CursorMove::NextSector:
        return nextSector(caret, space);
    }
    return caret;
}

} // namespace

CursorState moved(const CursorState &state, CursorMove move, bool extend, const CursorSpace &space)
{
    const CursorState inside = clamped(state, space);
    return placed(inside, target(inside, move, space), CaretPlace::First, extend, space);
}

CursorState placed(const CursorState &state, std::uint64_t at, CaretPlace place, bool extend, const CursorSpace &space)
{
    CursorState result = state;
    if (extend && !state.selecting)
        result.anchor = state.caret;
    result.selecting = extend && space.size > 0;
    result.caret = std::min(at, lastByte(space));
    result.place = place;
    if (!result.selecting)
        result.anchor = result.caret;
    return result;
}

CursorState selected(const CursorState &state, ByteRange range, const CursorSpace &space)
{
    const ByteRange inside = range.intersection(ByteRange::whole(space.size));
    if (inside.empty())
        return placed(state, range.begin().value(), CaretPlace::First, false, space);
    CursorState result = state;
    result.anchor = inside.begin().value();
    result.caret = inside.end().value() - 1;
    result.selecting = true;
    result.place = CaretPlace::First;
    return result;
}

CursorState advanced(const CursorState &state, const CursorSpace &space)
{
    if (state.caret < lastByte(space))
        return placed(state, state.caret + 1, CaretPlace::First, false, space);
    return placed(state, lastByte(space), CaretPlace::AfterLast, false, space);
}

CursorState clamped(const CursorState &state, const CursorSpace &space)
{
    CursorState result = state;
    result.caret = std::min(state.caret, lastByte(space));
    result.anchor = std::min(state.anchor, lastByte(space));
    result.selecting = state.selecting && space.size > 0;
    if (result.caret != state.caret || (state.place == CaretPlace::AfterLast && result.caret < lastByte(space)))
        result.place = CaretPlace::First;
    return result;
}

ByteRange selectionOf(const CursorState &state, const CursorSpace &space)
{
    const CursorState inside = clamped(state, space);
    if (!inside.selecting)
        return {ByteOffset(inside.caret), ByteOffset(inside.caret)};
    const auto [from, to] = std::minmax({inside.caret, inside.anchor});
    return {ByteOffset(from), ByteOffset(to + 1)};
}

} // namespace cachet
