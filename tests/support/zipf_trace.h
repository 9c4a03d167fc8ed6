// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cachet_test {

/// `length` numbers below `keys`, drawn with probability proportional to 1 / rank^0.99, the same in every run.
[[nodiscard]] std::vector<std::uint64_t> zipfTrace(std::size_t keys, std::size_t length);

} // namespace cachet_test
