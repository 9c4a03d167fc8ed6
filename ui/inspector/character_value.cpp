// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/character_value.h"

#include "ui/inspector/number_bytes.h"

#include <QCoreApplication>
#include <QStringConverter>

#include <algorithm>

namespace cachet {

namespace {

constexpr std::size_t kMostBytes = 4;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::CharacterValue", text);
}

/// The name of the converter, which knows the order of bytes by it.
QByteArray converterName(const ValueFormat &format)
{
    if (characterUnit(format.characterSet) == 1)
        return format.characterSet;
    return format.characterSet + (format.order == ByteOrder::Little ? "LE" : "BE");
}

QString titleOf(const QByteArray &name)
{
    const auto &sets = characterSets();
    const auto found = std::ranges::find(sets, name, &CharacterSet::name);
    return found == sets.end() ? QString::fromLatin1(name) : found->title;
}

QString codeText(char32_t code)
{
    return QStringLiteral("U+%1").arg(static_cast<unsigned>(code), 4, 16, QLatin1Char('0')).toUpper();
}

/// QString's own conversion would swallow a byte order mark.
QString textOf(char32_t code)
{
    return QStringView(QChar::fromUcs4(code)).toString();
}

bool shows(char32_t code)
{
    return QChar::isPrint(code) && !QChar::isSpace(code) && !QChar::isMark(code);
}

bool isOne(const QString &text)
{
    return text.size() == 1 ? !text.front().isSurrogate()
                            : text.size() == 2 && text[0].isHighSurrogate() && text[1].isLowSurrogate();
}

ReadValue valueOf(char32_t code, std::size_t length)
{
    if (!shows(code))
        return {.length = length, .text = codeText(code)};
    return {.length = length, .text = textOf(code), .note = codeText(code)};
}

/// The one character that was typed, as itself or as U+ and its code.
std::optional<QString> typedCharacter(const QString &text)
{
    if (isOne(text))
        return text;
    const QString code = text.trimmed();
    if (isOne(code))
        return code;
    if (!code.startsWith(QStringLiteral("U+"), Qt::CaseInsensitive))
        return std::nullopt;
    bool good = false;
    const char32_t value = code.mid(2).toUInt(&good, 16);
    if (!good || value > QChar::LastValidCodePoint || QChar::isSurrogate(value))
        return std::nullopt;
    return textOf(value);
}

} // namespace

const std::vector<CharacterSet> &characterSets()
{
    static const std::vector<CharacterSet> kKnown = [] {
        std::vector<CharacterSet> sets{
            {"UTF-8", QStringLiteral("UTF-8")},         {"UTF-16", QStringLiteral("UTF-16"), 2},
            {"UTF-32", QStringLiteral("UTF-32"), 4},    {"US-ASCII", QStringLiteral("ASCII")},
            {"ISO-8859-1", QStringLiteral("Latin-1")},  {"windows-1252", QStringLiteral("Windows-1252")},
            {"IBM437", QStringLiteral("DOS 437")},      {"IBM850", QStringLiteral("DOS 850")},
            {"macintosh", QStringLiteral("Mac Roman")}, {"IBM037", QStringLiteral("EBCDIC 037")},
            {"KOI8-R", QStringLiteral("KOI8-R")},       {"Shift_JIS", QStringLiteral("Shift-JIS")},
            {"EUC-JP", QStringLiteral("EUC-JP")},       {"GB18030", QStringLiteral("GB18030")},
        };
        std::erase_if(sets, [](const CharacterSet &set) { return !QStringDecoder(set.name.constData()).isValid(); });
        return sets;
    }();
    return kKnown;
}

std::size_t characterUnit(const QByteArray &name)
{
    const auto &sets = characterSets();
    const auto found = std::ranges::find(sets, name, &CharacterSet::name);
    return found == sets.end() ? 1 : found->unit;
}

Reading readCharacter(std::span<const std::byte> bytes, const ValueFormat &format)
{
    const std::size_t unit = characterUnit(format.characterSet);
    const ReadValue none{.length = unit, .text = tr("not %1").arg(titleOf(format.characterSet)), .isValue = false};
    // Without the flag a byte order mark would be taken for none.
    QStringDecoder decoder(converterName(format).constData(), QStringConverter::Flag::ConvertInitialBom);
    QString text;
    for (std::size_t length = unit; length <= kMostBytes; length += unit) {
        if (bytes.size() < length)
            return std::nullopt;
        text += QString(decoder(QByteArrayView(bytes.subspan(length - unit, unit))));
        // The library's UTF-32 takes numbers that are no characters.
        const bool tooLarge = unit == 4 && numberOf(bytes.first(unit), format.order) > QChar::LastValidCodePoint;
        if (decoder.hasError() || tooLarge)
            return none;
        if (isOne(text))
            return valueOf(text.toUcs4().front(), length);
        const bool half = text.size() == 1 && text.front().isHighSurrogate();
        if (!text.isEmpty() && !half)
            return none;
    }
    return none;
}

Writing writeCharacter(const QString &typed, std::size_t length, const ValueFormat &format)
{
    const auto text = typedCharacter(typed);
    if (!text)
        return std::unexpected(tr("Type one character, or its code, such as U+00E9."));
    QStringEncoder encoder(converterName(format).constData(), QStringConverter::Flag::Stateless);
    const QByteArray encoded = encoder(*text);
    std::vector<std::byte> bytes(static_cast<std::size_t>(encoded.size()));
    std::transform(encoded.cbegin(), encoded.cend(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    // Not every converter owns up to having put another character in the place of one it does not have.
    QStringDecoder back(converterName(format).constData(),
                        QStringConverter::Flag::Stateless | QStringConverter::Flag::ConvertInitialBom);
    if (encoder.hasError() || QString(back(encoded)) != *text)
        return std::unexpected(
            tr("%1 has no character %2.").arg(titleOf(format.characterSet), codeText(text->toUcs4().front())));
    if (bytes.size() != length)
        return std::unexpected(tr("It takes %1 bytes in %2, and the character here has %3.")
                                   .arg(bytes.size())
                                   .arg(titleOf(format.characterSet))
                                   .arg(length));
    return bytes;
}

} // namespace cachet
