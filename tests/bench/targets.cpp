// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/targets.h"

#include <algorithm>
#include <array>

namespace cachet_test {

namespace {

struct Row {
    const char *name;
    Target target;
};

constexpr Target ratioAtMost(double value)
{
    return {Target::Of::Ratio, Target::Bound::AtMost, value};
}

constexpr Target ratioAtLeast(double value)
{
    return {Target::Of::Ratio, Target::Bound::AtLeast, value};
}

constexpr Target atMost(double value)
{
    return {Target::Of::Ours, Target::Bound::AtMost, value};
}

constexpr double kShortestPause = 16; ///< ms, one frame of a display

// Where a target is a rate, the figure a time: a rate of at least 0.7 of the baseline's is a time of at most 1 / 0.7 of it.
constexpr std::array kRows{
    Row{"cache/pin_a_resident_page", atMost(25)},
    Row{"cache/pin_by_16_threads", atMost(25)},
    Row{"cursor/4096_reads_of_8_bytes", atMost(2 * 4096)},
    Row{"cache/miss_of_64_KiB", ratioAtMost(1.15)},
    Row{"cache/read_of_64_KiB_resident_anywhere", ratioAtMost(1 / 0.7)},
    Row{"cache/stream_of_512_MiB", ratioAtMost(1 / 0.95)},
    Row{"cache/zipf_2^14_of_2^18_pages", ratioAtLeast(1)},
    Row{"cache/zipf_2^14_of_2^18_pages_beside_scans", ratioAtLeast(1)},
    Row{"cache/viewport_beside_a_scan_of_100_caches", ratioAtLeast(1)},
    Row{"cache/16_threads_want_one_page", atMost(1)},
    Row{"cache/look_up_p99_beside_16_loaders", atMost(5)},
    Row{"states/frame_of_2^28_pages_in_1920", atMost(2)},
    Row{"states/frame_of_2^20_pages_in_1920", atMost(0.3)},
    Row{"heat/frame_of_2^28_pages_in_1920", atMost(2)},
    Row{"heat/frame_of_2^20_pages_in_1920", atMost(0.3)},
    Row{"states/update_of_one_page", atMost(200)},
    Row{"heat/update_of_one_page", atMost(200)},
    Row{"stage/one_byte_among_100k_edits", atMost(1000)},
    Row{"stage/one_byte_with_the_recovery_log", atMost(1000)},
    Row{"read/4_KiB_beside_100k_edits", ratioAtMost(2)},
    Row{"stage/fill_of_1_TiB_and_undo", atMost(1e6)},
    Row{"stage/memory_of_a_fill_of_1_TiB", atMost(1024)},
    Row{"commit/100k_edits_of_8_bytes_in_1_GiB", ratioAtMost(1.3)},
    Row{"commit/fill_of_4_GiB", ratioAtMost(1.2)},
    Row{"event_loop/ready_source", atMost(kShortestPause)},
    Row{"event_loop/slow_source_200ms", atMost(kShortestPause)},
    Row{"event_loop/hung_source", atMost(kShortestPause)},
    Row{"event_loop/failing_source", atMost(kShortestPause)},
    Row{"event_loop/commit_100k_edits", atMost(kShortestPause)},
    Row{"event_loop/undo_after_commit_of_100k_edits", atMost(kShortestPause)},
    Row{"event_loop/fill_of_whole_file", atMost(kShortestPause)},
};

} // namespace

bool Target::met(double ours, double ratio) const
{
    const double reached = of == Of::Ours ? ours : ratio;
    return bound == Bound::AtMost ? reached <= value : reached >= value;
}

QString Target::text() const
{
    const QString what = of == Of::Ours ? QStringLiteral("ours") : QStringLiteral("ratio");
    return what + (bound == Bound::AtMost ? QStringLiteral(" <= ") : QStringLiteral(" >= "))
        + QString::number(value, 'g', of == Of::Ours ? 7 : 3);
}

std::optional<Target> targetOf(const QString &name)
{
    const auto row
        = std::ranges::find_if(kRows, [&name](const Row &known) { return name == QLatin1String(known.name); });
    return row == kRows.end() ? std::nullopt : std::optional(row->target);
}

} // namespace cachet_test
