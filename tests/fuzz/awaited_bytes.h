// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/bytes.h"

#include <algorithm>
#include <span>
#include <vector>

namespace cachet_test {

/// What somebody who asked for a range may be given: of each byte, what it was then or has become since.
class AwaitedBytes {
public:
    AwaitedBytes(cachecore::ByteRange range, std::span<const std::byte> now)
        : m_range(range)
        , m_then(now.begin(), now.end())
    {
    }
    /// `range` is full of `value` now.
    void change(cachecore::ByteRange range, std::byte value)
    {
        if (range.intersects(m_range))
            m_changes.push_back({range, value});
    }
    /// Whether `bytes` of `range` are such, as far as they were asked for.
    [[nodiscard]] bool allow(cachecore::ByteRange range, std::span<const std::byte> bytes) const
    {
        if (range.length() != bytes.size())
            return false;
        const cachecore::ByteRange asked = range.intersection(m_range);
        if (asked.empty())
            return true;
        const auto length = static_cast<std::size_t>(asked.length());
        const auto then = std::span(m_then).subspan(static_cast<std::size_t>(asked.begin() - m_range.begin()), length);
        if (cachecore::sameBytes(bytes.subspan(static_cast<std::size_t>(asked.begin() - range.begin()), length), then))
            return true;
        for (cachecore::ByteOffset at = asked.begin(); at < asked.end(); at = at + 1) {
            const std::byte given = bytes[static_cast<std::size_t>(at - range.begin())];
            if (given != m_then[static_cast<std::size_t>(at - m_range.begin())] && !hasBecome(at, given))
                return false;
        }
        return true;
    }

    bool mayFail = false; ///< whatever is known of the source when it arrives

private:
    struct Change {
        cachecore::ByteRange range;
        std::byte value;
    };
    [[nodiscard]] bool hasBecome(cachecore::ByteOffset at, std::byte value) const
    {
        return std::ranges::any_of(m_changes, [at, value](const Change &change) {
            return change.value == value && change.range.contains(at);
        });
    }

    cachecore::ByteRange m_range;
    std::vector<std::byte> m_then;
    std::vector<Change> m_changes;
};

} // namespace cachet_test
