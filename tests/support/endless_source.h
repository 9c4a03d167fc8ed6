// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <map>
#include <mutex>

namespace cachet_test {

/// A writable source of any size up to kMaxSourceSize that holds in memory only the bytes written to it; byte i of an untouched place
/// is byteAt(i). Thread: any.
class EndlessSource final : public cachecore::BlockSource {
public:
    explicit EndlessSource(std::uint64_t size)
        : m_size(size)
    {
    }

    [[nodiscard]] static std::byte byteAt(std::uint64_t offset)
    {
        return static_cast<std::byte>((offset * 0x9e3779b97f4a7c15U) >> 56U);
    }

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override
    {
        const std::lock_guard lock(m_mutex);
        std::uint64_t offset = at.value();
        for (const std::span<std::byte> buffer : into) {
            for (std::byte &byte : buffer) {
                if (offset >= m_size)
                    return offset - std::min(at.value(), offset);
                const auto written = m_written.find(offset);
                byte = written == m_written.end() ? byteAt(offset) : written->second;
                ++offset;
            }
        }
        return offset - at.value();
    }
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        const std::lock_guard lock(m_mutex);
        std::uint64_t offset = at.value();
        for (const std::span<const std::byte> buffer : from)
            for (const std::byte byte : buffer)
                m_written[offset++] = byte;
        return {};
    }
    cachecore::Result<void> sync() override { return {}; }
    cachecore::Result<std::uint64_t> size() override { return m_size; }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override
    {
        return cachecore::SourceFingerprint{m_size, 0, 0, 0};
    }
    cachecore::Result<void> checkStillNamed() override { return {}; }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override
    {
        return cachecore::ByteRange(std::min(from, cachecore::ByteOffset(m_size)), cachecore::ByteOffset(m_size));
    }
    std::uint32_t blockSize() const override { return 512; }
    cachecore::SourceIdentity identity() const override { return {"endless", m_size, 0}; }
    std::string path() const override { return {}; }
    bool writable() const override { return true; }
    cachecore::Error readOnlyReason() const override { return {}; }

    [[nodiscard]] std::map<std::uint64_t, std::byte> written() const
    {
        const std::lock_guard lock(m_mutex);
        return m_written;
    }

private:
    const std::uint64_t m_size;
    mutable std::mutex m_mutex; ///< guards m_written
    std::map<std::uint64_t, std::byte> m_written;
};

} // namespace cachet_test
