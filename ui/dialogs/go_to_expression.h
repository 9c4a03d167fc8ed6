// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QString>
#include <QStringView>

#include <cstdint>
#include <expected>
#include <optional>

namespace cachet {

// The grammar of places and ranges. Case and spaces around parts do not matter.
//
//     place    = [ "+" | "-" ] amount            relative to the caret with a sign, from the start without
//              | "end" [ "-" amount ]
//              | "lba:" number                    sectors of 512 bytes
//     range    = start ".." start                 the second is not part of the range
//              | start "+" amount                 that many bytes
//     start    = a place without a sign
//     amount   = number [ unit ]
//     number   = decimal digits | "0x" hexadecimal digits
//     unit     = "B" | "K" | "KiB" | "M" | "MiB" | "G" | "GiB" | "T" | "TiB" | "P" | "PiB" | "sectors"
//
// After a hexadecimal number a "B" is a digit. All values are at most 2^63-1.

/// Why an expression means nothing, and where in the text.
struct ExpressionError {
    enum class Kind : std::uint8_t {
        Empty,
        UnexpectedText, ///< something that belongs to no part of the grammar
        MissingNumber,
        UnknownUnit,
        TooLarge,    ///< above 2^63-1
        BeforeStart, ///< would lie before byte 0
        PastEnd,     ///< would lie past the end; `end` says where that is, when it is known
        Backwards,   ///< a range that ends before it begins
        EmptyRange,
    };
    Kind kind = Kind::Empty;
    qsizetype position = 0;                   ///< of the first character that does not fit
    qsizetype length = 0;                     ///< of what does not fit; 0 when something is missing there
    std::optional<cachecore::ByteOffset> end; ///< only with PastEnd

    friend bool operator==(const ExpressionError &, const ExpressionError &) = default;
};

template <typename T>
using Parsed = std::expected<T, ExpressionError>;

/// A place as it was written; where it lies is known once the caret and the size are.
struct PlaceExpression {
    enum class From : std::uint8_t { Start, CaretForward, CaretBackward, End };
    From from = From::Start;
    std::uint64_t bytes = 0; ///< from the start, from the caret in that direction, or back from the end

    friend bool operator==(const PlaceExpression &, const PlaceExpression &) = default;
};

/// A range as it was written: from begin up to end, or `length` bytes.
struct RangeExpression {
    PlaceExpression begin;
    std::optional<PlaceExpression> end;
    std::uint64_t length = 0; ///< only without end

    friend bool operator==(const RangeExpression &, const RangeExpression &) = default;
};

[[nodiscard]] Parsed<PlaceExpression> parsePlace(QStringView text);
/// Refuses as well what can hold no bytes in any document: a range that is backwards, empty or past every end.
[[nodiscard]] Parsed<RangeExpression> parseRange(QStringView text);
/// An amount alone, as sizes on the command line are.
[[nodiscard]] Parsed<std::uint64_t> parseAmount(QStringView text);

/// Where `place` lies in a document of `size` bytes; the end itself is a place. Errors mark the whole text.
[[nodiscard]] Parsed<cachecore::ByteOffset> resolvePlace(const PlaceExpression &place, cachecore::ByteOffset caret,
                                                         std::uint64_t size);
/// The bytes `range` names, at least one.
[[nodiscard]] Parsed<cachecore::ByteRange> resolveRange(const RangeExpression &range, std::uint64_t size);

/// The error as one sentence about `text`. Plain text.
[[nodiscard]] QString expressionErrorText(const ExpressionError &error, QStringView text);

} // namespace cachet
