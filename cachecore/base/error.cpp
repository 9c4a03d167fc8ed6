// SPDX-License-Identifier: MIT
#include "cachecore/base/error.h"

#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

ErrorCode codeOf(int errnoValue)
{
    switch (errnoValue) {
    case EINVAL:
    case ENAMETOOLONG:
        return ErrorCode::InvalidArgument;
    case EOVERFLOW:
        return ErrorCode::OutOfRange;
    case ENOENT:
    case ENOTDIR:
        return ErrorCode::NotFound;
    case EACCES:
    case EPERM:
        return ErrorCode::PermissionDenied;
    case EISDIR:
        return ErrorCode::IsDirectory;
    case EROFS:
        return ErrorCode::ReadOnly;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ErrorCode::NoSpace;
    case EIO:
    case ENODATA: // a medium error on Linux block devices
    case EILSEQ:  // the device's own checksum failed
    case EREMOTEIO:
    case ENXIO: // the device is gone, or a socket was opened
    case ENODEV:
    case ENOMEDIUM:
    case ESTALE:
    case ETIMEDOUT:
        return ErrorCode::Io;
    case EBUSY:
    case ETXTBSY:
        return ErrorCode::Busy;
    case ECANCELED:
        return ErrorCode::Cancelled;
    case ENOMEM:
        return ErrorCode::OutOfMemory;
    case ENOTSUP:
    case ENOSYS:
    case ENOTTY:
        return ErrorCode::NotSupported;
    default:
        return ErrorCode::System;
    }
}

} // namespace

Error Error::fromErrno(int errnoValue, Operation operation, std::optional<ByteRange> range, std::string path)
{
    return {codeOf(errnoValue), errnoValue, operation, range, std::move(path)};
}

Error Error::of(ErrorCode code, Operation operation, std::optional<ByteRange> range, std::string path)
{
    return {code, 0, operation, range, std::move(path)};
}

} // namespace cachecore
