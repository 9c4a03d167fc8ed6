// SPDX-License-Identifier: MIT
#include "cachecore/write/transaction/transaction.h"

#include "cachecore/base/named_error.h"
#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/transaction/journal_builder.h"
#include "cachecore/write/transaction/transaction_check.h"
#include "cachecore/write/transaction/transaction_impl.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace cachecore {

namespace {

using State = Transaction::State;

[[maybe_unused]] bool isTransition(State from, State to) // asked by an assertion only
{
    switch (to) {
    case State::Idle:
        return false;
    case State::Checked:
        return from == State::Idle;
    case State::Prepared:
        return from == State::Checked;
    case State::Armed:
        return from == State::Prepared;
    case State::Written:
        return from == State::Armed;
    case State::Synced:
        return from == State::Written;
    case State::Verified:
        return from == State::Synced;
    case State::Committed:
        return from == State::Verified;
    case State::Untouched:
        return from == State::Idle || from == State::Checked || from == State::Prepared;
    case State::RollingBack:
        return from == State::Armed || from == State::Written || from == State::Synced || from == State::Verified;
    case State::RolledBack:
        return from == State::RollingBack;
    case State::NeedsRecovery:
        return from == State::Prepared || from == State::Verified || from == State::RollingBack;
    }
    return false;
}

/// Whether this is what a player says of bytes that are not what the journal has, and no failure to look at them.
bool saysOfStrangers(const Error &error)
{
    return error.code == ErrorCode::Changed || (error.operation == Operation::Verify && error.systemError == 0);
}

} // namespace

Transaction::Impl::Impl(Context context, const WritePlan &plan, const WriteBatch &batch)
    : m_context(std::move(context))
    , m_plan(plan)
    , m_batch(batch)
    , m_units{batch.extents.size(), [&batch](std::size_t i) { return batch.extents[i].units; }}
{
    m_header.unit = 0;
}

TransactionEnd Transaction::Impl::run()
{
    auto advanced = guarded([this] { return advance(); });
    if (advanced)
        finish();
    else if (state() == State::Idle || state() == State::Checked || state() == State::Prepared)
        abandon(std::move(advanced.error()));
    else
        rollBack(std::move(advanced.error()));
    return std::move(m_end);
}

Result<void> Transaction::Impl::advance()
{
    for (const auto step : {&Impl::check, &Impl::prepare, &Impl::arm, &Impl::write, &Impl::sync, &Impl::verify}) {
        if (m_context.stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Write, span());
        if (auto done = (this->*step)(); !done)
            return done;
    }
    if (m_context.stop.stop_requested())
        return failure(ErrorCode::Cancelled, Operation::Write, span());
    return {};
}

void Transaction::Impl::setState(State to)
{
    assert(isTransition(state(), to));
    m_state.store(to, std::memory_order_release);
}

/// Step 0: the target is there, ours to write, and long enough; nobody's write is unfinished.
Result<void> Transaction::Impl::check()
{
    m_context.progress.begin(WritePhase::Checking, 0);
    if (auto checked = checkTarget(); !checked)
        return checked;
    if (!leftOut(ProtocolStep::CheckNoJournal)) {
        const auto names = everyJournalName(m_context.env, m_context.target, m_context.places);
        if (!names)
            return failure(names.error());
        if (auto settled = refuseUnsettled(m_context.env, *names); !settled)
            return settled;
    }
    if (auto made = makeHeader(); !made)
        return made;
    setState(State::Checked);
    return {};
}

Result<void> Transaction::Impl::checkTarget()
{
    BlockSource &target = m_context.target;
    if (!target.writable()) {
        Error reason = target.readOnlyReason();
        if (reason.code != ErrorCode::Held)
            reason.code = ErrorCode::ReadOnly;
        reason.operation = Operation::Plan;
        reason.range = span();
        return failure(std::move(reason));
    }
    if (auto named = checkStillNamed(ProtocolStep::CheckIdentity); !named)
        return named;
    if (!leftOut(ProtocolStep::CheckHolders)) {
        if (auto ours = target.checkHolders(); !ours)
            return ours;
    }
    const auto size = target.size();
    if (!size)
        return failure(size.error());
    const ByteOffset end = m_batch.extents.back().units.end();
    if (end.value() > *size && !leftOut(ProtocolStep::CheckSize))
        return failure(ErrorCode::Truncated, Operation::Plan,
                       ByteRange(std::max(ByteOffset(*size), span().begin()), end), target.path());
    return {};
}

Result<void> Transaction::Impl::checkStillNamed(ProtocolStep step)
{
    return leftOut(step) ? Result<void>() : m_context.target.checkStillNamed();
}

Result<void> Transaction::Impl::makeHeader()
{
    const auto before = m_context.target.fingerprint();
    if (!before)
        return failure(before.error());
    for (const std::span<std::byte> into :
         {std::span<std::byte>(m_header.transaction), std::span<std::byte>(m_header.salt)}) {
        if (auto drawn = m_context.env.random(into); !drawn)
            return failure(named(drawn.error(), Operation::Journal, m_context.target.path()));
    }
    m_end.transaction = m_header.transaction;
    m_header.identity = m_context.target.identity();
    m_header.before = *before;
    m_header.before.size
        = m_plan.geometry.targetSize; // the units end there, also when the target has grown since it was planned
    m_header.createdNs = m_context.env.realTimeNs();
    m_header.targetPath = m_context.target.path();
    m_header.unit = m_plan.geometry.unit;
    return {};
}

