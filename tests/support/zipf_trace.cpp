// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/zipf_trace.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace cachet_test {

std::vector<std::uint64_t> zipfTrace(std::size_t keys, std::size_t length)
{
    std::vector<double> sums(keys);
    double sum = 0;
    for (std::size_t i = 0; i < keys; ++i)
        sums[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.99);
    std::mt19937_64 engine(42);
    std::vector<std::uint64_t> trace(length);
    for (std::uint64_t &key : trace) {
        const double drawn = static_cast<double>(engine() >> 11) * 0x1p-53 * sum;
        key = static_cast<std::uint64_t>(std::ranges::lower_bound(sums, drawn) - sums.begin());
    }
    return trace;
}

} // namespace cachet_test
