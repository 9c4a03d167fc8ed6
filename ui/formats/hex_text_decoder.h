// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/char_decoder.h"

namespace cachet {

/// TextFormat::HexText: pairs of digits in groups of any length, "0x" or "\x" before a group; white space, commas, semicolons, colons and hyphens between groups.
class HexTextDecoder final : public CharDecoder<HexTextDecoder> {
public:
    Step take(char16_t c, std::vector<std::byte> &out);
    Step end(std::vector<std::byte> &out);

private:
    enum class State : std::uint8_t {
        Between,   ///< groups
        Backslash, ///< an x must follow
        Prefixed,  ///< a digit must follow
        First,     ///< after the first digit of a group, which may be the 0 of "0x"
        High,      ///< after the first digit of a later byte
        Whole,     ///< after a byte of a group
    };
    Step group(char16_t c);

    State m_state = State::Between;
    bool m_prefixed = false; ///< the group has had its "0x" or "\x"
    unsigned m_digit = 0;
    TextPlace m_group; ///< where the group began
};

} // namespace cachet
