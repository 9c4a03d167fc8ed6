// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/hexview/hex_layout.h"

#include <cstdint>

namespace cachet {

/// Where the caret is inside its byte.
enum class CaretPlace : std::uint8_t {
    First,     ///< on the byte; in the hex pane on its first digit
    Second,    ///< on the second digit (hex pane only)
    AfterLast, ///< behind the last byte of the document, after it was typed; nothing can be typed here
};

/// Caret and selection. The caret stands on a byte, 0..size-1 (0 in an empty document). A selection reaches from the anchor's
/// byte to the caret's, both included; without one the anchor means nothing.
struct CursorState {
    std::uint64_t caret = 0;
    std::uint64_t anchor = 0;
    bool selecting = false;
    Pane pane = Pane::Hex;
    CaretPlace place = CaretPlace::First;

    friend bool operator==(const CursorState &, const CursorState &) = default;
};

/// What a movement depends on beside the state.
struct CursorSpace {
    std::uint64_t size = 0; ///< bytes of the document
    std::uint64_t bytesPerRow = 16;
    std::uint64_t rowsPerPage = 1; ///< rows that Page Up and Page Down move by
};

inline constexpr std::uint64_t kSectorBytes = 512;

enum class CursorMove : std::uint8_t {
    Left, ///< a byte back; from a byte's second digit to its first
    Right,
    Up,   ///< a row; stays in the first
    Down, ///< a row; in a short last row as far right as there are bytes
    PageUp,
    PageDown,
    RowStart,
    RowEnd,
    DocumentStart,
    DocumentEnd,
    PreviousSector, ///< the start of this sector, or of the one before when already there
    NextSector,     ///< the start of the next sector; stays in the last
};

/// `state` after `move`; with `extend` the selection follows, else it ends. Pure.
[[nodiscard]] CursorState moved(const CursorState &state, CursorMove move, bool extend, const CursorSpace &space);
/// The caret put on byte `at` (clamped to the last), as a click does.
[[nodiscard]] CursorState placed(const CursorState &state, std::uint64_t at, CaretPlace place, bool extend,
                                 const CursorSpace &space);
/// `range` clipped to the document and selected, caret on its last byte; an empty one puts the caret at its begin.
[[nodiscard]] CursorState selected(const CursorState &state, cachecore::ByteRange range, const CursorSpace &space);
/// On to the next byte after one was typed, without a selection; behind the last one when there is no next.
[[nodiscard]] CursorState advanced(const CursorState &state, const CursorSpace &space);
/// The state brought back inside a document of another size.
[[nodiscard]] CursorState clamped(const CursorState &state, const CursorSpace &space);
/// The selected bytes; empty at the caret without a selection or in an empty document.
[[nodiscard]] cachecore::ByteRange selectionOf(const CursorState &state, const CursorSpace &space);

} // namespace cachet
