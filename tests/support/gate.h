// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace cachet_test {

/// A place threads have to pass: open, they pass at once; closed, they wait there until somebody opens it, for ever if
/// nobody does (a hung disk). Hold it by shared_ptr, as the threads that wait do.
/// Thread: any.
class Gate {
public:
    enum class Initially : bool { Open, Closed };
    explicit Gate(Initially initially = Initially::Closed)
        : m_open(initially == Initially::Open)
    {
    }

    void open();
    void close();
    /// Returns once the gate is open.
    void pass();
    /// Threads waiting at the gate now.
    [[nodiscard]] unsigned waiting() const;
    /// Waits until at least `threads` wait at the gate; false when that took longer than `limit`.
    [[nodiscard]] bool waitForWaiting(unsigned threads,
                                      std::chrono::milliseconds limit = std::chrono::seconds(20)) const;

private:
    mutable std::mutex m_mutex; ///< guards the rest
    mutable std::condition_variable m_changed;
    bool m_open;
    unsigned m_waiting = 0;
};

} // namespace cachet_test
