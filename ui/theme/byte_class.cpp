// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/byte_class.h"

namespace cachet {

namespace {

constexpr ByteClass classify(unsigned value)
{
    if (value == 0x00)
        return ByteClass::Zero;
    if (value == 0xFF)
        return ByteClass::Full;
    if (value >= 0x80)
        return ByteClass::High;
    return value < 0x20 || value == 0x7F ? ByteClass::Control : ByteClass::Printable;
}

constexpr auto kClasses = [] {
    std::array<ByteClass, 256> classes{};
    for (unsigned value = 0; value < classes.size(); ++value)
        classes[value] = classify(value);
    return classes;
}();

} // namespace

ByteClass byteClass(std::byte byte)
{
    return kClasses[std::to_integer<std::size_t>(byte)];
}

} // namespace cachet
