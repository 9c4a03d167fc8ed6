// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cachet {

/// Estimates how long work in batches of several phases will still take, from what it took so far, and says nothing while that says
/// too little: a phase's speed tells only of that phase, and only a finished batch tells of the batches to come.
class TimeLeft {
public:
    struct Estimate {
        std::chrono::seconds seconds{0};
        bool ofPhase = false; ///< of the phase only; what follows it is not known yet

        friend bool operator==(const Estimate &, const Estimate &) = default;
    };
    using Clock = std::chrono::milliseconds; ///< since the work began

    /// A phase must have run this long, and this part of it be done, before its speed is believed.
    static constexpr Clock kLeastTime{2000};
    static constexpr double kLeastPart = 0.03;

    /// Call often: with the number of the phase (any number that differs from phase to phase), the bytes of it that are done, and the batch, from 1.
    [[nodiscard]] std::optional<Estimate> at(Clock now, int phase, std::uint64_t done, std::uint64_t total,
                                             std::uint64_t batch, std::uint64_t batchCount);

private:
    [[nodiscard]] std::optional<Estimate> ofPhase(Clock now, std::uint64_t done, std::uint64_t total) const;

    int m_phase = -1;
    std::uint64_t m_batch = 0;
    Clock m_phaseBegan{0};
    Clock m_firstBatchBegan{0};
    Clock m_batchBegan{0};
};

} // namespace cachet
