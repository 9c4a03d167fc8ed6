// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <atomic>
#include <functional>
#include <vector>

namespace cachet_test {

/// A disk of sectors that say every 64 bytes where they are and which version of the sector this is, with sectors that cannot be read; and the judge of what is read
/// of it through a cache, by the plainest means:
///
///  - a sector has one version in it, never older than the last write that was settled before the reading began, and never one that is still to come;
///  - only sectors that could not be read at some moment since then, or that a cache may remember as such, are an error.
///
///     const auto written = disk.write(range);  // a new version of these sectors
///     cached.invalidate(range);                // or refresh
///     disk.settle(written);                    // whoever begins to read now sees it
///
/// Thread: any, without a lock, so that it orders no one's accesses; setHook before the first read.
class VersionedDisk final : public cachecore::BlockSource {
public:
    using ByteRange = cachecore::ByteRange;
    static constexpr std::uint32_t kSector = 512;

    explicit VersionedDisk(std::uint64_t sectors);

    /// Called at the end of each read, when its bytes were taken.
    void setHook(std::function<void()> hook) { m_hook = std::move(hook); }
    [[nodiscard]] std::uint64_t bytes() const { return m_sectors.size() * kSector; }
    [[nodiscard]] std::uint64_t reads() const { return m_reads; }

    /// New versions of sectors that follow on each other.
    struct Written {
        std::uint64_t first = 0;
        std::vector<std::uint32_t> versions;
    };
    /// Writes the sectors that share a byte with `range`.
    [[nodiscard]] Written write(ByteRange range);
    /// No cache shows what was before, nor remembers a failure.
    void settle(const Written &written);

    /// Whether reads of `sector` fail from now on.
    void setBad(std::uint64_t sector, bool bad);
    /// No cache remembers failures that are over.
    void settleFailures();

    /// What a reading that begins now may bring of the sectors of a range.
    class Expectation {
    public:
        [[nodiscard]] ByteRange range() const { return m_range; }

    private:
        friend class VersionedDisk;
        struct Sector {
            std::uint32_t oldest = 0;
            std::uint32_t timesBad = 0;
            bool mayFail = false;
        };
        ByteRange m_range;
        std::uint64_t m_first = 0;
        std::vector<Sector> m_sectors;
    };
    [[nodiscard]] Expectation expect(ByteRange range) const;
    /// Whether `bytes` are such, of `range`, a part of what was expected.
    [[nodiscard]] bool explains(const Expectation &expected, ByteRange range, std::span<const std::byte> bytes) const;
    /// Whether the error names a part of what was expected that could fail.
    [[nodiscard]] bool explains(const Expectation &expected, const cachecore::Error &error) const;

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override;
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    cachecore::Result<void> sync() override { return {}; }
    cachecore::Result<std::uint64_t> size() override { return bytes(); }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override;
    cachecore::Result<void> checkStillNamed() override { return {}; }
    cachecore::Result<ByteRange> nextData(cachecore::ByteOffset from) override;
    std::uint32_t blockSize() const override { return kSector; }
    cachecore::SourceIdentity identity() const override { return {"versioned", 1, 0}; }
    std::string path() const override { return "versioned"; }
    bool writable() const override { return false; }
    cachecore::Error readOnlyReason() const override;

private:
    struct Sector {
        std::atomic<std::uint32_t> version{1};
        std::atomic<std::uint32_t> oldest{1}; ///< that may be seen by who begins now
        std::atomic<std::uint32_t> timesBad{0};
        std::atomic<bool> bad{false};
        std::atomic<bool> mayFail{false}; ///< it is bad, or was and has not been settled since
    };

    [[nodiscard]] bool isVersion(std::uint64_t sector, std::uint32_t version, std::size_t skip,
                                 std::span<const std::byte> bytes) const;
    [[nodiscard]] bool isBetween(std::uint64_t sector, std::uint32_t oldest, std::size_t skip,
                                 std::span<const std::byte> bytes) const;

    std::vector<Sector> m_sectors;
    std::function<void()> m_hook;
    std::atomic<std::uint64_t> m_reads{0};
};

} // namespace cachet_test
