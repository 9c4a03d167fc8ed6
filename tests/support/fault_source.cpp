// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/fault_source.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

template <typename Byte>
ByteRange askedRange(ByteOffset at, std::span<const std::span<Byte>> buffers)
{
    std::uint64_t length = 0;
    for (const std::span<Byte> buffer : buffers)
        length += buffer.size();
    return ByteRange(at, at + std::min(length, kMaxSourceSize - at.value()));
}

std::optional<Error> planned(FaultPlan &plan, SourceOp op, Operation operation, std::optional<ByteRange> range = {})
{
    if (const auto error = plan.enter(static_cast<std::size_t>(op)))
        return Error::fromErrno(*error, operation, range);
    return std::nullopt;
}

} // namespace

FaultSource::FaultSource(std::shared_ptr<BlockSource> inner)
    : m_inner(std::move(inner))
    , m_plan(static_cast<std::size_t>(SourceOp::Count_))
{
}

void FaultSource::addBadRange(ByteRange range)
{
    const std::lock_guard lock(m_mutex);
    m_badReads.push_back(range);
}

void FaultSource::setOnBad(std::function<void()> call)
{
    const std::lock_guard lock(m_mutex);
    m_onBad = std::move(call);
}

void FaultSource::addBadWriteRange(ByteRange range)
{
    const std::lock_guard lock(m_mutex);
    m_badWrites.push_back(range);
}

void FaultSource::clearBadRanges()
{
    const std::lock_guard lock(m_mutex);
    m_badReads.clear();
    m_badWrites.clear();
}

void FaultSource::fail(SourceOp op, std::uint64_t nth, int errnoValue, Repeat repeat)
{
    m_plan.fail(static_cast<std::size_t>(op), nth, errnoValue, repeat);
}

void FaultSource::failAny(std::uint64_t nth, int errnoValue, Repeat repeat)
{
    m_plan.failAny(nth, errnoValue, repeat);
}

void FaultSource::clearFailures()
{
    m_plan.clearFailures();
}

void FaultSource::setDelay(SourceOp op, std::chrono::milliseconds delay)
{
    m_plan.setDelay(static_cast<std::size_t>(op), delay);
}

void FaultSource::setGate(SourceOp op, std::shared_ptr<Gate> gate)
{
    m_plan.setGate(static_cast<std::size_t>(op), std::move(gate));
}

std::uint64_t FaultSource::count(SourceOp op) const
{
    return m_plan.count(static_cast<std::size_t>(op));
}

std::vector<ByteRange> FaultSource::reads() const
{
    const std::lock_guard lock(m_mutex);
    return m_reads;
}

std::vector<ByteRange> FaultSource::writes() const
{
    const std::lock_guard lock(m_mutex);
    return m_writes;
}

void FaultSource::clearLogs()
{
    const std::lock_guard lock(m_mutex);
    m_reads.clear();
    m_directReads.clear();
    m_writes.clear();
    m_plan.resetCounts();
}

unsigned FaultSource::readsInFlight() const
{
    const std::lock_guard lock(m_mutex);
    return m_inFlight;
}

unsigned FaultSource::mostReadsInFlight() const
{
    const std::lock_guard lock(m_mutex);
    return m_mostInFlight;
}

Result<std::uint64_t> FaultSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    const ByteRange asked = askedRange(at, into);
    {
        const std::lock_guard lock(m_mutex);
        m_reads.push_back(asked);
        m_mostInFlight = std::max(m_mostInFlight, ++m_inFlight);
    }
    auto result = readNow(at, asked, into);
    const std::lock_guard lock(m_mutex);
    --m_inFlight;
    return result;
}

Result<std::uint64_t> FaultSource::readNow(ByteOffset at, ByteRange asked, std::span<const std::span<std::byte>> into)
{
    if (auto error = planned(m_plan, SourceOp::Read, Operation::Read, asked))
        return failure(std::move(*error));
    {
        const std::lock_guard lock(m_mutex);
        if (meetsBad(asked, m_unit))
            return failure(Error::fromErrno(EIO, Operation::Read, asked));
    }
    return m_inner->readAt(at, into);
}

bool FaultSource::meetsBad(ByteRange asked, std::uint32_t unit) const
{
    const ByteRange units(asked.begin().alignedDown(unit), asked.end().alignedUp(unit));
    const bool meets = std::ranges::any_of(m_badReads, [&](ByteRange bad) { return bad.intersects(units); });
    if (meets && m_onBad)
        m_onBad();
    return meets;
}

