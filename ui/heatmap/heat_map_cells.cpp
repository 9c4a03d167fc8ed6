// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map_cells.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

#include <algorithm>

namespace cachet {

namespace {

constexpr std::uint64_t kReadySteps = 4;

std::uint8_t readySteps(const cachecore::PageStateCounts &counts)
{
    if (counts.ready == 0 || counts.pages == 0)
        return 0;
    // Divided first: a cell may hold 2^54 pages. Anything cached shows as at least one step.
    const std::uint64_t unit = counts.pages / kReadySteps;
    const std::uint64_t steps = unit == 0 ? counts.ready * kReadySteps / counts.pages : counts.ready / unit;
    return static_cast<std::uint8_t>(std::clamp<std::uint64_t>(steps, 1, kReadySteps));
}

} // namespace

std::vector<CellLook> cellLooks(const cachecore::Document &document, const HeatMapGeometry &geometry)
{
    const auto cells = static_cast<std::size_t>(geometry.cellCount());
    std::vector<CellLook> looks(cells);
    if (cells == 0)
        return looks;
    const auto states = document.pageStates();
    const cachecore::StagedEdits staged = document.staged();
    std::vector<cachecore::PageStateCounts> counts(cells);
    states->summarize({0}, states->pageCount(), counts);
    for (std::size_t i = 0; i < cells; ++i) {
        looks[i].ready = readySteps(counts[i]);
        looks[i].touched = counts[i].touched > 0;
        looks[i].loading = counts[i].loading > 0;
        looks[i].failed = counts[i].failed > 0;
        looks[i].staged = !staged.empty() && staged.anyIn(geometry.bytesOf(static_cast<int>(i)));
    }
    return looks;
}

QString cellText(const cachecore::Document &document, const HeatMapGeometry &geometry, int cell)
{
    const auto tr
        = [](const char *text, int n = -1) { return QCoreApplication::translate("cachet::HeatMap", text, nullptr, n); };
    const auto number = [](std::uint64_t value) { return QLocale().toString(static_cast<qulonglong>(value)); };
    const cachecore::ByteRange bytes = geometry.bytesOf(cell);
    const PageSpan pages = geometry.pagesOf(cell);
    cachecore::PageStateCounts counts;
    document.pageStates()->summarize({pages.first}, pages.count, {&counts, 1});

    QStringList lines;
    lines << tr("%1, %2").arg(rangeText(bytes), shortSizeText(bytes.length()));
    lines << (counts.pages == 1 ? tr("1 page") : tr("%1 pages").arg(number(counts.pages)));
    QStringList states;
    const auto add = [&](const char *text, std::uint64_t count) {
        if (count > 0)
            states << tr(text).arg(number(count));
    };
    add("%1 cached", counts.ready);
    add("%1 loading", counts.loading);
    add("%1 failed", counts.failed);
    const std::uint64_t now = counts.ready + counts.failed;
    if (counts.touched > now)
        add("%1 cached before", counts.touched - now);
    if (counts.touched == 0 && counts.loading == 0)
        states << tr("never loaded");
    lines.back() += tr(": ") + states.join(tr(", "));
    const std::uint64_t staged = document.staged().byteCountIn(bytes);
    if (staged > 0)
        lines << tr("%1 staged").arg(shortSizeText(staged));
    return lines.join(u'\n');
}

} // namespace cachet
