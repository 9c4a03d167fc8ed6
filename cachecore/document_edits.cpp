// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"
#include "cachecore/write/plan_writer.h"

#include <algorithm>
#include <future>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kLargestSeenBase = std::uint64_t{1} << 20; ///< longer ranges are staged Unseen
constexpr int kMostTriesOutsideLock = 4;

} // namespace

/// One write from its start to its end, also when its task is destroyed unrun.
class Document::Impl::WriteTicket {
public:
    explicit WriteTicket(std::shared_ptr<Impl> impl)
        : m_impl(std::move(impl))
    {
    }
    WriteTicket(WriteTicket &&) = default;
    WriteTicket(const WriteTicket &) = delete;
    WriteTicket &operator=(const WriteTicket &) = delete;
    WriteTicket &operator=(WriteTicket &&) = delete;
    ~WriteTicket() { end(); }

    [[nodiscard]] Impl &impl() const { return *m_impl; }
    void end()
    {
        if (const auto impl = std::exchange(m_impl, nullptr))
            impl->endWrite();
    }

private:
    std::shared_ptr<Impl> m_impl;
};

StagedEdits Document::Impl::staged() const
{
    const std::lock_guard lock(m_editMutex);
    return m_history.current();
}

Result<void> Document::Impl::checkStageable(ByteRange range) const
{
    if (!m_source->writable())
        return failure(ErrorCode::ReadOnly, Operation::Stage, range, m_source->path());
    if (range.empty())
        return failure(ErrorCode::InvalidArgument, Operation::Stage, range, m_source->path());
    if (!whole().contains(range))
        return failure(ErrorCode::OutOfRange, Operation::Stage, range, m_source->path());
    if (range.end().value() > m_extent->sourceSize.load(std::memory_order_acquire))
        return failure(ErrorCode::Truncated, Operation::Stage, range, m_source->path());
    return {};
}

Result<void> Document::Impl::stage(ByteRange range, Piece piece, EditKind kind, bool continuesPrevious)
{
    if (auto allowed = checkStageable(range); !allowed)
        return allowed;
    try {
        const std::uint64_t payload = piece.bytes->size();
        piece.stamp = Piece::newStamp();
        for (int tries = 1;; ++tries) {
            const std::uint64_t epoch = currentEpoch();
            const RangeTree<Base> seen = tries < kMostTriesOutsideLock ? seenBases(range) : RangeTree<Base>();
            const std::lock_guard lock(m_editMutex);
            if (m_closed)
                return failure(ErrorCode::Closed, Operation::Stage, range, m_source->path());
            // What was seen before a write ended may be what that write replaced.
            if (!seen.empty() && m_history.epoch() != epoch)
                continue;
            m_history.push(m_history.current().with(range, std::move(piece), seen), {kind, range}, payload, continuesPrevious);
            break;
        }
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range, m_source->path());
    }
    notify({.edits = true});
    return {};
}

std::uint64_t Document::Impl::currentEpoch() const
{
    const std::lock_guard lock(m_editMutex);
    return m_history.epoch();
}

/// What the cache holds of `range` now, as bases: hashes for whole blocks of long ranges, bytes for the rest.
RangeTree<Base> Document::Impl::seenBases(ByteRange range) const
{
    RangeTree<Base> bases;
    if (range.length() > kLargestSeenBase)
        return bases;
    std::vector<std::byte> bytes(static_cast<std::size_t>(range.length()));
    std::vector<ByteCondition> conditions(bytes.size());
    peekSource(range.begin(), bytes, conditions);
    const bool hashing = range.length() > Base::kBaseBlock;
    for (ByteOffset at = range.begin(); at < range.end();) {
        const ByteRange block(at.alignedDown(Base::kBaseBlock), (at + 1).alignedUp(Base::kBaseBlock));
        const ByteRange part = block.intersection(range);
        const auto skip = static_cast<std::size_t>(part.begin() - range.begin());
        const auto length = static_cast<std::size_t>(part.length());
        const auto loaded = std::span(conditions).subspan(skip, length);
        if (std::ranges::all_of(loaded, [](ByteCondition c) { return c == ByteCondition::Loaded; })) {
            const auto seen = std::span(bytes).subspan(skip, length);
            if (hashing && part == block)
                bases = bases.with(part, Base::ofHashes(std::make_shared<const std::vector<Hash128>>(1, hash128(seen))));
            else
                bases = bases.with(
                    part, Base::ofBytes(std::make_shared<const std::vector<std::byte>>(seen.begin(), seen.end())));
        }
        at = part.end();
    }
    return bases;
}

