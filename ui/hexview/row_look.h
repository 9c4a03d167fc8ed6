// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_scene.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace cachet {

/// The caret as the row that has it shows it.
struct CaretLook {
    int column = 0;
    Pane pane = Pane::Hex;
    CaretPlace place = CaretPlace::First;
    bool focused = true;
    std::optional<int> pendingDigit;

    friend bool operator==(const CaretLook &, const CaretLook &) = default;
};

/// All that the picture of one row depends on, beside what all rows share (layout, font, theme, sideways scrolling). Equal looks have
/// equal pictures.
struct RowLook {
    std::uint64_t firstByte = 0;
    std::vector<std::byte> bytes; ///< empty below the last row of the document, as is conditions
    std::vector<cachecore::ByteCondition> conditions;
    RowState state;       ///< Never without the overlay
    int selectedFrom = 0; ///< columns [selectedFrom, selectedTo) are selected; both 0 when none is
    int selectedTo = 0;
    std::optional<CaretLook> caret;

    friend bool operator==(const RowLook &, const RowLook &) = default;
};

/// The look of row `row` of the scene (which may lie below its last) into `look`, whose memory is used again.
void describeRow(const HexScene &scene, int row, RowLook &look);

/// What the rows of a picture look like by now. The picture is a ring: row n of the document lies in slot n modulo the number of slots, so
/// that scrolling moves no pixel and only the rows that came into view are painted.
class PaintedRows {
public:
    /// Forgets everything, for a picture of `count` rows (at least 1).
    void reset(int count);
    [[nodiscard]] int count() const { return static_cast<int>(m_looks.size()); }
    /// The slot of row `row` of the scene.
    [[nodiscard]] int slotOf(const HexScene &scene, int row) const;
    /// The rows among [from, to) of the scene that the picture does not show as they look now, ascending, valid until the next call. They count
    /// as painted from here on. At most count() rows may be asked for.
    const std::vector<int> &takeStale(const HexScene &scene, int from, int to);
    /// The look of a slot as painted.
    [[nodiscard]] const RowLook &look(int slot) const { return *m_looks[static_cast<std::size_t>(slot)]; }

private:
    std::vector<std::optional<RowLook>> m_looks; ///< by slot; nothing where nothing was painted
    std::vector<int> m_stale;
    RowLook m_scratch;
};

} // namespace cachet
