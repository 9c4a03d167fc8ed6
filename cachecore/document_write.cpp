// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"
#include "cachecore/write/plan_writer.h"

#include <algorithm>
#include <future>
#include <new>
#include <utility>

namespace cachecore {

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
        m_stagedDuringWrite.clear();
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

/// The current edits as `change(edits, range)` makes them, with the lock taken when it returns. The bulk of the work is done without it,
/// so that staging and showing go on; only what was staged meanwhile is worked on again under it.
template <typename Change>
StagedEdits Document::Impl::changedCurrent(const Change &change, std::unique_lock<std::mutex> &lock) const
{
    lock.lock();
    const StagedEdits before = m_history.current();
    const std::size_t known = m_stagedDuringWrite.size();
    lock.unlock();
    StagedEdits changed = change(before, ByteRange::whole(kMaxSourceSize));
    lock.lock();
    for (std::size_t i = known; i < m_stagedDuringWrite.size(); ++i) {
        const ByteRange blocks = baseBlocks(m_stagedDuringWrite[i]);
        changed = changed.withAllOf(blocks, change(m_history.current().clipped(blocks), blocks));
    }
    return changed;
}

/// Carries the current edits over to the disk as it is now.
bool Document::Impl::beginEpoch(EpochChange change)
{
    std::unique_lock lock(m_editMutex, std::defer_lock);
    StagedEdits carried
        = changedCurrent([&change](const StagedEdits &edits,
                                   ByteRange range) { return carriedOver(edits, change.clipped(range)); },
                         lock);
    return m_history.beginEpoch(std::move(change), std::move(carried));
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
    const auto frozen = [&](StagedEdits edits, ByteRange within) {
        oldBytes.forEach(within, [&](ByteRange range, const Piece &old) {
            plan.edits.forEachPiece(range, [&](ByteRange part, const Piece &) {
                if (edits.byteCountIn(part) == part.length()) {
                    Base base = Base::ofBytes(old.bytes);
                    base.skip = old.phase + (part.begin() - range.begin());
                    edits = edits.withBase(part, std::move(base));
                }
                return true;
            });
            return true;
        });
        return edits;
    };
    std::unique_lock lock(m_editMutex, std::defer_lock);
    m_history.rebase(changedCurrent(frozen, lock));
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
