// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/nbd_server.h"

#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace cachet_test {

namespace {

constexpr const char *kProgram = "/usr/bin/nbdkit";

/// A listening unix socket that programs started from here inherit; -1 when the system refuses.
int listenAt(const std::string &path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return -1;
    std::memcpy(address.sun_path, path.data(), path.size());
    unlink(path.c_str());
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0 && listen(listener, 16) == 0)
        return listener;
    close(listener);
    return -1;
}

} // namespace

NbdServer::NbdServer(std::vector<std::string> arguments)
    : m_arguments(std::move(arguments))
{
    start();
}

NbdServer::~NbdServer()
{
    stop();
}

void NbdServer::stop()
{
    if (!m_program)
        return;
    m_program->kill();
    (void)m_program->wait();
    m_program.reset();
}

void NbdServer::start()
{
    if (access(kProgram, X_OK) != 0) {
        m_whyNot = "this machine has no nbdkit";
        return;
    }
    const int listener = listenAt(m_directory.file("socket"));
    if (listener < 0) {
        m_whyNot = "this machine gives no unix socket";
        return;
    }
    // The protocol of systemd's socket activation: the listening socket is descriptor 3, for the process of this number.
    const std::string script = "exec 3<&" + std::to_string(listener)
        + R"(; LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$@")";
    std::vector<std::string> words{"-c", script, "sh", kProgram, "--foreground", "--exit-with-parent"};
    words.insert(words.end(), m_arguments.begin(), m_arguments.end());
    m_program.emplace("/bin/sh", words, std::vector<std::string>{}, m_directory.file("output"));
    close(listener);
}

} // namespace cachet_test
