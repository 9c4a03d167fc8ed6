// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace cachet_test {

/// The seed of this run: CACHET_TEST_SEED of the environment (decimal or 0x...), else a fresh one. Printed the first time
/// it is asked for, so that a failure can be repeated.
[[nodiscard]] std::uint64_t testSeed();

/// Random numbers from the run's seed; `stream` tells independent users apart.
class Random {
public:
    explicit Random(std::uint64_t stream = 0);

    /// Any 64-bit number.
    [[nodiscard]] std::uint64_t next() { return m_engine(); }
    /// A number in [0, bound); bound is not 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
    /// A number in [first, last].
    [[nodiscard]] std::uint64_t between(std::uint64_t first, std::uint64_t last);
    /// A number in [0, bound) that is more often small: its bit length is uniform.
    [[nodiscard]] std::uint64_t skewedBelow(std::uint64_t bound);
    /// True once in `n` times.
    [[nodiscard]] bool oneIn(std::uint64_t n) { return below(n) == 0; }
    [[nodiscard]] std::vector<std::byte> bytes(std::size_t count);

private:
    std::mt19937_64 m_engine;
};

} // namespace cachet_test
