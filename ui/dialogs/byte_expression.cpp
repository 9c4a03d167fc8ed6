// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/byte_expression.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cachet {

namespace {

using cachecore::kMaxSourceSize;
using Kind = ExpressionError::Kind;
using Op = ByteExpression::Op;
using Node = ByteExpression::Node;
using Fixed = ByteExpression::Fixed;

constexpr std::uint64_t kSector = 512;
constexpr int kMostBrackets = 64; ///< inside one another

struct Unit {
    QStringView name;
    std::uint64_t bytes;
};

constexpr std::array<Unit, 16> kUnits{{{u"", 1},
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
                                       {u"e", std::uint64_t{1} << 60},
                                       {u"eib", std::uint64_t{1} << 60},
                                       {u"sector", kSector},
                                       {u"sectors", kSector}}};

std::unexpected<ExpressionError> errorAt(Kind kind, qsizetype position, qsizetype length)
{
    return std::unexpected(ExpressionError{kind, position, length, {}});
}

bool isOperator(Op op)
{
    return op >= Op::Add;
}

/// `left` and `right` by `op`, which does not divide by 0; nothing when that is too large.
std::optional<std::int64_t> calculate(Op op, std::int64_t left, std::int64_t right)
{
    std::int64_t value = 0;
    bool tooLarge = false;
    if (op == Op::Add)
        tooLarge = __builtin_add_overflow(left, right, &value);
    else if (op == Op::Subtract)
        tooLarge = __builtin_sub_overflow(left, right, &value);
    else if (op == Op::Multiply)
        tooLarge = __builtin_mul_overflow(left, right, &value);
    else if (right == -1)
        tooLarge = __builtin_sub_overflow(std::int64_t{0}, left, &value);
    else
        value = left / right;
    return tooLarge ? std::nullopt : std::optional(value);
}

std::optional<Fixed> calculateFixed(Op op, const Fixed &left, const Fixed &right)
{
    const bool sum = op == Op::Add || op == Op::Subtract;
    if (!sum && (left.fromEnd || right.fromEnd || (op == Op::Divide && right.bytes == 0)))
        return std::nullopt;
    const int ends = (left.fromEnd ? 1 : 0) + (right.fromEnd ? 1 : 0) * (op == Op::Add ? 1 : -1);
    const auto bytes = calculate(op, left.bytes, right.bytes);
    if (!bytes || ends < 0 || ends > 1)
        return std::nullopt;
    return Fixed{ends == 1, *bytes};
}

} // namespace

Parsed<std::int64_t> ByteExpression::evaluate(const ExpressionContext &context) const
{
    std::vector<std::int64_t> values;
    const auto offset = [](cachecore::ByteOffset at) { return static_cast<std::int64_t>(at.value()); };
    for (const Node &node : m_nodes) {
        const bool ofSelection = node.op == Op::SelectionBegin || node.op == Op::SelectionEnd;
        if (ofSelection && (!context.selection || context.selection->empty()))
            return errorAt(Kind::NoSelection, node.position, node.length);
        switch (node.op) {
        case Op::Number:
            values.push_back(node.number);
            continue;
        case Op::Caret:
            values.push_back(offset(context.caret));
            continue;
        case Op::End:
            values.push_back(static_cast<std::int64_t>(context.size));
            continue;
        case Op::SelectionBegin:
            values.push_back(offset(context.selection->begin()));
            continue;
        case Op::SelectionEnd:
            values.push_back(offset(context.selection->end()));
            continue;
        case Op::Add:
        case Op::Subtract:
        case Op::Multiply:
        case Op::Divide:
            break;
        }
        const std::int64_t right = values.back();
        values.pop_back();
        if (node.op == Op::Divide && right == 0)
            return errorAt(Kind::DivisionByZero, node.position, node.length);
        const auto value = calculate(node.op, values.back(), right);
        if (!value)
            return errorAt(Kind::TooLarge, node.position, node.length);
        values.back() = *value;
    }
    return values.back();
}

bool ByteExpression::contains(Op op) const
{
    return std::ranges::find(m_nodes, op, &Node::op) != m_nodes.end();
}

std::optional<ByteExpression::Fixed> ByteExpression::fixed() const
{
    std::vector<Fixed> values;
    for (const Node &node : m_nodes) {
        if (node.op == Op::Number || node.op == Op::End) {
            values.push_back({node.op == Op::End, node.number});
            continue;
        }
        if (!isOperator(node.op))
            return std::nullopt;
        const Fixed right = values.back();
        values.pop_back();
        const auto value = calculateFixed(node.op, values.back(), right);
        if (!value)
            return std::nullopt;
        values.back() = *value;
    }
    return values.back();
}

/// Where the right side of the root begins in the nodes.
std::size_t ByteExpression::beginOfRight() const
{
    std::size_t wanted = 1; // values still to be found, going back
    std::size_t at = m_nodes.size() - 1;
    while (wanted > 0) {
        --at;
        wanted = isOperator(m_nodes[at].op) ? wanted + 1 : wanted - 1;
    }
    return at;
}

ByteExpression ByteExpression::left() const
{
    return ByteExpression({m_nodes.begin(), m_nodes.begin() + static_cast<std::ptrdiff_t>(beginOfRight())});
}

