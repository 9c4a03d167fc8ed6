// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/float_value.h"

#include "ui/inspector/number_bytes.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace cachet {

namespace {

constexpr int kHalfDigits = 5; // 1 + ceil(11 * log10(2)) name every number of 11 significant bits
constexpr int kHalfPrecision = 11;
constexpr int kHalfLeastExponent = -24;
constexpr double kHalfLargest = 65504;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::FloatValue", text);
}

/// How the bits of a number of `length` bytes are shared out.
struct Layout {
    int fractionBits;
    std::uint64_t exponentMask; ///< in its place
    std::uint64_t fractionMask;
    std::uint64_t sign;

    explicit Layout(std::size_t length)
        : fractionBits(length == 2       ? 10
                           : length == 4 ? 23
                                         : 52)
        , exponentMask((length == 2       ? std::uint64_t{0x1F}
                            : length == 4 ? std::uint64_t{0xFF}
                                          : std::uint64_t{0x7FF})
                       << fractionBits)
        , fractionMask((std::uint64_t{1} << fractionBits) - 1)
        , sign(std::uint64_t{1} << (8 * length - 1))
    {
    }
    [[nodiscard]] std::uint64_t quiet() const { return std::uint64_t{1} << (fractionBits - 1); }
};

double halfToDouble(std::uint64_t bits)
{
    const auto exponent = static_cast<int>((bits >> 10) & 0x1F);
    const auto fraction = static_cast<double>(bits & 0x3FF);
    const double size
        = exponent == 0 ? std::ldexp(fraction, kHalfLeastExponent) : std::ldexp(fraction + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

/// The nearest half, ties to even; beyond the largest one its bits are those of infinity.
std::uint64_t doubleToHalf(double number)
{
    const std::uint64_t sign = std::signbit(number) ? 0x8000 : 0;
    const double size = std::fabs(number);
    if (size == 0)
        return sign;
    const int step = std::max(std::ilogb(size) + 1 - kHalfPrecision, kHalfLeastExponent);
    const double rounded = std::ldexp(std::nearbyint(std::ldexp(size, -step)), step);
    if (rounded > kHalfLargest)
        return sign | 0x7C00;
    if (rounded < std::ldexp(1.0, -14))
        return sign | static_cast<std::uint64_t>(std::ldexp(rounded, -kHalfLeastExponent));
    const int exponent = std::ilogb(rounded);
    const auto significand = static_cast<std::uint64_t>(std::ldexp(rounded, 10 - exponent));
    return sign | (static_cast<std::uint64_t>(exponent + 15) << 10) | (significand & 0x3FF);
}

template <typename Number, typename... Format>
QString shortest(Number number, Format... format)
{
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format...).ptr;
    return QString::fromLatin1(text.data(), end - text.data());
}

QString halfText(std::uint64_t bits)
{
    const double number = halfToDouble(bits);
    if (number == std::trunc(number))
        return shortest(number);
    for (int digits = 1; digits < kHalfDigits; ++digits) {
        const double rounded = shortest(number, std::chars_format::general, digits).toDouble();
        if (doubleToHalf(rounded) == bits)
            return shortest(rounded);
    }
    return shortest(shortest(number, std::chars_format::general, kHalfDigits).toDouble());
}

QString nanText(std::uint64_t bits, const Layout &layout)
{
    const QString sign = (bits & layout.sign) != 0 ? QStringLiteral("-") : QString();
    const std::uint64_t fraction = bits & layout.fractionMask;
    if (fraction == layout.quiet())
        return sign + QStringLiteral("nan");
    return sign + QStringLiteral("nan(0x%1)").arg(fraction, 0, 16);
}

/// The bits of inf, nan and nan(0x...), sign aside; nothing for any other text.
std::optional<std::uint64_t> specialBits(const QByteArray &text, const Layout &layout)
{
    if (text == "inf" || text == "infinity")
        return layout.exponentMask;
    if (text == "nan")
        return layout.exponentMask | layout.quiet();
    if (!text.startsWith("nan(0x") || !text.endsWith(')'))
        return std::nullopt;
    const char *begin = text.constData() + 6;
    const char *end = text.constData() + text.size() - 1;
    std::uint64_t fraction = 0;
    const auto parsed = std::from_chars(begin, end, fraction, 16);
    if (parsed.ptr != end || parsed.ec != std::errc() || fraction == 0 || fraction > layout.fractionMask)
        return std::nullopt;
    return layout.exponentMask | fraction;
}

/// The bits of a number without a sign. Far too large and far too small both come as out of range from the library.
template <typename Number>
std::expected<Number, std::errc> parse(const QByteArray &text)
{
    Number number = 0;
    const char *end = text.constData() + text.size();
    const auto parsed = std::from_chars(text.constData(), end, number);
    if (parsed.ptr != end || parsed.ec == std::errc::invalid_argument)
        return std::unexpected(std::errc::invalid_argument);
    if (parsed.ec != std::errc())
        return std::unexpected(parsed.ec);
    return number;
}

std::expected<std::uint64_t, std::errc> numberBits(const QByteArray &text, std::size_t length, const Layout &layout)
{
    std::uint64_t bits = 0;
    if (length == 4) {
        const auto number = parse<float>(text);
        if (!number)
            return std::unexpected(number.error());
        bits = std::bit_cast<std::uint32_t>(*number);
    } else {
        const auto number = parse<double>(text);
        if (!number)
            return std::unexpected(number.error());
        bits = length == 2 ? doubleToHalf(*number) : std::bit_cast<std::uint64_t>(*number);
    }
    const bool isZero = std::all_of(text.begin(), std::find(text.begin(), text.end(), 'e'),
                                    [](char c) { return c == '0' || c == '.'; });
    if ((bits & layout.exponentMask) == layout.exponentMask || (bits == 0 && !isZero))
        return std::unexpected(std::errc::result_out_of_range);
    return bits;
}

} // namespace

