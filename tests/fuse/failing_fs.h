// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#define FUSE_USE_VERSION 34
#include "tests/fuse/fault_rules.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fuse_lowlevel.h>
#include <sys/stat.h>

/// The parts of the program failing_fs. Everything runs on one thread, so a request that hangs holds up nothing but itself.
namespace cachet_test::failing_fs {

inline constexpr std::string_view kImageName = "disk.img";
inline constexpr std::string_view kControlName = ".control";
inline constexpr fuse_ino_t kControl = 2; ///< its number; those of files are addresses

/// A file the kernel knows.
struct Node {
    int fd = -1; ///< O_PATH
    FaultPlace place = FaultPlace::Other;
    std::uint64_t lookups = 0;
};

/// A file it has opened.
struct OpenFile {
    int fd = -1;
    FaultPlace place = FaultPlace::Other;
};

/// A line to the control file that is answered once so many requests hang.
struct Awaiting {
    fuse_req_t req = nullptr;
    std::size_t hanging = 0;
    std::size_t lineBytes = 0;
};

struct FileSystem {
    int folder = -1;
    std::string caching;
    std::map<ino_t, std::unique_ptr<Node>> nodes; ///< by the number of the backing file
    FaultRules rules;
    std::vector<std::function<void()>> hanging; ///< each answers its request
    std::vector<Awaiting> awaiting;
};

/// The one there is.
extern FileSystem fs;

[[nodiscard]] inline Node &nodeOf(fuse_ino_t number)
{
    return *reinterpret_cast<Node *>(number);
}

/// A file's O_PATH descriptor.
[[nodiscard]] int descriptorOf(fuse_ino_t number);
/// Its path by that, for what takes no such descriptor.
[[nodiscard]] std::string pathOf(fuse_ino_t number);
/// Adds a lookup of `name`; false with errno set.
[[nodiscard]] bool lookUp(const char *name, fuse_entry_param &entry);
/// Answers with errno when `result` is negative.
void answer(fuse_req_t req, int result);
/// Lets the request go wrong, or answers it by `perform`, which is told the bound of a short transfer. A dropped one is answered by `pretend`.
void withFault(fuse_req_t req, FaultPlace place, FaultOp op, std::uint64_t begin, std::uint64_t length,
               std::function<void(std::size_t)> perform, const std::function<void()> &pretend);

/// The operations on names and on the state of files.
void addNameOperations(fuse_lowlevel_ops &all);
/// Those on what files hold, and the control file's.
void addFileOperations(fuse_lowlevel_ops &all);

} // namespace cachet_test::failing_fs
