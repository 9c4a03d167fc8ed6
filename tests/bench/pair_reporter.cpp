// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/pair_reporter.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

namespace cachet_test {

namespace {

/// What one repetition contributes.
double valueOf(const benchmark::BenchmarkReporter::Run &run)
{
    const auto counted = run.counters.find(kFigureCounter);
    return counted == run.counters.end() ? run.GetAdjustedRealTime() : counted->second.value;
}

QString unitOf(const benchmark::BenchmarkReporter::Run &run)
{
    const bool counted = run.counters.contains(kFigureCounter);
    return counted ? QString::fromStdString(run.report_label)
                   : QString::fromLatin1(benchmark::GetTimeUnitString(run.time_unit));
}

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
    std::vector<double> values;
    for (const Run &run : runs) {
        if (run.error_occurred) {
            std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
            m_failed = true;
            return;
        }
        if (run.run_type == Run::RT_Iteration)
            values.push_back(valueOf(run));
    }
    if (values.empty())
        return;
    const std::string &name = runs.front().run_name.function_name;
    const std::size_t slash = name.rfind('/');
    const std::string figure = name.substr(0, slash);
    Pair &pair = m_pairs[figure];
    (name.substr(slash + 1) == "ours" ? pair.ours : pair.baseline) = std::move(values);
    if (!pair.ours.empty() && !pair.baseline.empty())
        m_figures.add(figureOf(figure, pair, unitOf(runs.front())));
}

Figure PairReporter::figureOf(const std::string &name, const Pair &pair, const QString &unit)
{
    Figure figure{QString::fromStdString(name), medianOf(pair.ours), medianOf(pair.baseline), unit};
    const std::size_t both = std::min(pair.ours.size(), pair.baseline.size());
    for (std::size_t i = 0; both > 1 && i < both; ++i) {
        const double ratio = pair.baseline[i] > 0 ? pair.ours[i] / pair.baseline[i] : 0;
        figure.leastRatio = i == 0 ? ratio : std::min(figure.leastRatio, ratio);
        figure.mostRatio = std::max(figure.mostRatio, ratio);
    }
    return figure;
}

bool PairReporter::complete() const
{
    bool complete = !m_failed;
    for (const auto &[name, pair] : m_pairs) {
        if (!pair.ours.empty() && !pair.baseline.empty())
            continue;
        std::fprintf(stderr, "%s has no partner to be compared with.\n", name.c_str());
        complete = false;
    }
    return complete;
}

int runPairedBenchmarks(int argc, char **argv, const std::function<void()> &registerAll)
{
    std::optional<QCoreApplication> application;
    if (!QCoreApplication::instance())
        application.emplace(argc, argv);
    Figures figures(QCoreApplication::arguments());
    // Repetitions of the two partners alternate, so that both meet the same moods of the machine.
    std::array<std::string, 2> words{argv[0], "--benchmark_enable_random_interleaving=true"};
    std::array<char *, 3> options{words[0].data(), words[1].data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, options.data());
    registerAll();
    PairReporter reporter(figures);
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return reporter.complete() && figures.finish() ? 0 : 1;
}

} // namespace cachet_test
