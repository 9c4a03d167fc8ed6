// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/text_recognition.h"

#include "ui/formats/char_decoder.h"

#include <algorithm>

namespace cachet {

namespace {

constexpr qsizetype kShortestBase64 = 12;                ///< below it a word may be base64 by chance
constexpr double kMostlyHex = 0.8;                       ///< such a part of hexadecimal digits is meant as hexadecimal
constexpr double kHardlyHex = 0.5;                       ///< English has about a third
constexpr std::array<qsizetype, 2> kBase64Lines{64, 76}; ///< of PEM and MIME

/// The begin of a text; whole when it is all of it.
struct Head {
    QStringView text;
    bool whole = true;
};

Head headOf(QStringView text)
{
    if (text.size() <= kRecognisedLength)
        return {text, true};
    const QStringView head = text.first(kRecognisedLength);
    // Nothing is cut in the middle.
    qsizetype end = head.size();
    while (end > 0 && !isTextSpace(head[end - 1].unicode()))
        --end;
    return {head.first(end > 0 ? end : head.size() - (head.back().isHighSurrogate() ? 1 : 0)), false};
}

/// True when the decoder takes the head and finds bytes in it.
bool takes(TextFormat format, const Head &head)
{
    std::vector<std::byte> bytes;
    const auto decoder = makeDecoder(format);
    if (!decoder->feed(head.text, bytes))
        return false;
    if (head.whole)
        return decoder->finish(bytes).has_value();
    return !bytes.empty();
}

/// True when base64 looks like what tools make, and not like a word.
bool looksMade(const Head &head)
{
    const QStringView text = head.text.trimmed();
    if (text.size() < kShortestBase64)
        return false;
    if (head.whole && text.endsWith(u'='))
        return true;
    const qsizetype line = text.indexOf(u'\n');
    const qsizetype length = line > 0 && text[line - 1] == u'\r' ? line - 1 : line;
    return std::ranges::find(kBase64Lines, length) != kBase64Lines.end();
}

/// Base64 has no spaces inside its lines, which other decoders' texts may.
bool isBase64(const Head &head)
{
    const QStringView text = head.text.trimmed();
    const bool spaced = std::ranges::any_of(text, [](QChar c) { return c == u' ' || c == u'\t'; });
    const auto counts = std::ranges::count_if(text, [](QChar c) { return !isTextSpace(c.unicode()); });
    return !spaced && (!head.whole || counts % 4 == 0) && takes(TextFormat::Base64, head);
}

/// The part of hexadecimal digits among all that is no separator.
double hexPart(QStringView text)
{
    std::size_t digits = 0;
    std::size_t all = 0;
    for (const QChar c : text) {
        if (isTextSpace(c.unicode()) || c == u',')
            continue;
        ++all;
        digits += hexDigitOf(c.unicode()) >= 0 ? 1 : 0;
    }
    return all == 0 ? 0 : static_cast<double>(digits) / static_cast<double>(all);
}

/// Digits with something that words do not have: spaces between pairs, or a prefix.
bool looksLikeBytes(QStringView text)
{
    const QStringView trimmed = text.trimmed();
    const bool prefixed = trimmed.startsWith(u"0x") || trimmed.startsWith(u"\\x");
    return prefixed || (trimmed.size() > 4 && isTextSpace(trimmed[2].unicode()));
}

/// A line with an offset and a colon, whatever is wrong with the rest.
bool beginsLikeADump(QStringView text)
{
    const QStringView line = text.trimmed();
    const qsizetype colon = line.indexOf(u':');
    constexpr qsizetype kUsualDigits = 8;
    return colon >= kUsualDigits && hexPart(line.first(colon)) == 1;
}

/// What no decoder but that of characters takes, in the hex pane.
RecognisedText damaged(QStringView text)
{
    if (beginsLikeADump(text))
        return {TextFormat::HexDump, false};
    if (text.contains(u"0x") && (text.contains(u'{') || text.contains(u'[')))
        return {TextFormat::Array, false};
    const double part = hexPart(text);
    if (part >= kMostlyHex)
        return {TextFormat::HexText, false};
    return {TextFormat::Utf8Text, part < kHardlyHex};
}

} // namespace

RecognisedText recogniseText(QStringView text, PastePane pane)
{
    const Head head = headOf(text);
    const bool hexPane = pane == PastePane::Hex;
    // In the text pane characters mean themselves: anything else is at most a question.
    const auto as = [hexPane](TextFormat format, bool sure) {
        return hexPane ? RecognisedText{format, sure} : RecognisedText{TextFormat::Utf8Text, false};
    };
    if (takes(TextFormat::HexDump, head))
        return as(TextFormat::HexDump, true);
    if (takes(TextFormat::HexText, head))
        return hexPane || looksLikeBytes(head.text) ? as(TextFormat::HexText, true)
                                                    : RecognisedText{TextFormat::Utf8Text, true};
    if (takes(TextFormat::Array, head)) {
        const QStringView trimmed = head.text.trimmed();
        return as(TextFormat::Array, trimmed.startsWith(u'[') || trimmed.startsWith(u'{') || trimmed.contains(u'='));
    }
    if (isBase64(head)) {
        if (looksMade(head))
            return as(TextFormat::Base64, true);
        return {TextFormat::Utf8Text, !hexPane};
    }
    return hexPane ? damaged(head.text) : RecognisedText{TextFormat::Utf8Text, true};
}

} // namespace cachet
