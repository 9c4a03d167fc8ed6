// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cachet_test {

/// What `bytes` have of [at, at + length).
[[nodiscard]] std::vector<std::byte> slice(const std::vector<std::byte> &bytes, std::size_t at, std::size_t length);
/// What the source gives of [at, at + length), as many bytes as it says.
[[nodiscard]] cachecore::Result<std::vector<std::byte>> readSome(cachecore::BlockSource &source, std::uint64_t at,
                                                                 std::size_t length);
/// The same by readDirect.
[[nodiscard]] cachecore::Result<std::vector<std::byte>> readDirect(cachecore::BlockSource &source, std::uint64_t at,
                                                                   std::size_t length);
/// Writes into a file as another program would. False when the system refuses.
[[nodiscard]] bool putBytes(const std::string &path, std::uint64_t at, std::span<const std::byte> bytes);
/// How many 4 KiB pages of the file's first `size` bytes the system has in memory.
[[nodiscard]] std::size_t pagesInMemory(const std::string &path, std::size_t size);

} // namespace cachet_test
