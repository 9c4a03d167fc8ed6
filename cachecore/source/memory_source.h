// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/block_source.h"

#include <shared_mutex>
#include <vector>

namespace cachecore {

/// The geometry a MemorySource says it has; powers of two.
struct MemoryGeometry {
    std::uint32_t blockSize = 512;         ///< 512 at least
    std::uint32_t physicalBlockSize = 512; ///< raised to blockSize when smaller
    std::uint32_t writeGranularity = 1;
};

/// A source that lives in memory. Writes that do not begin and end at multiples of its write granularity are refused with InvalidArgument. Thread: any.
class MemorySource final : public BlockSource {
public:
    enum class Access : std::uint8_t { ReadOnly, ReadWrite };

    explicit MemorySource(std::vector<std::byte> bytes, Access access = Access::ReadWrite,
                          MemoryGeometry geometry = {});
    MemorySource(std::vector<std::byte> bytes, Access access, std::uint32_t blockSize);

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> sync() override;
    Result<std::uint64_t> size() override;
    Result<SourceFingerprint> fingerprint() override;
    Result<void> checkStillNamed() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    std::uint32_t blockSize() const override;
    std::uint32_t physicalBlockSize() const override;
    std::uint32_t writeGranularity() const override;
    SourceIdentity identity() const override;
    std::string path() const override;
    bool writable() const override;
    Error readOnlyReason() const override;

    /// A copy of the bytes as they are now.
    [[nodiscard]] std::vector<std::byte> bytes() const;
    /// Cuts or extends (with zeros) the source, as another program would do to a file.
    void resize(std::uint64_t size);

private:
    mutable std::shared_mutex m_mutex; ///< guards m_bytes and m_changes
    std::vector<std::byte> m_bytes;
    std::int64_t m_changes = 0;
    const Access m_access;
    const MemoryGeometry m_geometry;
    const std::uint64_t m_serial;
};

} // namespace cachecore
