// SPDX-License-Identifier: MIT
#include "cachecore/edit/edit_history.h"

#include <algorithm>
#include <utility>

namespace cachecore {

EditHistory::EditHistory(Bounds bounds)
    : m_bounds(bounds)
    , m_states(1)
{
}

void EditHistory::push(StagedEdits edits, EditStep step, std::uint64_t payload, bool join)
{
    State &top = m_states[m_current];
    const bool joins = join && !m_sealed && top.step && top.step->kind == EditKind::Type && step.kind == EditKind::Type
        && top.step->range.begin() <= step.range.begin() && step.range.begin() <= top.step->range.end();
    if (joins) {
        top.edits = std::move(edits);
        top.payload += payload;
        top.step->range = {top.step->range.begin(), std::max(top.step->range.end(), step.range.end())};
    } else {
        if (m_current + 1 == m_states.size())
            m_states.emplace_back(); // the only thing here that can run out of memory, before anything has changed
        else
            m_bytes -= m_states[m_current + 1].payload;
        m_states[++m_current] = {std::move(edits), epoch(), step, payload};
    }
    m_bytes += payload;
    m_sealed = false;
    dropRedo();
    enforceBounds();
}

std::optional<EditStep> EditHistory::undoStep() const
{
    return m_current == 0 ? std::nullopt : m_states[m_current].step;
}

std::optional<EditStep> EditHistory::redoStep() const
{
    return m_current + 1 == m_states.size() ? std::nullopt : m_states[m_current + 1].step;
}

bool EditHistory::undo()
{
    if (m_current == 0)
        return false;
    moveTo(m_current - 1);
    return true;
}

bool EditHistory::redo()
{
    if (m_current + 1 == m_states.size())
        return false;
    moveTo(m_current + 1);
    return true;
}

void EditHistory::moveTo(std::size_t index)
{
    // Carried over on a copy first: running out of memory half-way leaves the history as it was.
    State target = m_states[index];
    if (target.epoch < epoch()) {
        // Outside of the step between the two states they hold the same, and there the current state is carried over already.
        const ByteRange blocks = baseBlocks(m_states[std::max(index, m_current)].step->range);
        StagedEdits part = target.edits.clipped(blocks);
        for (; target.epoch < epoch(); ++target.epoch)
            part = carriedOver(part, m_changes[target.epoch - m_firstEpoch].change.clipped(blocks));
        target.edits = current().withAllOf(blocks, part);
    }
    m_states[index] = std::move(target);
    m_current = index;
    m_sealed = true;
    dropUnneededChanges();
}

bool EditHistory::beginEpoch(EpochChange change, StagedEdits carried)
{
    m_sealed = true;
    if (!change.oldBytesKept()) {
        keepOnlyCurrent(std::move(carried), epoch() + 1);
        return false;
    }
    const std::uint64_t bytes = change.oldBytesInMemory();
    const Retired retired{change.retiredBytes, change.retiredBytes > 0 ? std::uint64_t{1} : 0};
    m_changes.push_back({std::move(change), bytes}); // from here on nothing can run out of memory
    m_bytes += bytes;
    m_retired = {m_retired.bytes + retired.bytes, m_retired.journals + retired.journals};
    m_states[m_current].edits = std::move(carried);
    m_states[m_current].epoch = epoch();
    dropUnneededChanges();
    enforceBounds();
    std::uint64_t allBytes = 0;
    for (const KeptChange &kept : m_changes)
        allBytes += kept.bytes;
    if (allBytes <= m_bounds.bytes && journalsFit())
        return true;
    keepOnlyCurrent(current(), epoch());
    return false;
}

/// Gives up undoing and redoing, and with them all that only they need.
void EditHistory::keepOnlyCurrent(StagedEdits edits, std::uint64_t epoch)
{
    m_wasCut = m_wasCut || m_states.size() > 1;
    m_states.resize(1);
    m_states.front() = {std::move(edits), epoch, std::nullopt, 0};
    m_changes.clear();
    m_firstEpoch = epoch;
    m_current = 0;
    m_bytes = 0;
    m_retired = {};
}

void EditHistory::rebase(StagedEdits edits)
{
    m_states[m_current].edits = std::move(edits);
}

void EditHistory::dropRedo()
{
    if (m_states.size() == m_current + 1)
        return;
    while (m_states.size() > m_current + 1) {
        m_bytes -= m_states.back().payload;
        m_states.pop_back();
    }
    dropUnneededChanges();
}

void EditHistory::dropOldestState()
{
    m_bytes -= m_states.front().payload;
    m_states.pop_front();
    --m_current;
    // The step to the new first state can no longer be taken back: what it staged belongs to the overlay, not to the history.
    State &first = m_states.front();
    first.step.reset();
    m_bytes -= first.payload;
    first.payload = 0;
    m_wasCut = true;
    dropUnneededChanges();
}

void EditHistory::dropUnneededChanges()
{
    // The history is walked step by step and every state it passes is carried to the newest epoch, so that epochs fall towards both ends.
    const std::uint64_t oldest = std::min(m_states.front().epoch, m_states.back().epoch);
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
    while (m_current > 1 && (stepsHeld() > m_bounds.steps || !fits()))
        dropOldestState();
    // Redo states are the last to go: they are what the user just took back.
    while (!fits() && m_states.size() > m_current + 1) {
        dropRedo();
        m_wasCut = true;
    }
}

bool EditHistory::invariantsHold() const
{
    if (m_current >= m_states.size() || m_states[m_current].epoch != epoch())
        return false;
    const auto epochFalls
        = [this](std::size_t nearer, std::size_t further) { return m_states[further].epoch <= m_states[nearer].epoch; };
    for (std::size_t i = 0; i + 1 < m_states.size(); ++i) {
        if (!(i < m_current ? epochFalls(i + 1, i) : epochFalls(i, i + 1)))
            return false;
    }
    std::uint64_t bytes = 0;
    for (const State &state : m_states) {
        if (state.epoch < m_firstEpoch || state.epoch > epoch() || !state.edits.invariantsHold())
            return false;
        bytes += state.payload;
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
