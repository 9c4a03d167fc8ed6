// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/painted_document.h"

#include <algorithm>

namespace cachet_test {

using cachecore::ByteCondition;

QPalette paletteNamed(const QByteArray &name)
{
    QPalette palette;
    const bool dark = name == "dark" || name == "black";
    const bool extreme = name == "black" || name == "white";
    palette.setColor(QPalette::Base,
                     extreme ? QColor(dark ? Qt::black : Qt::white) : QColor(dark ? 0x1e1f22 : 0xfcfaf5));
    palette.setColor(QPalette::Text,
                     extreme ? QColor(dark ? Qt::white : Qt::black) : QColor(dark ? 0xdfe1e5 : 0x202326));
    return palette;
}

const QList<QByteArray> &paletteNames()
{
    static const QList<QByteArray> names{"light", "dark", "white", "black"};
    return names;
}

const QList<qreal> &screenRatios()
{
    static const QList<qreal> ratios{1, 1.25, 1.5, 2};
    return ratios;
}

PaintedDocument::PaintedDocument(std::uint64_t firstRow, int rows, int columns, QSize size, qreal ratio)
    : font(0, ratio)
    , m_begin(firstRow * static_cast<std::uint64_t>(columns))
    , m_layout(font.cell(), m_begin + static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns), columns)
{
    const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    bytes.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = static_cast<std::byte>(i & 0xFF);
    conditions.assign(count, ByteCondition::Loaded);
    states.assign(static_cast<std::size_t>(rows), {});
    scene.corner = QStringLiteral("Offset");
    scene.size = size;
    scene.cursor.caret = m_begin + count; // out of sight
}

void PaintedDocument::setFont(const cachet::HexFont &next)
{
    font = next;
    m_layout = cachet::HexLayout(font.cell(), m_begin + bytes.size(), columns());
}

int PaintedDocument::paint(cachet::HexPainter &painter, int from, int to)
{
    const int shown = std::min(m_layout.shownRows(scene.size.height()), rows() - top);
    const int first = top * columns();
    m_shown.reset(m_begin + static_cast<std::uint64_t>(first), columns(), shown);
    std::copy_n(bytes.begin() + first, shown * columns(), m_shown.bytes.begin());
    std::copy_n(conditions.begin() + first, shown * columns(), m_shown.conditions.begin());
    std::copy_n(states.begin() + top, shown, m_shown.states.begin());
    scene.rows = &m_shown;
    return painter.update(scene, m_layout, font, theme, from, to);
}

QImage PaintedDocument::freshPicture()
{
    cachet::HexPainter painter;
    paint(painter);
    return painter.picture();
}

QString differenceOf(const QImage &a, const QImage &b)
{
    if (a.size() != b.size())
        return QStringLiteral("%1x%2 and %3x%4 pixels").arg(a.width()).arg(a.height()).arg(b.width()).arg(b.height());
    for (int y = 0; y < a.height(); ++y) {
        for (int x = 0; x < a.width(); ++x) {
            if (a.pixel(x, y) != b.pixel(x, y)) {
                return QStringLiteral("%1 and %2 at (%3, %4)")
                    .arg(QString::number(a.pixel(x, y), 16), QString::number(b.pixel(x, y), 16))
                    .arg(x)
                    .arg(y);
            }
        }
    }
    return {};
}

} // namespace cachet_test
