// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <cstdint>
#include <optional>

namespace cachet_test {

/// What a figure is to reach: a bound of the figure itself or of its ratio to the baseline.
struct Target {
    enum class Of : std::uint8_t { Ours, Ratio };
    enum class Bound : std::uint8_t { AtMost, AtLeast };

    Of of = Of::Ratio;
    Bound bound = Bound::AtMost;
    double value = 0; ///< in the figure's unit, or a ratio

    [[nodiscard]] bool met(double ours, double ratio) const;
    /// As people read it: "ratio <= 1.15".
    [[nodiscard]] QString text() const;
};

/// The target of the figure of that name; nothing for one that is only looked at.
[[nodiscard]] std::optional<Target> targetOf(const QString &name);

} // namespace cachet_test
