// SPDX-License-Identifier: GPL-3.0-or-later
//
// failing_fs BACKING MOUNTPOINT CACHING [ro]
//
// Shows the files of the folder BACKING at MOUNTPOINT, and answers requests wrongly as told (see fault_rules.h). CACHING: direct (the
// kernel keeps no pages), cached (it keeps what was read and written) or writeback (it also writes later). Stops itself (SIGSTOP) once it
// is mounted; SIGTERM unmounts it, whatever is still open, and ends it.
//
// It is told by lines written to the file ".control", which no listing shows: a rule; "clear" (no rules any more); "release" (requests
// that hang go on as if nothing had been); "await N" (answered when N requests hang). Reading it gives the number of requests that went wrong.
#include "tests/fuse/failing_fs.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace cachet_test::failing_fs {

FileSystem fs;

void answer(fuse_req_t req, int result)
{
    fuse_reply_err(req, result < 0 ? errno : 0);
}

void withFault(fuse_req_t req, FaultPlace place, FaultOp op, std::uint64_t begin, std::uint64_t length,
               std::function<void(std::size_t)> perform, const std::function<void()> &pretend)
{
    const Fault fault = fs.rules.next(place, op, begin, begin + std::max<std::uint64_t>(length, 1));
    switch (fault.effect) {
    case FaultEffect::None:
        return perform(length);
    case FaultEffect::Fail:
        fuse_reply_err(req, static_cast<int>(fault.value));
        return;
    case FaultEffect::Short:
        return perform(std::min<std::size_t>(length, fault.value));
    case FaultEffect::Drop:
        return pretend();
    case FaultEffect::Hang:
        fs.hanging.push_back([perform = std::move(perform), length] { perform(length); });
        break;
    }
    std::erase_if(fs.awaiting, [](const Awaiting &one) {
        if (fs.hanging.size() < one.hanging)
            return false;
        fuse_reply_write(one.req, one.lineBytes);
        return true;
    });
}

namespace {

void init(void *, fuse_conn_info *connection)
{
    if (fs.caching == "writeback")
        connection->want |= connection->capable & FUSE_CAP_WRITEBACK_CACHE;
}

/// Unmounts and ends the program at SIGTERM, which comes too when the program that started this one ends.
void endAtSignal(fuse_session *session)
{
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([session, signals] {
        int signal = 0;
        ::sigwait(&signals, &signal);
        fuse_session_unmount(session);
        ::_exit(0);
    }).detach();
}

} // namespace

} // namespace cachet_test::failing_fs

using namespace cachet_test::failing_fs;

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    fs.folder = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fs.caching = argv[3];
    ::umask(0);
    std::string words[] = {argv[0], "-o", argc > 4 ? "fsname=failing_fs,ro" : "fsname=failing_fs"};
    char *arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    fuse_args args = FUSE_ARGS_INIT(3, arguments);
    fuse_lowlevel_ops all{};
    all.init = init;
    addNameOperations(all);
    addFileOperations(all);
    fuse_session *const session = fuse_session_new(&args, &all, sizeof all, nullptr);
    if (fs.folder < 0 || !session || fuse_session_mount(session, argv[2]) != 0)
        return 1;
    endAtSignal(session);
    (void)::raise(SIGSTOP);
    const int ended = fuse_session_loop(session);
    fuse_session_unmount(session);
    return ended == 0 ? 0 : 1;
}
