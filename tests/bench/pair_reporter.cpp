// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/pair_reporter.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace cachet_test {

namespace {

double medianOf(std::vector<double> values)
{
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace

PairReporter::PairReporter(Figures &figures)
    : m_figures(figures)
{
}

bool PairReporter::ReportContext(const Context &)
{
    return true;
}

// All repetitions of one benchmark come in one call, with the aggregates the library makes of them.
void PairReporter::ReportRuns(const std::vector<Run> &runs)
{
    std::vector<double> times;
    for (const Run &run : runs) {
        if (run.error_occurred) {
            std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
            m_failed = true;
            return;
        }
        if (run.run_type == Run::RT_Iteration)
            times.push_back(run.GetAdjustedRealTime());
    }
    if (times.empty())
        return;
    const std::string &name = runs.front().run_name.function_name;
    const std::size_t slash = name.rfind('/');
    const std::string figure = name.substr(0, slash);
    Pair &pair = m_pairs[figure];
    if (name.substr(slash + 1) == "ours") {
        pair.ours = medianOf(std::move(times));
        pair.hasOurs = true;
    } else {
        pair.baseline = medianOf(std::move(times));
        pair.hasBaseline = true;
    }
    if (pair.hasOurs && pair.hasBaseline)
        m_figures.add({QString::fromStdString(figure), pair.ours, pair.baseline,
                       QString::fromLatin1(benchmark::GetTimeUnitString(runs.front().time_unit))});
}

bool PairReporter::complete() const
{
    bool complete = !m_failed;
    for (const auto &[name, pair] : m_pairs) {
        if (pair.hasOurs && pair.hasBaseline)
            continue;
        std::fprintf(stderr, "%s has no partner to be compared with.\n", name.c_str());
        complete = false;
    }
    return complete;
}

} // namespace cachet_test
