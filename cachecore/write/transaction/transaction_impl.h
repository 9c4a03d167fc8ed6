// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_file.h"
#include "cachecore/write/journal/journal_writer.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/target/journal_player.h"
#include "cachecore/write/transaction/old_bytes.h"
#include "cachecore/write/transaction/transaction.h"

#include <atomic>
#include <functional>
#include <new>
#include <optional>

namespace cachecore {

/// `call`, with memory running out as an error like any other.
template <typename Call>
[[nodiscard]] Result<void> guarded(const Call &call)
{
    try {
        return call();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Write);
    }
}

/// Each function from check() on makes the transition that the diagram in transaction.h names it for, and no other does.
class Transaction::Impl {
public:
    Impl(Context context, const WritePlan &plan, const WriteBatch &batch);

    TransactionEnd run();
    [[nodiscard]] State state() const { return m_state.load(std::memory_order_acquire); }
    [[nodiscard]] bool invariantsHold() const;
    [[nodiscard]] RangeTree<Piece> oldBytes() const { return m_oldPieces; }
    [[nodiscard]] std::uint64_t retiredBytes() const { return m_retiredBytes; }

private:
    [[nodiscard]] Result<void> advance();
    [[nodiscard]] Result<void> check();
    [[nodiscard]] Result<void> prepare();
    [[nodiscard]] Result<void> arm();
    [[nodiscard]] Result<void> write();
    [[nodiscard]] Result<void> sync();
    [[nodiscard]] Result<void> verify();
    void finish();
    void abandon(Error error);
    void rollBack(Error error);

    [[nodiscard]] Result<void> checkTarget();
    [[nodiscard]] Result<void> checkStillNamed(ProtocolStep step);
    [[nodiscard]] Result<void> makeHeader();
    [[nodiscard]] Result<void> restore();
    [[nodiscard]] Result<void> play(const std::stop_token &stop,
                                    const std::function<Result<void>(JournalPlayer &)> &part);
    [[nodiscard]] Result<void> removeJournal(bool marked);
    [[nodiscard]] bool nameRemains() const;
    void keepOldBytes();
    void setState(State to);
    [[nodiscard]] ByteRange span() const { return m_batch.span(); }

    const Context m_context;
    const WritePlan &m_plan;
    const WriteBatch &m_batch;
    const RangeList m_units;
    std::atomic<State> m_state{State::Idle};
    TransactionEnd m_end;
    JournalHeader m_header; ///< unit 0 until it is filled
    std::optional<JournalFile> m_journal;
    std::optional<JournalWriter> m_writer;
    std::optional<JournalReader> m_reader;
    std::optional<OldBytes> m_oldBytes;
    bool m_syncFailed = false;
    bool m_strangers = false; ///< bytes were met that are neither old nor new
    RangeTree<Piece> m_oldPieces;
    std::uint64_t m_retiredBytes = 0;
};

} // namespace cachecore
