// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/base64_decoder.h"

namespace cachet {

namespace {

using Kind = TextError::Kind;

/// Of the alphabet of RFC 4648, section 4 or 5; -1 for anything else.
int sextetOf(char16_t c)
{
    if (c >= u'A' && c <= u'Z')
        return c - u'A';
    if (c >= u'a' && c <= u'z')
        return c - u'a' + 26;
    if (c >= u'0' && c <= u'9')
        return c - u'0' + 52;
    if (c == u'+' || c == u'-')
        return 62;
    return c == u'/' || c == u'_' ? 63 : -1;
}

} // namespace

TextDecoder::Step Base64Decoder::take(char16_t c, std::vector<std::byte> &out)
{
    if (isTextSpace(c))
        return {};
    if (c == u'=') {
        m_last = place();
        if (m_padding == 0 && m_count < 2)
            return place().error(Kind::WrongPadding);
        ++m_padding;
        return m_count + m_padding > 4 ? Step(place().error(Kind::WrongPadding)) : Step();
    }
    const int sextet = sextetOf(c);
    if (sextet < 0)
        return wrong(c);
    if (m_padding > 0)
        return place().error(Kind::WrongPadding);
    m_last = place();
    m_bits = m_bits << 6 | static_cast<unsigned>(sextet);
    if (++m_count < 4)
        return {};
    for (const unsigned shift : {16U, 8U, 0U})
        out.push_back(static_cast<std::byte>(m_bits >> shift & 0xFF));
    m_bits = 0;
    m_count = 0;
    return {};
}

TextDecoder::Step Base64Decoder::unusedBits() const
{
    const unsigned unused = m_count == 2 ? m_bits & 0xF : m_bits & 0x3;
    return unused == 0 ? Step() : Step(m_last.error(Kind::WrongPadding));
}

TextDecoder::Step Base64Decoder::end(std::vector<std::byte> &out)
{
    if (m_count == 0)
        return {};
    if (m_count == 1 || (m_padding > 0 && m_count + m_padding != 4))
        return m_last.error(Kind::WrongPadding);
    if (auto checked = unusedBits(); !checked)
        return checked;
    if (m_count == 2) {
        out.push_back(static_cast<std::byte>(m_bits >> 4));
    } else {
        out.push_back(static_cast<std::byte>(m_bits >> 10));
        out.push_back(static_cast<std::byte>(m_bits >> 2 & 0xFF));
    }
    return {};
}

} // namespace cachet
