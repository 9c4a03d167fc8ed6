// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/edit_step.h"
#include "cachecore/edit/epoch_change.h"
#include "cachecore/edit/staged_edits.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace cachecore {

/// The states of the staged edits that undo and redo move between, across writes of the disk.
///
///     state 0 --step--> state 1 --step--> [current] --step--> state n
///
/// Every state is a root and the epoch of the disk it was staged on. A write begins the next epoch: the current state is carried over
/// at once, every other when it is returned to, so that moving to a state always shows the bytes it showed when it was left.
///
/// Invariants: there is a current state and it belongs to the newest epoch; epochs fall from it towards both ends; no state is older than
/// the oldest change kept; the bounds hold after every call, oldest states going first, except that the newest step can be taken
/// back however large it was, unless old bytes of the disk beyond a bound would have to be kept for it.
/// What is staged is never given up for a bound: old bytes that came back by undoing are held as long as they are staged.
/// Thread: none of its own; the owner locks.
class EditHistory {
public:
    /// How much only the history may keep alive.
    struct Bounds {
        std::uint64_t steps = 10'000;
        std::uint64_t bytes = std::uint64_t{64} << 20;       ///< of memory: staged and old bytes
        std::uint64_t journalBytes = std::uint64_t{4} << 30; ///< of the disk: retired journals with old bytes
        std::uint64_t journals = 64;                         ///< how many of these; each is an open file
    };

    explicit EditHistory(Bounds bounds);

    [[nodiscard]] const StagedEdits &current() const { return m_states[m_current].edits; }

    /// Makes `edits` the current state, reached by `step`; what could be redone is dropped. `payload` is how many bytes the step holds in memory.
    /// With `join` and a Type step before that ends where this one begins (or inside its last byte), both become one step.
    void push(StagedEdits edits, EditStep step, std::uint64_t payload, bool join);

    [[nodiscard]] std::optional<EditStep> undoStep() const;
    [[nodiscard]] std::optional<EditStep> redoStep() const;
    /// Returns to the state before (after) the current one; false when there is none. Across writes O(pieces these wrote, or the state
    /// has, where the step was) * log n, else O(1).
    bool undo();
    bool redo();

    /// The disk now holds change.written. Without old bytes, states of earlier epochs could not be shown any more and are dropped.
    /// `carried` is carriedOver(current(), change), made by the caller so that it need not be made under its lock. Returns whether the
    /// states before the write can still be returned to: not when the old bytes were not kept or are beyond a bound.
    bool beginEpoch(EpochChange change, StagedEdits carried);
    /// Replaces the current state by one with the same content (other bases).
    void rebase(StagedEdits edits);

    [[nodiscard]] bool wasCut() const { return m_wasCut; }
    [[nodiscard]] std::uint64_t epoch() const { return m_firstEpoch + m_changes.size(); }
    /// What Bounds bounds, as it is now.
    [[nodiscard]] std::uint64_t stepsHeld() const { return m_states.size() - 1; }
    [[nodiscard]] std::uint64_t bytesHeld() const { return m_bytes; }
    [[nodiscard]] std::uint64_t journalBytesHeld() const { return m_retired.bytes; }
    [[nodiscard]] std::uint64_t journalsHeld() const { return m_retired.journals; }
    /// True when the stated invariants hold; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    struct State {
        StagedEdits edits;
        std::uint64_t epoch = 0;
        std::optional<EditStep> step; ///< how it was reached; nothing for the first
        std::uint64_t payload = 0;
    };

    /// A change and what of its old bytes is in memory.
    struct KeptChange {
        EpochChange change;
        std::uint64_t bytes = 0;
    };
    struct Retired {
        std::uint64_t bytes = 0;
        std::uint64_t journals = 0;
    };

    void moveTo(std::size_t index); // a neighbour of m_current
    void keepOnlyCurrent(StagedEdits edits, std::uint64_t epoch);
    void dropRedo();
    void dropOldestState();
    void dropUnneededChanges();
    void enforceBounds();
    [[nodiscard]] bool journalsFit() const;

    const Bounds m_bounds;
    std::deque<State> m_states;
    std::size_t m_current = 0;
    std::deque<KeptChange> m_changes; ///< change i leads from epoch m_firstEpoch + i to the next
    std::uint64_t m_firstEpoch = 0;
    std::uint64_t m_bytes = 0;
    Retired m_retired;    ///< what m_changes keep on the disk
    bool m_sealed = true; ///< the next step may not join the current one
    bool m_wasCut = false;
};

} // namespace cachecore
