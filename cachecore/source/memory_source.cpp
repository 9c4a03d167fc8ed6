// SPDX-License-Identifier: MIT
#include "cachecore/source/memory_source.h"

#include "cachecore/source/buffer_cursor.h"
#include "cachecore/source/sample_hash.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <mutex>
#include <utility>

namespace cachecore {

namespace {

std::uint64_t nextSerial()
{
    static std::atomic<std::uint64_t> serial{0};
    return serial.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace

MemorySource::MemorySource(std::vector<std::byte> bytes, Access access, MemoryGeometry geometry)
    : m_bytes(std::move(bytes))
    , m_access(access)
    , m_geometry{geometry.blockSize, std::max(geometry.blockSize, geometry.physicalBlockSize),
                 geometry.writeGranularity}
    , m_serial(nextSerial())
{
    assert(std::has_single_bit(geometry.blockSize) && geometry.blockSize >= 512);
    assert(std::has_single_bit(geometry.physicalBlockSize) && std::has_single_bit(geometry.writeGranularity));
}

MemorySource::MemorySource(std::vector<std::byte> bytes, Access access, std::uint32_t blockSize)
    : MemorySource(std::move(bytes), access, MemoryGeometry{blockSize, blockSize, 1})
{
}

Result<std::uint64_t> MemorySource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    const std::shared_lock lock(m_mutex);
    std::uint64_t position = at.value();
    for (const std::span<std::byte> buffer : into) {
        if (position >= m_bytes.size())
            break;
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), m_bytes.size() - position));
        if (count > 0)
            std::memcpy(buffer.data(), m_bytes.data() + position, count);
        position += count;
    }
    return position - at.value();
}

Result<void> MemorySource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    const std::uint64_t length = totalLength(from);
    const std::unique_lock lock(m_mutex);
    if (!writable())
        return failure(ErrorCode::ReadOnly, Operation::Write, clippedRange(at, length));
    if (at.value() > m_bytes.size() || length > m_bytes.size() - at.value())
        return failure(ErrorCode::OutOfRange, Operation::Write, clippedRange(at, length));
    if (at.value() % m_geometry.writeGranularity != 0 || length % m_geometry.writeGranularity != 0)
        return failure(ErrorCode::InvalidArgument, Operation::Write, clippedRange(at, length));
    std::uint64_t position = at.value();
    for (const std::span<const std::byte> buffer : from) {
        if (!buffer.empty())
            std::memcpy(m_bytes.data() + position, buffer.data(), buffer.size());
        position += buffer.size();
    }
    if (length > 0)
        ++m_changes;
    return {};
}

Result<void> MemorySource::sync()
{
    return {};
}

Result<std::uint64_t> MemorySource::size()
{
    const std::shared_lock lock(m_mutex);
    return m_bytes.size();
}

Result<SourceFingerprint> MemorySource::fingerprint()
{
    SourceFingerprint result;
    {
        const std::shared_lock lock(m_mutex);
        result.size = m_bytes.size();
        result.modifiedNs = m_changes;
        result.changedNs = m_changes;
    }
    const auto hash = sampleHash(*this, result.size);
    if (!hash)
        return failure(hash.error());
    result.sampleHash = *hash;
    return result;
}

Result<void> MemorySource::checkStillNamed()
{
    return {};
}

Result<ByteRange> MemorySource::nextData(ByteOffset from)
{
    const std::shared_lock lock(m_mutex);
    const ByteOffset end(m_bytes.size());
    return ByteRange(std::min(from, end), end);
}

std::uint32_t MemorySource::blockSize() const
{
    return m_geometry.blockSize;
}

std::uint32_t MemorySource::physicalBlockSize() const
{
    return m_geometry.physicalBlockSize;
}

std::uint32_t MemorySource::writeGranularity() const
{
    return m_geometry.writeGranularity;
}

SourceIdentity MemorySource::identity() const
{
    return {"memory", m_serial, 0};
}

std::string MemorySource::path() const
{
    return {};
}

bool MemorySource::writable() const
{
    return m_access == Access::ReadWrite;
}

Error MemorySource::readOnlyReason() const
{
    return Error::of(ErrorCode::ReadOnly, Operation::Open);
}

std::vector<std::byte> MemorySource::bytes() const
{
    const std::shared_lock lock(m_mutex);
    return m_bytes;
}

void MemorySource::resize(std::uint64_t size)
{
    const std::unique_lock lock(m_mutex);
    m_bytes.resize(static_cast<std::size_t>(size));
    ++m_changes;
}

} // namespace cachecore
