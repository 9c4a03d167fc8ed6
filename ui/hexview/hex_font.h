// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_layout.h"

#include <QFont>

#include <array>

class QPainter;

namespace cachet {

/// A font cut into cells of whole device pixels, one for each printable ASCII character, fully hinted, so that columns never drift whatever
/// the device-pixel ratio. In a font that is not of fixed width the cells are as wide as the widest character, which stands in their middle.
/// Thread: GUI only. A value.
class HexFont {
public:
    /// The system's fixed-width font, `zoom` points larger (smaller when negative) than usual, 5 to 60 points; `ratio`: device pixels of one
    /// pixel of the window.
    explicit HexFont(int zoom = 0, qreal ratio = 1);
    /// `family` in place of the system's font, at its own size.
    HexFont(const QFont &family, int zoom, qreal ratio);

    /// Size without the ratio.
    [[nodiscard]] int points() const { return m_points; }
    [[nodiscard]] qreal ratio() const { return m_ratio; }
    /// For painting in device pixels.
    [[nodiscard]] const QFont &font() const { return m_font; }
    /// In device pixels.
    [[nodiscard]] const CellMetrics &cell() const { return m_cell; }
    /// Pixels from the left edge of its cell to where a character (0x20..0x7E) starts.
    [[nodiscard]] int indent(char character) const { return m_indents[static_cast<unsigned char>(character) & 0x7F]; }
    /// Draws a character into the cell at (x, top), with the painter's pen. The painter paints device pixels and has font().
    void draw(QPainter &painter, char character, int x, int top) const;

    friend bool operator==(const HexFont &, const HexFont &) = default;

private:
    int m_points = 0;
    qreal m_ratio = 1;
    QFont m_font;
    CellMetrics m_cell;
    std::array<int, 128> m_indents{};
};

} // namespace cachet
