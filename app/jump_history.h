// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <optional>
#include <vector>

namespace cachet {

/// The places jumped from and to, for going back and forward. Holds at most kMost places each way.
class JumpHistory {
public:
    static constexpr std::size_t kMost = 1000;

    /// A jump is about to leave `from`; what lay ahead is forgotten.
    void jumped(cachecore::ByteOffset from);
    /// The place before this one; `here` becomes the first ahead. Nothing when there is none.
    [[nodiscard]] std::optional<cachecore::ByteOffset> back(cachecore::ByteOffset here);
    [[nodiscard]] std::optional<cachecore::ByteOffset> forward(cachecore::ByteOffset here);
    [[nodiscard]] bool canGoBack() const { return !m_behind.empty(); }
    [[nodiscard]] bool canGoForward() const { return !m_ahead.empty(); }

private:
    std::vector<cachecore::ByteOffset> m_behind;
    std::vector<cachecore::ByteOffset> m_ahead;
};

} // namespace cachet
