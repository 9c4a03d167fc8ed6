// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringView>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

namespace cachet {

/// What a text may mean as bytes.
enum class TextFormat : std::uint8_t {
    HexText,   ///< "DE AD be ef", "deadbeef", "0xDE, 0xAD", "\xde\xad", "de:ad"
    HexDump,   ///< lines with offsets, as xxd and hexdump -C print them
    Array,     ///< a list of numbers as C, Rust and Python write it, with or without its declaration
    Base64,    ///< RFC 4648, also its alphabet for URLs, in lines or not
    Utf8Text,  ///< the characters in UTF-8
    Utf16Text, ///< the characters in UTF-16, little-endian
};

/// All of them, in the order in which they are offered.
inline constexpr std::array kTextFormats{TextFormat::HexText, TextFormat::HexDump,  TextFormat::Array,
                                         TextFormat::Base64,  TextFormat::Utf8Text, TextFormat::Utf16Text};

/// Why a text does not mean bytes, and where.
struct TextError {
    enum class Kind : std::uint8_t {
        WrongCharacter,  ///< `character` does not belong there
        HalfByte,        ///< an odd number of hexadecimal digits
        MissingDigits,   ///< after 0x or \x
        LineTooLong,     ///< a line that no tool prints in a dump
        NoOffset,        ///< a line of a dump without an offset and a colon, or a bar after the bytes
        OffsetJump,      ///< a line of a dump is not at `expected`, where the one before ended
        SqueezedLines,   ///< a dump with "*" in place of repeated lines
        NumberTooLarge,  ///< beyond 255, or below -128
        AmbiguousNumber, ///< octal in C and decimal elsewhere
        NoList,          ///< no list of numbers
        UnclosedList,    ///< the text ends inside it
        SecondList,      ///< another one after it
        WrongPadding,    ///< base64 whose length or "=" at the end cannot be
        LoneSurrogate,   ///< half of a character
        Empty,           ///< no bytes at all
    };
    Kind kind = Kind::Empty;
    std::uint64_t line = 1;     ///< from 1
    std::uint64_t column = 1;   ///< from 1, in characters
    char32_t character = 0;     ///< with WrongCharacter
    std::uint64_t expected = 0; ///< with OffsetJump

    friend bool operator==(const TextError &, const TextError &) = default;
};

/// Turns a stream of text into bytes, part by part: the same bytes and the same error wherever the parts are cut. Holds at most a
/// line of a dump or a number. Thread: one at a time; blocks on nothing.
class TextDecoder {
public:
    using Step = std::expected<void, TextError>;

    TextDecoder() = default;
    TextDecoder(const TextDecoder &) = delete;
    TextDecoder &operator=(const TextDecoder &) = delete;
    virtual ~TextDecoder();

    /// Appends to `out` the bytes that are certain after `text`. After an error there is no further call.
    [[nodiscard]] virtual Step feed(QStringView text, std::vector<std::byte> &out) = 0;
    /// The end of the text; the last call.
    [[nodiscard]] virtual Step finish(std::vector<std::byte> &out) = 0;
};

[[nodiscard]] std::unique_ptr<TextDecoder> makeDecoder(TextFormat format);

/// The whole text at once.
[[nodiscard]] std::expected<std::vector<std::byte>, TextError> decodeText(TextFormat format, QStringView text);

} // namespace cachet