ReadValue readFloat(std::span<const std::byte> bytes, ByteOrder order)
{
    const Layout layout(bytes.size());
    const std::uint64_t bits = numberOf(bytes, order);
    ReadValue read{.length = bytes.size()};
    if ((bits & layout.exponentMask) == layout.exponentMask && (bits & layout.fractionMask) != 0)
        read.text = nanText(bits, layout);
    else if ((bits & layout.exponentMask) == layout.exponentMask)
        read.text = (bits & layout.sign) != 0 ? QStringLiteral("-inf") : QStringLiteral("inf");
    else if (bytes.size() == 2)
        read.text = halfText(bits);
    else if (bytes.size() == 4)
        read.text = shortest(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    else
        read.text = shortest(std::bit_cast<double>(bits));
    return read;
}

Writing writeFloat(const QString &typed, std::size_t length, ByteOrder order)
{
    const Layout layout(length);
    QByteArray text = typed.trimmed().toLower().toUtf8();
    std::uint64_t sign = 0;
    if (text.startsWith('-') || text.startsWith('+')) {
        sign = text.startsWith('-') ? layout.sign : 0;
        text.remove(0, 1);
    }
    if (const auto special = specialBits(text, layout))
        return bytesOfNumber(*special | sign, length, order);
    // A second sign, or another spelling of what is no finite number, is none.
    const bool begins = !text.isEmpty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.');
    const auto bits = begins ? numberBits(text, length, layout) : std::unexpected(std::errc::invalid_argument);
    if (bits)
        return bytesOfNumber(*bits | sign, length, order);
    if (bits.error() == std::errc::result_out_of_range)
        return std::unexpected(tr("It is too large or too small for %1 bits.").arg(8 * length));
    return std::unexpected(text.isEmpty()
                               ? tr("Type a number, such as 1.5, 6e23, inf or nan.")
                               : tr("“%1” is no number. Type one such as 1.5, 6e23, inf or nan.").arg(typed.trimmed()));
}

} // namespace cachet
