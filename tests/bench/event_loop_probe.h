// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <atomic>
#include <chrono>
#include <thread>

namespace cachet_test {

/// Measures how long the GUI thread lets an event wait: a thread of its own posts one as soon as the last was
/// answered, at most one a millisecond, and the longest wait is kept.
class EventLoopProbe final : public QObject {
public:
    EventLoopProbe();
    ~EventLoopProbe() override;

    /// The longest wait since the last call, in milliseconds; the one not answered yet counts too.
    [[nodiscard]] double takeLongestMs();

protected:
    bool event(QEvent *event) override;

private:
    using Clock = std::chrono::steady_clock;

    void post(const std::stop_token &stop);
    void note(Clock::time_point posted);

    std::atomic<bool> m_answered{true};
    std::atomic<Clock::rep> m_posted{0}; ///< when the event under way was posted
    double m_longestMs = 0;              ///< GUI thread only
    std::jthread m_thread;               ///< last, so that it ends first
};

} // namespace cachet_test
