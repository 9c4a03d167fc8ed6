// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include <memory>
#include <variant>

class QMimeData;

namespace cachet {

/// What can be pasted: bytes as they are, or a text that may mean bytes.
using ClipboardContent = std::variant<std::monostate, QByteArray, QString>;

/// Bytes as they are, for any program that takes such (application/octet-stream); also as text where they are one in UTF-8 without zero bytes.
[[nodiscard]] std::unique_ptr<QMimeData> clipboardData(const QByteArray &bytes);
/// Bytes before text; nothing when `data` is null or has neither.
[[nodiscard]] ClipboardContent clipboardContent(const QMimeData *data);

} // namespace cachet
