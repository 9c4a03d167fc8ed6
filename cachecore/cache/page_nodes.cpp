// SPDX-License-Identifier: MIT
#include "cachecore/cache/page_nodes.h"

#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::size_t kMostSpares = 64;

} // namespace

PageNodes::~PageNodes()
{
    m_table.forEach([](PageNode &node) { delete &node; });
    while (m_spare)
        delete std::exchange(m_spare, static_cast<PageNode *>(m_spare->older));
}

PageNode *PageNodes::obtain(PageIndex page) noexcept
{
    if (PageNode *const known = find(page))
        return known;
    if (!m_table.reserve(m_table.size() + 1))
        return nullptr;
    PageNode *made = m_spare;
    if (made) {
        m_spare = static_cast<PageNode *>(std::exchange(made->older, nullptr));
        --m_spares;
    } else {
        made = new (std::nothrow) PageNode;
        if (!made)
            return nullptr;
    }
    made->key = page.value;
    m_table.insert(*made);
    return made;
}

void PageNodes::drop(PageNode &node) noexcept
{
    if (node.place != S3Fifo::Place::None || node.loading)
        return;
    m_table.erase(node.key);
    if (m_spares == kMostSpares) {
        delete &node;
        return;
    }
    node = {};
    node.older = std::exchange(m_spare, &node);
    ++m_spares;
}

} // namespace cachecore
