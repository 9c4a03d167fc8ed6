// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/value_text.h"

#include "ui/inspector/character_value.h"
#include "ui/inspector/float_value.h"
#include "ui/inspector/guid_value.h"
#include "ui/inspector/integer_value.h"
#include "ui/inspector/leb128_value.h"
#include "ui/inspector/time_value.h"

namespace cachet {

namespace {

bool isSigned(ValueKind kind)
{
    return kind == ValueKind::Signed8 || kind == ValueKind::Signed16 || kind == ValueKind::Signed32
        || kind == ValueKind::Signed64 || kind == ValueKind::SignedLeb128;
}

DosPart dosPart(ValueKind kind)
{
    return kind == ValueKind::DosDate ? DosPart::Date : kind == ValueKind::DosTime ? DosPart::Time : DosPart::DateTime;
}

} // namespace

Reading readValue(ValueKind kind, std::span<const std::byte> bytes, const ValueFormat &format)
{
    const std::size_t length = fixedLength(kind);
    if (bytes.size() < length)
        return std::nullopt;
    const auto own = bytes.first(length);
    switch (kind) {
    case ValueKind::Bits:
        return readBits(own.front());
    case ValueKind::Float16:
    case ValueKind::Float32:
    case ValueKind::Float64:
        return readFloat(own, format.order);
    case ValueKind::UnsignedLeb128:
    case ValueKind::SignedLeb128:
        return readLeb128(bytes, isSigned(kind), format);
    case ValueKind::Character:
        return readCharacter(bytes, format);
    case ValueKind::UnixTime32:
    case ValueKind::UnixTime64:
        return readUnixTime(own, format.order);
    case ValueKind::FileTime:
        return readFileTime(own, format.order);
    case ValueKind::DosDateTime:
    case ValueKind::DosDate:
    case ValueKind::DosTime:
        return readDosTime(own, dosPart(kind), format.order);
    case ValueKind::GuidMicrosoft:
    case ValueKind::GuidRfc:
        return readGuid(own, kind == ValueKind::GuidMicrosoft);
    default:
        return readInteger(own, isSigned(kind), format);
    }
}

Writing writeValue(ValueKind kind, const QString &text, std::size_t length, const ValueFormat &format)
{
    switch (kind) {
    case ValueKind::Bits:
        return writeBits(text);
    case ValueKind::Float16:
    case ValueKind::Float32:
    case ValueKind::Float64:
        return writeFloat(text, length, format.order);
    case ValueKind::UnsignedLeb128:
    case ValueKind::SignedLeb128:
        return writeLeb128(text, length, isSigned(kind));
    case ValueKind::Character:
        return writeCharacter(text, length, format);
    case ValueKind::UnixTime32:
    case ValueKind::UnixTime64:
        return writeUnixTime(text, length, format.order);
    case ValueKind::FileTime:
        return writeFileTime(text, format.order);
    case ValueKind::DosDateTime:
    case ValueKind::DosDate:
    case ValueKind::DosTime:
        return writeDosTime(text, dosPart(kind), format.order);
    case ValueKind::GuidMicrosoft:
    case ValueKind::GuidRfc:
        return writeGuid(text, kind == ValueKind::GuidMicrosoft);
    default:
        return writeInteger(text, length, isSigned(kind), format);
    }
}

} // namespace cachet
