// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/child.h"

#include <cerrno>
#include <cstdio>

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachet_test {

ChildResult runInChild(const std::function<ChildResult()> &body)
{
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0)
        return ChildResult::Failed;
    if (child == 0) {
        const ChildResult result = body();
        std::fflush(nullptr);
        ::_exit(static_cast<int>(result));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return ChildResult::Failed;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) > static_cast<int>(ChildResult::Skipped))
        return ChildResult::Failed;
    return static_cast<ChildResult>(WEXITSTATUS(status));
}

bool dropRoot()
{
    constexpr unsigned kNobody = 65534;
    if (::geteuid() != 0)
        return true;
    return ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0 && ::setuid(0) != 0;
}

} // namespace cachet_test
