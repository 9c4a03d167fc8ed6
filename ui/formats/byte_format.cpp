// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/byte_format.h"

#include "ui/formats/byte_rows.h"

#include <algorithm>

namespace cachet {

namespace {

std::string upperCase(std::string name)
{
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return name;
}

/// Sums that stop at 2^64-1.
class Sum {
public:
    Sum &add(std::uint64_t count, std::uint64_t each = 1)
    {
        std::uint64_t product = 0;
        if (__builtin_mul_overflow(count, each, &product) || __builtin_add_overflow(m_value, product, &m_value))
            m_value = UINT64_MAX;
        return *this;
    }
    [[nodiscard]] std::uint64_t value() const { return m_value; }

private:
    std::uint64_t m_value = 0;
};

std::uint64_t rowsOf(std::uint64_t length, std::size_t row)
{
    return length / row + (length % row > 0 ? 1 : 0);
}

/// Digits beyond the usual ones in the offsets of a dump, all rows together.
std::uint64_t longOffsetDigits(const EncodeOptions &options, std::uint64_t rows)
{
    Sum digits;
    for (unsigned shift = 4 * kDumpDigits; shift < 64; shift += 4) {
        const std::uint64_t from = std::uint64_t{1} << shift; // offsets from here on have a digit more
        const std::uint64_t before = from > options.begin ? std::min(rows, rowsOf(from - options.begin, kDumpRow)) : 0;
        digits.add(rows - before);
    }
    return digits.value();
}

} // namespace

std::string headOf(const EncodeOptions &options)
{
    const std::string length = std::to_string(options.length);
    switch (options.format) {
    case ByteFormat::CArray:
        return "const unsigned char " + options.name + "[" + length + "] = {\n";
    case ByteFormat::RustArray:
        return "pub static " + upperCase(options.name) + ": [u8; " + length + "] = [\n";
    case ByteFormat::PythonBytes:
        return options.name + " = bytes([\n";
    default:
        return {};
    }
}

std::string_view tailOf(ByteFormat format)
{
    switch (format) {
    case ByteFormat::CArray:
        return "};\n";
    case ByteFormat::RustArray:
        return "];\n";
    case ByteFormat::PythonBytes:
        return "])\n";
    default:
        return {};
    }
}

std::uint64_t encodedSize(const EncodeOptions &options)
{
    const std::uint64_t length = options.length;
    Sum sum;
    switch (options.format) {
    case ByteFormat::HexText: // two digits and what stands after them, which nothing does at the end of one line
        sum.add(length, 3);
        return sum.value() - (options.lines || length == 0 || sum.value() == UINT64_MAX ? 0 : 1);
    case ByteFormat::HexDump: {
        const std::uint64_t rows = rowsOf(length, kDumpRow);
        return sum.add(rows, kDumpDigits + 2 + kDumpHexColumns + 2)
            .add(longOffsetDigits(options, rows))
            .add(length)
            .value();
    }
    case ByteFormat::CArray:
    case ByteFormat::RustArray:
    case ByteFormat::PythonBytes:
        // A row has one space less than bytes, and an indent and an end.
        return sum.add(headOf(options).size() + tailOf(options.format).size())
            .add(length, 6)
            .add(rowsOf(length, kArrayRow), kIndent.size())
            .value();
    case ByteFormat::Base64:
        return sum.add(rowsOf(length, 3), 4).add(options.lines ? rowsOf(length, kBase64Row) : 0).value();
    case ByteFormat::Raw:
    case ByteFormat::PlainText:
        break;
    }
    return length;
}

bool isArrayName(const std::string &name)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && letter(name.front())
        && std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

} // namespace cachet
