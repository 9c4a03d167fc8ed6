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
    dropRedo();
    State &top = m_states[m_current];
    const bool joins = join && !m_sealed && top.step && top.step->kind == EditKind::Type && step.kind == EditKind::Type
        && top.step->range.begin() <= step.range.begin() && step.range.begin() <= top.step->range.end();
    m_bytes += payload;
    if (joins) {
        top.edits = std::move(edits);
        top.payload += payload;
        top.step->range = {top.step->range.begin(), std::max(top.step->range.end(), step.range.end())};
    } else {
        m_states.push_back({std::move(edits), epoch(), step, payload});
        ++m_current;
    }
    m_sealed = false;
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
    while (target.epoch < epoch()) {
        target.edits = carriedOver(target.edits, m_changes[target.epoch - m_firstEpoch]);
        ++target.epoch;
    }
    m_states[index] = std::move(target);
    m_current = index;
    m_sealed = true;
    dropUnneededChanges();
}

void EditHistory::beginEpoch(EpochChange change, StagedEdits carried)
{
    State &top = m_states[m_current];
    m_sealed = true;
    if (change.oldBytesKept()) {
        m_bytes += change.oldBytes.byteCount();
        m_changes.push_back(std::move(change));
        top.edits = std::move(carried);
        top.epoch = epoch();
        dropUnneededChanges();
        enforceBounds();
        return;
    }
    m_wasCut = m_wasCut || m_states.size() > 1;
    m_firstEpoch = epoch() + 1;
    m_changes.clear();
    State only{std::move(carried), m_firstEpoch, std::nullopt, 0};
    m_states.clear();
    m_states.push_back(std::move(only));
    m_current = 0;
    m_bytes = 0;
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
    if (m_changes.empty())
        return;
    std::uint64_t oldest = epoch();
    for (const State &state : m_states)
        oldest = std::min(oldest, state.epoch);
    while (m_firstEpoch < oldest) {
        m_bytes -= m_changes.front().oldBytes.byteCount();
        m_changes.pop_front();
        ++m_firstEpoch;
    }
}

void EditHistory::enforceBounds()
{
    // The newest step can always be taken back, however large it was.
    while (m_current > 1 && (m_states.size() - 1 > m_bounds.steps || m_bytes > m_bounds.bytes))
        dropOldestState();
    // Redo states are the last to go: they are what the user just took back.
    while (m_bytes > m_bounds.bytes && m_states.size() > m_current + 1) {
        dropRedo();
        m_wasCut = true;
    }
}

bool EditHistory::invariantsHold() const
{
    if (m_current >= m_states.size() || m_states[m_current].epoch != epoch())
        return false;
    std::uint64_t bytes = 0;
    for (const State &state : m_states) {
        if (state.epoch < m_firstEpoch || state.epoch > epoch() || !state.edits.invariantsHold())
            return false;
        bytes += state.payload;
    }
    for (const EpochChange &change : m_changes) {
        if (!change.oldBytesKept())
            return false;
        bytes += change.oldBytes.byteCount();
    }
    return bytes == m_bytes;
}

} // namespace cachecore
