// SPDX-License-Identifier: MIT
#include "cachecore/base/posix_file.h"

#include <string>

#include <fcntl.h>

namespace cachecore {

Result<DirectAlignment> PosixFile::directAlignment()
{
#ifdef STATX_DIOALIGN
    struct statx found{};
    if (::statx(fd(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &found) != 0)
        return lastError(Operation::Stat);
    if ((found.stx_mask & STATX_DIOALIGN) != 0)
        return DirectAlignment{found.stx_dio_offset_align, found.stx_dio_mem_align};
#endif
    return failure(ErrorCode::NotSupported, Operation::Stat);
}

Result<std::size_t> PosixFile::preadDirect(ByteOffset at, std::span<std::byte> into)
{
    const auto descriptor = directFd();
    if (!descriptor)
        return failure(descriptor.error());
    const ssize_t got = ::pread(*descriptor, into.data(), into.size(), static_cast<off_t>(at.value()));
    if (got < 0)
        return lastError(Operation::Read, clippedRange(at, into.size()));
    return static_cast<std::size_t>(got);
}

// O_DIRECT belongs to an opening, not to a call, so the file is opened once more; by the descriptor, because its name may lead elsewhere by now.
Result<int> PosixFile::directFd()
{
    const std::lock_guard lock(m_directMutex);
    if (!m_direct.valid()) {
        const std::string self = "/proc/thread-self/fd/" + std::to_string(fd());
        FileDescriptor opened(::open(self.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOCTTY));
        if (!opened.valid() && errno == EINTR)
            return lastError(Operation::Open);
        if (!opened.valid()) {
            Error error = Error::fromErrno(errno, Operation::Open);
            error.code = ErrorCode::NotSupported;
            return failure(std::move(error));
        }
        m_direct = std::move(opened);
    }
    return m_direct.get();
}

} // namespace cachecore
