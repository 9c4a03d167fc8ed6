// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/text_decoder.h"

#include "ui/formats/array_decoder.h"
#include "ui/formats/base64_decoder.h"
#include "ui/formats/hex_dump_decoder.h"
#include "ui/formats/hex_text_decoder.h"

#include <QStringEncoder>

namespace cachet {

namespace {

/// The characters themselves, in an encoding.
class CharacterDecoder final : public TextDecoder {
public:
    explicit CharacterDecoder(QStringConverter::Encoding encoding)
        : m_encoder(encoding)
    {
    }

    Step feed(QStringView text, std::vector<std::byte> &out) override
    {
        for (const QChar c : text) { // the converter puts another character in the place of half of one, and goes on
            if (c.isLowSurrogate() != m_high)
                return m_place.error(TextError::Kind::LoneSurrogate);
            m_high = c.isHighSurrogate();
            if (!m_high)
                m_place.pass(c.isLowSurrogate() ? u'\uFFFD' : c.unicode());
        }
        m_any |= !text.empty();
        const QByteArray encoded = m_encoder.encode(text);
        const auto *bytes = reinterpret_cast<const std::byte *>(encoded.constData());
        out.insert(out.end(), bytes, bytes + encoded.size());
        return {};
    }

    Step finish(std::vector<std::byte> &) override
    {
        if (m_high)
            return m_place.error(TextError::Kind::LoneSurrogate);
        return m_any ? Step() : Step(m_place.error(TextError::Kind::Empty));
    }

private:
    QStringEncoder m_encoder;
    TextPlace m_place;
    bool m_high = false; ///< the first half of a character came last
    bool m_any = false;
};

} // namespace

TextDecoder::~TextDecoder() = default;

std::unique_ptr<TextDecoder> makeDecoder(TextFormat format)
{
    switch (format) {
    case TextFormat::HexText:
        return std::make_unique<HexTextDecoder>();
    case TextFormat::HexDump:
        return std::make_unique<HexDumpDecoder>();
    case TextFormat::Array:
        return std::make_unique<ArrayDecoder>();
    case TextFormat::Base64:
        return std::make_unique<Base64Decoder>();
    case TextFormat::Utf16Text:
        return std::make_unique<CharacterDecoder>(QStringConverter::Utf16LE);
    case TextFormat::Utf8Text:
        break;
    }
    return std::make_unique<CharacterDecoder>(QStringConverter::Utf8);
}

std::expected<std::vector<std::byte>, TextError> decodeText(TextFormat format, QStringView text)
{
    std::vector<std::byte> bytes;
    const auto decoder = makeDecoder(format);
    if (const auto fed = decoder->feed(text, bytes); !fed)
        return std::unexpected(fed.error());
    if (const auto ended = decoder->finish(bytes); !ended)
        return std::unexpected(ended.error());
    return bytes;
}

} // namespace cachet
