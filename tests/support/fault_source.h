// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"
#include "tests/support/fault_plan.h"

#include <functional>
#include <memory>

namespace cachet_test {

/// The operations of a BlockSource, as FaultSource counts them.
enum class SourceOp : std::uint8_t {
    Read,
    Write,
    Sync,
    Size,
    Fingerprint,
    CheckStillNamed,
    CheckHolders,
    NextData,
    DropCached,
    ReadDirect,
    Count_
};

/// A source over another one with bad sectors, delays, a gate that never answers until it is opened, planned
/// failures, and a log of what was asked. Thread: any.
class FaultSource final : public cachecore::BlockSource {
public:
    explicit FaultSource(std::shared_ptr<cachecore::BlockSource> inner);

    /// Reads that touch a byte of `range` fail with EIO.
    void addBadRange(cachecore::ByteRange range);
    /// Writes that touch a byte of `range` write what lies before it and then fail with EIO.
    void addBadWriteRange(cachecore::ByteRange range);
    void clearBadRanges();
    /// Called by every read that fails for a bad byte, before it does; must not call back.
    void setOnBad(std::function<void()> call);
    /// From now on it is like a disk under a system that keeps pages of `unit` bytes in memory: a read fails when one of these that it
    /// touches has a bad byte. Direct reads, in units of `directUnit`, fail for their own bad bytes alone; 0: there are none.
    void setReadUnits(std::uint32_t unit, std::uint32_t directUnit);
    /// Operation number `nth` of that kind from now on (0: the next) fails with `errnoValue`, before it does anything.
    void fail(SourceOp op, std::uint64_t nth, int errnoValue, Repeat repeat = Repeat::Once);
    void failAny(std::uint64_t nth, int errnoValue, Repeat repeat = Repeat::Once);
    void clearFailures();
    void setDelay(SourceOp op, std::chrono::milliseconds delay);
    void setReadDelay(std::chrono::milliseconds delay) { setDelay(SourceOp::Read, delay); }
    /// Operations of that kind wait at `gate`; nullptr: no more.
    void setGate(SourceOp op, std::shared_ptr<Gate> gate);

    [[nodiscard]] std::uint64_t count(SourceOp op) const;
    /// Reads and writes begun since the last clearLogs, in order, with the range asked for.
    [[nodiscard]] std::vector<cachecore::ByteRange> reads() const;
    [[nodiscard]] std::vector<cachecore::ByteRange> writes() const;
    [[nodiscard]] std::vector<cachecore::ByteRange> directReads() const;
    /// Forgets logs and counts.
    void clearLogs();
    /// Reads between begin and end at this moment, and the most there have been at once.
    [[nodiscard]] unsigned readsInFlight() const;
    [[nodiscard]] unsigned mostReadsInFlight() const;

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override;
    cachecore::Result<std::uint64_t> readDirect(cachecore::ByteOffset at, std::span<std::byte> into) override;
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    cachecore::Result<void> sync() override;
    cachecore::Result<std::uint64_t> size() override;
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override;
    cachecore::Result<void> checkStillNamed() override;
    cachecore::Result<void> checkHolders() override;
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override;
    cachecore::Result<void> dropCached(cachecore::ByteRange range) override;
    std::uint32_t blockSize() const override;
    std::uint32_t physicalBlockSize() const override;
    std::uint32_t writeGranularity() const override;
    std::uint32_t directIoAlignment() const override;
    cachecore::SourceIdentity identity() const override;
    std::string path() const override;
    bool pathIsFileName() const override;
    bool outlivesProcess() const override;
    bool writable() const override;
    cachecore::Error readOnlyReason() const override;

private:
    /// Whether a read of `asked` in units of `unit` meets a bad byte.
    bool meetsBad(cachecore::ByteRange asked, std::uint32_t unit) const;
    cachecore::Result<std::uint64_t> readNow(cachecore::ByteOffset at, cachecore::ByteRange asked,
                                             std::span<const std::span<std::byte>> into);

    const std::shared_ptr<cachecore::BlockSource> m_inner;
    FaultPlan m_plan;
    mutable std::mutex m_mutex; ///< guards the rest
    std::vector<cachecore::ByteRange> m_badReads;
    std::vector<cachecore::ByteRange> m_badWrites;
    std::vector<cachecore::ByteRange> m_reads;
    std::vector<cachecore::ByteRange> m_directReads;
    std::uint32_t m_unit = 1;
    std::uint32_t m_directUnit = 0;
    std::vector<cachecore::ByteRange> m_writes;
    std::function<void()> m_onBad;
    unsigned m_inFlight = 0;
    unsigned m_mostInFlight = 0;
};

} // namespace cachet_test