Result<void> Document::Impl::discard(ByteRange range)
{
    try {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Stage, range, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Stage, range, m_source->path());
        if (!m_history.current().anyIn(range))
            return {};
        m_history.push(m_history.current().without(range), {EditKind::Discard, range}, 0, false);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range, m_source->path());
    }
    notify({.edits = true});
    return {};
}

Result<void> Document::Impl::move(bool (EditHistory::*way)())
{
    try {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Stage, {}, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Stage, {}, m_source->path());
        if (!(m_history.*way)())
            return {};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, {}, m_source->path());
    }
    notify({.edits = true});
    return {};
}

std::optional<EditStep> Document::Impl::nextStep(std::optional<EditStep> (EditHistory::*which)() const) const
{
    const std::lock_guard lock(m_editMutex);
    return m_writing != Writing::No ? std::nullopt : (m_history.*which)();
}

bool Document::Impl::historyWasCut() const
{
    const std::lock_guard lock(m_editMutex);
    return m_history.wasCut();
}

bool Document::Impl::writing() const
{
    const std::lock_guard lock(m_editMutex);
    return m_writing != Writing::No;
}

bool Document::Impl::closed() const
{
    const std::lock_guard lock(m_editMutex);
    return m_closed;
}

Result<void> Document::Impl::startWrite(ByteRange range, WriteDone done)
{
    StagedEdits frozen;
    {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Plan, range, m_source->path());
        m_writing = Writing::Queued;
        frozen = m_history.current();
    }
    notify({.edits = true});
    auto task = [ticket = WriteTicket(shared_from_this()), frozen = std::move(frozen), range,
                 finish = std::move(done)]() mutable {
        Impl &impl = ticket.impl();
        const std::shared_ptr<Impl> alive = impl.shared_from_this();
        Result<WriteReport> result = impl.beginWrite()
            ? impl.runWrite(frozen, range)
            : failure(ErrorCode::Closed, Operation::Plan, range, impl.m_source->path());
        ticket.end();
        finish(std::move(result));
    };
    if (!m_executors.writes->post(std::move(task)))
        return failure(ErrorCode::Closed, Operation::Plan, range, m_source->path());
    return {};
}

/// False when the document was closed before the writer came to it.
bool Document::Impl::beginWrite()
{
    const std::lock_guard lock(m_editMutex);
    if (!m_closed)
        m_writing = Writing::Running;
    return !m_closed;
}

void Document::Impl::endWrite()
{
    {
        const std::lock_guard lock(m_editMutex);
        m_writing = Writing::No;
    }
    m_writeEnded.notify_all();
    notify({.pages = true, .edits = true});
}

Result<WriteReport> Document::Impl::runWrite(const StagedEdits &frozen, ByteRange range)
{
    try {
        const WritePlan plan = planWrite(frozen, range);
        if (plan.extents.empty())
            return WriteReport{};
        return carryOut(plan);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Plan, range, m_source->path());
    }
}

