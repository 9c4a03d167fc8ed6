// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/byte_encoder.h"

#include "ui/formats/byte_rows.h"
#include "ui/theme/byte_class.h"

#include <QByteArray>

#include <algorithm>
#include <array>
#include <vector>

namespace cachet {

namespace {

constexpr std::string_view kUpper = "0123456789ABCDEF";
constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::size_t kUnbrokenRow = 3 << 8; ///< bytes turned at once where there are no lines; a multiple of three

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

} // namespace cachet
