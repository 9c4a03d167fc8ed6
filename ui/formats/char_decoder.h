// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/text_decoder.h"

#include <optional>

namespace cachet {

/// A place in a text, as people count it.
struct TextPlace {
    std::uint64_t line = 1;
    std::uint64_t column = 1;

    /// Goes past `c`. A character of two UTF-16 units is one column.
    void pass(char16_t c)
    {
        if (c == u'\n') {
            ++line;
            column = 1;
        } else if (!QChar::isLowSurrogate(c)) {
            ++column;
        }
    }
    [[nodiscard]] std::unexpected<TextError> error(TextError::Kind kind, char32_t character = 0) const
    {
        return std::unexpected(TextError{kind, line, column, character, 0});
    }
};

/// The value of a hexadecimal digit; -1 for anything else.
[[nodiscard]] constexpr int hexDigitOf(char16_t c)
{
    if (c >= u'0' && c <= u'9')
        return c - u'0';
    if (c >= u'a' && c <= u'f')
        return c - u'a' + 10;
    return c >= u'A' && c <= u'F' ? c - u'A' + 10 : -1;
}

[[nodiscard]] constexpr bool isTextSpace(char16_t c)
{
    return c == u' ' || (c >= u'\t' && c <= u'\r') || c == u'\u00A0' || c == u'\uFEFF';
}

/// A decoder that goes character by character. `Derived` has take(c, out), which returns a Step, and end(out); place() is that of the
/// character being taken, and that after the last one in end.
template <typename Derived>
class CharDecoder : public TextDecoder {
public:
    Step feed(QStringView text, std::vector<std::byte> &out) final
    {
        const std::size_t before = out.size();
        for (qsizetype i = 0; i < text.size(); ++i) {
            const char16_t c = text[i].unicode();
            if (m_high) {
                const char16_t high = *std::exchange(m_high, std::nullopt);
                // Whole where both halves are there, which no decoder takes.
                const char32_t whole = QChar::isLowSurrogate(c) ? QChar::surrogateToUcs4(high, c) : char32_t(high);
                return m_place.error(TextError::Kind::WrongCharacter, whole);
            }
            if (QChar::isHighSurrogate(c)) {
                m_high = c;
                continue;
            }
            if (auto taken = static_cast<Derived *>(this)->take(c, out); !taken)
                return taken;
            m_place.pass(c);
        }
        m_any |= out.size() > before;
        return {};
    }

    Step finish(std::vector<std::byte> &out) final
    {
        if (m_high)
            return m_place.error(TextError::Kind::WrongCharacter, *m_high);
        const std::size_t before = out.size();
        if (auto ended = static_cast<Derived *>(this)->end(out); !ended)
            return ended;
        if (!m_any && out.size() == before)
            return m_place.error(TextError::Kind::Empty);
        return {};
    }

protected:
    [[nodiscard]] const TextPlace &place() const { return m_place; }
    [[nodiscard]] std::unexpected<TextError> wrong(char16_t c) const
    {
        return m_place.error(TextError::Kind::WrongCharacter, c);
    }

private:
    TextPlace m_place;
    std::optional<char16_t> m_high; ///< the first half of a character
    bool m_any = false;
};

} // namespace cachet
