// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/byte_pattern.h"

#include "ui/session/error_text.h"
#include "ui/theme/byte_class.h"

#include <QCoreApplication>
#include <QStringList>

namespace cachet {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::BytePattern", text);
}

int hexDigit(QChar c)
{
    const char16_t u = c.toLower().unicode();
    if (u >= u'0' && u <= u'9')
        return u - u'0';
    return u >= u'a' && u <= u'f' ? u - u'a' + 10 : -1;
}

bool separates(QChar c)
{
    return c.isSpace() || c == u',';
}

} // namespace

Typing<std::vector<std::byte>> parseHexBytes(QStringView text)
{
    std::vector<std::byte> bytes;
    for (qsizetype i = 0; i < text.size();) {
        if (separates(text[i])) {
            ++i;
            continue;
        }
        if (text[i] == u'0' && i + 1 < text.size() && text[i + 1].toLower() == u'x')
            i += 2;
        const int high = i < text.size() ? hexDigit(text[i]) : -1;
        if (high < 0)
            return std::unexpected(i < text.size() ? tr("\"%1\" is no hexadecimal digit.").arg(text[i])
                                                   : tr("A byte is missing after \"0x\"."));
        const int low = i + 1 < text.size() ? hexDigit(text[i + 1]) : -1;
        if (low < 0)
            return std::unexpected(i + 1 < text.size() && !separates(text[i + 1])
                                       ? tr("\"%1\" is no hexadecimal digit.").arg(text[i + 1])
                                       : tr("A byte has two digits; \"%1\" is only one.").arg(text[i]));
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
        i += 2;
    }
    if (bytes.empty())
        return std::unexpected(tr("Type the bytes to repeat, such as 00 or DE AD BE EF."));
    return bytes;
}

Typing<std::vector<std::byte>> parseTextBytes(const QString &text)
{
    if (text.isEmpty())
        return std::unexpected(tr("Type the text to repeat."));
    const QByteArray utf8 = text.toUtf8();
    const auto *data = reinterpret_cast<const std::byte *>(utf8.constData());
    return std::vector<std::byte>(data, data + utf8.size());
}

Typing<std::uint64_t> parseNumber(const QString &name, const QString &text, std::uint64_t most)
{
    const QString trimmed = text.trimmed();
    bool fits = false;
    const bool hex = trimmed.startsWith(QStringLiteral("0x"), Qt::CaseInsensitive);
    const std::uint64_t value = hex ? trimmed.mid(2).toULongLong(&fits, 16) : trimmed.toULongLong(&fits, 10);
    if (trimmed.startsWith(u'-') || trimmed.startsWith(u'+'))
        fits = false;
    if (!fits)
        return std::unexpected(tr("%1 is a whole number such as 42 or 0x2A, at most %2.").arg(name, hexText(most)));
    if (value > most)
        return std::unexpected(tr("%1 is at most %2.").arg(name, hexText(most)));
    return value;
}

Typing<std::uint64_t> parseStep(const QString &name, const QString &text)
{
    const QString trimmed = text.trimmed();
    const bool down = trimmed.startsWith(u'-');
    const auto value = parseNumber(name, down ? trimmed.mid(1) : trimmed, UINT64_MAX >> 1);
    if (!value)
        return value;
    return down ? 0 - *value : *value;
}

QString previewText(std::span<const std::byte> bytes, bool more)
{
    QStringList hex;
    QString text;
    for (const std::byte byte : bytes) {
        hex << QStringLiteral("%1").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0')).toUpper();
        text += QLatin1Char(textOf(byte));
    }
    const QString end = more ? QStringLiteral(" …") : QString();
    return hex.join(u' ') + end + QStringLiteral("   ") + text + end.trimmed();
}

} // namespace cachet
