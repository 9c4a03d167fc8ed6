// SPDX-License-Identifier: MIT
#include "cachecore/cache/access_heat.h"

#include "cachecore/cache/even_split.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <new>

namespace cachecore {

namespace {

// A word is the number of a half-life, and in the lower bits visits in units of 1 / kOne.
constexpr unsigned kAmountBits = 40;
constexpr std::uint64_t kMostAmount = (std::uint64_t{1} << kAmountBits) - 1;
constexpr double kOne = 4096;
constexpr double kMostHalfLives = 0xffffff; // 16 years

constexpr std::uint64_t halfLifeOf(std::uint64_t word)
{
    return word >> kAmountBits;
}

/// What is left of a word's amount in the half-life `now`.
constexpr std::uint64_t amountAt(std::uint64_t word, std::uint64_t now)
{
    const std::uint64_t then = halfLifeOf(word);
    const std::uint64_t age = now > then ? now - then : 0;
    return age > kAmountBits ? 0 : (word & kMostAmount) >> age;
}

unsigned shiftFor(std::uint64_t pageCount)
{
    const auto bits = static_cast<unsigned>(std::bit_width(pageCount == 0 ? 0 : pageCount - 1));
    const auto most = static_cast<unsigned>(std::countr_zero(AccessHeat::kMostBuckets));
    return bits > most ? bits - most : 0;
}

} // namespace

/// A time as half-lives since the clock's beginning, and how far the last one is over.
struct AccessHeat::Moment {
    explicit Moment(Time now)
    {
        const double halfLives = std::chrono::duration<double>(now.time_since_epoch()) / kHalfLife;
        const double whole = std::floor(halfLives);
        number = static_cast<std::uint64_t>(std::clamp(whole, 0.0, kMostHalfLives));
        growth = std::exp2(halfLives - whole);
    }

    std::uint64_t number = 0;
    double growth = 1; ///< what a visit counts now, if one at the beginning of the half-life counts 1
};

AccessHeat::AccessHeat(std::uint64_t pageCount)
    : m_shift(shiftFor(pageCount))
    , m_buckets(std::bit_ceil(std::max<std::uint64_t>((pageCount + pagesPerBucket() - 1) >> m_shift, kFan)))
{
    std::uint64_t words = 0;
    for (unsigned level = 0; level < kLevels; ++level) {
        m_begin[level] = words;
        words += std::max<std::uint64_t>(m_buckets >> (kFanBits * level), 1);
    }
    // Zeros that the system gives when they are first used.
    m_cells.reset(static_cast<std::uint64_t *>(std::calloc(static_cast<std::size_t>(words), sizeof(std::uint64_t))));
    if (!m_cells)
        throw std::bad_alloc();
}

AccessHeat::AccessHeat(std::uint64_t pageCount, const AccessHeat &before)
    : AccessHeat(pageCount)
{
    // Only where there is something, as the sums tell.
    for (std::uint64_t part = 0; part < before.m_buckets; part += kFan) {
        if (before.load(1, part >> kFanBits) == 0)
            continue;
        for (std::uint64_t bucket = part; bucket < part + kFan; ++bucket) {
            const std::uint64_t word = before.load(0, bucket);
            const std::uint64_t page = bucket << before.m_shift;
            const std::uint64_t parts = m_shift < before.m_shift ? std::uint64_t{1} << (before.m_shift - m_shift) : 1;
            for (std::uint64_t i = 0; word != 0 && i < parts; ++i)
                add((page >> m_shift) + i, halfLifeOf(word), (word & kMostAmount) / parts);
        }
    }
}

bool AccessHeat::fits(std::uint64_t pageCount) const
{
    return shiftFor(pageCount) == m_shift && pageCount <= m_buckets << m_shift;
}

std::uint64_t AccessHeat::load(unsigned level, std::uint64_t index) const
{
    return std::atomic_ref(m_cells[m_begin[level] + index]).load(std::memory_order_relaxed);
}

void AccessHeat::touch(PageIndex page, Time now) noexcept
{
    if (now != m_lastTouch || m_lastAmount == 0) {
        const Moment moment(now);
        m_lastTouch = now;
        m_lastHalfLife = moment.number;
        m_lastAmount = static_cast<std::uint64_t>(moment.growth * kOne);
    }
    add(page.value >> m_shift, m_lastHalfLife, m_lastAmount);
}

void AccessHeat::add(std::uint64_t bucket, std::uint64_t halfLife, std::uint64_t amount) noexcept
{
    if (bucket >= m_buckets)
        return;
    for (unsigned level = 0; level < kLevels; ++level) {
        const std::atomic_ref cell(m_cells[m_begin[level] + (bucket >> (kFanBits * level))]);
        const std::uint64_t before = cell.load(std::memory_order_relaxed);
        const std::uint64_t newest = std::max(halfLifeOf(before), halfLife);
        const std::uint64_t age = newest - halfLife; // times may come a little out of order
        const std::uint64_t sum = amountAt(before, newest) + (age > kAmountBits ? 0 : amount >> age);
        cell.store(newest << kAmountBits | std::min(sum, kMostAmount), std::memory_order_relaxed);
    }
}

/// The heat of the buckets [first, end).
double AccessHeat::bucketsFrom(std::uint64_t first, std::uint64_t end, const Moment &now) const
{
    std::uint64_t sum = 0;
    for (unsigned level = 0; first < end; ++level, first >>= kFanBits, end >>= kFanBits) {
        const bool highest = level + 1 == kLevels;
        while (first < end && (highest || first % kFan != 0))
            sum += amountAt(load(level, first++), now.number);
        while (first < end && end % kFan != 0)
            sum += amountAt(load(level, --end), now.number);
    }
    return static_cast<double>(sum) / (kOne * now.growth);
}

/// The heat of the pages [first, end), of which there are some.
double AccessHeat::pagesFrom(std::uint64_t first, std::uint64_t end, const Moment &now) const
{
    const std::uint64_t firstBucket = first >> m_shift;
    const std::uint64_t lastBucket = (end - 1) >> m_shift;
    const auto part = [&](std::uint64_t bucket, std::uint64_t pages) {
        return bucketsFrom(bucket, bucket + 1, now) * static_cast<double>(pages)
            / static_cast<double>(pagesPerBucket());
    };
    if (firstBucket == lastBucket)
        return part(firstBucket, end - first);
    return part(firstBucket, ((firstBucket + 1) << m_shift) - first) + bucketsFrom(firstBucket + 1, lastBucket, now)
        + part(lastBucket, end - (lastBucket << m_shift));
}

void AccessHeat::summarize(PageIndex first, std::uint64_t count, Time now, std::span<float> out) const
{
    std::ranges::fill(out, 0.0F);
    const std::uint64_t pages = m_buckets << m_shift;
    if (count == 0 || first.value >= pages)
        return;
    const Moment moment(now);
    const std::uint64_t inside = pages - first.value;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint64_t begin = evenSplit(i, count, out.size());
        const std::uint64_t end = std::min(std::max(evenSplit(i + 1, count, out.size()), begin + 1), inside);
        if (begin >= end)
            return;
        out[i] = static_cast<float>(pagesFrom(first.value + begin, first.value + end, moment));
    }
}

} // namespace cachecore
