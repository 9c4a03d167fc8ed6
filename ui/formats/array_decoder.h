// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/char_decoder.h"

#include <string>

namespace cachet {

/// TextFormat::Array: the numbers of one list in braces or brackets, which may be nested; numbers as C, Rust and Python write them, with comments.
///
///     Head --"{"-----------------------------> List          C, without or after a declaration
///     Head --"["--> Bracket --number ","-----> List          a list
///                   Bracket --letter---------> Size          "[u8; 4]"
///                   Bracket --"]"------------> Head          "data[4]": only a list of one number when no "=" follows
///     Head --"="--> Value --"{" or "["-------> List
///     List --its last bracket----------------> Done          what follows is not looked at, but must not be another list
class ArrayDecoder final : public CharDecoder<ArrayDecoder> {
public:
    Step take(char16_t c, std::vector<std::byte> &out);
    Step end(std::vector<std::byte> &out);

private:
    enum class State : std::uint8_t { Head, Bracket, Size, Value, List, Done };
    enum class Comment : std::uint8_t { None, Slash, Line, Block, BlockStar };

    /// True when `c` belongs to a comment.
    [[nodiscard]] bool comment(char16_t c);
    Step code(char16_t c, std::vector<std::byte> &out);
    Step outside(char16_t c, std::vector<std::byte> &out);
    Step inside(char16_t c, std::vector<std::byte> &out);
    Step number(std::vector<std::byte> &out);
    [[nodiscard]] std::expected<std::byte, TextError> valueOf(const std::string &written) const;

    State m_state = State::Head;
    Comment m_comment = Comment::None;
    unsigned m_depth = 0;    ///< open brackets in List
    std::string m_number;    ///< what is read of a number
    TextPlace m_numberPlace; ///< where it began
    std::optional<std::expected<std::byte, TextError>>
        m_alone;             ///< of "[4]", as long as it may be the size of a declaration
    bool m_separated = true; ///< a comma or bracket stands before what comes next
};

} // namespace cachet
