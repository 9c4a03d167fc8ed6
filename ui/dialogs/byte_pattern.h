// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringView>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

namespace cachet {

/// A value, or in one sentence why what was typed is none.
template <typename T>
using Typing = std::expected<T, QString>;

/// "DE AD be ef", "deadbeef", "0xDE, 0xAD": at least one byte. Spaces and commas may stand between bytes.
[[nodiscard]] Typing<std::vector<std::byte>> parseHexBytes(QStringView text);
/// The text in UTF-8: at least one character.
[[nodiscard]] Typing<std::vector<std::byte>> parseTextBytes(const QString &text);
/// "42", "0x2A"; at most `most`. `name` begins the sentence: "The seed".
[[nodiscard]] Typing<std::uint64_t> parseNumber(const QString &name, const QString &text, std::uint64_t most);
/// The same with a sign allowed: "-1" counts down, as 2^64 - 1.
[[nodiscard]] Typing<std::uint64_t> parseStep(const QString &name, const QString &text);

/// "DE AD BE EF  ....", and "…" at the end when there is more than `bytes`.
[[nodiscard]] QString previewText(std::span<const std::byte> bytes, bool more);

} // namespace cachet
