// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/theme/theme.h"

#include <cstdint>
#include <vector>

namespace cachet {

/// What the gutter shows for a row: the state of its page, and whether the row itself holds what the state is about (a
/// staged or an unreadable byte), or only another row of the page does.
struct RowState {
    PageTone tone = PageTone::Never;
    bool itself = false;

    friend bool operator==(RowState, RowState) = default;
};

/// The bytes, conditions and page states of the rows on the screen, as of one moment: all that painting needs.
/// Invariant: bytes and conditions hold rows * bytesPerRow entries, states holds rows.
struct HexSnapshot {
    std::uint64_t firstByte = 0;
    int bytesPerRow = 16;
    int rows = 0;
    std::vector<std::byte> bytes;
    std::vector<cachecore::ByteCondition> conditions;
    std::vector<RowState> states;

    /// Empty rows (everything past the end) starting at `first`; keeps the memory.
    void reset(std::uint64_t first, int rowBytes, int rowCount);
    /// Peeks the rows [from, to) of the document. Never blocks.
    void read(const cachecore::Document &document, int from, int to);
    /// True when row `row` is the same in `other`, which has the same shape.
    [[nodiscard]] bool sameRow(const HexSnapshot &other, int row) const;
    [[nodiscard]] std::size_t index(int row, int column) const
    {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(bytesPerRow) + static_cast<std::size_t>(column);
    }

private:
    void readStates(const cachecore::Document &document, int from, int to);
};

} // namespace cachet
