// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/plain_passes.h"

#include "cachecore/base/file_descriptor.h"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cachet_test {

namespace {

constexpr std::size_t kJournalChunk = std::size_t{1} << 20;

bool readAll(int file, std::uint64_t at, std::span<std::byte> into)
{
    return ::pread(file, into.data(), into.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(into.size());
}

bool dropCaches(int file)
{
    return ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0;
}

bool writeJournal(int target, int journal, std::span<const PlainWrite> writes, std::size_t recordBytes)
{
    std::vector<std::byte> chunk;
    chunk.reserve(2 * kJournalChunk);
    const auto flush = [&chunk, journal] {
        const bool written = ::write(journal, chunk.data(), chunk.size()) == static_cast<ssize_t>(chunk.size());
        chunk.clear();
        return written;
    };
    for (const PlainWrite &write : writes) {
        const std::size_t before = chunk.size();
        chunk.resize(before + recordBytes + write.length);
        if (!readAll(target, write.begin, std::span(chunk).subspan(before + recordBytes)))
            return false;
        if (chunk.size() >= kJournalChunk && !flush())
            return false;
    }
    return flush() && ::fdatasync(journal) == 0;
}

bool readBack(int target, std::span<const PlainWrite> writes)
{
    std::vector<std::byte> stretch;
    for (const PlainWrite &write : writes) {
        stretch.resize(write.length);
        if (!readAll(target, write.begin, stretch)
            || std::memcmp(stretch.data() + (write.at - write.begin), write.bytes.data(), write.bytes.size()) != 0)
            return false;
    }
    return true;
}

} // namespace

bool runPlainPasses(const std::string &target, const std::string &journal, std::span<const PlainWrite> writes,
                    std::size_t recordBytes)
{
    const cachecore::FileDescriptor file(::open(target.c_str(), O_RDWR | O_CLOEXEC));
    const cachecore::FileDescriptor log(::open(journal.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.valid() || !log.valid() || !dropCaches(file.get())
        || !writeJournal(file.get(), log.get(), writes, recordBytes))
        return false;
    for (const PlainWrite &write : writes) {
        if (::pwrite(file.get(), write.bytes.data(), write.bytes.size(), static_cast<off_t>(write.at))
            != static_cast<ssize_t>(write.bytes.size()))
            return false;
    }
    const bool good = ::fdatasync(file.get()) == 0 && dropCaches(file.get()) && readBack(file.get(), writes);
    return ::unlink(journal.c_str()) == 0 && good;
}

} // namespace cachet_test
