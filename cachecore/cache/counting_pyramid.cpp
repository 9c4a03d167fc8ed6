// SPDX-License-Identifier: MIT
#include "cachecore/cache/counting_pyramid.h"

#include <algorithm>
#include <bit>
#include <new>

namespace cachecore {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// Set bits of a row of words. The baseline processor has no instruction for it, so up to 31 words are folded into sums
/// of bytes before these are added up.
std::int64_t popcountSum(const std::atomic<std::uint64_t> *first, const std::atomic<std::uint64_t> *last)
{
    constexpr std::ptrdiff_t kWordsPerByteSum = 31;
    std::uint64_t sum = 0;
    while (first != last) {
        const auto *const stop = first + std::min(last - first, kWordsPerByteSum);
        std::uint64_t bytes = 0;
        for (; first != stop; ++first) {
            std::uint64_t word = first->load(kRelaxed);
            word -= (word >> 1) & 0x5555555555555555u;
            word = (word & 0x3333333333333333u) + ((word >> 2) & 0x3333333333333333u);
            bytes += (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
        }
        const std::uint64_t pairs = (bytes & 0x00ff00ff00ff00ffu) + ((bytes >> 8) & 0x00ff00ff00ff00ffu);
        sum += (pairs * 0x0001000100010001u) >> 48;
    }
    return static_cast<std::int64_t>(sum);
}

std::int64_t plainSum(const std::atomic<std::uint64_t> *first, const std::atomic<std::uint64_t> *last)
{
    std::uint64_t sum = 0;
    for (; first != last; ++first)
        sum += first->load(kRelaxed);
    return static_cast<std::int64_t>(sum);
}

} // namespace

CountingPyramid::CountingPyramid(std::uint64_t bound)
    : m_bound(bound)
    , m_top([bound] {
        const auto bits = static_cast<unsigned>(std::bit_width(bound == 0 ? 0 : bound - 1));
        return bits <= kLeafBits ? 0u : (bits - kLeafBits + kFanBits - 1) / kFanBits;
    }())
{
}

CountingPyramid::~CountingPyramid()
{
    destroy(m_root.load(kRelaxed), m_top);
}

void CountingPyramid::destroy(void *node, unsigned level)
{
    if (!node)
        return;
    if (level == 0) {
        delete static_cast<Leaf *>(node);
        return;
    }
    auto *const inner = static_cast<Inner *>(node);
    for (const auto &child : inner->children)
        destroy(child.load(kRelaxed), level - 1);
    delete inner;
}

void CountingPyramid::insert(std::uint64_t number)
{
    change(number, true);
}

void CountingPyramid::erase(std::uint64_t number)
{
    if (total() != 0)
        change(number, false);
}

void *CountingPyramid::makeNode(unsigned level)
{
    void *node = nullptr;
    if (level == 0)
        node = new (std::nothrow) Leaf;
    else
        node = new (std::nothrow) Inner;
    if (node)
        m_memory.store(memoryBytes() + (level == 0 ? sizeof(Leaf) : sizeof(Inner)), kRelaxed);
    return node;
}

CountingPyramid::Leaf *CountingPyramid::leafOf(std::uint64_t number, bool make,
                                               std::array<Inner *, kMaxInnerLevels + 1> &path)
{
    std::atomic<void *> *link = &m_root;
    for (unsigned level = m_top;; --level) {
        void *node = link->load(kRelaxed); // the writer sees its own stores
        if (!node && make && (node = makeNode(level)))
            link->store(node, std::memory_order_release);
        if (!node)
            return nullptr;
        if (level == 0)
            return static_cast<Leaf *>(node);
        path[level] = static_cast<Inner *>(node);
        link = &path[level]->children[slotOf(number, level)];
    }
}

void CountingPyramid::change(std::uint64_t number, bool member)
{
    if (number >= m_bound)
        return;
    std::array<Inner *, kMaxInnerLevels + 1> path{};
    Leaf *const leaf = leafOf(number, member, path);
    if (!leaf)
        return;
    auto &word = leaf->words[(number >> kFanBits) & (kFan - 1)];
    const std::uint64_t before = word.load(kRelaxed);
    const std::uint64_t bit = std::uint64_t{1} << (number & (kFan - 1));
    const std::uint64_t after = member ? before | bit : before & ~bit;
    if (after == before)
        return;
    // One writer, so a load and a store are enough and no locked instruction is needed.
    const std::uint64_t step = member ? 1 : ~std::uint64_t{0};
    word.store(after, kRelaxed);
    for (unsigned level = 1; level <= m_top; ++level) {
        auto &count = path[level]->counts[slotOf(number, level)];
        count.store(count.load(kRelaxed) + step, kRelaxed);
    }
    m_total.store(total() + step, kRelaxed);
}

bool CountingPyramid::contains(std::uint64_t number) const
{
    if (number >= m_bound)
        return false;
    const void *node = m_root.load(std::memory_order_acquire);
    for (unsigned level = m_top; node && level > 0; --level)
        node = static_cast<const Inner *>(node)->children[slotOf(number, level)].load(std::memory_order_acquire);
    if (!node)
        return false;
    const std::uint64_t word = static_cast<const Leaf *>(node)->words[(number >> kFanBits) & (kFan - 1)].load(kRelaxed);
    return (word >> (number & (kFan - 1))) & 1u;
}

// Both add up the shorter side, so that at most half a node is read.
std::int64_t CountingPyramid::sumBefore(const Counts &counts, unsigned slot, std::int64_t sumOfAll)
{
    const auto *const first = counts.data();
    return slot <= kFan / 2 ? plainSum(first, first + slot) : sumOfAll - plainSum(first + slot, first + kFan);
}

std::int64_t CountingPyramid::bitsBefore(const Leaf &leaf, unsigned word, std::int64_t bitsOfAll)
{
    const auto *const first = leaf.words.data();
    return word <= kFan / 2 ? popcountSum(first, first + word) : bitsOfAll - popcountSum(first + word, first + kFan);
}

std::int64_t CountingPyramid::rank(std::uint64_t number) const
{
    auto ofNode = static_cast<std::int64_t>(total());
    if (number >= m_bound || ofNode == 0)
        return ofNode;
    std::int64_t sum = 0;
    const void *node = m_root.load(std::memory_order_acquire);
    for (unsigned level = m_top; node && level > 0; --level) {
        const auto &inner = *static_cast<const Inner *>(node);
        const unsigned slot = slotOf(number, level);
        sum += sumBefore(inner.counts, slot, ofNode);
        ofNode = static_cast<std::int64_t>(inner.counts[slot].load(kRelaxed));
        if (ofNode == 0)
            return sum;
        node = inner.children[slot].load(std::memory_order_acquire);
    }
    if (!node)
        return sum;
    const auto &leaf = *static_cast<const Leaf *>(node);
    const auto word = static_cast<unsigned>(number >> kFanBits) & (kFan - 1);
    const std::uint64_t below = (std::uint64_t{1} << (number & (kFan - 1))) - 1;
    return sum + bitsBefore(leaf, word, ofNode) + std::popcount(leaf.words[word].load(kRelaxed) & below);
}

std::uint64_t CountingPyramid::rankDifference(std::int64_t atBegin, std::int64_t atEnd, std::uint64_t length)
{
    if (atEnd <= atBegin)
        return 0;
    return std::min(static_cast<std::uint64_t>(atEnd - atBegin), length);
}

} // namespace cachecore
