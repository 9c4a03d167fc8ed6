// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"

#include <algorithm>
#include <vector>

namespace cachet_test {

/// A file of the bytes given, which can only be read.
class BytesFile final : public cachecore::EnvFile {
public:
    explicit BytesFile(const std::vector<std::byte> &bytes)
        : m_bytes(bytes)
    {
    }
    cachecore::Result<std::size_t> preadv(cachecore::ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        std::size_t done = 0;
        for (const std::span<std::byte> buffer : into) {
            const std::uint64_t from = std::min<std::uint64_t>(at.value() + done, m_bytes.size());
            const std::size_t step = std::min(buffer.size(), m_bytes.size() - static_cast<std::size_t>(from));
            std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(from), step, buffer.begin());
            done += step;
        }
        return done;
    }
    cachecore::Result<cachecore::FileStatus> status() override
    {
        cachecore::FileStatus status;
        status.size = m_bytes.size();
        return status;
    }
    cachecore::Result<std::size_t> pwritev(cachecore::ByteOffset, std::span<const std::span<const std::byte>>) override
    {
        return refused();
    }
    cachecore::Result<void> dataSync() override { return refused(); }
    cachecore::Result<void> sync() override { return refused(); }
    cachecore::Result<void> truncate(std::uint64_t) override { return refused(); }
    cachecore::Result<void> setMode(std::uint32_t) override { return refused(); }
    cachecore::Result<std::uint64_t> deviceSize() override { return refused(); }
    cachecore::Result<std::uint32_t> deviceBlockSize() override { return refused(); }
    cachecore::Result<std::uint32_t> devicePhysicalBlockSize() override { return refused(); }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset) override { return refused(); }
    cachecore::Result<void> reserve(std::uint64_t) override { return refused(); }
    cachecore::Result<void> dropCached(cachecore::ByteRange) override { return refused(); }
    cachecore::Result<std::optional<std::string>> lockForWriting() override { return refused(); }

private:
    static std::unexpected<cachecore::Error> refused()
    {
        return cachecore::failure(cachecore::ErrorCode::NotSupported, cachecore::Operation::Read);
    }

    const std::vector<std::byte> &m_bytes;
};

} // namespace cachet_test