/// Steps 1 and 2: everything there is to know goes to the journal, under a temporary name.
Result<void> Transaction::Impl::prepare()
{
    m_context.progress.begin(WritePhase::Journalling, m_batch.unitBytes);
    const auto names = journalNames(m_context.env, m_context.target, m_context.places);
    if (!names)
        return failure(names.error());
    auto journal = JournalFile::create(m_context.env, *names, m_context.places.stateDirectory, m_batch.journalBytes,
                                       m_header.transaction);
    if (!journal)
        return failure(journal.error());
    m_journal.emplace(std::move(*journal));
    m_end.journalPath = m_journal->path();
    m_writer.emplace(m_journal->file(), m_journal->path());
    if (auto begun = m_writer->begin(m_header); !begun)
        return begun;

    auto where = OldBytes::Where::Nowhere;
    if (m_batch.stagedBytes <= kOldBytesInMemory)
        where = OldBytes::Where::InMemory;
    else if (m_context.keepRetired)
        where = OldBytes::Where::InJournal;
    m_oldBytes.emplace(m_plan, m_batch, where);
    JournalBuilder builder(
        {m_context.target, m_plan, m_batch, *m_writer, *m_oldBytes, m_context.progress, m_context.stop});
    if (auto built = builder.build(); !built)
        return built;
    setState(State::Prepared);
    return {};
}

/// Step 3: from here on whoever finds the journal can finish or roll back.
Result<void> Transaction::Impl::arm()
{
    if (auto armed = m_writer->arm(); !armed)
        return armed;
    if (!leftOut(ProtocolStep::RenameBeforeWrite)) {
        if (auto named = m_journal->giveName(); !named)
            return named;
    }
    if (auto named = checkStillNamed(ProtocolStep::CheckIdentityBeforeWrite); !named)
        return named;
    setState(State::Armed);
    return {};
}

/// Step 4.
Result<void> Transaction::Impl::write()
{
    m_context.progress.begin(WritePhase::Writing, m_batch.unitBytes);
    if (auto written = play(m_context.stop, &JournalPlayer::writeNew); !written)
        return written;
    if (leftOut(ProtocolStep::RenameBeforeWrite)) {
        if (auto named = m_journal->giveName(); !named)
            return named;
    }
    setState(State::Written);
    return {};
}

/// Step 5.
Result<void> Transaction::Impl::sync()
{
    m_context.progress.begin(WritePhase::Syncing, 0);
    if (!leftOut(ProtocolStep::SyncTarget)) {
        auto synced = m_context.target.sync();
        m_syncFailed = !synced;
        if (!synced)
            return synced;
    }
    setState(State::Synced);
    return {};
}

/// Step 6.
Result<void> Transaction::Impl::verify()
{
    m_context.progress.begin(WritePhase::Verifying, m_batch.unitBytes);
    if (!leftOut(ProtocolStep::Verify)) {
        const auto same = play(m_context.stop, [](JournalPlayer &player) { return player.verify(JournalSide::New); });
        if (!same)
            return same;
    }
    // What was written to a file that has lost its name since is not on the disk that people will open.
    if (auto named = checkStillNamed(ProtocolStep::CheckIdentityAfterWrite); !named)
        return named;
    setState(State::Verified);
    return {};
}

Result<void> Transaction::Impl::play(const std::stop_token &stop,
                                     const std::function<Result<void>(JournalPlayer &)> &part)
{
    if (!m_reader) {
        auto reader = JournalReader::open(m_journal->file(), m_journal->path());
        if (!reader)
            return failure(reader.error());
        m_reader.emplace(std::move(*reader));
    }
    JournalPlayer player({m_context.target, *m_reader, m_units, m_plan.geometry.unit, m_context.progress, stop});
    auto played = part(player);
    m_strangers = m_strangers || (!played && saysOfStrangers(played.error()));
    m_end.writes += player.writes();
    return played;
}

bool Transaction::Impl::invariantsHold() const
{
    return promisesHold(
        {state(), m_context, m_plan, m_batch, m_header, m_journal ? &*m_journal : nullptr, m_strangers});
}

Transaction::Transaction(Context context, const WritePlan &plan, const WriteBatch &batch)
    : m_impl(std::make_unique<Impl>(std::move(context), plan, batch))
{
}

Transaction::~Transaction() = default;

TransactionEnd Transaction::run()
{
    return m_impl->run();
}

Transaction::State Transaction::state() const
{
    return m_impl->state();
}

bool Transaction::invariantsHold() const
{
    return m_impl->invariantsHold();
}

RangeTree<Piece> Transaction::oldBytes() const
{
    return m_impl->oldBytes();
}

std::uint64_t Transaction::retiredBytes() const
{
    return m_impl->retiredBytes();
}

} // namespace cachecore
