// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace cachet_test {

/// Goes through every way of choosing, one run after the other: a run asks `choose` wherever it could go on in several ways, and the same choices lead to the
/// same questions.
///
///     Schedules schedules;
///     do
///         run(schedules); // calls choose()
///     while (schedules.next());
class Schedules {
public:
    /// One of [0, ways); ways is not 0.
    [[nodiscard]] std::size_t choose(std::size_t ways)
    {
        if (m_at == m_choices.size())
            m_choices.push_back({0, ways});
        return m_choices[m_at++].taken;
    }
    /// Begins the next run; false when there are no more.
    [[nodiscard]] bool next()
    {
        ++m_runs;
        m_at = 0;
        while (!m_choices.empty() && m_choices.back().taken + 1 == m_choices.back().ways)
            m_choices.pop_back();
        if (m_choices.empty())
            return false;
        ++m_choices.back().taken;
        m_changed = m_choices.size() - 1;
        return true;
    }
    /// True when the choices of this run up to now are not those with which an earlier one began.
    [[nodiscard]] bool isNew() const { return m_at > m_changed; }
    /// Runs ended so far.
    [[nodiscard]] std::size_t runs() const { return m_runs; }

private:
    struct Choice {
        std::size_t taken = 0;
        std::size_t ways = 0;
    };
    std::vector<Choice> m_choices;
    std::size_t m_at = 0;
    std::size_t m_changed = 0; ///< the first choice that differs from the run before
    std::size_t m_runs = 0;
};

} // namespace cachet_test
