// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cachecore {

/// Guesses from how somebody scrolls which bytes they will look at next. Only computes: what time it is, it is told.
///
/// The speed is that of the last kEvents scroll events; rows are of one length, so it is counted in bytes. What is reached within kHorizon
/// at that speed is read ahead, but no more than a window, which starts at the least, doubles with each event in the same direction up to
/// kMostBytes and is halved by a turn. A quarter of it, at most the least, is read behind, for the next turn. The least is what is shown,
/// or kLeastBytes when that is more. After a jump, or a move farther than ever is read ahead, nothing is known; after kPause without an
/// event the speed and the window are forgotten. Thread: one at a time.
class ReadAhead {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kEvents = 8;
    static constexpr std::uint64_t kLeastBytes = std::uint64_t{64} << 10;
    static constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 20;
    static constexpr std::chrono::milliseconds kHorizon{2000};
    static constexpr std::chrono::milliseconds kPause{1000};

    /// Bytes to have on each side of what is shown.
    struct Plan {
        std::uint64_t before = 0;
        std::uint64_t after = 0;

        friend bool operator==(const Plan &, const Plan &) = default;
    };

    /// `visible` is shown at `now`, by scrolling from what was shown before. The plan of the last call when it is the same place.
    [[nodiscard]] Plan scrolledTo(ByteRange visible, TimePoint now);
    /// `visible` is shown by other means.
    void jumpedTo(ByteRange visible);

    /// The speed as it is known now; 0 when it is not.
    [[nodiscard]] std::uint64_t bytesPerSecond() const;
    [[nodiscard]] std::uint64_t window() const { return m_window; }

private:
    enum class Direction : std::uint8_t { Unknown, Down, Up };
    struct Event {
        TimePoint at;
        std::uint64_t distance = 0; ///< moved since the event before
    };

    void forgetSpeed();
    void remember(TimePoint now, std::uint64_t distance);
    [[nodiscard]] const Event &event(std::size_t age) const { return m_events[(m_next + kEvents - 1 - age) % kEvents]; }

    ByteOffset m_place;
    bool m_placed = false;
    Direction m_direction = Direction::Unknown;
    std::uint64_t m_window = 0;
    Plan m_plan;
    std::array<Event, kEvents> m_events{}; ///< a ring
    std::size_t m_next = 0;
    std::size_t m_known = 0;
};

} // namespace cachecore
