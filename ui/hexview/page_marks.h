// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_snapshot.h"
#include "ui/theme/theme.h"

class QPainter;
class QRect;

namespace cachet {

/// Paints into `band` what the gutter shows for a row, by shape as well as colour: cached a half-wide bar, loading the same
/// bar dotted, staged a full block (paler where only another row of the page holds staged bytes), failed an exclamation mark
/// (on a block where the row itself cannot be read), not loaded nothing.
void paintPageMark(QPainter &painter, const QRect &band, RowState state, const Theme &theme);

/// Paints the background of unreadable bytes into `rect`.
void paintUnreadable(QPainter &painter, const QRect &rect, bool selected, const Theme &theme);

} // namespace cachet
