// SPDX-License-Identifier: MIT
#include "cachecore/edit/edit_history.h"

#include <algorithm>
#include <utility>

namespace cachecore {

EditHistory::EditHistory(Bounds bounds)
    : m_bounds(bounds)
{
}

void EditHistory::stage(ByteRange range, Piece piece, const RangeTree<Base> &seen, EditKind kind, std::uint64_t payload,
                        bool join)
{
    take({kind, range}, payload, join, [&] { m_current.stage(range, std::move(piece), seen); });
}

void EditHistory::push(StagedEdits edits, EditStep step, std::uint64_t payload, bool join)
{
    take(step, payload, join, [&] { m_current = std::move(edits); });
}

bool EditHistory::joins(const EditStep &step) const
{
    if (m_sealed || m_done == 0 || step.kind != EditKind::Type)
        return false;
    const EditStep &last = m_steps[m_done - 1].step;
    return last.kind == EditKind::Type && last.range.begin() <= step.range.begin()
        && step.range.begin() <= last.range.end();
}

/// Takes a step that `change` makes of the current state, and keeps what it changes. Only what comes before that can run out of memory.
template <typename Change>
void EditHistory::take(EditStep step, std::uint64_t payload, bool join, Change &&change)
{
    if (join && joins(step)) {
        Step &last = m_steps[m_done - 1];
        const ByteRange grown(last.step.range.end(), std::max(last.step.range.end(), step.range.end()));
        StagedEdits kept = last.kept;
        if (m_current.anyIn(grown)) {
            const StagedEdits before = m_current.clipped(grown);
            kept.replace(grown, before);
            payload += before.payload();
        }
        change();
        last.kept = std::move(kept);
        last.payload += payload;
        last.step.range = {last.step.range.begin(), grown.end()};
    } else {
        Step made{step, m_current.clipped(step.range), epoch(), payload};
        // What it keeps may belong to no other step any more. As long as it does, it counts twice.
        payload += made.kept.payload();
        made.payload = payload;
        const bool isNew = m_done == m_steps.size();
        if (isNew)
            m_steps.emplace_back();
        try {
            change();
        } catch (...) {
            if (isNew)
                m_steps.pop_back();
            throw;
        }
        m_bytes -= m_steps[m_done].payload;
        m_steps[m_done++] = std::move(made);
    }
    m_bytes += payload;
    m_sealed = false;
    dropRedo();
    enforceBounds();
}

std::optional<EditStep> EditHistory::undoStep() const
{
    return m_done == 0 ? std::nullopt : std::optional(m_steps[m_done - 1].step);
}

std::optional<EditStep> EditHistory::redoStep() const
{
    return m_done == m_steps.size() ? std::nullopt : std::optional(m_steps[m_done].step);
}

bool EditHistory::undo()
{
    if (m_done == 0)
        return false;
    swapWith(m_steps[m_done - 1]);
    --m_done;
    dropUnneededChanges();
    return true;
}

bool EditHistory::redo()
{
    if (m_done == m_steps.size())
        return false;
    swapWith(m_steps[m_done]);
    ++m_done;
    dropUnneededChanges();
    return true;
}

/// Goes to the far side of a step next to the current state.
void EditHistory::swapWith(Step &step)
{
    StagedEdits left = m_current.clipped(step.step.range);
    m_current.replace(step.step.range, step.epoch == epoch() ? step.kept : carried(step));
    step.kept = std::move(left);
    step.epoch = epoch();
    m_sealed = true;
}

/// What a step keeps, on the disk as it is now. Hashes of blocks at the edges of its range also speak of bytes beside it.
StagedEdits EditHistory::carried(const Step &step) const
{
    const ByteRange blocks = baseBlocks(step.step.range);
    StagedEdits kept = step.kept;
    for (std::uint64_t at = step.epoch; at < epoch(); ++at)
        kept = carriedOver(kept, m_changes[at - m_firstEpoch].change.clipped(blocks)).clipped(step.step.range);
    return kept;
}

bool EditHistory::beginEpoch(EpochChange change, StagedEdits carried, std::uint64_t oldBytes)
{
    m_sealed = true;
    if (!change.oldBytesKept()) {
        keepOnlyCurrent(std::move(carried), epoch() + 1);
        return false;
    }
    const Retired retired{change.retiredBytes, change.retiredBytes > 0 ? std::uint64_t{1} : 0};
    m_changes.push_back({std::move(change), oldBytes}); // from here on nothing can run out of memory
    m_bytes += oldBytes;
    m_retired = {m_retired.bytes + retired.bytes, m_retired.journals + retired.journals};
    m_current = std::move(carried);
    dropUnneededChanges();
    enforceBounds();
    std::uint64_t allBytes = 0;
    for (const KeptChange &kept : m_changes)
        allBytes += kept.bytes;
    if (allBytes <= m_bounds.bytes && journalsFit())
        return true;
    keepOnlyCurrent(std::move(m_current), epoch());
    return false;
}

void EditHistory::beginEpochUncarried()
{
    m_sealed = true;
    keepOnlyCurrent(std::move(m_current), epoch() + 1);
}

/// Gives up undoing and redoing, and with them all that only they need.
void EditHistory::keepOnlyCurrent(StagedEdits edits, std::uint64_t epoch)
{
    m_wasCut = m_wasCut || !m_steps.empty();
    m_current = std::move(edits);
    m_steps.clear();
    m_done = 0;
    m_changes.clear();
    m_firstEpoch = epoch;
    m_bytes = 0;
    m_retired = {};
}

/// The bases in `ranges` (disjoint, ascending) of which `stale(base)` is true become Unseen.
template <typename Stale>
void EditHistory::forget(std::span<const ByteRange> ranges, const Stale &stale)
{
    const auto forgetIn = [&](StagedEdits &edits) {
        if (edits.empty())
            return;
        const ByteRange span = edits.span();
        const auto before = [span](ByteRange range) { return range.end() <= span.begin(); };
        RangeTreeBuilder<Base> unseen;
        for (auto range = std::ranges::partition_point(ranges, before);
             range != ranges.end() && range->begin() < span.end(); ++range)
            edits.forEachBase(*range, [&](ByteRange part, const Base &base) {
                if (stale(base))
                    unseen.append(part, Base{});
                return true;
            });
        if (const RangeTree<Base> bases = unseen.take(); !bases.empty())
            edits = edits.withBases(bases);
    };
    forgetIn(m_current);
    for (Step &step : m_steps)
        forgetIn(step.kept);
}

void EditHistory::forgetBases(ByteRange range)
{
    forget({&range, 1}, [](const Base &base) { return base.kind != Base::Kind::Unseen; });
}

void EditHistory::forgetHashes(std::span<const ByteRange> blocks)
{
    forget(blocks, [](const Base &base) { return base.kind == Base::Kind::SeenHashes; });
}

void EditHistory::dropRedo()
{
    while (m_steps.size() > m_done) {
        m_bytes -= m_steps.back().payload;
        m_steps.pop_back();
    }
    dropUnneededChanges();
}

/// What the oldest step staged belongs to the overlay from now on, not to the history.
void EditHistory::dropOldestStep()
{
    m_bytes -= m_steps.front().payload;
    m_steps.pop_front();
    --m_done;
    m_wasCut = true;
    dropUnneededChanges();
}

void EditHistory::dropUnneededChanges()
{
    if (m_changes.empty())
        return;
    // The history is walked step by step and what each step keeps is carried to the newest epoch, so that epochs fall towards both ends.
    const std::uint64_t oldest = m_steps.empty() ? epoch() : std::min(m_steps.front().epoch, m_steps.back().epoch);
    while (m_firstEpoch < oldest) {
        const KeptChange &unneeded = m_changes.front();
        m_bytes -= unneeded.bytes;
        m_retired.bytes -= unneeded.change.retiredBytes;
        m_retired.journals -= unneeded.change.retiredBytes > 0 ? 1 : 0;
        m_changes.pop_front();
        ++m_firstEpoch;
    }
}

bool EditHistory::journalsFit() const
{
    return m_retired.bytes <= m_bounds.journalBytes && m_retired.journals <= m_bounds.journals;
}

void EditHistory::enforceBounds()
{
    const auto fits = [this] { return m_bytes <= m_bounds.bytes && journalsFit(); };
    // The newest step can always be taken back, however large it was.
    while (m_done > 1 && (stepsHeld() > m_bounds.steps || !fits()))
        dropOldestStep();
    // What can be redone is the last to go: it is what the user just took back.
    while (!fits() && m_steps.size() > m_done) {
        dropRedo();
        m_wasCut = true;
    }
}

bool EditHistory::invariantsHold() const
{
    if (m_done > m_steps.size() || !m_current.invariantsHold())
        return false;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < m_steps.size(); ++i) {
        const Step &step = m_steps[i];
        const std::size_t nearer = i < m_done ? i + 1 : i - 1; // to the current state
        const bool isNext = i + 1 == m_done || i == m_done;
        if (step.epoch < m_firstEpoch || step.epoch > (isNext ? epoch() : m_steps[nearer].epoch))
            return false;
        if (!step.kept.invariantsHold() || (!step.kept.empty() && !step.step.range.contains(step.kept.span())))
            return false;
        bytes += step.payload;
    }
    Retired retired;
    for (const KeptChange &kept : m_changes) {
        if (!kept.change.oldBytesKept() || kept.bytes != kept.change.oldBytesInMemory())
            return false;
        bytes += kept.bytes;
        retired.bytes += kept.change.retiredBytes;
        retired.journals += kept.change.retiredBytes > 0 ? 1 : 0;
    }
    return bytes == m_bytes && retired.bytes == m_retired.bytes && retired.journals == m_retired.journals;
}

} // namespace cachecore
