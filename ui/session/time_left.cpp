// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/time_left.h"

#include <algorithm>

namespace cachet {

std::optional<TimeLeft::Estimate> TimeLeft::at(Clock now, int phase, std::uint64_t done, std::uint64_t total,
                                               std::uint64_t batch, std::uint64_t batchCount)
{
    if (batch != m_batch) {
        if (m_batch == 0)
            m_firstBatchBegan = now;
        m_batch = batch;
        m_batchBegan = now;
    }
    if (phase != m_phase) {
        m_phase = phase;
        m_phaseBegan = now;
    }
    if (batch < 2 || batch > batchCount || m_batchBegan - m_firstBatchBegan < kLeastTime)
        return ofPhase(now, done, total);
    const auto perBatch = (m_batchBegan - m_firstBatchBegan) / static_cast<Clock::rep>(batch - 1);
    const auto ofThis = std::max(perBatch - (now - m_batchBegan), Clock(0));
    const auto left = perBatch * static_cast<Clock::rep>(batchCount - batch) + ofThis;
    return Estimate{std::chrono::ceil<std::chrono::seconds>(left), false};
}

std::optional<TimeLeft::Estimate> TimeLeft::ofPhase(Clock now, std::uint64_t done, std::uint64_t total) const
{
    if (total == 0 || done > total)
        return std::nullopt;
    const double part = static_cast<double>(done) / static_cast<double>(total);
    const Clock ran = now - m_phaseBegan;
    if (part < kLeastPart || ran < kLeastTime)
        return std::nullopt;
    const double left = static_cast<double>(ran.count()) * (1.0 - part) / part;
    return Estimate{std::chrono::ceil<std::chrono::seconds>(Clock(static_cast<Clock::rep>(left))), true};
}

} // namespace cachet
