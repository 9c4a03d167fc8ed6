// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/cell_style.h"

#include "ui/theme/byte_class.h"

namespace cachet {

CellStyle plainStyle(PageTone tone)
{
    switch (tone) {
    case PageTone::Cached:
        return CellStyle::OnCached;
    case PageTone::Loading:
        return CellStyle::OnLoading;
    case PageTone::Staged:
        return CellStyle::OnStaged;
    case PageTone::Failed:
        return CellStyle::OnFailed;
    case PageTone::Never:
    case PageTone::Touched:
        break;
    }
    return CellStyle::Plain;
}

QColor groundOf(CellStyle style, const Theme &theme)
{
    switch (style) {
    case CellStyle::Plain:
        break;
    case CellStyle::OnCached:
        return theme.tint(PageTone::Cached);
    case CellStyle::OnLoading:
        return theme.tint(PageTone::Loading);
    case CellStyle::OnStaged:
        return theme.tint(PageTone::Staged);
    case CellStyle::OnFailed:
        return theme.tint(PageTone::Failed);
    case CellStyle::Selected:
    case CellStyle::SelectedUnreadable:
        return theme.selection;
    case CellStyle::Staged:
        return theme.stagedBackground;
    case CellStyle::SelectedStaged:
        return theme.selectedStaged;
    case CellStyle::Unreadable:
        return theme.unreadableBackground;
    case CellStyle::Offset:
    case CellStyle::Current:
        return theme.headerBackground;
    }
    return theme.base;
}

QColor hatchOf(CellStyle style, const Theme &theme)
{
    return style == CellStyle::SelectedUnreadable ? theme.selectedHatch : theme.unreadableHatch;
}

QColor inkOf(CellStyle style, std::byte byte, const Theme &theme)
{
    switch (style) {
    case CellStyle::Plain:
    case CellStyle::OnCached:
    case CellStyle::OnLoading:
    case CellStyle::OnStaged:
    case CellStyle::OnFailed:
        break;
    case CellStyle::Selected:
    case CellStyle::SelectedUnreadable:
        return theme.selectionText;
    case CellStyle::Staged:
        return theme.stagedText;
    case CellStyle::SelectedStaged:
        return theme.selectedStagedText;
    case CellStyle::Unreadable:
        return theme.unreadableText;
    case CellStyle::Offset:
        return theme.headerText;
    case CellStyle::Current:
        return theme.currentText;
    }
    return theme.byteText(byteClass(byte));
}

QColor placeholderInk(CellStyle style, const Theme &theme)
{
    return hasOwnGround(style) ? inkOf(style, std::byte{0}, theme) : theme.placeholderText;
}

} // namespace cachet
