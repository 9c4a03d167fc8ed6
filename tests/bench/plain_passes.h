// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cachet_test {

/// One write of a plain program: `bytes` at `at`, inside the stretch [begin, begin + length) that is read, kept and read back.
struct PlainWrite {
    std::uint64_t begin = 0;
    std::size_t length = 0;
    std::uint64_t at = 0;
    std::span<const std::byte> bytes;
};

/// The passes of a safe commit made by plain system calls and nothing else: the caches of `target` are dropped, each stretch is read and
/// appended to the file `journal` with `recordBytes` more, that is synced, the writes are made, the target is synced, its caches are dropped, each
/// stretch is read back and the written part compared. False when a call fails or a byte differs. `writes` ascend.
[[nodiscard]] bool runPlainPasses(const std::string &target, const std::string &journal,
                                  std::span<const PlainWrite> writes, std::size_t recordBytes);

} // namespace cachet_test
