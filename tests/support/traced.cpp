// SPDX-License-Identifier: GPL-3.0-or-later
//
// traced PROGRAM [ARGUMENT...]: runs a test under ThreadSanitizer the way it can bear, and ends as the test ends.
//
//  - As a traced process. Qt Test starts its watchdog, a QThread of the distribution's library, only where nobody
//    traces; the sanitizer does not see how that library synchronises, and reports its end as a race.
//    ctest's time limit does the watchdog's work.
//  - With an address space that is not randomised, which the sanitizer cannot stand where a kernel randomises much.
//
// Nothing of the test is stopped or changed. Where tracing or the rest is forbidden the test runs without.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// The child's part: waits until the parent traces it, then becomes the test.
[[noreturn]] void becomeTest(int readyToRead, char **command)
{
    char ready = 0;
    while (read(readyToRead, &ready, 1) < 0 && errno == EINTR) { }
    close(readyToRead);
    const int persona = personality(0xffffffff);
    if (persona != -1)
        personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE);
    execvp(command[0], command);
    std::fprintf(stderr, "%s cannot be started: %s\n", command[0], std::strerror(errno));
    _exit(127);
}

/// Ends this process by the signal that ended the test, without a core of its own.
[[noreturn]] void endBySignal(int signal)
{
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    _exit(128 + signal);
}

/// Lets the test go on from a stop that tracing caused: a signal reaches it, a stop holds as without tracing.
void letGoOn(pid_t test, int status)
{
    const int signal = WSTOPSIG(status);
    if (status >> 16 != PTRACE_EVENT_STOP)
        ptrace(PTRACE_CONT, test, nullptr, signal);
    else if (signal == SIGTRAP)
        ptrace(PTRACE_CONT, test, nullptr, 0);
    else
        ptrace(PTRACE_LISTEN, test, nullptr, 0);
}

} // namespace

int main(int argc, char **argv)
{
    int ready[2];
    if (argc < 2 || pipe(ready) != 0) {
        std::fputs("Usage: traced PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    const pid_t test = fork();
    if (test < 0) {
        std::perror("fork");
        return 2;
    }
    if (test == 0) {
        close(ready[1]);
        becomeTest(ready[0], argv + 1);
    }
    if (ptrace(PTRACE_SEIZE, test, nullptr, PTRACE_O_EXITKILL) != 0)
        std::fprintf(stderr, "The test runs untraced: %s\n", std::strerror(errno));
    close(ready[0]);
    close(ready[1]);
    for (int status = 0;;) {
        if (waitpid(test, &status, 0) < 0) {
            if (errno == EINTR)
                continue;
            std::perror("waitpid");
            return 2;
        }
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            endBySignal(WTERMSIG(status));
        if (WIFSTOPPED(status))
            letGoOn(test, status);
    }
}
