// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/random.h"

#include <bit>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace cachet_test {

namespace {

std::uint64_t chooseSeed()
{
    const char *const given = std::getenv("CACHET_TEST_SEED");
    std::uint64_t seed = 0;
    if (given && *given) {
        seed = std::strtoull(given, nullptr, 0);
    } else {
        std::random_device device;
        seed = (std::uint64_t{device()} << 32) | device();
    }
    std::printf("CACHET_TEST_SEED=0x%" PRIx64 "\n", seed);
    std::fflush(stdout);
    return seed;
}

} // namespace

std::uint64_t testSeed()
{
    static const std::uint64_t seed = chooseSeed();
    return seed;
}

Random::Random(std::uint64_t stream)
    : m_engine(testSeed() + stream * 0x9e3779b97f4a7c15ULL)
{
}

std::uint64_t Random::below(std::uint64_t bound)
{
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(m_engine);
}

std::uint64_t Random::between(std::uint64_t first, std::uint64_t last)
{
    return std::uniform_int_distribution<std::uint64_t>(first, last)(m_engine);
}

std::uint64_t Random::skewedBelow(std::uint64_t bound)
{
    const auto bits = static_cast<std::uint64_t>(std::bit_width(bound - 1));
    return below(bound) >> below(bits + 1) % 64;
}

std::vector<std::byte> Random::bytes(std::size_t count)
{
    std::vector<std::byte> result(count);
    for (std::byte &value : result)
        value = static_cast<std::byte>(m_engine() & 0xff);
    return result;
}

} // namespace cachet_test
