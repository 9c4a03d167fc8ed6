// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/cell_store.h"
#include "ui/hexview/cell_style.h"
#include "ui/hexview/hex_font.h"
#include "ui/hexview/hex_layout.h"
#include "ui/hexview/hex_snapshot.h"

#include <QImage>
#include <QRect>

namespace cachet {

/// The cells of the hex view as pictures: each value of a byte, in each pane, in each pair of colours that shows, drawn by QPainter when it is
/// first needed and copied from then on.
/// Memory: at most kBoundBytes, or one row of the screen where that is more; some 1.5 MiB for random bytes in a usual font.
/// Thread: GUI only.
class GlyphAtlas {
public:
    static constexpr std::size_t kBoundBytes = std::size_t{16} << 20;

    /// A cell, valid until the next beginRow(); `width` pixels wide and a row high.
    struct Cell {
        const quint32 *pixels = nullptr;
        int width = 0;
        int stride = 0; ///< pixels from line to line
    };

    /// Drops all cells and takes up a look.
    void reset(const HexLayout &layout, const HexFont &font, const Theme &theme);
    void beginRow();

    /// A byte: in the hex pane both digits with the margin of a run on both sides and the rest of three characters behind, so that ordinary
    /// bytes need nothing between them; in the text pane its character. Not for a hatched style.
    [[nodiscard]] Cell byte(Pane pane, CellStyle style, std::byte value);
    /// What stands for a byte that is not loaded.
    [[nodiscard]] Cell placeholder(Pane pane, CellStyle style);
    /// What stands for a byte that could not be read, for a cell whose corner has that hatchPhase().
    [[nodiscard]] Cell unreadable(Pane pane, CellStyle style, int phase);
    /// The hatch without characters, as wide as a cell of the hex pane.
    [[nodiscard]] Cell hatch(CellStyle style, int phase);
    /// The gutter's mark of a row.
    [[nodiscard]] Cell mark(RowState state);

    /// Which of the hatch's diagonals meets the pixel `x` of the content in the first line of row `row` of the document.
    [[nodiscard]] int hatchPhase(int x, std::uint64_t row) const;
    /// The background of a style as a pixel.
    [[nodiscard]] quint32 ground(CellStyle style) const { return m_grounds[static_cast<std::size_t>(style)]; }
    /// Memory in use for pixels.
    [[nodiscard]] std::size_t bytes() const;

private:
    [[nodiscard]] Cell cell(Pane pane, CellStyle style, std::size_t number);
    void paint(QImage &image, Pane pane, CellStyle style, std::size_t number) const;
    void paintHatch(QImage &image, CellStyle style, int phase) const;
    void paintValue(QPainter &painter, Pane pane, std::size_t number) const;

    HexLayout m_layout;
    HexFont m_font;
    Theme m_theme;
    CellStore m_hex;
    CellStore m_text;
    CellStore m_marks;
    std::array<quint32, kCellStyleCount> m_grounds{};
};

/// Paints what stands for a byte that is not loaded into one character cell: a dot in the hex pane; in the text pane a hollow box, for a dot
/// there would be taken for the dot of a byte without a character.
void paintPlaceholder(QPainter &painter, Pane pane, const QRect &cell, const QColor &color);

} // namespace cachet
