// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace cachet {

/// Where 64-bit rows meet the int of a scroll bar. The truth is the top row, kept elsewhere; the bar only follows it. While
/// every top row fits in an int, bar and row are the same number; above, the bar is proportional: its two ends mean exactly the
/// first and the last top row, and nothing else does.
class ScrollMapper {
public:
    ScrollMapper() = default;
    /// For a document of `rows` rows of which `wholeRows` (at least 1) fit on the screen.
    ScrollMapper(std::uint64_t rows, std::uint64_t wholeRows);

    /// The last row that can stand at the top; then the last row of the document stands at the bottom.
    [[nodiscard]] std::uint64_t lastTop() const { return m_lastTop; }
    /// The bar's maximum; its minimum is 0.
    [[nodiscard]] int maximum() const;
    /// The bar's page step.
    [[nodiscard]] int pageStep() const;
    /// The bar's value for a top row (clamped to lastTop()).
    [[nodiscard]] int valueOf(std::uint64_t topRow) const;
    /// The top row for a value of the bar (clamped to 0..maximum()). valueOf(topOf(v)) == v for every v.
    [[nodiscard]] std::uint64_t topOf(int value) const;
    /// `topRow` moved by `rows`, exact at any size, clamped to 0..lastTop().
    [[nodiscard]] std::uint64_t moved(std::uint64_t topRow, std::int64_t rows) const;
    /// The top row nearest to `topRow` from which `row` shows wholly.
    [[nodiscard]] std::uint64_t revealing(std::uint64_t topRow, std::uint64_t row) const;

private:
    std::uint64_t m_lastTop = 0;
    std::uint64_t m_wholeRows = 1;
};

} // namespace cachet
