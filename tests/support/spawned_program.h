// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace cachet_test {

/// Another program, started by posix_spawn (ThreadSanitizer loses track of a thread that forks by itself) and ended, at the latest, with this
/// object. What it prints goes to a file. Thread: one.
class SpawnedProgram {
public:
    /// `environment`: NAME=VALUE, over what this program has. `output`: a path; what it prints goes there, errors too.
    SpawnedProgram(const std::string &program, const std::vector<std::string> &arguments,
                   const std::vector<std::string> &environment, const std::string &output);
    ~SpawnedProgram();
    SpawnedProgram(const SpawnedProgram &) = delete;
    SpawnedProgram &operator=(const SpawnedProgram &) = delete;

    enum class Event {
        NotStarted,
        Exited,  ///< by itself, see exitCode
        Killed,  ///< by a signal
        Stopped, ///< by SIGSTOP, and still there
    };
    /// Waits for the next event. Blocking.
    Event wait();
    [[nodiscard]] int exitCode() const { return m_exitCode; }
    /// Continues after Stopped.
    void resume();
    /// SIGKILL; wait tells when it is gone.
    void kill();
    /// SIGTERM, also to one that is stopped.
    void terminate();

private:
    pid_t m_pid = -1; ///< -1: none, or gone
    int m_exitCode = -1;
};

} // namespace cachet_test
