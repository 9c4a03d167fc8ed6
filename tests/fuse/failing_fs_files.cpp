// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_fs.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cachet_test::failing_fs {

namespace {

OpenFile &fileOf(const fuse_file_info *info)
{
    return *reinterpret_cast<OpenFile *>(info->fh);
}

/// Under writeback the kernel reads and appends by itself, whatever it was asked for. What is asked past the kernel's memory may come from
/// that of the folder's own disk, where it needs no alignment.
int flagsOf(int flags)
{
    if (fs.caching == "writeback" && (flags & O_ACCMODE) == O_WRONLY)
        flags = (flags & ~O_ACCMODE) | O_RDWR;
    return (flags & ~(O_NOFOLLOW | O_APPEND | O_DIRECT)) | O_CLOEXEC;
}

void keep(fuse_file_info *info, int fd, FaultPlace place)
{
    info->fh = reinterpret_cast<std::uint64_t>(new OpenFile{fd, place});
    info->direct_io = fs.caching == "direct";
}

void open(fuse_req_t req, fuse_ino_t number, fuse_file_info *info)
{
    if (number == kControl) {
        info->direct_io = 1;
        fuse_reply_open(req, info);
        return;
    }
    const int fd = ::open(pathOf(number).c_str(), flagsOf(info->flags) & ~O_CREAT);
    if (fd < 0) {
        fuse_reply_err(req, errno);
        return;
    }
    keep(info, fd, nodeOf(number).place);
    fuse_reply_open(req, info);
}

void create(fuse_req_t req, fuse_ino_t, const char *name, mode_t mode, fuse_file_info *info)
{
    fuse_entry_param entry{};
    const int fd = ::openat(fs.folder, name, flagsOf(info->flags) | O_CREAT, mode);
    if (fd < 0 || !lookUp(name, entry)) {
        fuse_reply_err(req, errno);
        if (fd >= 0)
            ::close(fd);
        return;
    }
    keep(info, fd, nodeOf(entry.ino).place);
    fuse_reply_create(req, &entry, info);
}

void release(fuse_req_t req, fuse_ino_t number, fuse_file_info *info)
{
    if (number != kControl) {
        ::close(fileOf(info).fd);
        delete &fileOf(info);
    }
    fuse_reply_err(req, 0);
}

void read(fuse_req_t req, fuse_ino_t number, std::size_t size, off_t at, fuse_file_info *info)
{
    if (number == kControl) {
        const std::string text = std::to_string(fs.rules.applied()) + '\n';
        const std::size_t from = std::min(text.size(), static_cast<std::size_t>(at));
        fuse_reply_buf(req, text.data() + from, std::min(size, text.size() - from));
        return;
    }
    const int fd = fileOf(info).fd;
    withFault(
        req, fileOf(info).place, FaultOp::Read, static_cast<std::uint64_t>(at), size,
        [req, fd, at](std::size_t bytes) {
            std::string buffer(bytes, '\0');
            const ssize_t got = ::pread(fd, buffer.data(), bytes, at);
            if (got < 0)
                fuse_reply_err(req, errno);
            else
                fuse_reply_buf(req, buffer.data(), static_cast<std::size_t>(got));
        },
        [req] { fuse_reply_buf(req, nullptr, 0); });
}

/// Answers when that is due, which for "await" is later.
void obey(fuse_req_t req, const std::string &line)
{
    unsigned long wanted = 0;
    bool known = true;
    if (line == "clear") {
        fs.rules.clear();
    } else if (line == "release") {
        for (const auto &resume : std::exchange(fs.hanging, {}))
            resume();
    } else if (std::sscanf(line.c_str(), "await %lu", &wanted) == 1) {
        if (fs.hanging.size() < wanted) {
            fs.awaiting.push_back({req, wanted, line.size()});
            return;
        }
    } else {
        known = fs.rules.add(line);
    }
    if (known)
        fuse_reply_write(req, line.size());
    else
        fuse_reply_err(req, EINVAL);
}

void write(fuse_req_t req, fuse_ino_t number, const char *bytes, std::size_t size, off_t at, fuse_file_info *info)
{
    std::string buffer(bytes, size);
    if (number == kControl)
        return obey(req, buffer);
    const int fd = fileOf(info).fd;
    withFault(
        req, fileOf(info).place, FaultOp::Write, static_cast<std::uint64_t>(at), size,
        [req, fd, at, held = std::move(buffer)](std::size_t bound) {
            const ssize_t put = ::pwrite(fd, held.data(), bound, at);
            if (put < 0)
                fuse_reply_err(req, errno);
            else
                fuse_reply_write(req, static_cast<std::size_t>(put));
        },
        [req, size] { fuse_reply_write(req, size); });
}

void fsync(fuse_req_t req, fuse_ino_t number, int, fuse_file_info *info)
{
    if (number == kControl) {
        fuse_reply_err(req, 0);
        return;
    }
    const int fd = fileOf(info).fd;
    withFault(
        req, fileOf(info).place, FaultOp::Sync, 0, 0, [req, fd](std::size_t) { answer(req, ::fdatasync(fd)); },
        [req] { fuse_reply_err(req, 0); });
}

void fsyncdir(fuse_req_t req, fuse_ino_t, int, fuse_file_info *)
{
    answer(req, ::fsync(fs.folder));
}

void flock(fuse_req_t req, fuse_ino_t, fuse_file_info *info, int operation)
{
    const int fd = fileOf(info).fd;
    withFault(
        req, fileOf(info).place, FaultOp::Lock, 0, 0,
        [req, fd, operation](std::size_t) { answer(req, ::flock(fd, operation | LOCK_NB)); },
        [req] { fuse_reply_err(req, 0); });
}

void fallocate(fuse_req_t req, fuse_ino_t, int mode, off_t at, off_t length, fuse_file_info *info)
{
    answer(req, ::fallocate(fileOf(info).fd, mode, at, length));
}

} // namespace

void addFileOperations(fuse_lowlevel_ops &all)
{
    all.open = open;
    all.create = create;
    all.release = release;
    all.read = read;
    all.write = write;
    all.fsync = fsync;
    all.fsyncdir = fsyncdir;
    all.flock = flock;
    all.fallocate = fallocate;
}

} // namespace cachet_test::failing_fs
