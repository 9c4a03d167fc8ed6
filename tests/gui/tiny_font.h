// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

namespace cachet_test {

/// A TrueType font of fixed width named `family` (ASCII) that knows the ten decimal digits, each a bar of its own height, and nothing else.
/// Made by the tables of the OpenType specification 1.9 that are required.
[[nodiscard]] QByteArray fontOfDigits(const QByteArray &family);

} // namespace cachet_test
