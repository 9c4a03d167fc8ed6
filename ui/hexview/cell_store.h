// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QtGlobal>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cachet {

/// Memory for pictures of one size, each under a number: made when first asked for, replaced when the room is used up.
///
/// Invariants: a number has at most one cell and a cell at most one number; every line of a cell begins on 16 bytes; the cells take at most
/// the bound, or what is asked for between two calls of beginRow() where that is more.
/// Not for more than one thread.
class CellStore {
public:
    CellStore() = default;
    /// For cells of `width` x `height` pixels (at least 1) with numbers below `numbers`, in at most `boundBytes`.
    CellStore(int width, int height, std::size_t numbers, std::size_t boundBytes);

    struct Cell {
        quint32 *pixels = nullptr;
        bool fresh = false; ///< its pixels mean nothing yet: the caller paints them
    };

    /// The cells handed out from here on stay as they are until the next call.
    void beginRow() { ++m_turn; }
    /// The cell of a number. O(1); when the bound is reached, O(cells handed out since beginRow) at most.
    [[nodiscard]] Cell cell(std::size_t number);

    [[nodiscard]] int width() const { return m_width; }
    [[nodiscard]] int height() const { return m_height; }
    /// Pixels from one line of a cell to the next.
    [[nodiscard]] int stride() const { return m_quadsPerLine * kQuad; }
    /// Memory in use for pixels.
    [[nodiscard]] std::size_t bytes() const;

private:
    static constexpr int kQuad = 4;
    struct alignas(16) Quad {
        std::array<quint32, kQuad> pixels;
    };
    struct Slot {
        quint32 *pixels = nullptr;
        std::size_t number = 0;
        std::uint64_t turn = 0; ///< when it was last handed out
    };

    [[nodiscard]] std::size_t takeSlot();
    [[nodiscard]] std::size_t quadsPerCell() const;

    int m_width = 1;
    int m_height = 1;
    int m_quadsPerLine = 1;
    std::size_t m_capacity = 1;
    std::size_t m_cellsPerBlock = 1;
    std::vector<std::vector<Quad>> m_blocks;
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_slotOf; ///< by number: its slot + 1, or 0
    std::size_t m_hand = 0;              ///< the slot to be replaced next
    std::uint64_t m_turn = 1;
};

} // namespace cachet
