// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme/theme.h"

#include <QColor>

#include <cstddef>
#include <cstdint>

namespace cachet {

/// The pairs of background and ink that cells come in.
enum class CellStyle : std::uint8_t {
    Plain, ///< ink by the byte's class, here and on the tints of page states
    OnCached,
    OnLoading,
    OnStaged,
    OnFailed,
    Selected,
    Staged,
    SelectedStaged,
    Unreadable, ///< hatched
    SelectedUnreadable,
    Offset,  ///< offsets and column numbers
    Current, ///< those of the caret
};
inline constexpr std::size_t kCellStyleCount = 12;

/// The style of an ordinary byte in a row whose page is in that state.
[[nodiscard]] CellStyle plainStyle(PageTone tone);
/// True for what is drawn behind a byte itself and so joins with the same beside it, unlike the row's own tint.
[[nodiscard]] constexpr bool hasOwnGround(CellStyle style)
{
    return style >= CellStyle::Selected && style <= CellStyle::SelectedUnreadable;
}
[[nodiscard]] constexpr bool isHatched(CellStyle style)
{
    return style == CellStyle::Unreadable || style == CellStyle::SelectedUnreadable;
}
/// The background; under the hatch, where there is one.
[[nodiscard]] QColor groundOf(CellStyle style, const Theme &theme);
/// The colour of the hatch of a hatched style.
[[nodiscard]] QColor hatchOf(CellStyle style, const Theme &theme);
/// The ink of a byte's characters.
[[nodiscard]] QColor inkOf(CellStyle style, std::byte byte, const Theme &theme);
/// The ink of what stands for a byte that is not loaded.
[[nodiscard]] QColor placeholderInk(CellStyle style, const Theme &theme);

} // namespace cachet
