// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_file.h"

#include "cachecore/base/directory_sync.h"
#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <utility>

namespace cachecore {

namespace {

/// A log is rewritten when it has grown to this many times what it was when it was new.
constexpr std::uint64_t kMostGrowth = 4;
constexpr std::uint64_t kGrowthAlwaysAllowed = std::uint64_t{1} << 20;

} // namespace

RecoveryLogFile::RecoveryLogFile(std::shared_ptr<Env> env, std::string stem, RecoveryLogHeader header,
                                 std::uint64_t limit)
    : m_env(std::move(env))
    , m_stem(std::move(stem))
    , m_header(std::move(header))
    , m_limit(limit)
{
    m_header.sourcePath.resize(std::min(m_header.sourcePath.size(), recovery_log::kMostName));
}

Error RecoveryLogFile::named(Error error) const
{
    error.operation = Operation::Journal;
    error.path = m_claim.path().empty() ? m_stem + kRecoveryLogSuffix : m_claim.path();
    return error;
}

Result<void> RecoveryLogFile::write(const StagedEdits &edits, std::span<const CommittedTransaction> committed)
{
    for (const CommittedTransaction &transaction : committed) {
        if (transaction.fingerprint != SourceFingerprint())
            m_header.fingerprint = transaction.fingerprint;
    }
    if (edits.empty())
        return remove(); // a log of nothing would be offered to the next session
    if (m_file && m_appendable && m_size <= kMostGrowth * m_sizeWhenNew + kGrowthAlwaysAllowed) {
        m_appendable = false; // unless it is done: memory may run out in the middle of a record
        const auto done = append(edits, committed);
        m_appendable = done.has_value();
        const bool full = !done && done.error().code == ErrorCode::NoSpace && done.error().systemError == 0;
        if (done)
            return {};
        if (!full)
            return failure(named(done.error()));
    }
    if (auto done = rewrite(edits, committed); !done)
        return failure(named(done.error()));
    return {};
}

Result<void> RecoveryLogFile::append(const StagedEdits &edits, std::span<const CommittedTransaction> committed)
{
    recovery_log::Sink sink(m_file.get(), m_size, m_limit);
    if (auto done = m_encoder->state(sink, m_written, edits, committed); !done)
        return done;
    if (!leftOut(ProtocolStep::LogSyncAppended)) {
        if (auto done = m_file->dataSync(); !done)
            return done;
    }
    m_size = sink.end();
    m_written = edits;
    return {};
}

Result<void> RecoveryLogFile::rewrite(const StagedEdits &edits, std::span<const CommittedTransaction> committed)
{
    if (auto done = checkFits(edits, committed); !done)
        return done;
    auto file = createTemporary();
    if (!file)
        return failure(file.error());
    const auto complete = [&]() -> Result<std::uint64_t> {
        if (auto done = m_env->random(m_header.salt); !done)
            return failure(done.error());
        m_encoder.emplace(*m_env, m_header.salt);
        recovery_log::Sink sink(file->get(), 0, m_limit);
        if (auto done = sink.put(recovery_log::encodeHeader(m_header)); !done)
            return failure(done.error());
        if (auto done = m_encoder->state(sink, {}, edits, committed); !done)
            return failure(done.error());
        if (!leftOut(ProtocolStep::LogSyncNew)) {
            if (auto done = (*file)->dataSync(); !done)
                return failure(done.error());
        }
        if (!leftOut(ProtocolStep::LogSyncPlace)) {
            if (auto done = syncDirectoriesAbove(*m_env, m_claim.path()); !done)
                return failure(done.error());
        }
        if (auto done = m_env->rename(m_claim.temporary(), m_claim.path()); !done)
            return failure(done.error());
        return sink.end();
    };
    m_appendable = false;
    const auto size = complete();
    if (!size) {
        (void)m_env->remove(m_claim.temporary());
        return failure(size.error());
    }
    m_file = std::move(*file);
    m_written = edits;
    m_size = *size;
    m_sizeWhenNew = *size;
    auto synced = leftOut(ProtocolStep::LogSyncName) ? Result<void>() : syncDirectory(*m_env, m_claim.path());
    m_appendable = synced.has_value();
    return synced;
}

/// Before anything is written: a log of a gigabyte would be written again and again to learn that it is too large.
Result<void> RecoveryLogFile::checkFits(const StagedEdits &edits, std::span<const CommittedTransaction> committed)
{
    recovery_log::Sink counter(nullptr, recovery_log::encodeHeader(m_header).size(), m_limit);
    return recovery_log::Encoder(*m_env, m_header.salt).state(counter, {}, edits, committed);
}

Result<std::unique_ptr<EnvFile>> RecoveryLogFile::createTemporary()
{
    if (m_claim.path().empty()) {
        if (auto done = m_env->createDirectories(m_stem.substr(0, m_stem.rfind('/'))); !done)
            return failure(done.error());
        auto claim = RecoveryLogClaim::make(*m_env, m_stem);
        if (!claim)
            return failure(claim.error());
        m_claim = std::move(*claim);
    }
    const auto removed = m_env->remove(m_claim.temporary());
    if (!removed && removed.error().code != ErrorCode::NotFound)
        return failure(removed.error());
    auto file = m_env->open(m_claim.temporary(), OpenMode::CreateNew);
    if (!file)
        return file;
    if (const auto locked = (*file)->lockForWriting(); !locked) {
        (void)m_env->remove(m_claim.temporary());
        return failure(locked.error());
    }
    return file;
}

Result<void> RecoveryLogFile::remove()
{
    if (!m_file)
        return {};
    m_appendable = false;
    if (auto done = removeRecoveryLog(*m_env, m_claim.path()); !done)
        return failure(named(done.error()));
    letGo();
    return {};
}

void RecoveryLogFile::letGo()
{
    m_appendable = false;
    m_file.reset();
    m_encoder.reset();
    m_claim = {};
    m_written = {};
    m_size = 0;
}

} // namespace cachecore
