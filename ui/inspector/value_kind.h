// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

/// What bytes can be read as. Here and in the files *_value.h, moment.h and value_text.h stand plain functions: any thread, nothing blocks.
namespace cachet {

/// One way to read the bytes at a place, a row of the inspector.
enum class ValueKind : std::uint8_t {
    Bits,
    Unsigned8,
    Signed8,
    Unsigned16,
    Signed16,
    Unsigned32,
    Signed32,
    Unsigned64,
    Signed64,
    Float16,
    Float32,
    Float64,
    UnsignedLeb128,
    SignedLeb128,
    Character,
    UnixTime32,
    UnixTime64,
    FileTime,
    DosDateTime,
    DosDate,
    DosTime,
    GuidMicrosoft, ///< its first three fields with the lowest byte first
    GuidRfc,       ///< its bytes as they are written (RFC 9562)
};
inline constexpr std::size_t kValueKindCount = 23;

/// The most bytes any kind looks at.
inline constexpr std::size_t kMostValueBytes = 16;

enum class ByteOrder : std::uint8_t { Little, Big };

/// How values are read and written beside their kind.
struct ValueFormat {
    ByteOrder order = ByteOrder::Little;
    QByteArray characterSet = QByteArrayLiteral("UTF-8"); ///< one of characterSets()
    bool hexIntegers = false;                             ///< integers as 0x2a instead of 42

    friend bool operator==(const ValueFormat &, const ValueFormat &) = default;
};

/// What bytes are as a value of some kind.
struct ReadValue {
    std::size_t length = 0; ///< bytes the value takes, at least 1
    QString text{};         ///< the value; or, when it is none, in a few words why
    bool isValue = true;
    QString note{}; ///< what belongs beside the value and is no part of it

    friend bool operator==(const ReadValue &, const ReadValue &) = default;
};

/// Nothing: it takes more bytes than were given to say.
using Reading = std::optional<ReadValue>;
/// The bytes of a value, or in one sentence why the text is none.
using Writing = std::expected<std::vector<std::byte>, QString>;

/// Bytes a value of that kind always takes; 0 where the value itself says how many.
[[nodiscard]] std::size_t fixedLength(ValueKind kind);
/// False where the order of bytes makes no difference.
[[nodiscard]] bool hasByteOrder(ValueKind kind, const QByteArray &characterSet);
/// What a row is called: "Signed 16".
[[nodiscard]] QString kindTitle(ValueKind kind);
/// What it means, in a sentence.
[[nodiscard]] QString kindTip(ValueKind kind);

} // namespace cachet
