// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"

#include <QString>

#include <cstdint>
#include <string>

namespace cachet {

/// One sentence for people: what went wrong, where (bytes in hex), and what to do about it. Plain text.
[[nodiscard]] QString errorText(const cachecore::Error &error);
/// A file name as people read it: bytes that are not text show as U+FFFD. Never to be turned back into a name.
[[nodiscard]] QString displayPath(const std::string &path);
/// The last part of `path`, the same way.
[[nodiscard]] QString displayName(const std::string &path);

/// "0x438".
[[nodiscard]] QString hexText(std::uint64_t value);
/// "byte 0x438" or "bytes 0x400 to 0x41f" (both named bytes belong to it); "no bytes at 0x400" for an empty range.
[[nodiscard]] QString rangeText(cachecore::ByteRange range);
/// "4 bytes", "1.5 MiB (1,572,864 bytes)".
[[nodiscard]] QString sizeText(std::uint64_t bytes);
/// "1.5 MiB", "4 bytes".
[[nodiscard]] QString shortSizeText(std::uint64_t bytes);

} // namespace cachet
