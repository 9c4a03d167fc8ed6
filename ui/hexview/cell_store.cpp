// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/cell_store.h"

#include <algorithm>
#include <cassert>

namespace cachet {

namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} << 10;

} // namespace

CellStore::CellStore(int width, int height, std::size_t numbers, std::size_t boundBytes)
    : m_width(width)
    , m_height(height)
    , m_quadsPerLine((width + kQuad - 1) / kQuad)
    , m_slotOf(numbers, 0)
{
    assert(width >= 1 && height >= 1);
    const std::size_t cellBytes = quadsPerCell() * sizeof(Quad);
    m_capacity = std::max<std::size_t>(1, boundBytes / cellBytes);
    m_cellsPerBlock = std::clamp<std::size_t>(kBlockBytes / cellBytes, 1, m_capacity);
    m_capacity -= m_capacity % m_cellsPerBlock; // whole blocks, so that the last one does not exceed the bound
}

std::size_t CellStore::quadsPerCell() const
{
    return static_cast<std::size_t>(m_quadsPerLine) * static_cast<std::size_t>(m_height);
}

std::size_t CellStore::bytes() const
{
    return m_blocks.size() * m_cellsPerBlock * quadsPerCell() * sizeof(Quad);
}

CellStore::Cell CellStore::cell(std::size_t number)
{
    assert(number < m_slotOf.size());
    const bool fresh = m_slotOf[number] == 0;
    if (fresh) {
        const std::size_t taken = takeSlot();
        m_slots[taken].number = number;
        m_slotOf[number] = static_cast<std::uint32_t>(taken + 1);
    }
    Slot &slot = m_slots[m_slotOf[number] - 1];
    slot.turn = m_turn;
    return {.pixels = slot.pixels, .fresh = fresh};
}

std::size_t CellStore::takeSlot()
{
    if (m_slots.size() >= m_capacity) {
        for (std::size_t tried = 0; tried < m_slots.size(); ++tried) {
            const std::size_t slot = m_hand;
            m_hand = (m_hand + 1) % m_slots.size();
            if (m_slots[slot].turn != m_turn) {
                m_slotOf[m_slots[slot].number] = 0;
                return slot;
            }
        }
    }
    if (m_slots.size() == m_blocks.size() * m_cellsPerBlock)
        m_blocks.emplace_back(m_cellsPerBlock * quadsPerCell());
    Quad &first = m_blocks.back()[m_slots.size() % m_cellsPerBlock * quadsPerCell()];
    m_slots.push_back({.pixels = first.pixels.data()});
    return m_slots.size() - 1;
}

} // namespace cachet
