// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/random.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cachet_test {

/// Decides between `count` possibilities (at least 1); returns one below it.
using Choose = std::function<std::size_t(std::size_t count)>;

/// Leads a run that asks for decisions through every sequence of answers: after each run `next` prepares the following
/// sequence, depth first, until all were taken. The run must ask the same when it is answered the same.
///
///     Choices choices;
///     do {
///         run(choices.choose());
///     } while (choices.next());
class Choices {
public:
    [[nodiscard]] Choose choose()
    {
        m_at = 0;
        return [this](std::size_t count) { return decide(count); };
    }

    /// The next sequence; false when there is none.
    [[nodiscard]] bool next()
    {
        m_decisions.resize(m_at); // a run that ended early asked for less
        while (!m_decisions.empty() && m_decisions.back().taken + 1 == m_decisions.back().count)
            m_decisions.pop_back();
        if (m_decisions.empty())
            return false;
        ++m_decisions.back().taken;
        return true;
    }

private:
    struct Decision {
        std::size_t count;
        std::size_t taken;
    };

    std::size_t decide(std::size_t count)
    {
        if (m_at == m_decisions.size())
            m_decisions.push_back({count, 0});
        return m_decisions[m_at++].taken;
    }

    std::vector<Decision> m_decisions;
    std::size_t m_at = 0;
};

/// Calls `run(choose)`, which returns what went wrong or nothing, with every sequence of answers, `most` of them at most. Where there are more, `most` further
/// runs draw theirs from `random`, and `sampled` counts one. Returns the first thing that went wrong.
template <typename Run>
[[nodiscard]] std::string tryChoices(std::uint64_t most, Random &random, std::uint64_t &sampled, const Run &run)
{
    Choices choices;
    bool more = true;
    for (std::uint64_t runs = 0; more && runs < most; ++runs) {
        if (std::string wrong = run(choices.choose()); !wrong.empty())
            return wrong;
        more = choices.next();
    }
    if (!more)
        return {};
    ++sampled;
    for (std::uint64_t runs = 0; runs < most; ++runs) {
        const Choose drawn = [&random](std::size_t count) { return static_cast<std::size_t>(random.below(count)); };
        if (std::string wrong = run(drawn); !wrong.empty())
            return wrong;
    }
    return {};
}

} // namespace cachet_test
