// SPDX-License-Identifier: MIT
#include "cachecore/base/io_vectors.h"
#include "cachecore/base/posix_file.h"

#include <cassert>

#include <sys/mman.h>
#include <unistd.h>

namespace cachecore {

namespace {

/// A mapping that no instruction of this program reads: the system copies out of it (process_vm_readv on the program itself) and answers EFAULT
/// where reading would raise SIGBUS. No handler of signals is needed, which a library must not claim for itself.
class PosixMapping final : public EnvMapping {
public:
    PosixMapping(std::byte *begin, std::size_t length)
        : m_begin(begin)
        , m_length(length)
    {
    }
    ~PosixMapping() override { ::munmap(m_begin, m_length); }

    Result<std::size_t> copy(std::uint64_t from, std::span<const std::span<std::byte>> into) override;
    Result<void> letGo(std::uint64_t from, std::uint64_t length) override;

private:
    std::byte *const m_begin;
    const std::size_t m_length;
};

ssize_t guardedCopy(IoVectors &to, std::byte *from, std::size_t length)
{
    const struct iovec remote{from, length};
    return ::process_vm_readv(::getpid(), to.data(), static_cast<unsigned long>(to.count), &remote, 1, 0);
}

Result<std::size_t> PosixMapping::copy(std::uint64_t from, std::span<const std::span<std::byte>> into)
{
    assert(from < m_length);
    IoVectors to(into);
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(to.bytes, m_length - from));
    const ssize_t got = guardedCopy(to, m_begin + from, length);
    if (got < 0)
        return lastError(Operation::Read);
    return static_cast<std::size_t>(got);
}

Result<void> PosixMapping::letGo(std::uint64_t from, std::uint64_t length)
{
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t begin = std::min<std::uint64_t>(from, m_length) / page * page;
    const std::uint64_t end = length < m_length - begin ? std::min<std::uint64_t>(from + length, m_length) : m_length;
    if (begin < end && ::madvise(m_begin + begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED) != 0)
        return lastError(Operation::Read);
    return {};
}

/// An error when the system does not let this program copy its own memory so.
Result<void> probeGuardedCopy()
{
    std::byte original{0x5a};
    std::byte copied{};
    const std::span<std::byte> buffer(&copied, 1);
    IoVectors to(std::span<const std::span<std::byte>>(&buffer, 1));
    if (guardedCopy(to, &original, 1) != 1)
        return lastError(Operation::Open);
    return {};
}

std::unexpected<Error> notSupported(Error error)
{
    error.code = ErrorCode::NotSupported;
    return failure(std::move(error));
}

} // namespace

Result<std::unique_ptr<EnvMapping>> PosixFile::map(ByteRange range)
{
    if (const auto allowed = probeGuardedCopy(); !allowed)
        return notSupported(allowed.error());
    const auto length = static_cast<std::size_t>(range.length());
    const auto offset = static_cast<off_t>(range.begin().value());
    void *const begin = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd(), offset);
    if (begin == MAP_FAILED && (errno == ENODEV || errno == EACCES || errno == EPERM))
        return notSupported(Error::fromErrno(errno, Operation::Open));
    if (begin == MAP_FAILED)
        return lastError(Operation::Open, range);
    return std::make_unique<PosixMapping>(static_cast<std::byte *>(begin), length);
}

} // namespace cachecore
