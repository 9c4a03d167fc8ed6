// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_font.h"

#include <QFontDatabase>
#include <QFontInfo>
#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace cachet {

namespace {

constexpr int kMinPoints = 5;
constexpr int kMaxPoints = 60;
constexpr int kRowLeading = 2; // pixels of the window
constexpr char kFirst = 0x20;
constexpr char kLast = 0x7E;
constexpr double kWhole = 0.01; // an advance this little above a whole number is that number

} // namespace

HexFont::HexFont(int zoom, qreal ratio)
    : HexFont(QFontDatabase::systemFont(QFontDatabase::FixedFont), zoom, ratio)
{
}

HexFont::HexFont(const QFont &family, int zoom, qreal ratio)
    : m_ratio(ratio)
    , m_font(family)
{
    m_font.setStyleHint(QFont::Monospace);
    m_font.setFixedPitch(true);
    m_font.setKerning(false);
    m_font.setHintingPreference(QFont::PreferFullHinting);
    m_points = std::clamp(QFontInfo(m_font).pointSize() + zoom, kMinPoints, kMaxPoints);
    m_font.setPointSizeF(m_points * ratio);

    const QFontMetricsF metrics(m_font);
    const int leading = 2 * std::max(1, static_cast<int>(std::lround(kRowLeading * ratio / 2)));
    m_cell.line = std::max(1, static_cast<int>(std::lround(ratio)));
    m_cell.rowHeight = static_cast<int>(std::ceil(metrics.height())) + leading;
    m_cell.ascent = static_cast<int>(std::ceil(metrics.ascent())) + leading / 2;
    std::array<double, 128> advances{};
    for (char character = kFirst; character <= kLast; ++character)
        advances[static_cast<std::size_t>(character)] = metrics.horizontalAdvance(QLatin1Char(character));
    m_cell.charWidth = std::max(1, static_cast<int>(std::ceil(*std::ranges::max_element(advances) - kWhole)));
    for (char character = kFirst; character <= kLast; ++character) {
        const auto at = static_cast<std::size_t>(character);
        m_indents[at] = static_cast<int>(std::max(0.0, m_cell.charWidth - advances[at] + kWhole) / 2);
    }
}

void HexFont::draw(QPainter &painter, char character, int x, int top) const
{
    painter.drawText(QPointF(x + indent(character), top + m_cell.ascent), QString(QLatin1Char(character)));
}

} // namespace cachet
