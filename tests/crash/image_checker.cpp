// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/image_checker.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

namespace cachet_test {

namespace {

constexpr std::size_t kImagesKept = 4;

std::string firstDifference(const std::vector<std::byte> &now, const std::vector<std::byte> &meant)
{
    if (now.size() != meant.size())
        return "its length is " + std::to_string(now.size());
    const auto at = std::ranges::mismatch(now, meant).in1 - now.begin();
    return "it differs first at " + std::to_string(at);
}

} // namespace

std::vector<PlainEdit> editsOfWrite(std::uint64_t index, std::uint64_t size, std::uint64_t seed)
{
    std::mt19937_64 numbers(seed + index * 0x9e3779b97f4a7c15U);
    const auto below = [&](std::uint64_t bound) { return numbers() % bound; };
    std::vector<PlainEdit> edits(1 + below(24));
    for (PlainEdit &edit : edits) {
        const std::uint64_t length = std::min<std::uint64_t>(1 + (below(20'000) >> below(15)), size);
        edit.at = below(size - length + 1);
        edit.bytes.resize(length);
        for (std::byte &byte : edit.bytes)
            byte = static_cast<std::byte>(numbers() & 0xff);
    }
    return edits;
}

ImageChecker::ImageChecker(std::vector<std::byte> original, std::uint64_t seed)
    : m_recent{std::move(original)}
    , m_seed(seed)
{
}

const std::vector<std::byte> &ImageChecker::after(std::uint64_t writes)
{
    if (writes < m_first)
        std::abort(); // the series of writes never goes back further than one
    while (m_first + m_recent.size() <= writes) {
        std::vector<std::byte> next = m_recent.back();
        for (const PlainEdit &edit : editsOfWrite(m_first + m_recent.size() - 1, next.size(), m_seed))
            std::ranges::copy(edit.bytes, next.begin() + static_cast<std::ptrdiff_t>(edit.at));
        m_recent.push_back(std::move(next));
        if (m_recent.size() > kImagesKept) {
            m_recent.erase(m_recent.begin());
            ++m_first;
        }
    }
    return m_recent[static_cast<std::size_t>(writes - m_first)];
}

std::string ImageChecker::isOneOf(const std::vector<std::byte> &now, std::uint64_t writes, std::uint64_t &found)
{
    for (found = writes; found <= writes + 1; ++found) {
        if (now == after(found))
            return {};
    }
    return "the image is neither that after " + std::to_string(writes) + " writes ("
        + firstDifference(now, after(writes)) + ") nor after one more (" + firstDifference(now, after(writes + 1))
        + ")";
}

std::string ImageChecker::isBetween(const std::vector<std::byte> &now, std::uint64_t writes)
{
    (void)after(writes + 1);
    const std::vector<std::byte> &old = after(writes);
    const std::vector<std::byte> &neu = after(writes + 1);
    if (now.size() != old.size())
        return "the image's length is " + std::to_string(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != old[i] && now[i] != neu[i])
            return "the image's byte " + std::to_string(i) + " is neither the old nor the new one of write "
                + std::to_string(writes);
    }
    return {};
}

std::string ImageChecker::isBegun(const std::vector<std::byte> &shown, std::uint64_t writes)
{
    std::vector<std::byte> image = after(writes);
    if (shown == image)
        return {};
    for (const PlainEdit &edit : editsOfWrite(writes, image.size(), m_seed)) {
        std::ranges::copy(edit.bytes, image.begin() + static_cast<std::ptrdiff_t>(edit.at));
        if (shown == image)
            return {};
    }
    return "what is shown is not the image after " + std::to_string(writes) + " writes ("
        + firstDifference(shown, after(writes)) + ") with the first edits of the next";
}

} // namespace cachet_test