ByteExpression ByteExpression::right() const
{
    return ByteExpression({m_nodes.begin() + static_cast<std::ptrdiff_t>(beginOfRight()), m_nodes.end() - 1});
}

ExpressionReader::ExpressionReader(QStringView text)
    : m_text(text)
{
    skipSpace();
}

bool ExpressionReader::take(QStringView word)
{
    if (!m_text.sliced(m_at).startsWith(word, Qt::CaseInsensitive))
        return false;
    m_at += word.size();
    skipSpace();
    return true;
}

std::unexpected<ExpressionError> ExpressionReader::unexpectedText() const
{
    qsizetype to = m_text.size();
    while (to > m_at && m_text[to - 1].isSpace())
        --to;
    return errorAt(Kind::UnexpectedText, m_at, to - m_at);
}

Parsed<ByteExpression> ExpressionReader::sum(bool fromCaret)
{
    Nodes nodes;
    if (const auto read = readSum(nodes, fromCaret); !read)
        return std::unexpected(read.error());
    return ByteExpression(std::move(nodes));
}

Parsed<void> ExpressionReader::readSum(Nodes &nodes, bool fromCaret)
{
    const qsizetype start = m_at;
    if (fromCaret) {
        nodes.push_back({Op::Caret, 0, m_at, 0});
    } else if (auto first = readProduct(nodes); !first) {
        return first;
    }
    for (;;) {
        const bool add = take(u"+");
        if (!add && !take(u"-"))
            return {};
        if (auto next = readProduct(nodes); !next)
            return next;
        nodes.push_back(node(add ? Op::Add : Op::Subtract, start));
    }
}

Parsed<void> ExpressionReader::readProduct(Nodes &nodes)
{
    const qsizetype start = m_at;
    if (auto first = readFactor(nodes); !first)
        return first;
    for (;;) {
        const bool times = take(u"*");
        if (!times && !take(u"/"))
            return {};
        if (auto next = readFactor(nodes); !next)
            return next;
        nodes.push_back(node(times ? Op::Multiply : Op::Divide, start));
    }
}

Parsed<void> ExpressionReader::readFactor(Nodes &nodes)
{
    const qsizetype start = m_at;
    if (m_text.sliced(m_at).startsWith(u'('))
        return readBracket(nodes);
    if (take(u"lba:"))
        return readSector(nodes, start);
    if (take(u"end")) {
        nodes.push_back(node(Op::End, start));
    } else if (take(u"sel.end")) {
        nodes.push_back(node(Op::SelectionEnd, start));
    } else if (take(u"sel")) {
        nodes.push_back(node(Op::SelectionBegin, start));
    } else {
        const auto bytes = amount();
        if (!bytes)
            return std::unexpected(bytes.error());
        nodes.push_back(node(Op::Number, start, *bytes));
    }
    return {};
}

Parsed<void> ExpressionReader::readBracket(Nodes &nodes)
{
    const qsizetype start = m_at;
    if (m_depth == kMostBrackets)
        return unexpectedText();
    (void)take(u"(");
    ++m_depth;
    if (auto inside = readSum(nodes, false); !inside)
        return inside;
    --m_depth;
    if (!take(u")"))
        return atEnd() ? errorAt(Kind::MissingBracket, start, m_at - start) : unexpectedText();
    return {};
}

Parsed<void> ExpressionReader::readSector(Nodes &nodes, qsizetype start)
{
    if (m_text.sliced(m_at).startsWith(u'(')) {
        if (auto sector = readBracket(nodes); !sector)
            return sector;
        nodes.push_back(node(Op::Number, start, kSector));
        nodes.push_back(node(Op::Multiply, start));
        return {};
    }
    const qsizetype numberStart = m_at;
    const auto sector = number();
    if (!sector)
        return std::unexpected(sector.error());
    const Node all = node(Op::Number, numberStart);
    if (*sector > kMaxSourceSize / kSector)
        return errorAt(Kind::TooLarge, all.position, all.length);
    nodes.push_back(node(Op::Number, start, *sector * kSector));
    return {};
}

Parsed<std::uint64_t> ExpressionReader::number()
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
        return errorAt(Kind::MissingNumber, m_at, 0);
    if (tooLarge)
        return errorAt(Kind::TooLarge, start, m_at - start);
    skipSpace();
    return value;
}

Parsed<std::uint64_t> ExpressionReader::amount()
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
            return errorAt(Kind::TooLarge, start, m_at - start);
        if (!name.isEmpty())
            skipSpace();
        return *value * unit.bytes;
    }
    return errorAt(Kind::UnknownUnit, unitStart, m_at - unitStart);
}

std::optional<std::uint64_t> ExpressionReader::digitAt(qsizetype at, std::uint64_t radix) const
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

Node ExpressionReader::node(Op op, qsizetype start, std::uint64_t number) const
{
    return {op, static_cast<std::int64_t>(number), start, std::max<qsizetype>(m_end - start, 0)};
}

/// Called after each part that was taken.
void ExpressionReader::skipSpace()
{
    m_end = m_at;
    while (!atEnd() && m_text[m_at].isSpace())
        ++m_at;
}

} // namespace cachet
