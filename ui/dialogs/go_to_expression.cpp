// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/go_to_expression.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>

#include <array>

namespace cachet {

namespace {

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::kMaxSourceSize;
using Kind = ExpressionError::Kind;

constexpr std::uint64_t kSector = 512;

struct Unit {
    QStringView name;
    std::uint64_t bytes;
};

constexpr std::array<Unit, 14> kUnits{{{u"", 1},
                                       {u"b", 1},
                                       {u"k", std::uint64_t{1} << 10},
                                       {u"kib", std::uint64_t{1} << 10},
                                       {u"m", std::uint64_t{1} << 20},
                                       {u"mib", std::uint64_t{1} << 20},
                                       {u"g", std::uint64_t{1} << 30},
                                       {u"gib", std::uint64_t{1} << 30},
                                       {u"t", std::uint64_t{1} << 40},
                                       {u"tib", std::uint64_t{1} << 40},
                                       {u"p", std::uint64_t{1} << 50},
                                       {u"pib", std::uint64_t{1} << 50},
                                       {u"sector", kSector},
                                       {u"sectors", kSector}}};

/// Reads the text from left to right; every function leaves the position after what it took.
class Reader {
public:
    explicit Reader(QStringView text)
        : m_text(text)
    {
        skipSpace();
    }

    [[nodiscard]] bool atEnd() const { return m_at == m_text.size(); }
    [[nodiscard]] qsizetype position() const { return m_at; }

    bool take(QStringView word)
    {
        if (!m_text.sliced(m_at).startsWith(word, Qt::CaseInsensitive))
            return false;
        m_at += word.size();
        skipSpace();
        return true;
    }

    [[nodiscard]] std::unexpected<ExpressionError> error(Kind kind, qsizetype from) const
    {
        qsizetype to = m_text.size();
        while (to > from && m_text[to - 1].isSpace())
            --to;
        return std::unexpected(ExpressionError{kind, from, to - from, {}});
    }
    [[nodiscard]] std::unexpected<ExpressionError> unexpectedText() const { return error(Kind::UnexpectedText, m_at); }

    Parsed<std::uint64_t> number()
    {
        const qsizetype start = m_at;
        const bool hex = m_text.sliced(m_at).startsWith(u"0x", Qt::CaseInsensitive);
        if (hex)
            m_at += 2;
        const std::uint64_t radix = hex ? 16 : 10;
        std::uint64_t value = 0;
        bool any = false;
        bool tooLarge = false;
        for (; !atEnd(); ++m_at, any = true) {
            const auto digit = digitAt(m_at, radix);
            if (!digit)
                break;
            tooLarge |= value > (kMaxSourceSize - *digit) / radix;
            if (!tooLarge)
                value = value * radix + *digit;
        }
        if (!any)
            return std::unexpected(ExpressionError{Kind::MissingNumber, m_at, 0, {}});
        if (tooLarge)
            return std::unexpected(ExpressionError{Kind::TooLarge, start, m_at - start, {}});
        skipSpace();
        return value;
    }

    Parsed<std::uint64_t> amount()
    {
        const qsizetype start = m_at;
        const auto value = number();
        if (!value)
            return value;
        const qsizetype unitStart = m_at;
        while (!atEnd() && m_text[m_at].isLetter())
            ++m_at;
        const QStringView name = m_text.sliced(unitStart, m_at - unitStart);
        for (const Unit &unit : kUnits) {
            if (name.compare(unit.name, Qt::CaseInsensitive) != 0)
                continue;
            if (*value > kMaxSourceSize / unit.bytes)
                return std::unexpected(ExpressionError{Kind::TooLarge, start, m_at - start, {}});
            skipSpace();
            return *value * unit.bytes;
        }
        return std::unexpected(ExpressionError{Kind::UnknownUnit, unitStart, m_at - unitStart, {}});
    }

private:
    [[nodiscard]] std::optional<std::uint64_t> digitAt(qsizetype at, std::uint64_t radix) const
    {
        const char16_t c = m_text[at].unicode();
        if (c >= u'0' && c <= u'9')
            return c - u'0';
        if (radix == 16 && c >= u'a' && c <= u'f')
            return c - u'a' + 10U;
        if (radix == 16 && c >= u'A' && c <= u'F')
            return c - u'A' + 10U;
        return std::nullopt;
    }

