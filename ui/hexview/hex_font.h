// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_layout.h"

#include <QFont>
#include <QRawFont>

#include <array>

namespace cachet {

/// The fixed-width font of the hex view with its cells and the glyphs of ASCII, so that painting shapes no text.
/// Thread: GUI only.
class HexFont {
public:
    /// The system's fixed-width font, `zoom` points larger (smaller when negative) than usual, 5 to 60 points.
    explicit HexFont(int zoom = 0);

    [[nodiscard]] const QFont &font() const { return m_font; }
    [[nodiscard]] const QRawFont &raw() const { return m_raw; }
    [[nodiscard]] const CellMetrics &cell() const { return m_cell; }
    /// The glyph of an ASCII character 0x20..0x7E.
    [[nodiscard]] quint32 glyph(char character) const { return m_glyphs[static_cast<unsigned char>(character) & 0x7F]; }

private:
    QFont m_font;
    QRawFont m_raw;
    CellMetrics m_cell;
    std::array<quint32, 128> m_glyphs{};
};

} // namespace cachet
