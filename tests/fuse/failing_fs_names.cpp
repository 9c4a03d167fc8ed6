// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_fs.h"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cachet_test::failing_fs {

namespace {

struct stat controlStatus()
{
    struct stat status{};
    status.st_ino = kControl;
    status.st_mode = S_IFREG | 0600;
    status.st_nlink = 1;
    return status;
}

void lookup(fuse_req_t req, fuse_ino_t, const char *name)
{
    fuse_entry_param entry{};
    if (lookUp(name, entry))
        fuse_reply_entry(req, &entry);
    else
        fuse_reply_err(req, errno);
}

void forget(fuse_req_t req, fuse_ino_t number, std::uint64_t count)
{
    if (number != FUSE_ROOT_ID && number != kControl && (nodeOf(number).lookups -= count) == 0) {
        ::close(nodeOf(number).fd);
        std::erase_if(fs.nodes, [&](const auto &entry) { return entry.second.get() == &nodeOf(number); });
    }
    fuse_reply_none(req);
}

void unlink(fuse_req_t req, fuse_ino_t, const char *name)
{
    answer(req, ::unlinkat(fs.folder, name, 0));
}

void rename(fuse_req_t req, fuse_ino_t, const char *name, fuse_ino_t, const char *to, unsigned)
{
    withFault(
        req, name == kImageName ? FaultPlace::Image : FaultPlace::Other, FaultOp::Rename, 0, 0,
        [req, from = std::string(name), into = std::string(to)](std::size_t) {
            answer(req, ::renameat(fs.folder, from.c_str(), fs.folder, into.c_str()));
        },
        [req] { fuse_reply_err(req, 0); });
}

void readdir(fuse_req_t req, fuse_ino_t, std::size_t size, off_t offset, fuse_file_info *)
{
    std::string listing(size, '\0');
    std::size_t used = 0;
    off_t position = 0;
    DIR *const folder = ::fdopendir(::openat(fs.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (const dirent *entry = folder ? ::readdir(folder) : nullptr) {
        if (position++ < offset)
            continue;
        struct stat status{};
        status.st_ino = entry->d_ino;
        status.st_mode = static_cast<mode_t>(entry->d_type) << 12;
        const std::size_t needed
            = fuse_add_direntry(req, listing.data() + used, size - used, entry->d_name, &status, position);
        if (needed > size - used)
            break;
        used += needed;
    }
    if (folder)
        ::closedir(folder);
    fuse_reply_buf(req, listing.data(), used);
}

void getattr(fuse_req_t req, fuse_ino_t number, fuse_file_info *)
{
    struct stat status = controlStatus();
    if (number != kControl && ::fstatat(descriptorOf(number), "", &status, AT_EMPTY_PATH) != 0)
        fuse_reply_err(req, errno);
    else
        fuse_reply_attr(req, &status, 0);
}

void setattr(fuse_req_t req, fuse_ino_t number, struct stat *wanted, int what, fuse_file_info *info)
{
    const bool sized = number != kControl && (what & FUSE_SET_ATTR_SIZE) != 0;
    const bool moded = number != kControl && (what & FUSE_SET_ATTR_MODE) != 0;
    if ((sized && ::truncate(pathOf(number).c_str(), wanted->st_size) != 0)
        || (moded && ::chmod(pathOf(number).c_str(), wanted->st_mode) != 0))
        fuse_reply_err(req, errno);
    else
        getattr(req, number, info);
}

void statfs(fuse_req_t req, fuse_ino_t)
{
    struct statvfs status{};
    if (::fstatvfs(fs.folder, &status) != 0)
        fuse_reply_err(req, errno);
    else
        fuse_reply_statfs(req, &status);
}

} // namespace

int descriptorOf(fuse_ino_t number)
{
    return number == FUSE_ROOT_ID ? fs.folder : nodeOf(number).fd;
}

std::string pathOf(fuse_ino_t number)
{
    return "/proc/self/fd/" + std::to_string(descriptorOf(number));
}

bool lookUp(const char *name, fuse_entry_param &entry)
{
    if (name == kControlName) {
        entry.ino = kControl;
        entry.attr = controlStatus();
        return true;
    }
    const int fd = ::openat(fs.folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || ::fstat(fd, &entry.attr) != 0)
        return false;
    std::unique_ptr<Node> &node = fs.nodes[entry.attr.st_ino];
    if (node) {
        ::close(fd);
    } else {
        node = std::make_unique<Node>();
        node->fd = fd;
        node->place = name == kImageName ? FaultPlace::Image : FaultPlace::Other;
    }
    ++node->lookups;
    entry.ino = reinterpret_cast<fuse_ino_t>(node.get());
    return true;
}

void addNameOperations(fuse_lowlevel_ops &all)
{
    all.lookup = lookup;
    all.forget = forget;
    all.unlink = unlink;
    all.rename = rename;
    all.readdir = readdir;
    all.getattr = getattr;
    all.setattr = setattr;
    all.statfs = statfs;
}

} // namespace cachet_test::failing_fs
