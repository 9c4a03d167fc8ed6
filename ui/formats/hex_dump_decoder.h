// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/char_decoder.h"

#include <string>

namespace cachet {

/// TextFormat::HexDump. A line is an offset, the bytes, and their characters, which are not looked at:
///
///     00000430: 435d 0f64 0100 ffff 53ef             C].d....S.      xxd: a colon; two spaces end the bytes
///     00000430  43 5d 0f 64 01 00 ff ff  53 ef       |C].d....S.|    hexdump -C: a bar ends them
///
/// Lines must follow on each other; the first may have any offset. The last of hexdump -C, an offset alone, must too.
class HexDumpDecoder final : public CharDecoder<HexDumpDecoder> {
public:
    Step take(char16_t c, std::vector<std::byte> &out);
    Step end(std::vector<std::byte> &out);

private:
    Step line(std::vector<std::byte> &out);
    Step bytesOf(std::u16string_view text, std::size_t from, std::vector<std::byte> &out) const;
    [[nodiscard]] std::unexpected<TextError> wrongAt(TextError::Kind kind, std::size_t at) const;

    std::u16string m_line;
    std::uint64_t m_number = 1;          ///< of the line
    std::optional<std::uint64_t> m_next; ///< offset the next line must have
    bool m_ended = false;                ///< an offset alone has ended the dump
};

} // namespace cachet
