// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/row_look.h"

#include <algorithm>
#include <utility>

namespace cachet {

void describeRow(const HexScene &scene, int row, RowLook &look)
{
    const HexSnapshot &rows = *scene.rows;
    const auto columns = static_cast<std::uint64_t>(rows.bytesPerRow);
    look.firstByte = rows.firstByte + rows.index(row, 0);
    look.selectedFrom = 0;
    look.selectedTo = 0;
    look.caret.reset();
    if (row >= rows.rows) {
        look.bytes.clear();
        look.conditions.clear();
        look.state = {};
        return;
    }
    const auto begin = static_cast<std::ptrdiff_t>(rows.index(row, 0));
    const auto end = static_cast<std::ptrdiff_t>(rows.index(row + 1, 0));
    look.bytes.assign(rows.bytes.begin() + begin, rows.bytes.begin() + end);
    look.conditions.assign(rows.conditions.begin() + begin, rows.conditions.begin() + end);
    look.state = scene.overlay ? rows.states[static_cast<std::size_t>(row)] : RowState{};

    const std::uint64_t from = std::max(scene.selection.begin().value(), look.firstByte);
    const std::uint64_t to = std::min(scene.selection.end().value(), look.firstByte + columns);
    if (from < to) {
        look.selectedFrom = static_cast<int>(from - look.firstByte);
        look.selectedTo = static_cast<int>(to - look.firstByte);
    }
    const std::uint64_t caret = scene.cursor.caret;
    if (caret >= look.firstByte && caret - look.firstByte < columns) {
        look.caret = CaretLook{.column = static_cast<int>(caret - look.firstByte),
                               .pane = scene.cursor.pane,
                               .place = scene.cursor.place,
                               .focused = scene.focused,
                               .pendingDigit = scene.pendingDigit};
    }
}

void PaintedRows::reset(int count)
{
    m_looks.assign(static_cast<std::size_t>(count), std::nullopt);
}

int PaintedRows::slotOf(const HexScene &scene, int row) const
{
    const std::uint64_t top = scene.rows->firstByte / static_cast<std::uint64_t>(scene.rows->bytesPerRow);
    return static_cast<int>((top + static_cast<std::uint64_t>(row)) % m_looks.size());
}

const std::vector<int> &PaintedRows::takeStale(const HexScene &scene, int from, int to)
{
    m_stale.clear();
    for (int row = from; row < to; ++row) {
        describeRow(scene, row, m_scratch);
        std::optional<RowLook> &painted = m_looks[static_cast<std::size_t>(slotOf(scene, row))];
        if (painted == m_scratch)
            continue;
        if (painted)
            std::swap(*painted, m_scratch);
        else
            painted = m_scratch;
        m_stale.push_back(row);
    }
    return m_stale;
}

} // namespace cachet