Result<WriteReport> Document::Impl::carryOut(const WritePlan &plan)
{
    const bool keepOldBytes = plan.byteCount() <= m_options.undoBytes;
    PlanWriter writer(*m_source, plan, keepOldBytes, m_leftBehind);
    if (auto ready = writer.check(); !ready)
        return failure(ready.error());
    if (auto same = writer.compare(); !same)
        return failure(same.error());
    auto written = writer.write();
    const std::optional<ByteRange> unwritten = written ? std::nullopt : written.error().range;
    if (written)
        written = writer.sync();
    m_loader->refresh(plan.span(), [&plan](ByteRange page) { return plan.edits.anyIn(page); });
    if (!written) {
        noteLeftBehind(plan, unwritten);
        freezeBases(plan, writer.oldBytes());
        return failure(written.error());
    }
    for (const ByteRange extent : plan.extents)
        m_leftBehind = m_leftBehind.without(extent);
    const bool undoKept = beginEpoch({plan.edits, writer.oldBytes()});
    return WriteReport{plan.byteCount(), plan.edits.extentCount(), writer.writes(), plan.span(), undoKept};
}

/// Carries the current edits over to the disk as it is now. The work is done outside the lock, so that staging and showing go on;
/// edits staged meanwhile make it start again, the last time under the lock.
bool Document::Impl::beginEpoch(EpochChange change)
{
    for (int tries = 1;; ++tries) {
        const StagedEdits before = staged();
        const bool last = tries == kMostTriesOutsideLock;
        StagedEdits carried = last ? StagedEdits() : carriedOver(before, change);
        const std::lock_guard lock(m_editMutex);
        if (last)
            carried = carriedOver(m_history.current(), change);
        else if (!m_history.current().sameAs(before))
            continue;
        return m_history.beginEpoch(std::move(change), std::move(carried));
    }
}

/// After a write that failed: everything before `unwritten` may be on the disk now, and all of it when only the sync failed.
void Document::Impl::noteLeftBehind(const WritePlan &plan, const std::optional<ByteRange> &unwritten)
{
    const ByteOffset end = unwritten ? std::max(unwritten->begin(), plan.span().begin()) : plan.span().end();
    plan.edits.forEachPiece(ByteRange(plan.span().begin(), end), [this](ByteRange range, const Piece &piece) {
        m_leftBehind = m_leftBehind.with(range, piece);
        return true;
    });
}

/// After a write that failed half-way: what was under the edits is known now and no longer on the disk, so it becomes their base.
void Document::Impl::freezeBases(const WritePlan &plan, const RangeTree<Piece> &oldBytes)
{
    const std::lock_guard lock(m_editMutex);
    StagedEdits edits = m_history.current();
    oldBytes.forEach(plan.span(), [&](ByteRange range, const Piece &old) {
        plan.edits.forEachPiece(range, [&](ByteRange part, const Piece &) {
            const auto skip = static_cast<std::uint64_t>(part.begin() - range.begin());
            if (edits.byteCountIn(part) == part.length()) {
                Base base = Base::ofBytes(old.bytes);
                base.skip = old.phase + skip;
                edits = edits.withBase(part, std::move(base));
            }
            return true;
        });
        return true;
    });
    m_history.rebase(std::move(edits));
}

Result<WriteReport> Document::Impl::writeAndWait(ByteRange range)
{
    std::promise<Result<WriteReport>> promise;
    auto outcome = promise.get_future();
    auto started = startWrite(range, [promise = std::move(promise)](Result<WriteReport> result) mutable {
        promise.set_value(std::move(result));
    });
    if (!started)
        return failure(started.error());
    try {
        return outcome.get();
    } catch (const std::future_error &) {
        // The executor dropped the task, which it does only when it is shut down.
        return failure(ErrorCode::Closed, Operation::Write, range, m_source->path());
    }
}

CloseOutcome Document::Impl::close(std::chrono::milliseconds wait)
{
    const auto deadline = std::chrono::steady_clock::now() + wait;
    CloseOutcome outcome;
    {
        const std::lock_guard lock(m_editMutex);
        m_closed = true;
    }
    outcome.abandonedReads = m_loader->close(wait);
    std::unique_lock lock(m_editMutex);
    outcome.abandonedWrite = !m_writeEnded.wait_until(lock, deadline, [this] { return m_writing != Writing::Running; });
    return outcome;
}

} // namespace cachecore
