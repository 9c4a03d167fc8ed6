// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/hex_font.h"

#include <QFontDatabase>
#include <QFontInfo>
#include <QFontMetricsF>

#include <algorithm>
#include <cmath>

namespace cachet {

namespace {

constexpr int kMinPoints = 5;
constexpr int kMaxPoints = 60;
constexpr int kRowLeading = 2; // pixels
constexpr char kFirst = 0x20;
constexpr char kLast = 0x7E;

QFont fixedFont(int zoom)
{
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setStyleHint(QFont::Monospace);
    font.setFixedPitch(true);
    font.setKerning(false);
    font.setHintingPreference(QFont::PreferFullHinting);
    const int points = QFontInfo(font).pointSize() + zoom;
    font.setPointSize(std::clamp(points, kMinPoints, kMaxPoints));
    return font;
}

} // namespace

HexFont::HexFont(int zoom)
    : m_font(fixedFont(zoom))
    , m_raw(QRawFont::fromFont(m_font))
{
    const QFontMetricsF metrics(m_font);
    const int height = static_cast<int>(std::ceil(metrics.height()));
    m_cell.charWidth = std::max(1, static_cast<int>(std::ceil(metrics.horizontalAdvance(QLatin1Char('0')) - 0.01)));
    m_cell.rowHeight = height + kRowLeading;
    m_cell.ascent = static_cast<int>(std::ceil(metrics.ascent())) + kRowLeading / 2;

    QString characters;
    for (char character = kFirst; character <= kLast; ++character)
        characters.append(QLatin1Char(character));
    const QList<quint32> glyphs = m_raw.glyphIndexesForString(characters);
    for (qsizetype i = 0; i < glyphs.size(); ++i)
        m_glyphs[static_cast<std::size_t>(kFirst + i)] = glyphs[i];
}

} // namespace cachet
