// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/hexview/hex_cursor.h"
#include "ui/hexview/hex_snapshot.h"

#include <QSize>
#include <QString>

#include <optional>

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
    QSize size;     ///< of the picture, in its own pixels
    int left = 0;   ///< pixels of the content that are scrolled off to the left
};

} // namespace cachet
