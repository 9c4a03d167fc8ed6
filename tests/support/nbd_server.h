// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/spawned_program.h"
#include "tests/support/temp_dir.h"

#include <optional>
#include <string>
#include <vector>

namespace cachet_test {

/// An nbdkit that serves one export over a unix socket of its own, from construction or start() to stop() or destruction. The socket listens before the program runs, so that nobody
/// comes too early.
class NbdServer {
public:
    /// `arguments`: plugin and what it takes, filters before it.
    explicit NbdServer(std::vector<std::string> arguments);
    ~NbdServer();
    NbdServer(const NbdServer &) = delete;
    NbdServer &operator=(const NbdServer &) = delete;

    /// Empty when it runs, else why it does not: this machine has no nbdkit.
    [[nodiscard]] const std::string &whyNot() const { return m_whyNot; }
    /// The same after stop() too.
    [[nodiscard]] std::string uri() const { return "nbd+unix:///?socket=" + m_directory.file("socket"); }
    /// Kills it: what it was told and has not passed on is lost. Returns when it is gone.
    void stop();
    /// Runs it again, at the same place.
    void start();

private:
    TempDir m_directory;
    const std::vector<std::string> m_arguments;
    std::string m_whyNot;
    std::optional<SpawnedProgram> m_program;
};

} // namespace cachet_test
