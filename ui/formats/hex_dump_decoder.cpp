// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/hex_dump_decoder.h"

namespace cachet {

namespace {

using Kind = TextError::Kind;

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kMostOffsetDigits = 16;

} // namespace

std::unexpected<TextError> HexDumpDecoder::wrongAt(Kind kind, std::size_t at) const
{
    const char32_t character = kind == Kind::WrongCharacter && at < m_line.size() ? m_line[at] : 0;
    return std::unexpected(TextError{kind, m_number, at + 1, character, m_next.value_or(0)});
}

TextDecoder::Step HexDumpDecoder::take(char16_t c, std::vector<std::byte> &out)
{
    if (c != u'\n') {
        if (m_line.size() == kLongestLine)
            return wrongAt(Kind::LineTooLong, 0);
        m_line += c;
        return {};
    }
    if (auto done = line(out); !done)
        return done;
    m_line.clear();
    ++m_number;
    return {};
}

TextDecoder::Step HexDumpDecoder::end(std::vector<std::byte> &out)
{
    return line(out);
}

TextDecoder::Step HexDumpDecoder::line(std::vector<std::byte> &out)
{
    std::u16string_view text = m_line;
    while (!text.empty() && isTextSpace(text.back()))
        text.remove_suffix(1);
    std::size_t at = 0;
    while (at < text.size() && isTextSpace(text[at]))
        ++at;
    if (at == text.size())
        return {};
    if (text.substr(at) == u"*")
        return wrongAt(Kind::SqueezedLines, at);
    const std::size_t offsetAt = at;
    std::uint64_t offset = 0;
    for (; at < text.size() && hexDigitOf(text[at]) >= 0; ++at) {
        if (at - offsetAt == kMostOffsetDigits)
            return wrongAt(Kind::NoOffset, offsetAt);
        offset = offset << 4 | static_cast<std::uint64_t>(hexDigitOf(text[at]));
    }
    if (at == offsetAt)
        return wrongAt(Kind::NoOffset, offsetAt);
    if (m_ended || (m_next && offset != *m_next))
        return wrongAt(Kind::OffsetJump, offsetAt);
    if (at == text.size() && m_next) { // of hexdump -C
        m_ended = true;
        return {};
    }
    std::size_t end = text.size();
    if (at < text.size() && text[at] == u':') {
        const std::size_t first = text.find_first_not_of(u' ', ++at);
        const std::size_t gap = first == std::u16string_view::npos ? first : text.find(u"  ", first);
        end = std::min(end, gap);
    } else {
        end = text.find(u'|', at);
        if (end == std::u16string_view::npos || at == offsetAt || text[at] != u' ')
            return wrongAt(Kind::NoOffset, offsetAt);
    }
    const std::size_t before = out.size();
    if (auto taken = bytesOf(text.substr(0, end), at, out); !taken)
        return taken;
    m_next = offset + (out.size() - before);
    return {};
}

TextDecoder::Step HexDumpDecoder::bytesOf(std::u16string_view text, std::size_t at, std::vector<std::byte> &out) const
{
    while (at < text.size()) {
        if (isTextSpace(text[at])) {
            ++at;
            continue;
        }
        const int high = hexDigitOf(text[at]);
        if (high < 0)
            return wrongAt(Kind::WrongCharacter, at);
        const int low = at + 1 < text.size() ? hexDigitOf(text[at + 1]) : -1;
        if (low < 0 && at + 1 < text.size() && !isTextSpace(text[at + 1]))
            return wrongAt(Kind::WrongCharacter, at + 1);
        if (low < 0)
            return wrongAt(Kind::HalfByte, at);
        out.push_back(static_cast<std::byte>(high << 4 | low));
        at += 2;
    }
    return {};
}

} // namespace cachet
