// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/edit_step.h"
#include "cachecore/edit/epoch_change.h"
#include "cachecore/edit/staged_edits.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace cachecore {

/// The states of the staged edits that undo and redo move between, across writes of the disk.
///
///     state 0 --step--> state 1 --step--> [current] --step--> state n
///
/// Two neighbours differ in the range of the step between them and nowhere else. So there is one set of edits, that of the current state,
/// which is changed in place where no snapshot shares it, and each step keeps what the state on its far side holds in its range:
/// what it was before for a step that can be taken back, what it becomes for one that can be taken again. A step costs what it changed,
/// not the way to it.
///
/// What a step keeps belongs to the epoch of the disk it was put aside in. A write begins the next epoch: the current state is carried over
/// at once, what a step keeps when it is returned to, so that moving to a state always shows the bytes it showed when it was left.
///
/// Invariants: epochs fall from the current state towards both ends and none is older than the oldest change kept; what a step keeps lies
/// in its range; the bounds hold after every call, oldest steps going first, except that the newest step can be taken
/// back however large it was, unless old bytes of the disk beyond a bound would have to be kept for it.
/// What is staged is never given up for a bound: old bytes that came back by undoing are held as long as they are staged.
/// Without memory (std::bad_alloc) everything stays as it was.
/// Thread: none of its own; the owner locks. Copies of the current state are snapshots that any thread may keep.
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

    [[nodiscard]] const StagedEdits &current() const { return m_current; }

    /// Stages `piece` over `range` by a step of this kind; what could be redone is dropped. `payload` is how many bytes the step holds in
    /// memory. With `join` and a Type step before that ends where this one begins (or inside its last byte), both become one step. What
    /// `seen` is StagedEdits::stage says. O((1 + bases under it) * log n).
    void stage(ByteRange range, Piece piece, const RangeTree<Base> &seen, EditKind kind, std::uint64_t payload,
               bool join);
    /// Makes `edits` the current state, reached by `step`, outside of whose range they hold what the current state holds. The same else.
    void push(StagedEdits edits, EditStep step, std::uint64_t payload, bool join);

    [[nodiscard]] std::optional<EditStep> undoStep() const;
    [[nodiscard]] std::optional<EditStep> redoStep() const;
    /// Returns to the state before (after) the current one; false when there is none. Across writes O(pieces these wrote, or the step
    /// keeps, where the step was) * log n, else O(log n).
    bool undo();
    bool redo();

    /// The disk now holds change.written. Without old bytes, states of earlier epochs could not be shown any more and are dropped.
    /// `carried` is carriedOver(current(), change), made by the caller so that it need not be made under its lock. Returns whether the
    /// states before the write can still be returned to: not when the old bytes were not kept or are beyond a bound.
    bool beginEpoch(EpochChange change, StagedEdits carried);
    /// The same where neither `carried` could be made nor the old bytes be kept: the current edits stay as they are, also those that the disk has by now;
    /// there is nothing to undo and redo any more. Needs no memory.
    void beginEpochUncarried() noexcept { keepOnlyCurrent(std::move(m_current), epoch() + 1); }
    /// What was seen under the edits in `range` says nothing any more, here and in every step. O(bases * log n).
    void forgetBases(ByteRange range);

    [[nodiscard]] bool wasCut() const { return m_wasCut; }
    [[nodiscard]] std::uint64_t epoch() const { return m_firstEpoch + m_changes.size(); }
    /// What Bounds bounds, as it is now.
    [[nodiscard]] std::uint64_t stepsHeld() const { return m_steps.size(); }
    [[nodiscard]] std::uint64_t bytesHeld() const { return m_bytes; }
    [[nodiscard]] std::uint64_t journalBytesHeld() const { return m_retired.bytes; }
    [[nodiscard]] std::uint64_t journalsHeld() const { return m_retired.journals; }
    /// True when the stated invariants hold; for tests.
    [[nodiscard]] bool invariantsHold() const;

private:
    struct Step {
        EditStep step;
        StagedEdits kept;
        std::uint64_t epoch = 0; ///< that `kept` belongs to
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

    template <typename Change>
    void take(EditStep step, std::uint64_t payload, bool join, Change &&change);
    [[nodiscard]] bool joins(const EditStep &step) const;
    void swapWith(Step &step);
    [[nodiscard]] StagedEdits carried(const Step &step) const;
    void keepOnlyCurrent(StagedEdits edits, std::uint64_t epoch);
    void dropRedo();
    void dropOldestStep();
    void dropUnneededChanges();
    void enforceBounds();
    [[nodiscard]] bool journalsFit() const;

    const Bounds m_bounds;
    StagedEdits m_current;
    std::deque<Step> m_steps; ///< the first m_done of them can be undone, the others redone
    std::size_t m_done = 0;
    std::deque<KeptChange> m_changes; ///< change i leads from epoch m_firstEpoch + i to the next
    std::uint64_t m_firstEpoch = 0;
    std::uint64_t m_bytes = 0;
    Retired m_retired;    ///< what m_changes keep on the disk
    bool m_sealed = true; ///< the next step may not join the current one
    bool m_wasCut = false;
};

} // namespace cachecore
