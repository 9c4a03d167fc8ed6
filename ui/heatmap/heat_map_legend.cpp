// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/heatmap/heat_map_legend.h"

#include "ui/heatmap/heat_map.h"

#include <QPainter>

#include <algorithm>
#include <array>
#include <utility>

namespace cachet {

namespace {

constexpr int kSwatch = 12;
constexpr int kSwatchGap = 5; ///< between a swatch and its words
constexpr int kEntryGap = 12;
constexpr int kRowGap = 4;
constexpr int kMargin = 4;

struct Entry {
    CellLook look;
    const char *text;
};

constexpr std::array<Entry, 6> kEntries{{
    {{4, true, false, false, false}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Cached")},
    {{0, false, true, false, false}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Loading")},
    {{0, false, false, true, false}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Staged")},
    {{0, true, false, false, true}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Failed")},
    {{0, true, false, false, false}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Cached before")},
    {{0, false, false, false, false}, QT_TRANSLATE_NOOP("cachet::HeatMapLegend", "Never loaded")},
}};

} // namespace

struct HeatMapLegend::Place {
    QRect swatch;
    QRect text;
    const Entry *entry;
};

HeatMapLegend::HeatMapLegend(QWidget *parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("heatMapLegend"));
    setAccessibleName(tr("Legend of the heat map"));
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

std::vector<HeatMapLegend::Place> HeatMapLegend::places(int width) const
{
    const int line = std::max(fontMetrics().height(), kSwatch);
    std::vector<Place> places;
    int x = kMargin;
    int y = kMargin;
    for (const Entry &entry : kEntries) {
        const int textWidth = fontMetrics().horizontalAdvance(tr(entry.text));
        const int entryWidth = kSwatch + kSwatchGap + textWidth;
        if (x > kMargin && x + entryWidth > width - kMargin) {
            x = kMargin;
            y += line + kRowGap;
        }
        places.push_back({QRect(x, y + (line - kSwatch) / 2, kSwatch, kSwatch),
                          QRect(x + kSwatch + kSwatchGap, y, textWidth + 1, line), &entry});
        x += entryWidth + kEntryGap;
    }
    return places;
}

int HeatMapLegend::heightForWidth(int width) const
{
    return places(width).back().text.bottom() + 1 + kMargin;
}

QSize HeatMapLegend::sizeHint() const
{
    return {260, heightForWidth(260)};
}

QSize HeatMapLegend::minimumSizeHint() const
{
    return {120, heightForWidth(std::max(width(), 120))};
}

void HeatMapLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    for (const Place &place : places(width())) {
        paintCellLook(painter, place.swatch, place.entry->look, theme);
        painter.setPen(palette().color(QPalette::Mid));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(place.swatch.adjusted(-1, -1, 0, 0));
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(place.text, Qt::AlignLeft | Qt::AlignVCenter, tr(place.entry->text));
    }
}

} // namespace cachet
