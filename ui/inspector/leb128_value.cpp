// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/leb128_value.h"

#include "ui/inspector/integer_value.h"

#include <QCoreApplication>

#include <algorithm>
#include <limits>

namespace cachet {

namespace {

constexpr std::size_t kMostBytes = 10;
constexpr std::byte kMore{0x80};

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::Leb128Value", text);
}

QString lengthText(std::size_t bytes)
{
    return bytes == 1 ? tr("1 byte") : tr("%1 bytes").arg(bytes);
}

/// The last of ten bytes holds bit 63; what lies above must be as if the number went on.
bool fits(std::byte last, bool isSigned)
{
    return last == std::byte{0} || last == (isSigned ? std::byte{0x7F} : std::byte{1});
}

/// Bytes that `bits` takes at least.
std::size_t neededFor(std::uint64_t bits, bool isSigned)
{
    for (std::size_t length = 1; length < kMostBytes; ++length) {
        const auto shift = static_cast<unsigned>(7 * length);
        const auto rest = isSigned ? static_cast<std::int64_t>(bits) >> (shift - 1) : std::int64_t{0};
        if (isSigned ? rest == 0 || rest == -1 : bits >> shift == 0)
            return length;
    }
    return kMostBytes;
}

std::expected<std::uint64_t, QString> parseBits(const QString &text, bool isSigned)
{
    using Signed = std::numeric_limits<std::int64_t>;
    if (!isSigned)
        return parseUnsigned(text, std::numeric_limits<std::uint64_t>::max());
    const auto number = parseSigned(text, Signed::min(), Signed::max());
    if (!number)
        return std::unexpected(number.error());
    return static_cast<std::uint64_t>(*number);
}

} // namespace

Reading readLeb128(std::span<const std::byte> bytes, bool isSigned, const ValueFormat &format)
{
    const auto known = bytes.first(std::min(bytes.size(), kMostBytes));
    const auto last = std::ranges::find_if(known, [](std::byte byte) { return (byte & kMore) == std::byte{0}; });
    if (last == known.end() && known.size() < kMostBytes)
        return std::nullopt;
    const auto length = static_cast<std::size_t>(last - known.begin()) + 1;
    if (last == known.end() || (length == kMostBytes && !fits(*last, isSigned)))
        return ReadValue{.length = 1, .text = tr("more than 64 bits"), .isValue = false};
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < length; ++i)
        bits |= std::to_integer<std::uint64_t>(known[i] & ~kMore) << (7 * i);
    if (isSigned && length < kMostBytes && (*last & std::byte{0x40}) != std::byte{0})
        bits |= ~std::uint64_t{0} << (7 * length);
    return ReadValue{.length = length,
                     .text = isSigned ? signedText(static_cast<std::int64_t>(bits), format.hexIntegers)
                                      : unsignedText(bits, format.hexIntegers),
                     .note = lengthText(length)};
}

Writing writeLeb128(const QString &text, std::size_t length, bool isSigned)
{
    const auto bits = parseBits(text, isSigned);
    if (!bits)
        return std::unexpected(bits.error());
    if (const std::size_t needed = neededFor(*bits, isSigned); needed > length)
        return std::unexpected(
            tr("It takes %1, and the number here has only %2.").arg(lengthText(needed), lengthText(length)));
    std::vector<std::byte> bytes(length);
    for (std::size_t i = 0; i < length; ++i) {
        const auto rest
            = isSigned ? static_cast<std::uint64_t>(static_cast<std::int64_t>(*bits) >> (7 * i)) : *bits >> (7 * i);
        bytes[i] = static_cast<std::byte>(rest & 0x7F);
        if (i + 1 < length)
            bytes[i] |= kMore;
    }
    return bytes;
}

} // namespace cachet
