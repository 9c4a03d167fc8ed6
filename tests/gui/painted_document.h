// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_painter.h"

#include <QGuiApplication>
#include <QPalette>

#include <vector>

namespace cachet_test {

/// A light, a dark and two extreme palettes, by name.
[[nodiscard]] QPalette paletteNamed(const QByteArray &name);
[[nodiscard]] const QList<QByteArray> &paletteNames();
/// Ratios of device to window pixels that screens have.
[[nodiscard]] const QList<qreal> &screenRatios();

/// Bytes with conditions and page states, and a window onto them: what a hex view shows, without a document or a widget. Everything may be
/// changed between two pictures.
class PaintedDocument {
public:
    PaintedDocument(std::uint64_t firstRow, int rows, int columns, QSize size, qreal ratio = 1);

    /// Whatever the tests want to show: bytes, conditions and states of all rows, which begin at byte 0 of `data`.
    std::vector<std::byte> bytes;
    std::vector<cachecore::ByteCondition> conditions;
    std::vector<cachet::RowState> states;
    cachet::HexScene scene;
    cachet::HexFont font;
    cachet::Theme theme = cachet::Theme::of(QGuiApplication::palette());
    int top = 0; ///< the first row that shows, of those here

    [[nodiscard]] const cachet::HexLayout &layout() const { return m_layout; }
    [[nodiscard]] int columns() const { return m_layout.bytesPerRow(); }
    [[nodiscard]] int rows() const { return static_cast<int>(states.size()); }
    /// Offset of the first byte here.
    [[nodiscard]] std::uint64_t begin() const { return m_begin; }
    void setFont(const cachet::HexFont &next);
    /// Brings rows [from, to) of those that show up to date in `painter`; all without numbers. Returns how many were painted.
    int paint(cachet::HexPainter &painter, int from, int to);
    int paint(cachet::HexPainter &painter) { return paint(painter, 0, m_layout.shownRows(scene.size.height())); }
    /// The picture that a painter makes which has painted nothing before.
    [[nodiscard]] QImage freshPicture();

private:
    std::uint64_t m_begin;
    cachet::HexLayout m_layout;
    cachet::HexSnapshot m_shown;
};

/// Where two pictures differ first, for people; nothing when they are equal.
[[nodiscard]] QString differenceOf(const QImage &a, const QImage &b);

} // namespace cachet_test
