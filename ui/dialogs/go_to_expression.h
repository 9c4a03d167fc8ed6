// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/dialogs/byte_expression.h"

#include <QString>
#include <QStringView>

#include <cstdint>
#include <optional>

namespace cachet {

// The grammar of places and ranges; see byte_expression.h for what a sum is.
//
//     place    = ( "+" | "-" ) sum               relative to the caret
//              | sum                              from the start
//     range    = sum ".." sum                     the second is not part of the range
//              | sum "+" product                  that many bytes

/// A place as it was written; where it lies is known once the caret, the selection and the size are.
struct PlaceExpression {
    ByteExpression value;

    [[nodiscard]] bool countsFromCaret() const { return value.contains(ByteExpression::Op::Caret); }
    /// True when it depends on what is selected.
    [[nodiscard]] bool countsFromSelection() const
    {
        return value.contains(ByteExpression::Op::SelectionBegin) || value.contains(ByteExpression::Op::SelectionEnd);
    }

    friend bool operator==(const PlaceExpression &, const PlaceExpression &) = default;
};

/// A range as it was written: from begin up to end, or so many bytes.
struct RangeExpression {
    PlaceExpression begin;
    std::optional<PlaceExpression> end;
    ByteExpression length; ///< only without end

    friend bool operator==(const RangeExpression &, const RangeExpression &) = default;
};

[[nodiscard]] Parsed<PlaceExpression> parsePlace(QStringView text);
/// Refuses as well what can hold no bytes in any document: a range that is backwards, empty or past every end.
[[nodiscard]] Parsed<RangeExpression> parseRange(QStringView text);
/// An amount alone, as sizes on the command line are.
[[nodiscard]] Parsed<std::uint64_t> parseAmount(QStringView text);

/// Where `place` lies; the end itself is a place. Errors that concern no part of the text mark nothing.
[[nodiscard]] Parsed<cachecore::ByteOffset> resolvePlace(const PlaceExpression &place,
                                                         const ExpressionContext &context);
/// The bytes `range` names, at least one.
[[nodiscard]] Parsed<cachecore::ByteRange> resolveRange(const RangeExpression &range, const ExpressionContext &context);

/// The error as one sentence about `text`. Plain text.
[[nodiscard]] QString expressionErrorText(const ExpressionError &error, QStringView text);

} // namespace cachet
