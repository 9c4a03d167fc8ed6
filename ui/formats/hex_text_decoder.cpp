// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/hex_text_decoder.h"

namespace cachet {

namespace {

bool separates(char16_t c)
{
    return isTextSpace(c) || c == u',' || c == u';' || c == u':' || c == u'-';
}

} // namespace

/// Outside of a group.
TextDecoder::Step HexTextDecoder::group(char16_t c)
{
    if (separates(c)) {
        m_state = State::Between;
        return {};
    }
    m_group = place();
    m_prefixed = false;
    const int digit = hexDigitOf(c);
    if (c == u'\\') {
        m_state = State::Backslash;
    } else if (digit >= 0) {
        m_digit = static_cast<unsigned>(digit);
        m_state = State::First;
    } else {
        return wrong(c);
    }
    return {};
}

TextDecoder::Step HexTextDecoder::take(char16_t c, std::vector<std::byte> &out)
{
    const int digit = hexDigitOf(c);
    switch (m_state) {
    case State::Between:
        return group(c);
    case State::Whole:
        if (c == u'\\' || digit < 0) // "\xde\xad" needs nothing between its groups
            return group(c);
        m_digit = static_cast<unsigned>(digit);
        m_state = State::High;
        return {};
    case State::Backslash:
        if (c != u'x' && c != u'X')
            return wrong(c);
        m_prefixed = true;
        m_state = State::Prefixed;
        return {};
    case State::Prefixed:
        if (digit < 0)
            return m_group.error(TextError::Kind::MissingDigits);
        m_digit = static_cast<unsigned>(digit);
        m_state = State::First;
        return {};
    case State::First:
    case State::High:
        if (m_state == State::First && !m_prefixed && m_digit == 0 && (c == u'x' || c == u'X')) {
            m_prefixed = true;
            m_state = State::Prefixed;
            return {};
        }
        if (digit < 0)
            return separates(c) ? m_group.error(TextError::Kind::HalfByte) : wrong(c);
        out.push_back(static_cast<std::byte>(m_digit << 4 | static_cast<unsigned>(digit)));
        m_state = State::Whole;
        return {};
    }
    return {};
}

TextDecoder::Step HexTextDecoder::end(std::vector<std::byte> &)
{
    if (m_state == State::First || m_state == State::High)
        return m_group.error(TextError::Kind::HalfByte);
    if (m_state == State::Backslash || m_state == State::Prefixed)
        return m_group.error(TextError::Kind::MissingDigits);
    return {};
}

} // namespace cachet
