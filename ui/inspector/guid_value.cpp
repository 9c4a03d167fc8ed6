// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/guid_value.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace cachet {

namespace {

constexpr std::size_t kBytes = 16;
constexpr std::array<qsizetype, 4> kHyphens{8, 13, 18, 23}; // places in the text

/// Turns the order of the fields of 4, 2 and 2 bytes round; doing it again takes it back.
void turnFields(std::span<std::byte> bytes)
{
    std::ranges::reverse(bytes.subspan(0, 4));
    std::ranges::reverse(bytes.subspan(4, 2));
    std::ranges::reverse(bytes.subspan(6, 2));
}

bool isHex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

} // namespace

ReadValue readGuid(std::span<const std::byte> bytes, bool microsoft)
{
    std::array<std::byte, kBytes> written{};
    std::ranges::copy(bytes.first(kBytes), written.begin());
    if (microsoft)
        turnFields(written);
    QString text
        = QString::fromLatin1(QByteArray::fromRawData(reinterpret_cast<const char *>(written.data()), kBytes).toHex());
    for (const qsizetype place : kHyphens)
        text.insert(place, u'-');
    return {.length = kBytes, .text = text};
}

Writing writeGuid(const QString &typed, bool microsoft)
{
    QByteArray text = typed.trimmed().toLower().toUtf8();
    if (text.startsWith('{') && text.endsWith('}'))
        text = text.mid(1, text.size() - 2);
    const bool hyphens
        = text.size() == 36 && std::ranges::all_of(kHyphens, [&text](qsizetype place) { return text[place] == '-'; });
    if (hyphens)
        text.remove(kHyphens[3], 1).remove(kHyphens[2], 1).remove(kHyphens[1], 1).remove(kHyphens[0], 1);
    if (text.size() != 32 || !std::all_of(text.cbegin(), text.cend(), isHex))
        return std::unexpected(QCoreApplication::translate(
            "cachet::GuidValue", "A GUID has 32 hexadecimal digits, as in 00112233-4455-6677-8899-aabbccddeeff."));
    const QByteArray raw = QByteArray::fromHex(text);
    std::vector<std::byte> bytes(kBytes);
    std::transform(raw.cbegin(), raw.cend(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    if (microsoft)
        turnFields(bytes);
    return bytes;
}

} // namespace cachet
