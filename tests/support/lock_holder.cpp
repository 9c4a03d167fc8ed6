// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/lock_holder.h"

#include "tests/support/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachet_test {

namespace {

bool take(const std::string &path, LockHolder::Way way)
{
    const int exclusively = way == LockHolder::Way::Exclusively ? O_EXCL : 0;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | exclusively);
    if (descriptor < 0)
        return false;
    struct flock byte{};
    byte.l_whence = SEEK_SET;
    byte.l_start = 100;
    byte.l_len = 1;
    switch (way) {
    case LockHolder::Way::Flock:
        return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    case LockHolder::Way::OpenFileLock:
        byte.l_type = F_RDLCK;
        return ::fcntl(descriptor, F_OFD_SETLK, &byte) == 0;
    case LockHolder::Way::ProcessLock:
        byte.l_type = F_WRLCK;
        return ::fcntl(descriptor, F_SETLK, &byte) == 0;
    case LockHolder::Way::Exclusively:
        return true;
    }
    return false;
}

} // namespace

LockHolder::LockHolder(const std::string &path, Way way)
{
    std::array<int, 2> told{};
    std::array<int, 2> rope{};
    if (::pipe2(told.data(), O_CLOEXEC) != 0)
        return;
    if (::pipe2(rope.data(), O_CLOEXEC) != 0) {
        ::close(told[0]);
        ::close(told[1]);
        return;
    }
    std::fflush(nullptr);
    m_process = ::fork();
    if (m_process == 0) {
        ::close(rope[1]);
        ::prctl(PR_SET_NAME, "lock-holder");
        const char answer = take(path, way) ? 'y' : 'n';
        char end = 0;
        if (::write(told[1], &answer, 1) == 1)
            while (::read(rope[0], &end, 1) < 0 && errno == EINTR) { }
        ::_exit(0);
    }
    ::close(told[1]);
    ::close(rope[0]);
    m_rope = rope[1];
    char answer = 'n';
    while (::read(told[0], &answer, 1) < 0 && errno == EINTR) { }
    ::close(told[0]);
    m_holds = answer == 'y';
}

LockHolder::~LockHolder()
{
    letGo();
}

std::string LockHolder::name() const
{
    return "lock-holder (process " + std::to_string(m_process) + ')';
}

void LockHolder::letGo()
{
    if (m_process <= 0)
        return;
    // Told and not only cut off: processes started since have the other end too.
    if (::write(m_rope, "", 1) != 1)
        ::kill(m_process, SIGKILL);
    ::close(m_rope);
    while (::waitpid(m_process, nullptr, 0) < 0 && errno == EINTR) { }
    m_process = -1;
}

bool lockIsFree(const std::string &path)
{
    return runInChild([&] { return take(path, LockHolder::Way::Flock) ? ChildResult::Passed : ChildResult::Failed; })
        == ChildResult::Passed;
}

} // namespace cachet_test
