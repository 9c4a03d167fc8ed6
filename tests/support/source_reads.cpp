// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/source_reads.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cachet_test {

using namespace cachecore;

std::vector<std::byte> slice(const std::vector<std::byte> &bytes, std::size_t at, std::size_t length)
{
    const std::size_t begin = std::min(at, bytes.size());
    const std::size_t end = std::min(begin + length, bytes.size());
    return {bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.begin() + static_cast<std::ptrdiff_t>(end)};
}

Result<std::vector<std::byte>> readSome(BlockSource &source, std::uint64_t at, std::size_t length)
{
    std::vector<std::byte> bytes(length);
    const auto got = source.readAt(ByteOffset(at), bytes);
    if (!got)
        return failure(got.error());
    bytes.resize(static_cast<std::size_t>(*got));
    return bytes;
}

Result<std::vector<std::byte>> readDirect(BlockSource &source, std::uint64_t at, std::size_t length)
{
    std::vector<std::byte> bytes(length);
    const auto got = source.readDirect(ByteOffset(at), bytes);
    if (!got)
        return failure(got.error());
    bytes.resize(static_cast<std::size_t>(*got));
    return bytes;
}

bool putBytes(const std::string &path, std::uint64_t at, std::span<const std::byte> bytes)
{
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const ssize_t put = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    ::close(descriptor);
    return put == static_cast<ssize_t>(bytes.size());
}

std::size_t pagesInMemory(const std::string &path, std::size_t size)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    void *const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (mapped == MAP_FAILED)
        return ~std::size_t{0};
    std::vector<unsigned char> pages((size + 4095) / 4096);
    ::mincore(mapped, size, pages.data());
    ::munmap(mapped, size);
    return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1U) != 0; }));
}

} // namespace cachet_test
