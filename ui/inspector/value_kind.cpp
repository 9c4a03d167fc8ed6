// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/value_kind.h"

#include "ui/inspector/character_value.h"

#include <QCoreApplication>

namespace cachet {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::ValueKind", text);
}

QString integerTip(int bits, bool isSigned)
{
    const QString form = isSigned ? tr("A whole number of %1 bits with a sign (two's complement). "
                                       "Type -42, 0x2a, 0o52 or 0b101010.")
                                  : tr("A whole number of %1 bits. Type 42, 0x2a, 0o52 or 0b101010.");
    return form.arg(bits);
}

} // namespace

std::size_t fixedLength(ValueKind kind)
{
    switch (kind) {
    case ValueKind::Bits:
    case ValueKind::Unsigned8:
    case ValueKind::Signed8:
        return 1;
    case ValueKind::Unsigned16:
    case ValueKind::Signed16:
    case ValueKind::Float16:
    case ValueKind::DosDate:
    case ValueKind::DosTime:
        return 2;
    case ValueKind::Unsigned32:
    case ValueKind::Signed32:
    case ValueKind::Float32:
    case ValueKind::UnixTime32:
    case ValueKind::DosDateTime:
        return 4;
    case ValueKind::Unsigned64:
    case ValueKind::Signed64:
    case ValueKind::Float64:
    case ValueKind::UnixTime64:
    case ValueKind::FileTime:
        return 8;
    case ValueKind::GuidMicrosoft:
    case ValueKind::GuidRfc:
        return 16;
    case ValueKind::UnsignedLeb128:
    case ValueKind::SignedLeb128:
    case ValueKind::Character:
        break;
    }
    return 0;
}

bool hasByteOrder(ValueKind kind, const QByteArray &characterSet)
{
    switch (kind) {
    case ValueKind::UnsignedLeb128:
    case ValueKind::SignedLeb128:
    case ValueKind::GuidMicrosoft:
    case ValueKind::GuidRfc:
        return false;
    case ValueKind::Character:
        return characterUnit(characterSet) > 1;
    default:
        return fixedLength(kind) > 1;
    }
}

QString kindTitle(ValueKind kind)
{
    switch (kind) {
    case ValueKind::Bits:
        return tr("Bits");
    case ValueKind::Unsigned8:
        return tr("Unsigned 8");
    case ValueKind::Signed8:
        return tr("Signed 8");
    case ValueKind::Unsigned16:
        return tr("Unsigned 16");
    case ValueKind::Signed16:
        return tr("Signed 16");
    case ValueKind::Unsigned32:
        return tr("Unsigned 32");
    case ValueKind::Signed32:
        return tr("Signed 32");
    case ValueKind::Unsigned64:
        return tr("Unsigned 64");
    case ValueKind::Signed64:
        return tr("Signed 64");
    case ValueKind::Float16:
        return tr("Float 16");
    case ValueKind::Float32:
        return tr("Float 32");
    case ValueKind::Float64:
        return tr("Float 64");
    case ValueKind::UnsignedLeb128:
        return tr("ULEB128");
    case ValueKind::SignedLeb128:
        return tr("SLEB128");
    case ValueKind::Character:
        return tr("Character");
    case ValueKind::UnixTime32:
        return tr("Unix time 32");
    case ValueKind::UnixTime64:
        return tr("Unix time 64");
    case ValueKind::FileTime:
        return tr("FILETIME");
    case ValueKind::DosDateTime:
        return tr("DOS time, date");
    case ValueKind::DosDate:
        return tr("DOS date");
    case ValueKind::DosTime:
        return tr("DOS time");
    case ValueKind::GuidMicrosoft:
        return tr("GUID (MS)");
    case ValueKind::GuidRfc:
        return tr("GUID (RFC)");
    }
    return {};
}

QString kindTip(ValueKind kind)
{
    switch (kind) {
    case ValueKind::Bits:
        return tr("The bits of the byte, the highest first. Type eight of them.");
    case ValueKind::Unsigned8:
    case ValueKind::Unsigned16:
    case ValueKind::Unsigned32:
    case ValueKind::Unsigned64:
        return integerTip(static_cast<int>(fixedLength(kind)) * 8, false);
    case ValueKind::Signed8:
    case ValueKind::Signed16:
    case ValueKind::Signed32:
    case ValueKind::Signed64:
        return integerTip(static_cast<int>(fixedLength(kind)) * 8, true);
    case ValueKind::Float16:
    case ValueKind::Float32:
    case ValueKind::Float64:
        return tr("A floating-point number of %1 bits (IEEE 754). Type -1.5, 6e23, inf or nan; "
                  "nan(0x200) names the bits of its fraction.")
            .arg(fixedLength(kind) * 8);
    case ValueKind::UnsignedLeb128:
    case ValueKind::SignedLeb128:
        return tr(
            "A whole number of at most 64 bits, seven to a byte, as in DWARF and WebAssembly. What is typed takes "
            "as many bytes as the number that is there.");
    case ValueKind::Character:
        return tr("The character that begins at the caret. Type one of as many bytes, or its code: U+00E9.");
    case ValueKind::UnixTime32:
    case ValueKind::UnixTime64:
        return tr("Seconds since 1970 in UTC, signed, of %1 bits. Type 2026-11-22 20:50:37Z, or +01:00 in place of Z.")
            .arg(fixedLength(kind) * 8);
    case ValueKind::FileTime:
        return tr("Steps of 100 ns since 1601 in UTC, as Windows and NTFS count. "
                  "Type 2026-11-22 20:50:37.1234567Z, or +01:00 in place of Z.");
    case ValueKind::DosDateTime:
        return tr("A time and then a date, as FAT and ZIP keep them: local time in steps of two seconds, years 1980 to "
                  "2107. Type 2026-11-22 20:50:36.");
    case ValueKind::DosDate:
        return tr("A date as FAT keeps it, years 1980 to 2107. Type 2026-11-22.");
    case ValueKind::DosTime:
        return tr("A time as FAT keeps it, in steps of two seconds. Type 20:50:36.");
    case ValueKind::GuidMicrosoft:
        return tr("A GUID as Microsoft keeps it: its first three fields have the lowest byte first. GPT does so too.");
    case ValueKind::GuidRfc:
        return tr("A GUID whose bytes are in the order they are written, as RFC 9562 has it; ext4 does so.");
    }
    return {};
}

} // namespace cachet
