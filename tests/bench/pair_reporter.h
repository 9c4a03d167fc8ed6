// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/bench/figures.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace cachet_test {

/// Of a benchmark whose figure is not how long it took: the counter that holds it. The label is its unit then.
inline constexpr const char *kFigureCounter = "figure";

/// Turns the benchmarks "NAME/ours" and "NAME/baseline" into one figure NAME: the median of what each repetition took, or counted.
/// Times are given in the unit of the benchmark.
class PairReporter final : public benchmark::BenchmarkReporter {
public:
    explicit PairReporter(Figures &figures);

    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;

    /// True when every benchmark had its partner and none failed; false with sentences on stderr.
    [[nodiscard]] bool complete() const;

private:
    /// What the repetitions took, in the order they were made.
    struct Pair {
        std::vector<double> ours;
        std::vector<double> baseline;
    };

    [[nodiscard]] static Figure figureOf(const std::string &name, const Pair &pair, const QString &unit);

    Figures &m_figures;
    std::map<std::string, Pair> m_pairs;
    bool m_failed = false;
};

/// What main does in a program of paired benchmarks: prints the figures of those that `registerAll` registers, under the
/// QCoreApplication that there is or, where there is none, its own. Returns the exit code.
[[nodiscard]] int runPairedBenchmarks(int argc, char **argv, const std::function<void()> &registerAll);

} // namespace cachet_test
