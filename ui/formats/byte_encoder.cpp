// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/byte_encoder.h"

#include "ui/theme/byte_class.h"

#include <QByteArray>

#include <algorithm>
#include <array>
#include <vector>

namespace cachet {

namespace {

constexpr std::string_view kUpper = "0123456789ABCDEF";
constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::size_t kDumpRow = 16;
constexpr std::size_t kDumpHexColumns = 40; ///< eight groups of two bytes, a space after each
constexpr std::size_t kDumpDigits = 8;      ///< of an offset, at least
constexpr std::size_t kHexRow = 32;
constexpr std::size_t kArrayRow = 12;
constexpr std::size_t kBase64Row = 57;       ///< 76 characters, as base64(1) and MIME (RFC 2045) have it
constexpr std::size_t kUnbrokenRow = 3 << 8; ///< bytes turned at once where there are no lines; a multiple of three
constexpr std::string_view kIndent = "    ";

char digit(std::string_view digits, unsigned value)
{
    return digits[value & 0xF];
}

void appendHex(std::string &out, std::byte byte, std::string_view digits)
{
    const auto value = std::to_integer<unsigned>(byte);
    out += digit(digits, value >> 4);
    out += digit(digits, value);
}

/// "00000438", more digits where it takes them.
void appendOffset(std::string &out, std::uint64_t offset)
{
    std::array<char, 16> digits{};
    std::size_t count = 0;
    do {
        digits[count++] = digit(kLower, static_cast<unsigned>(offset));
        offset >>= 4;
    } while (offset > 0 || count < kDumpDigits);
    out.append(digits.rend() - static_cast<std::ptrdiff_t>(count), digits.rend());
}

std::string upperCase(std::string name)
{
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return name;
}

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

/// Cuts the stream into rows, the last of which may be short.
class RowEncoder : public ByteEncoder {
public:
    RowEncoder(const EncodeOptions &options, std::size_t rowBytes)
        : m_options(options)
        , m_rowBytes(rowBytes)
    {
        m_row.reserve(rowBytes);
    }

    void feed(std::span<const std::byte> bytes, std::string &out) final
    {
        begin(out);
        if (!m_row.empty()) {
            const auto part = bytes.first(std::min(bytes.size(), m_rowBytes - m_row.size()));
            m_row.insert(m_row.end(), part.begin(), part.end());
            bytes = bytes.subspan(part.size());
            if (m_row.size() < m_rowBytes)
                return;
            row(m_row, out);
            m_row.clear();
        }
        for (; bytes.size() >= m_rowBytes; bytes = bytes.subspan(m_rowBytes))
            row(bytes.first(m_rowBytes), out);
        m_row.assign(bytes.begin(), bytes.end());
    }

    void finish(std::string &out) final
    {
        begin(out);
        if (!m_row.empty())
            row(m_row, out);
        m_row.clear();
        out += tailOf(m_options.format);
    }

protected:
    virtual void row(std::span<const std::byte> bytes, std::string &out) = 0;
    [[nodiscard]] const EncodeOptions &options() const { return m_options; }

private:
    void begin(std::string &out)
    {
        if (m_begun)
            return;
        m_begun = true;
        out += headOf(m_options);
    }

    const EncodeOptions m_options;
    const std::size_t m_rowBytes;
    std::vector<std::byte> m_row; ///< bytes that do not fill a row yet
    bool m_begun = false;
};

class HexTextEncoder final : public RowEncoder {
public:
    explicit HexTextEncoder(const EncodeOptions &options)
        : RowEncoder(options, options.lines ? kHexRow : kUnbrokenRow)
    {
    }

private:
    void row(std::span<const std::byte> bytes, std::string &out) override
    {
        bool space = !options().lines && !m_first;
        for (const std::byte byte : bytes) {
            if (space)
                out += ' ';
            appendHex(out, byte, kUpper);
            space = true;
        }
        m_first = false;
        if (options().lines)
            out += '\n';
    }

    bool m_first = true;
};

/// As xxd(1) prints by default: bytes in groups of two, lower case.
class HexDumpEncoder final : public RowEncoder {
public:
    explicit HexDumpEncoder(const EncodeOptions &options)
        : RowEncoder(options, kDumpRow)
        , m_at(options.begin)
    {
    }

private:
    void row(std::span<const std::byte> bytes, std::string &out) override
    {
        appendOffset(out, m_at);
        out += ": ";
        const std::size_t begin = out.size();
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            appendHex(out, bytes[i], kLower);
            if (i % 2 == 1)
                out += ' ';
        }
        out.append(begin + kDumpHexColumns + 1 - out.size(), ' ');
        for (const std::byte byte : bytes)
            out += textOf(byte);
        out += '\n';
        m_at += bytes.size();
    }

    std::uint64_t m_at;
};

class ArrayEncoder final : public RowEncoder {
public:
    explicit ArrayEncoder(const EncodeOptions &options)
        : RowEncoder(options, kArrayRow)
    {
    }

private:
    void row(std::span<const std::byte> bytes, std::string &out) override
    {
        out += kIndent;
        for (const std::byte byte : bytes) {
            out += "0x";
            appendHex(out, byte, kLower);
            out += ", ";
        }
        out.back() = '\n'; // in place of the last space
    }
};

class Base64Encoder final : public RowEncoder {
public:
    explicit Base64Encoder(const EncodeOptions &options)
        : RowEncoder(options, options.lines ? kBase64Row : kUnbrokenRow)
    {
    }

private:
    void row(std::span<const std::byte> bytes, std::string &out) override
    {
        const auto plain = QByteArray::fromRawData(reinterpret_cast<const char *>(bytes.data()),
                                                   static_cast<qsizetype>(bytes.size()));
        const QByteArray text = plain.toBase64();
        out.append(text.constData(), static_cast<std::size_t>(text.size()));
        if (options().lines)
            out += '\n';
    }
};

/// Byte for byte.
class PlainEncoder final : public ByteEncoder {
public:
    explicit PlainEncoder(bool readable)
        : m_readable(readable)
    {
    }

    void feed(std::span<const std::byte> bytes, std::string &out) override
    {
        const std::size_t begin = out.size();
        out.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
        if (!m_readable)
            return;
        std::ranges::transform(bytes, out.begin() + static_cast<std::ptrdiff_t>(begin), [](std::byte byte) {
            const bool space = byte == std::byte{'\t'} || byte == std::byte{'\n'} || byte == std::byte{'\r'};
            return space ? static_cast<char>(byte) : textOf(byte);
        });
    }

    void finish(std::string &) override { }

private:
    const bool m_readable;
};

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

ByteEncoder::~ByteEncoder() = default;

std::unique_ptr<ByteEncoder> makeEncoder(const EncodeOptions &options)
{
    switch (options.format) {
    case ByteFormat::HexText:
        return std::make_unique<HexTextEncoder>(options);
    case ByteFormat::HexDump:
        return std::make_unique<HexDumpEncoder>(options);
    case ByteFormat::CArray:
    case ByteFormat::RustArray:
    case ByteFormat::PythonBytes:
        return std::make_unique<ArrayEncoder>(options);
    case ByteFormat::Base64:
        return std::make_unique<Base64Encoder>(options);
    case ByteFormat::PlainText:
        return std::make_unique<PlainEncoder>(true);
    case ByteFormat::Raw:
        break;
    }
    return std::make_unique<PlainEncoder>(false);
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
