// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/spawned_program.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachet_test {

namespace {

std::vector<char *> pointersTo(std::vector<std::string> &words)
{
    std::vector<char *> pointers;
    for (std::string &word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environmentWith(const std::vector<std::string> &changes)
{
    std::vector<std::string> all = changes;
    for (char **variable = environ; *variable; ++variable) {
        const std::string_view name = std::string_view(*variable).substr(0, std::string_view(*variable).find('=') + 1);
        bool changed = false;
        for (const std::string &change : changes)
            changed = changed || change.starts_with(name);
        if (!changed)
            all.emplace_back(*variable);
    }
    return all;
}

} // namespace

SpawnedProgram::SpawnedProgram(const std::string &program, const std::vector<std::string> &arguments,
                               const std::vector<std::string> &environment, const std::string &output)
{
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables = environmentWith(environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (posix_spawn(&m_pid, program.c_str(), &actions, nullptr, pointersTo(words).data(), pointersTo(variables).data())
        != 0)
        m_pid = -1;
    posix_spawn_file_actions_destroy(&actions);
}

SpawnedProgram::~SpawnedProgram()
{
    while (m_pid != -1) {
        kill();
        (void)wait();
    }
}

SpawnedProgram::Event SpawnedProgram::wait()
{
    if (m_pid == -1)
        return Event::NotStarted;
    int status = 0;
    while (::waitpid(m_pid, &status, WUNTRACED) < 0) {
        if (errno != EINTR) {
            m_pid = -1;
            return Event::NotStarted;
        }
    }
    if (WIFSTOPPED(status))
        return Event::Stopped;
    m_pid = -1;
    m_exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return WIFEXITED(status) ? Event::Exited : Event::Killed;
}

void SpawnedProgram::resume()
{
    if (m_pid != -1)
        ::kill(m_pid, SIGCONT);
}

void SpawnedProgram::kill()
{
    if (m_pid != -1)
        ::kill(m_pid, SIGKILL);
}

void SpawnedProgram::terminate()
{
    if (m_pid == -1)
        return;
    ::kill(m_pid, SIGTERM);
    ::kill(m_pid, SIGCONT);
}

} // namespace cachet_test
