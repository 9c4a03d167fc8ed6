// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QtGlobal>

#include <span>
#include <vector>

namespace cachet {

/// A piece of a row of the hex view, as high as the row: copied from a cell, or filled with one colour.
struct PixelSpan {
    int x = 0; ///< pixels from the left edge of the picture
    int width = 0;
    const quint32 *source = nullptr; ///< the cell's first pixel; null: filled
    int stride = 0;                  ///< pixels from one line of the cell to the next
    quint32 color = 0;               ///< of a filled span
};

/// Collects the spans of a row from left to right, given in content pixels, cut to the part of the content that shows.
/// Invariant: spans() ascend, do not overlap and lie in [0, width). A value; keeps its memory between rows.
class SpanRow {
public:
    /// Starts a row that shows the content pixels [left, left + width).
    void begin(int left, int width);
    /// True when a pixel of the content [x, x + width) shows.
    [[nodiscard]] bool shows(int x, int width) const { return x < m_left + m_width && x + width > m_left; }
    /// Fills [from, to); nothing when that is empty.
    void fill(int from, int to, quint32 color);
    /// Copies a cell to [x, x + width).
    void copy(int x, int width, const quint32 *source, int stride);
    [[nodiscard]] std::span<const PixelSpan> spans() const { return m_spans; }

private:
    int m_left = 0;
    int m_width = 0;
    std::vector<PixelSpan> m_spans;
};

/// Paints `spans` into `lines` lines of 32-bit pixels from `out` on, `stride` pixels apart. Each line is written once, from left to right.
void paintSpans(std::span<const PixelSpan> spans, quint32 *out, qsizetype stride, int lines);

} // namespace cachet
