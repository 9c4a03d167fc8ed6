// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/go_to_expression.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>

#include <algorithm>

namespace cachet {

namespace {

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::kMaxSourceSize;
using Kind = ExpressionError::Kind;
using Op = ByteExpression::Op;

std::unexpected<ExpressionError> errorOfAll(Kind kind, std::optional<ByteOffset> end = {})
{
    return std::unexpected(ExpressionError{kind, 0, 0, end});
}

/// Why `range` names no bytes whatever the size of the document, if that can be told.
std::optional<Kind> wrongForEverySize(const RangeExpression &range)
{
    const auto begin = range.begin.value.fixed();
    if (!range.end) {
        const auto length = range.length.fixed();
        if (!length || length->fromEnd)
            return std::nullopt;
        if (length->bytes == 0)
            return Kind::EmptyRange;
        if (length->bytes < 0)
            return Kind::Backwards;
        if (!begin)
            return std::nullopt;
        const std::int64_t last = begin->fromEnd ? 0 : static_cast<std::int64_t>(kMaxSourceSize);
        return begin->bytes > last - length->bytes ? std::optional(Kind::PastEnd) : std::nullopt;
    }
    const auto end = range.end->value.fixed();
    if (!begin || !end)
        return std::nullopt;
    if (begin->fromEnd == end->fromEnd) {
        if (begin->bytes == end->bytes)
            return Kind::EmptyRange;
        return begin->bytes > end->bytes ? std::optional(Kind::Backwards) : std::nullopt;
    }
    const bool nothingBetween = begin->fromEnd
        ? begin->bytes >= 0 || end->bytes <= 0
        : begin->bytes >= static_cast<std::int64_t>(kMaxSourceSize) + std::min<std::int64_t>(end->bytes, 0);
    return nothingBetween ? std::optional(Kind::EmptyRange) : std::nullopt;
}

} // namespace

Parsed<PlaceExpression> parsePlace(QStringView text)
{
    ExpressionReader reader(text);
    if (reader.atEnd())
        return errorOfAll(Kind::Empty);
    const QStringView rest = text.sliced(reader.position());
    const auto place = reader.sum(rest.startsWith(u'+') || rest.startsWith(u'-'));
    if (!place)
        return std::unexpected(place.error());
    if (!reader.atEnd())
        return reader.unexpectedText();
    return PlaceExpression{*place};
}

Parsed<RangeExpression> parseRange(QStringView text)
{
    ExpressionReader reader(text);
    if (reader.atEnd())
        return errorOfAll(Kind::Empty);
    const auto first = reader.sum();
    if (!first)
        return std::unexpected(first.error());
    RangeExpression range{{*first}, {}, {}};
    if (reader.take(u"..")) {
        const auto end = reader.sum();
        if (!end)
            return std::unexpected(end.error());
        range.end = PlaceExpression{*end};
    } else if (reader.atEnd() && first->root() == Op::Add) {
        range.begin = {first->left()};
        range.length = first->right();
    } else {
        return reader.unexpectedText();
    }
    if (!reader.atEnd())
        return reader.unexpectedText();
    if (const auto kind = wrongForEverySize(range))
        return errorOfAll(*kind);
    return range;
}

Parsed<std::uint64_t> parseAmount(QStringView text)
{
    ExpressionReader reader(text);
    if (reader.atEnd())
        return errorOfAll(Kind::Empty);
    const auto bytes = reader.amount();
    if (bytes && !reader.atEnd())
        return reader.unexpectedText();
    return bytes;
}

Parsed<ByteOffset> resolvePlace(const PlaceExpression &place, const ExpressionContext &context)
{
    const auto value = place.value.evaluate(context);
    const auto end = ByteOffset::from(context.size);
    // Too far from a place is past the end.
    if (!value && value.error().kind == Kind::TooLarge && place.value.root() == Op::Add)
        return errorOfAll(Kind::PastEnd, end);
    if (!value)
        return std::unexpected(value.error());
    if (*value < 0)
        return errorOfAll(Kind::BeforeStart);
    const auto offset = static_cast<std::uint64_t>(*value);
    if (offset > context.size)
        return errorOfAll(Kind::PastEnd, end);
    return ByteOffset(offset);
}

Parsed<ByteRange> resolveRange(const RangeExpression &range, const ExpressionContext &context)
{
    const auto begin = resolvePlace(range.begin, context);
    if (!begin)
        return std::unexpected(begin.error());
    ByteOffset end;
    if (range.end) {
        const auto place = resolvePlace(*range.end, context);
        if (!place)
            return std::unexpected(place.error());
        end = *place;
    } else {
        const auto length = range.length.evaluate(context);
        if (!length)
            return std::unexpected(length.error());
        if (*length < 0)
            return errorOfAll(Kind::Backwards);
        const auto sum = begin->plus(static_cast<std::uint64_t>(*length));
        if (!sum || sum->value() > context.size)
            return errorOfAll(Kind::PastEnd, ByteOffset::from(context.size));
        end = *sum;
    }
    if (end < *begin)
        return errorOfAll(Kind::Backwards);
    if (end == *begin)
        return errorOfAll(Kind::EmptyRange);
    return ByteRange(*begin, end);
}

QString expressionErrorText(const ExpressionError &error, QStringView text)
{
    const auto tr = [](const char *sentence) { return QCoreApplication::translate("cachet::GoTo", sentence); };
    const QString whole = text.trimmed().toString();
    const QString part = text.mid(error.position, error.length).toString();
    switch (error.kind) {
    case Kind::Empty:
        return tr("Nothing is given: write an offset such as 0x1be, 446, 1MiB, lba:2048, +16, end-512 or sel.");
    case Kind::UnexpectedText:
        return part.isEmpty()
            ? tr("\"%1\" is not complete: a range is BEGIN..END (END not included) or BEGIN+LENGTH.").arg(whole)
            : tr("\"%1\" in \"%2\" does not belong there.").arg(part, whole);
    case Kind::MissingNumber:
        return tr("A number is missing at character %1 of \"%2\": write decimal digits, or 0x and hex digits.")
            .arg(error.position + 1)
            .arg(text.toString());
    case Kind::MissingBracket:
        return tr("The bracket that opens at character %1 of \"%2\" is not closed.")
            .arg(error.position + 1)
            .arg(text.toString());
    case Kind::UnknownUnit:
        return tr("\"%1\" is no unit: use KiB, MiB, GiB, TiB, PiB, EiB or sectors; hex numbers start with 0x.")
            .arg(part);
    case Kind::TooLarge:
        return tr("\"%1\" is too large: the largest number of bytes is 2^63-1.").arg(part.isEmpty() ? whole : part);
    case Kind::DivisionByZero:
        return tr("\"%1\" divides by zero.").arg(part.isEmpty() ? whole : part);
    case Kind::NoSelection:
        return tr("\"%1\" stands for what is selected, and nothing is.").arg(part.isEmpty() ? whole : part);
    case Kind::BeforeStart:
        return tr("\"%1\" lies before the first byte.").arg(whole);
    case Kind::PastEnd:
        return error.end ? tr("\"%1\" lies past the end, which is at %2.").arg(whole, hexText(error.end->value()))
                         : tr("\"%1\" lies past the end, whatever the size.").arg(whole);
    case Kind::Backwards:
        return tr("\"%1\" ends before it begins.").arg(whole);
    case Kind::EmptyRange:
        return tr("\"%1\" holds no bytes.").arg(whole);
    case Kind::Count_:
        break;
    }
    return {};
}

} // namespace cachet