    void skipSpace()
    {
        while (!atEnd() && m_text[m_at].isSpace())
            ++m_at;
    }

    const QStringView m_text;
    qsizetype m_at = 0;
};

/// A place without a sign: what a range begins with. Stops where the place ends.
Parsed<PlaceExpression> readStart(Reader &reader)
{
    using From = PlaceExpression::From;
    if (reader.take(u"end")) {
        if (!reader.take(u"-"))
            return PlaceExpression{From::End, 0};
        const auto bytes = reader.amount();
        if (!bytes)
            return std::unexpected(bytes.error());
        return PlaceExpression{From::End, *bytes};
    }
    if (reader.take(u"lba:")) {
        const qsizetype start = reader.position();
        const auto sector = reader.number();
        if (!sector)
            return std::unexpected(sector.error());
        if (*sector > kMaxSourceSize / kSector)
            return reader.error(Kind::TooLarge, start);
        return PlaceExpression{From::Start, *sector * kSector};
    }
    const auto bytes = reader.amount();
    if (!bytes)
        return std::unexpected(bytes.error());
    return PlaceExpression{From::Start, *bytes};
}

/// Why `range` names no bytes whatever the size of the document, if that can be told.
std::optional<Kind> wrongForEverySize(const RangeExpression &range)
{
    using From = PlaceExpression::From;
    const bool fromEnd = range.begin.from == From::End;
    if (!range.end) {
        if (range.length == 0)
            return Kind::EmptyRange;
        const std::uint64_t most = fromEnd ? range.begin.bytes : kMaxSourceSize - range.begin.bytes;
        return range.length > most ? std::optional(Kind::PastEnd) : std::nullopt;
    }
    if (range.end->from == range.begin.from) {
        if (range.end->bytes == range.begin.bytes)
            return Kind::EmptyRange;
        return (range.end->bytes > range.begin.bytes) == fromEnd ? std::optional(Kind::Backwards) : std::nullopt;
    }
    const bool nothingBetween = fromEnd ? range.begin.bytes == 0 || range.end->bytes == 0
                                        : range.begin.bytes == kMaxSourceSize || range.end->bytes == kMaxSourceSize;
    return nothingBetween ? std::optional(Kind::EmptyRange) : std::nullopt;
}

} // namespace

Parsed<PlaceExpression> parsePlace(QStringView text)
{
    using From = PlaceExpression::From;
    Reader reader(text);
    if (reader.atEnd())
        return reader.error(Kind::Empty, 0);
    Parsed<PlaceExpression> place;
    const bool forward = reader.take(u"+");
    if (forward || reader.take(u"-")) {
        const auto bytes = reader.amount();
        if (!bytes)
            return std::unexpected(bytes.error());
        place = PlaceExpression{forward ? From::CaretForward : From::CaretBackward, *bytes};
    } else {
        place = readStart(reader);
    }
    if (place && !reader.atEnd())
        return reader.unexpectedText();
    return place;
}

Parsed<RangeExpression> parseRange(QStringView text)
{
    Reader reader(text);
    if (reader.atEnd())
        return reader.error(Kind::Empty, 0);
    const auto begin = readStart(reader);
    if (!begin)
        return std::unexpected(begin.error());
    RangeExpression range{*begin, {}, 0};
    if (reader.take(u"..")) {
        const auto end = readStart(reader);
        if (!end)
            return std::unexpected(end.error());
        range.end = *end;
    } else if (reader.take(u"+")) {
        const auto length = reader.amount();
        if (!length)
            return std::unexpected(length.error());
        range.length = *length;
    } else {
        return reader.unexpectedText();
    }
    if (!reader.atEnd())
        return reader.unexpectedText();
    if (const auto kind = wrongForEverySize(range))
        return std::unexpected(ExpressionError{*kind, 0, 0, {}});
    return range;
}

Parsed<std::uint64_t> parseAmount(QStringView text)
{
    Reader reader(text);
    if (reader.atEnd())
        return reader.error(Kind::Empty, 0);
    const auto bytes = reader.amount();
    if (bytes && !reader.atEnd())
        return reader.unexpectedText();
    return bytes;
}

Parsed<ByteOffset> resolvePlace(const PlaceExpression &place, ByteOffset caret, std::uint64_t size)
{
    using From = PlaceExpression::From;
    const auto fail = [size](Kind kind) {
        const auto end = kind == Kind::PastEnd ? ByteOffset::from(size) : std::nullopt;
        return std::unexpected(ExpressionError{kind, 0, 0, end});
    };
    const auto backFrom = [&](ByteOffset from) -> Parsed<ByteOffset> {
        const auto offset = from.minus(place.bytes);
        return offset ? Parsed<ByteOffset>(*offset) : fail(Kind::BeforeStart);
    };
    if (place.from == From::CaretBackward)
        return backFrom(caret);
    if (place.from == From::End)
        return backFrom(ByteOffset(size));
    const auto offset = (place.from == From::CaretForward ? caret : ByteOffset(0)).plus(place.bytes);
    if (!offset || offset->value() > size)
        return fail(Kind::PastEnd);
    return *offset;
}

Parsed<ByteRange> resolveRange(const RangeExpression &range, std::uint64_t size)
{
    const auto begin = resolvePlace(range.begin, ByteOffset(0), size);
    if (!begin)
        return std::unexpected(begin.error());
    Parsed<ByteOffset> end;
    if (range.end) {
        end = resolvePlace(*range.end, ByteOffset(0), size);
    } else {
        const auto sum = begin->plus(range.length);
        if (!sum || sum->value() > size)
            return std::unexpected(ExpressionError{Kind::PastEnd, 0, 0, ByteOffset::from(size)});
        end = *sum;
    }
    if (!end)
        return std::unexpected(end.error());
    if (*end < *begin)
        return std::unexpected(ExpressionError{Kind::Backwards, 0, 0, {}});
    if (*end == *begin)
        return std::unexpected(ExpressionError{Kind::EmptyRange, 0, 0, {}});
    return ByteRange(*begin, *end);
}

QString expressionErrorText(const ExpressionError &error, QStringView text)
{
    const auto tr = [](const char *sentence) { return QCoreApplication::translate("cachet::GoTo", sentence); };
    const QString whole = text.trimmed().toString();
    const QString part = text.mid(error.position, error.length).toString();
    switch (error.kind) {
    case Kind::Empty:
        return tr("Nothing is given: write an offset such as 0x1be, 446, 1MiB, lba:2048, +16 or end-512.");
    case Kind::UnexpectedText:
        return part.isEmpty()
            ? tr("\"%1\" is not complete: a range is BEGIN..END (END not included) or BEGIN+LENGTH.").arg(whole)
            : tr("\"%1\" in \"%2\" does not belong there.").arg(part, whole);
    case Kind::MissingNumber:
        return tr("A number is missing at character %1 of \"%2\": write decimal digits, or 0x and hex digits.")
            .arg(error.position + 1)
            .arg(text.toString());
    case Kind::UnknownUnit:
        return tr("\"%1\" is no unit: use KiB, MiB, GiB, TiB, PiB or sectors; hex numbers start with 0x.").arg(part);
    case Kind::TooLarge:
        return tr("\"%1\" is too large: the largest number of bytes is 2^63-1.").arg(part.isEmpty() ? whole : part);
    case Kind::BeforeStart:
        return tr("\"%1\" lies before the first byte.").arg(whole);
    case Kind::PastEnd:
        return error.end ? tr("\"%1\" lies past the end, which is at %2.").arg(whole, hexText(error.end->value()))
                         : tr("\"%1\" lies past the end, whatever the size.").arg(whole);
    case Kind::Backwards:
        return tr("\"%1\" ends before it begins.").arg(whole);
    case Kind::EmptyRange:
        return tr("\"%1\" holds no bytes.").arg(whole);
    }
    return {};
}

} // namespace cachet
