// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme/byte_class.h"

#include <QColor>

#include <array>
#include <cstdint>
#include <initializer_list>

class QPalette;

namespace cachet {

/// What a page is, as every part of the window colours it. When several hold, the later one wins:
/// a staged page is shown as staged whether it is cached or not, a failed one always as failed.
enum class PageTone : std::uint8_t {
    Never,   ///< not loaded since the document was opened
    Touched, ///< was here once, not now
    Cached,
    Loading,
    Staged, ///< holds at least one staged byte
    Failed, ///< some of its bytes could not be read
};
inline constexpr std::size_t kPageToneCount = 6;

/// The colours of the window, so that the same thing has the same colour in the gutter, the view, the map and the
/// docks. Computed from a palette, light or dark by the luminance of its base colour.
///
/// Promises, for any palette whose base is not a middle grey: every text colour reaches 4.5:1 (WCAG 2.1, level AA) on
/// every background it is drawn on; page marks except Never and Touched reach 3:1 on the base.
/// A value; any thread once made.
class Theme {
public:
    /// The theme that goes with `palette`.
    [[nodiscard]] static Theme of(const QPalette &palette);

    bool dark = false;
    QColor base;             ///< background of the view and of the map
    QColor text;             ///< ordinary text on base
    QColor accent;           ///< the one accent, for frames and the current thing; 3:1 on base
    QColor headerBackground; ///< behind the column header and the offset column
    QColor headerText;       ///< offsets and column numbers
    QColor currentText;      ///< the caret's own offset and column number on headerBackground
    QColor separator;        ///< hairlines; decoration only
    QColor caret;            ///< the caret's block in the active pane, its outline in the other; 3:1 on base
    QColor caretText;        ///< text on the caret's block
    QColor selection;        ///< background of selected bytes
    QColor selectionText;
    QColor selectedHatch;    ///< over selection, for a selected byte that could not be read
    QColor stagedBackground; ///< background of a staged byte
    QColor stagedText;
    QColor selectedStaged; ///< background of a staged byte inside the selection
    QColor selectedStagedText;
    QColor placeholderText;      ///< of a byte that is not loaded
    QColor unreadableBackground; ///< of a byte that could not be read; hatched with unreadableHatch
    QColor unreadableHatch;
    QColor unreadableText;

    /// The strong colour of a page's state: band in the gutter, cell of the map, swatch of the legend.
    [[nodiscard]] const QColor &mark(PageTone tone) const { return m_marks[static_cast<std::size_t>(tone)]; }
    /// The background of a row whose page is in that state; opaque, base itself for Never and Touched.
    [[nodiscard]] const QColor &tint(PageTone tone) const { return m_tints[static_cast<std::size_t>(tone)]; }
    /// The text of a byte of `kind` on base or any tint.
    [[nodiscard]] const QColor &byteText(ByteClass kind) const { return m_bytes[static_cast<std::size_t>(kind)]; }

    friend bool operator==(const Theme &, const Theme &) = default;

private:
    void setUpPages();
    void setUpBytes();
    void setUpTexts();

    std::array<QColor, kPageToneCount> m_marks;
    std::array<QColor, kPageToneCount> m_tints;
    std::array<QColor, kByteClassCount> m_bytes;
};

/// Relative luminance of an opaque sRGB colour, 0..1 (WCAG 2.1).
[[nodiscard]] double luminance(const QColor &color);
/// Contrast ratio of two opaque colours, 1..21 (WCAG 2.1).
[[nodiscard]] double contrast(const QColor &a, const QColor &b);
/// `part` of `over` (0..1) laid over `under`, opaque.
[[nodiscard]] QColor blended(const QColor &under, const QColor &over, double part);
/// `color`, moved towards black or white only as far as it takes to reach `ratio` on all `backgrounds`; black or
/// white, whichever does better, where nothing does.
[[nodiscard]] QColor readableOn(const QColor &color, std::initializer_list<QColor> backgrounds, double ratio);

} // namespace cachet