Result<std::uint64_t> FaultSource::readDirect(ByteOffset at, std::span<std::byte> into)
{
    const ByteRange asked = clippedRange(at, into.size());
    std::uint32_t unit = 0;
    {
        const std::lock_guard lock(m_mutex);
        unit = m_directUnit;
    }
    if (unit == 0)
        return readAt(at, std::span<const std::span<std::byte>>(&into, 1));
    if (auto error = planned(m_plan, SourceOp::ReadDirect, Operation::Read, asked))
        return failure(std::move(*error));
    {
        const std::lock_guard lock(m_mutex);
        m_directReads.push_back(asked);
        if (meetsBad(asked, unit))
            return failure(Error::fromErrno(EIO, Operation::Read, asked));
    }
    return m_inner->readDirect(at, into);
}

std::uint32_t FaultSource::directIoAlignment() const
{
    const std::lock_guard lock(m_mutex);
    return m_directUnit;
}

void FaultSource::setReadUnits(std::uint32_t unit, std::uint32_t directUnit)
{
    const std::lock_guard lock(m_mutex);
    m_unit = unit;
    m_directUnit = directUnit;
}

std::vector<ByteRange> FaultSource::directReads() const
{
    const std::lock_guard lock(m_mutex);
    return m_directReads;
}

Result<void> FaultSource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    const ByteRange asked = askedRange(at, from);
    std::optional<ByteOffset> firstBad;
    {
        const std::lock_guard lock(m_mutex);
        m_writes.push_back(asked);
        for (const ByteRange bad : m_badWrites)
            if (bad.intersects(asked))
                firstBad = std::min(firstBad.value_or(asked.end()), bad.intersection(asked).begin());
    }
    if (auto error = planned(m_plan, SourceOp::Write, Operation::Write, asked))
        return failure(std::move(*error));
    if (!firstBad)
        return m_inner->writev(at, from);
    std::vector<std::span<const std::byte>> good;
    std::size_t left = static_cast<std::size_t>(*firstBad - at);
    for (const std::span<const std::byte> buffer : from) {
        good.push_back(buffer.first(std::min(buffer.size(), left)));
        left -= good.back().size();
    }
    if (auto written = m_inner->writev(at, good); !written)
        return written;
    return failure(Error::fromErrno(EIO, Operation::Write, ByteRange(*firstBad, asked.end())));
}

Result<void> FaultSource::sync()
{
    if (auto error = planned(m_plan, SourceOp::Sync, Operation::Sync))
        return failure(std::move(*error));
    return m_inner->sync();
}

Result<std::uint64_t> FaultSource::size()
{
    if (auto error = planned(m_plan, SourceOp::Size, Operation::Stat))
        return failure(std::move(*error));
    return m_inner->size();
}

Result<SourceFingerprint> FaultSource::fingerprint()
{
    if (auto error = planned(m_plan, SourceOp::Fingerprint, Operation::Stat))
        return failure(std::move(*error));
    return m_inner->fingerprint();
}

Result<void> FaultSource::checkStillNamed()
{
    if (auto error = planned(m_plan, SourceOp::CheckStillNamed, Operation::Stat))
        return failure(std::move(*error));
    return m_inner->checkStillNamed();
}

Result<void> FaultSource::checkHolders()
{
    if (auto error = planned(m_plan, SourceOp::CheckHolders, Operation::Lock))
        return failure(std::move(*error));
    return m_inner->checkHolders();
}

Result<ByteRange> FaultSource::nextData(ByteOffset from)
{
    if (auto error = planned(m_plan, SourceOp::NextData, Operation::Read))
        return failure(std::move(*error));
    return m_inner->nextData(from);
}

Result<void> FaultSource::dropCached(ByteRange range)
{
    if (auto error = planned(m_plan, SourceOp::DropCached, Operation::Read, range))
        return failure(std::move(*error));
    return m_inner->dropCached(range);
}

std::uint32_t FaultSource::blockSize() const
{
    return m_inner->blockSize();
}

std::uint32_t FaultSource::physicalBlockSize() const
{
    return m_inner->physicalBlockSize();
}

std::uint32_t FaultSource::writeGranularity() const
{
    return m_inner->writeGranularity();
}

SourceIdentity FaultSource::identity() const
{
    return m_inner->identity();
}

std::string FaultSource::path() const
{
    return m_inner->path();
}

bool FaultSource::pathIsFileName() const
{
    return m_inner->pathIsFileName();
}

bool FaultSource::outlivesProcess() const
{
    return m_inner->outlivesProcess();
}

bool FaultSource::writable() const
{
    return m_inner->writable();
}

Error FaultSource::readOnlyReason() const
{
    return m_inner->readOnlyReason();
}

} // namespace cachet_test
