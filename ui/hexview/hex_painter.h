// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_cursor.h"
#include "ui/hexview/hex_font.h"
#include "ui/hexview/hex_layout.h"
#include "ui/hexview/hex_snapshot.h"
#include "ui/theme/theme.h"

#include <QList>
#include <QPointF>
#include <QString>

#include <array>
#include <optional>

class QPainter;

namespace cachet {

/// Everything one picture of the hex view shows; what it points to must live while it is painted.
struct HexScene {
    const HexSnapshot *rows = nullptr;
    CursorState cursor;
    cachecore::ByteRange selection;
    std::optional<int> pendingDigit; ///< first digit of the caret's byte, waiting for the second
    bool overlay = true;             ///< band and row tints of page states
    bool focused = true;
    QString corner; ///< heading of the offset column
};

/// Paints a scene in content coordinates: glyphs in batches of one colour, each at its own whole-number position. Knows no
/// document; keeps only buffers between pictures.
/// Thread: GUI only.
class HexPainter {
public:
    /// The arguments must outlive the painting.
    void paint(QPainter &painter, const HexScene &scene, const HexLayout &layout, const HexFont &font,
               const Theme &theme, const QRect &clip);

private:
    enum class Ink : std::uint8_t {
        Zero, // the byte classes in their own order
        Printable,
        Control,
        High,
        Full,
        Staged,
        Selected,
        SelectedStaged,
        Placeholder,
        Unreadable,
        Header,
        Current,
        Caret,
        Count,
    };
    enum class Ground : std::uint8_t { None, Selected, Staged, SelectedStaged, Unreadable, SelectedUnreadable };
    struct Batch {
        QList<quint32> glyphs;
        QList<QPointF> positions;
    };

    /// Which characters of a byte stand on the caret's block.
    struct CaretCells {
        bool high = false;
        bool low = false;
        bool text = false;
    };

    void paintGrounds(const QRect &clip, int from, int to);
    void paintRow(int row);
    void paintRuns(int row);
    void paintRun(Ground ground, int row, int first, int last);
    void paintOffset(int row);
    void paintByte(int row, int column);
    void paintPlaceholder(int row, int column, Ink ink);
    void paintHeader();
    void paintCaret(int from, int to);
    void paintPending(int row, int column);
    void flush();

    [[nodiscard]] Ground groundOf(int row, int column) const;
    [[nodiscard]] Ink inkOf(std::byte byte, Ground ground) const;
    [[nodiscard]] bool isSelected(int row, int column) const;
    [[nodiscard]] bool isCaret(int row, int column) const;
    [[nodiscard]] CaretCells caretCells(int row, int column) const;
    [[nodiscard]] QColor colorOf(Ink ink) const;
    [[nodiscard]] QRect activeCaretRect(int row, int column) const;
    void put(Ink ink, char character, int x, int y);

    QPainter *m_painter = nullptr;
    const HexScene *m_scene = nullptr;
    const HexLayout *m_layout = nullptr;
    const HexFont *m_font = nullptr;
    const Theme *m_theme = nullptr;
    int m_clipRight = 0;
    std::array<Batch, static_cast<std::size_t>(Ink::Count)> m_batches;
    static constexpr std::array kDotInks
        = {Ink::Placeholder, Ink::Selected, Ink::Staged, Ink::SelectedStaged, Ink::Caret};
    std::array<QList<QRect>, kDotInks.size()> m_dots; ///< of placeholders, by ink
};

} // namespace cachet
