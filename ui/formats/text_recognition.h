// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/text_decoder.h"

namespace cachet {

/// Which pane a text is pasted into: in the hex pane digits mean bytes, in the text pane characters mean themselves.
enum class PastePane : std::uint8_t { Hex, Text };

/// What a text most likely is.
struct RecognisedText {
    TextFormat format = TextFormat::Utf8Text;
    bool sure = false; ///< false: the user should look at it first

    friend bool operator==(const RecognisedText &, const RecognisedText &) = default;
};

/// Looks at the first kRecognisedLength characters of `text`. Pure; bounded by that length.
[[nodiscard]] RecognisedText recogniseText(QStringView text, PastePane pane);

inline constexpr qsizetype kRecognisedLength = qsizetype{64} << 10;

} // namespace cachet
