// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/array_decoder.h"

#include <algorithm>
#include <charconv>

namespace cachet {

namespace {

using Kind = TextError::Kind;

constexpr std::size_t kLongestNumber = 64;
constexpr std::size_t kMostSuffix = 3;

bool isLetterOrDigit(char16_t c)
{
    return (c >= u'0' && c <= u'9') || (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z');
}

/// The number without its sign, separators of digits and suffix ("u", "UL", "u8"); lower case.
std::string bare(std::string_view text)
{
    std::string number;
    for (const char c : text) {
        if (c != '_' && c != '\'' && c != '-')
            number += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const std::size_t suffix = number.find_first_of("ul", 1);
    if (suffix != std::string::npos) {
        const std::string_view end = std::string_view(number).substr(suffix);
        const bool known
            = end == "u8" || (end.size() <= kMostSuffix && end.find_first_not_of("ul") == std::string_view::npos);
        if (known)
            number.resize(suffix);
    }
    return number;
}

struct Digits {
    std::string_view text;
    int base = 10;
};

Digits digitsOf(std::string_view number)
{
    const std::string_view prefix = number.substr(0, 2);
    if (prefix == "0x")
        return {number.substr(2), 16};
    if (prefix == "0b")
        return {number.substr(2), 2};
    if (prefix == "0o")
        return {number.substr(2), 8};
    return {number, 10};
}

} // namespace

bool ArrayDecoder::comment(char16_t c)
{
    switch (m_comment) {
    case Comment::None:
    case Comment::Slash:
        if (m_comment == Comment::Slash && (c == u'/' || c == u'*')) {
            m_comment = c == u'/' ? Comment::Line : Comment::Block;
            return true;
        }
        if (c == u'/' || (c == u'#' && m_state == State::List)) { // "#[...]" before a list is Rust's
            m_comment = c == u'/' ? Comment::Slash : Comment::Line;
            return true;
        }
        return false;
    case Comment::Line:
        if (c == u'\n')
            m_comment = Comment::None;
        return true;
    case Comment::Block:
    case Comment::BlockStar:
        if (m_comment == Comment::BlockStar && c == u'/')
            m_comment = Comment::None;
        else
            m_comment = c == u'*' ? Comment::BlockStar : Comment::Block;
        return true;
    }
    return false;
}

TextDecoder::Step ArrayDecoder::take(char16_t c, std::vector<std::byte> &out)
{
    const bool slash = m_comment == Comment::Slash;
    if (comment(c)) {
        // What a comment stands after is ended by it.
        return m_number.empty() ? Step() : number(out);
    }
    if (slash) {
        m_comment = Comment::None;
        if (m_state == State::List || m_state == State::Bracket)
            return wrong(u'/');
    }
    return code(c, out);
}

TextDecoder::Step ArrayDecoder::code(char16_t c, std::vector<std::byte> &out)
{
    switch (m_state) {
    case State::List:
    case State::Bracket:
        return inside(c, out);
    case State::Size:
        if (c == u']')
            m_state = State::Head;
        return {};
    case State::Head:
    case State::Value:
    case State::Done:
        return outside(c, out);
    }
    return {};
}

TextDecoder::Step ArrayDecoder::outside(char16_t c, std::vector<std::byte> &)
{
    const bool opens = c == u'{' || c == u'[';
    if (m_state == State::Done)
        return opens ? Step(place().error(Kind::SecondList)) : Step();
    if (c == u'=' && m_state == State::Head) {
        m_alone.reset();
        m_state = State::Value;
    } else if (!opens) {
        if (isLetterOrDigit(c)) // prose with "[1]" in it
            m_alone.reset();
    } else {
        m_state = c == u'[' && m_state == State::Head ? State::Bracket : State::List;
        m_alone.reset();
        m_depth = 1;
        m_separated = true;
    }
    return {};
}

TextDecoder::Step ArrayDecoder::inside(char16_t c, std::vector<std::byte> &out)
{
    if (m_number.empty() ? (c >= u'0' && c <= u'9') || c == u'-' : isLetterOrDigit(c) || c == u'_' || c == u'\'') {
        if (m_number.empty() && !m_separated)
            return wrong(c);
        if (m_number.empty())
            m_numberPlace = place();
        if (m_number.size() == kLongestNumber)
            return m_numberPlace.error(Kind::NumberTooLarge);
        m_number += static_cast<char>(c);
        return {};
    }
    if (!m_number.empty()) {
        if (auto read = number(out); !read)
            return read;
    }
    if (isTextSpace(c))
        return {};
    if (m_state == State::Bracket) {
        if (c == u']') { // "[4]", perhaps of a declaration
            m_state = State::Head;
            return {};
        }
        if (c != u',' && c != u'[' && c != u'{') { // "[u8; 4]"
            m_alone.reset();
            m_state = State::Size;
            return {};
        }
        m_state = State::List;
        if (const auto alone = std::exchange(m_alone, std::nullopt)) {
            if (!*alone)
                return std::unexpected(alone->error());
            out.push_back(**alone);
        }
    }
    if (c == u',' && !m_separated) {
        m_separated = true;
    } else if ((c == u'{' || c == u'[' || c == u'(') && m_separated) {
        ++m_depth;
    } else if (c == u'}' || c == u']' || c == u')') {
        m_separated = false;
        if (--m_depth == 0)
            m_state = State::Done;
    } else {
        return wrong(c);
    }
    return {};
}

/// The number that has just ended.
TextDecoder::Step ArrayDecoder::number(std::vector<std::byte> &out)
{
    const auto value = valueOf(std::exchange(m_number, {}));
    m_separated = false;
    if (m_state == State::Bracket) {
        m_alone = value; // nothing was before it in a bracket
        return {};
    }
    if (!value)
        return std::unexpected(value.error());
    out.push_back(*value);
    return {};
}

std::expected<std::byte, TextError> ArrayDecoder::valueOf(const std::string &written) const
{
    const bool negative = written.front() == '-';
    const std::string number = bare(written);
    const Digits digits = digitsOf(number);
    const std::string_view text = digits.text;
    if (digits.base == 10 && text.size() > 1 && text.front() == '0'
        && text.find_first_not_of('0') != std::string_view::npos)
        return m_numberPlace.error(Kind::AmbiguousNumber);
    std::uint64_t value = 0;
    const char *const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, digits.base);
    if (text.empty())
        return m_numberPlace.error(Kind::MissingDigits);
    if (read.ec == std::errc::invalid_argument || read.ptr != end)
        return m_numberPlace.error(Kind::WrongCharacter, static_cast<char32_t>(*read.ptr));
    if (read.ec != std::errc() || value > (negative ? 128U : 255U))
        return m_numberPlace.error(Kind::NumberTooLarge);
    return static_cast<std::byte>(negative ? 256 - value : value);
}

TextDecoder::Step ArrayDecoder::end(std::vector<std::byte> &out)
{
    if (m_state == State::List || m_state == State::Bracket || m_state == State::Size)
        return place().error(Kind::UnclosedList);
    if (m_state == State::Done)
        return {};
    if (m_state != State::Head || !m_alone)
        return place().error(Kind::NoList);
    if (!*m_alone)
        return std::unexpected(m_alone->error());
    out.push_back(**m_alone);
    return {};
}

} // namespace cachet
