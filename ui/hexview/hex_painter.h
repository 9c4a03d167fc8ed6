// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/glyph_atlas.h"
#include "ui/hexview/hex_scene.h"
#include "ui/hexview/pixel_spans.h"
#include "ui/hexview/row_look.h"

#include <QImage>

#include <optional>
#include <vector>

class QPainter;

namespace cachet {

/// The picture of the hex view: rows composed of the atlas' cells into an image that keeps them, a ring of rows in which scrolling moves
/// nothing, and the header above them. Everything is in device pixels. Knows no document.
///
/// Invariant: a row of the image is what its look in PaintedRows says, under the layout, font, theme, size and sideways position of the last
/// update; any change of those paints everything anew.
/// Thread: GUI only. The images take 4 bytes for each pixel of the scene's size, the atlas what it says.
class HexPainter {
public:
    /// Brings the rows [from, to) of the scene up to date (rows below its last are blank), and the header; returns how many rows were painted.
    /// The scene's size must not be empty.
    int update(const HexScene &scene, const HexLayout &layout, const HexFont &font, const Theme &theme, int from,
               int to);
    /// Copies what lies in `exposed` to a painter whose units are the picture's pixels, from the rows of the last update on.
    void present(QPainter &painter, const QRect &exposed) const;
    /// Rows of which at least a pixel shows in the picture of the last update.
    [[nodiscard]] int rows() const { return m_painted.count(); }
    /// The whole picture as one image; for tests and pictures of the window.
    [[nodiscard]] QImage picture() const;
    [[nodiscard]] const GlyphAtlas &atlas() const { return m_atlas; }
    /// Makes the next update paint everything.
    void forget();

private:
    struct HeaderLook {
        int column = 0; ///< of the caret
        QString corner;
        friend bool operator==(const HeaderLook &, const HeaderLook &) = default;
    };

    void adopt(const HexScene &scene, const HexLayout &layout, const HexFont &font, const Theme &theme);
    void paintHeader(const HeaderLook &look);
    void paintRow(int slot);
    void addOffset(const RowLook &look);
    void addHexPane(const RowLook &look);
    void addGap(const RowLook &look, int from, int column);
    void addTextPane(const RowLook &look);
    void add(int x, const GlyphAtlas::Cell &cell) { m_spans.copy(x, cell.width, cell.pixels, cell.stride); }
    [[nodiscard]] GlyphAtlas::Cell cellOf(const RowLook &look, Pane pane, int column, int x);
    void findStyles(const RowLook &look);
    [[nodiscard]] CellStyle styleOf(int column) const { return m_styles[static_cast<std::size_t>(column)]; }
    [[nodiscard]] std::uint64_t rowOf(const RowLook &look) const;

    void paintCaret(const RowLook &look, int top);
    void paintPending(QPainter &painter, const CaretLook &caret) const;
    void paintUnderCaret(QPainter &painter, const RowLook &look, const QRect &active) const;
    [[nodiscard]] QRect activeCaretRect(const CaretLook &caret) const;
    void paintFrame(QPainter &painter, const QRect &rect) const;

    HexLayout m_layout;
    HexFont m_font;
    Theme m_theme;
    QSize m_size;
    int m_left = 0;
    int m_topSlot = 0; ///< of the first row of the last update
    GlyphAtlas m_atlas;
    PaintedRows m_painted;
    QImage m_rows;
    QImage m_header;
    std::optional<HeaderLook> m_headerLook; ///< as painted
    SpanRow m_spans;
    std::vector<CellStyle> m_styles; ///< of the bytes of the row being painted, up to the document's end
};

} // namespace cachet
