// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <sys/types.h>

namespace cachet_test {

/// A second process, named "lock-holder", that holds a file until this object goes. It asks the system itself and so judges independently.
class LockHolder {
public:
    enum class Way {
        Flock,        ///< the whole file, as another Cachet does
        OpenFileLock, ///< one byte shared, bound to the open file, as a virtual machine does
        ProcessLock,  ///< one byte, bound to the process, as older programs do
        Exclusively,  ///< a device opened with O_EXCL
    };

    /// Returns when the other process has it. Only before other threads are started.
    LockHolder(const std::string &path, Way way);
    ~LockHolder();
    LockHolder(const LockHolder &) = delete;
    LockHolder &operator=(const LockHolder &) = delete;

    /// False when the system refused the other process.
    [[nodiscard]] bool holds() const { return m_holds; }
    /// "lock-holder (process 123)"
    [[nodiscard]] std::string name() const;
    /// Ends the other process and so its lock; returns when both are gone.
    void letGo();

private:
    pid_t m_process = -1;
    int m_rope = -1; ///< the other process ends when this is closed
    bool m_holds = false;
};

/// True when a process that asks now gets the lock of writers on `path`.
[[nodiscard]] bool lockIsFree(const std::string &path);

} // namespace cachet_test
