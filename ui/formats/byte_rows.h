// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/byte_format.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace cachet {

// The shape of the texts that bytes become: what encoders write and encodedSize counts.

inline constexpr std::size_t kDumpRow = 16;
inline constexpr std::size_t kDumpHexColumns = 40; ///< eight groups of two bytes, a space after each
inline constexpr std::size_t kDumpDigits = 8;      ///< of an offset, at least
inline constexpr std::size_t kHexRow = 32;
inline constexpr std::size_t kArrayRow = 12;
inline constexpr std::size_t kBase64Row = 57; ///< 76 characters, as base64(1) and MIME (RFC 2045) have it
inline constexpr std::string_view kIndent = "    ";

/// What stands before the rows; empty for formats without.
[[nodiscard]] std::string headOf(const EncodeOptions &options);
/// What stands after them.
[[nodiscard]] std::string_view tailOf(ByteFormat format);

} // namespace cachet
