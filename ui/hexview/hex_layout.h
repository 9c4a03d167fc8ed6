// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRect>

#include <cstdint>
#include <vector>

namespace cachet {

/// The size of one character cell in pixels; whole numbers, so that columns never drift. The pixels are those of the device: a pixel of the
/// window is several of them, or one and a half, where the ratio of the two is not 1.
struct CellMetrics {
    int charWidth = 8;
    int rowHeight = 16;
    int ascent = 12; ///< from the top of a row to the baseline
    int line = 1;    ///< the width of a hairline, and what other small distances are counted in

    friend bool operator==(const CellMetrics &, const CellMetrics &) = default;
};

enum class Pane : std::uint8_t { Hex, Text };

/// Where everything of the hex view lies, in pixels, as pure arithmetic over the cell size. From left to right: gutter band,
/// offset column, hex pane (a gap after every 4 bytes, a wider one after every 8), text pane; above them the column header.
/// Rows are counted from the first one shown, and x runs from the left edge of the content, before horizontal scrolling.
/// Invariant: columns do not overlap and lie in the order named; every pixel of the panes belongs to one byte.
class HexLayout {
public:
    static constexpr int kDefaultBytesPerRow = 16;
    static constexpr int kMinOffsetDigits = 8;

    HexLayout()
        : HexLayout(CellMetrics{}, 0)
    {
    }
    /// `bytesPerRow` must be at least 1.
    HexLayout(CellMetrics cell, std::uint64_t documentSize, int bytesPerRow = kDefaultBytesPerRow);

    [[nodiscard]] const CellMetrics &cell() const { return m_cell; }
    [[nodiscard]] int bytesPerRow() const { return m_bytesPerRow; }
    /// Hex digits of the last offset of a document of `size` bytes, at least kMinOffsetDigits.
    [[nodiscard]] static int offsetDigits(std::uint64_t size);
    [[nodiscard]] int offsetDigits() const { return m_offsetDigits; }
    /// Rows of a document of `size` bytes; a last row may be short.
    [[nodiscard]] static std::uint64_t rowCount(std::uint64_t size, int bytesPerRow);

    [[nodiscard]] int headerHeight() const { return m_cell.rowHeight + kHeaderPadding * m_cell.line; }
    [[nodiscard]] int contentWidth() const { return m_contentWidth; }
    /// Rows that fit wholly under the header in `height` pixels, at least 1.
    [[nodiscard]] int wholeRows(int height) const;
    /// Rows of which at least a pixel shows, at least 1.
    [[nodiscard]] int shownRows(int height) const;

    [[nodiscard]] int rowTop(int row) const { return headerHeight() + row * m_cell.rowHeight; }
    [[nodiscard]] QRect bandRect(int row) const;
    [[nodiscard]] int bandWidth() const { return m_bandWidth; }
    /// Right edge of the offset column with its padding; the header's corner ends there too.
    [[nodiscard]] int offsetRight() const { return m_offsetRight; }
    /// Left edge of the first character of an offset.
    [[nodiscard]] int offsetTextX() const { return m_offsetTextX; }
    /// Left edge of the characters of a byte.
    [[nodiscard]] int hexX(int column) const { return m_hexX[static_cast<std::size_t>(column)]; }
    [[nodiscard]] int textX(int column) const { return m_textX + column * m_cell.charWidth; }
    /// The characters of a byte: two cells in the hex pane, one in the text pane.
    [[nodiscard]] QRect byteRect(Pane pane, int row, int column) const;
    /// How far the background of a byte reaches beyond its characters, left and right.
    [[nodiscard]] int runMargin(Pane pane) const { return pane == Pane::Hex ? m_cell.charWidth / 2 : 0; }
    /// The background of the bytes [first, last] of a row as one piece, gaps included.
    [[nodiscard]] QRect runRect(Pane pane, int row, int first, int last) const;
    /// A hairline's x between the panes; it is cell().line wide.
    [[nodiscard]] int separatorX() const { return m_separatorX; }

    struct Hit {
        enum class Area : std::uint8_t { Header, Band, Offset, Hex, Text };
        Area area = Area::Hex;
        int row = 0;    ///< may be negative above the first row
        int column = 0; ///< 0..bytesPerRow()-1: the byte itself in a pane, the first byte in band and offset column
        int nibble = 0; ///< 0 or 1 in the hex pane, else 0
    };
    /// What lies at a pixel.
    [[nodiscard]] Hit hit(int x, int y) const;
    /// The byte of `pane` nearest to a pixel, wherever that is: for dragging.
    [[nodiscard]] Hit nearest(Pane pane, int x, int y) const;

    friend bool operator==(const HexLayout &, const HexLayout &) = default;

private:
    static constexpr int kHeaderPadding = 4; // hairlines

    [[nodiscard]] int hexColumnAt(int x) const;
    [[nodiscard]] int rowAt(int y) const;

    CellMetrics m_cell;
    int m_bytesPerRow = kDefaultBytesPerRow;
    int m_offsetDigits = kMinOffsetDigits;
    int m_bandWidth = 0;
    int m_offsetTextX = 0;
    int m_offsetRight = 0;
    std::vector<int> m_hexX;
    int m_separatorX = 0;
    int m_textX = 0;
    int m_contentWidth = 0;
};

} // namespace cachet
