// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspector/value_kind.h"

#include <span>

namespace cachet {

/// A way to write characters as bytes.
struct CharacterSet {
    QByteArray name; ///< as the library that converts knows it, order of bytes aside; what settings keep
    QString title{};
    std::size_t unit = 1; ///< bytes of the smallest piece

    friend bool operator==(const CharacterSet &, const CharacterSet &) = default;
};

/// Those this system can convert, the usual ones first. Never empty: UTF-8, UTF-16, UTF-32 and Latin-1 are always there.
[[nodiscard]] const std::vector<CharacterSet> &characterSets();
/// CharacterSet::unit of the one called `name`; 1 for one that is not known.
[[nodiscard]] std::size_t characterUnit(const QByteArray &name);

/// The character that `bytes` begin with: itself where it shows, else its code (U+000A).
[[nodiscard]] Reading readCharacter(std::span<const std::byte> bytes, const ValueFormat &format);
/// In exactly `length` bytes; a character that takes another number of them is refused.
[[nodiscard]] Writing writeCharacter(const QString &text, std::size_t length, const ValueFormat &format);

} // namespace cachet
