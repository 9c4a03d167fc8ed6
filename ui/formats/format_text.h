// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/byte_format.h"
#include "ui/formats/text_decoder.h"

#include <QString>

namespace cachet {

/// "Hex dump".
[[nodiscard]] QString formatName(ByteFormat format);
/// The same for a menu, with a mnemonic.
[[nodiscard]] QString formatMenuText(ByteFormat format);
/// "a hex dump", for sentences.
[[nodiscard]] QString formatInSentence(ByteFormat format);
/// "hexDump", for names of actions and settings.
[[nodiscard]] QString formatKey(ByteFormat format);
/// What it looks like, in one line.
[[nodiscard]] QString formatExample(ByteFormat format);

/// "Hex dump with offsets".
[[nodiscard]] QString formatName(TextFormat format);
/// The error as a sentence or two: what is wrong, at which line and column, and what to do. Plain text.
[[nodiscard]] QString textErrorText(const TextError &error);

} // namespace cachet
