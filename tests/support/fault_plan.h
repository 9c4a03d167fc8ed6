// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/gate.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace cachet_test {

/// How long a planned failure lasts.
enum class Repeat : std::uint8_t {
    Once,    ///< the one operation fails, the next works
    ForGood, ///< it and all after it fail
};

/// Which operation of which kind fails, waits or hangs; the heart of FaultEnv and FaultSource. Kinds are numbers
/// below the count given. Counting starts at 0 and goes on until `resetCounts`.
/// Thread: any.
class FaultPlan {
public:
    explicit FaultPlan(std::size_t kinds);

    /// The operation of `kind` with number `nth` (0 is the next one after this call) fails with `errnoValue`.
    void fail(std::size_t kind, std::uint64_t nth, int errnoValue, Repeat repeat);
    /// The same, counting operations of all kinds together.
    void failAny(std::uint64_t nth, int errnoValue, Repeat repeat);
    /// No planned failure any more; delays and gates stay.
    void clearFailures();
    /// Each operation of `kind` first waits this long; 0 turns it off.
    void setDelay(std::size_t kind, std::chrono::milliseconds delay);
    /// Each operation of `kind` first passes `gate`; nullptr turns it off.
    void setGate(std::size_t kind, std::shared_ptr<Gate> gate);

    /// Operations of `kind` begun so far, failed ones too.
    [[nodiscard]] std::uint64_t count(std::size_t kind) const;
    [[nodiscard]] std::uint64_t total() const;
    void resetCounts();

    /// To be called at the start of an operation: counts it, waits as planned, and says with which errno it fails.
    [[nodiscard]] std::optional<int> enter(std::size_t kind);

private:
    struct Failure {
        std::optional<std::size_t> kind; ///< nothing: any
        std::uint64_t remaining = 0;     ///< operations that still succeed before it
        int errnoValue = 0;
        Repeat repeat = Repeat::Once;
    };
    struct Kind {
        std::uint64_t count = 0;
        std::chrono::milliseconds delay{0};
        std::shared_ptr<Gate> gate;
    };

    [[nodiscard]] std::optional<int> nextFailure(std::size_t kind);

    mutable std::mutex m_mutex; ///< guards the rest
    std::vector<Kind> m_kinds;
    std::vector<Failure> m_failures;
};

} // namespace cachet_test
