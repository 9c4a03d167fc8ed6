// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/char_decoder.h"

namespace cachet {

/// TextFormat::Base64 (RFC 4648), white space anywhere. "=" at the end may be left out; nothing may follow it, and the bits it leaves unused are zero.
class Base64Decoder final : public CharDecoder<Base64Decoder> {
public:
    Step take(char16_t c, std::vector<std::byte> &out);
    Step end(std::vector<std::byte> &out);

private:
    [[nodiscard]] Step unusedBits() const;

    unsigned m_bits = 0;    ///< of the characters of this group, the newest lowest
    unsigned m_count = 0;   ///< characters of this group, 0..3
    unsigned m_padding = 0; ///< "=" taken
    TextPlace m_last;       ///< of the last character that counts
};

} // namespace cachet
