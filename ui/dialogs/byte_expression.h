// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QStringView>

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

namespace cachet {

// The grammar of numbers of bytes. Case and spaces around parts do not matter.
//
//     sum      = product { ( "+" | "-" ) product }
//     product  = factor { ( "*" | "/" ) factor }            a quotient is cut to a whole number
//     factor   = amount | "(" sum ")" | "end" | "sel" | "sel.end" | "lba:" ( number | "(" sum ")" )
//     amount   = number [ unit ]
//     number   = decimal digits | "0x" hexadecimal digits
//     unit     = "B" | "K" | "KiB" | "M" | "MiB" | "G" | "GiB" | "T" | "TiB" | "P" | "PiB" | "E" | "EiB" | "sectors"
//
// After a hexadecimal number "B" and "E" are digits. An LBA counts sectors of 512 bytes. No number, also in between, may be above 2^63-1.

/// Why an expression means nothing, and where in the text.
struct ExpressionError {
    enum class Kind : std::uint8_t {
        Empty,
        UnexpectedText, ///< something that belongs to no part of the grammar
        MissingNumber,
        MissingBracket, ///< an open one is not closed
        UnknownUnit,
        TooLarge, ///< above 2^63-1
        DivisionByZero,
        NoSelection, ///< counts from the selection, and there is none
        BeforeStart, ///< would lie before byte 0
        PastEnd,     ///< would lie past the end; `end` says where that is, when it is known
        Backwards,   ///< a range that ends before it begins
        EmptyRange,
        Count_
    };
    Kind kind = Kind::Empty;
    qsizetype position = 0;                   ///< of the first character that does not fit
    qsizetype length = 0;                     ///< of what does not fit; 0 when something is missing there
    std::optional<cachecore::ByteOffset> end; ///< only with PastEnd

    friend bool operator==(const ExpressionError &, const ExpressionError &) = default;
};

template <typename T>
using Parsed = std::expected<T, ExpressionError>;

/// What names in an expression stand for.
struct ExpressionContext {
    cachecore::ByteOffset caret{};
    std::uint64_t size = 0; ///< bytes of the document: `end`
    std::optional<cachecore::ByteRange> selection{};
};

/// An expression as it was written: its value is known once its context is.
class ByteExpression {
public:
    enum class Op : std::uint8_t { Number, Caret, End, SelectionBegin, SelectionEnd, Add, Subtract, Multiply, Divide };

    /// A value, or what to do with the two values before it.
    struct Node {
        Op op = Op::Number;
        std::int64_t number = 0;
        qsizetype position = 0; ///< of its text, operands included
        qsizetype length = 0;

        friend bool operator==(const Node &, const Node &) = default;
    };

    /// A value that is a number, or a number of bytes from the end.
    struct Fixed {
        bool fromEnd = false;
        std::int64_t bytes = 0; ///< negative before the start, or before the end

        friend bool operator==(const Fixed &, const Fixed &) = default;
    };

    ByteExpression() = default;
    /// `nodes` in postfix order.
    explicit ByteExpression(std::vector<Node> nodes)
        : m_nodes(std::move(nodes))
    {
    }

    /// May be negative. Errors: TooLarge, DivisionByZero, NoSelection, with their place.
    [[nodiscard]] Parsed<std::int64_t> evaluate(const ExpressionContext &context) const;
    [[nodiscard]] bool contains(Op op) const;
    /// What is the same in each document, if it is.
    [[nodiscard]] std::optional<Fixed> fixed() const;
    /// What is done last; Number for a number alone.
    [[nodiscard]] Op root() const { return m_nodes.back().op; }
    /// The two sides of a root that has two.
    [[nodiscard]] ByteExpression left() const;
    [[nodiscard]] ByteExpression right() const;

    friend bool operator==(const ByteExpression &, const ByteExpression &) = default;

private:
    [[nodiscard]] std::size_t beginOfRight() const;

    std::vector<Node> m_nodes{Node{}};
};

/// Reads expressions from a text, from left to right; every function leaves the position after what it took.
class ExpressionReader {
public:
    explicit ExpressionReader(QStringView text);

    [[nodiscard]] bool atEnd() const { return m_at == m_text.size(); }
    [[nodiscard]] qsizetype position() const { return m_at; }
    bool take(QStringView word);
    /// The rest of the text belongs to nothing.
    [[nodiscard]] std::unexpected<ExpressionError> unexpectedText() const;

    /// With `fromCaret` the text begins with a sign: what is added to the caret, or taken from it.
    [[nodiscard]] Parsed<ByteExpression> sum(bool fromCaret = false);
    [[nodiscard]] Parsed<std::uint64_t> amount();

private:
    using Nodes = std::vector<ByteExpression::Node>;

    [[nodiscard]] Parsed<void> readSum(Nodes &nodes, bool fromCaret);
    [[nodiscard]] Parsed<void> readProduct(Nodes &nodes);
    [[nodiscard]] Parsed<void> readFactor(Nodes &nodes);
    [[nodiscard]] Parsed<void> readBracket(Nodes &nodes);
    [[nodiscard]] Parsed<void> readSector(Nodes &nodes, qsizetype start);
    [[nodiscard]] Parsed<std::uint64_t> number();
    [[nodiscard]] std::optional<std::uint64_t> digitAt(qsizetype at, std::uint64_t radix) const;
    [[nodiscard]] ByteExpression::Node node(ByteExpression::Op op, qsizetype start, std::uint64_t number = 0) const;
    void skipSpace();

    const QStringView m_text;
    qsizetype m_at = 0;
    qsizetype m_end = 0; ///< of what was taken last, without the space behind it
    int m_depth = 0;     ///< brackets that are open
};

} // namespace cachet
