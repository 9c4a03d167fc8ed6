// SPDX-License-Identifier: MIT
#include "cachecore/document.h"

#include "cachecore/base/allocation.h"
#include "cachecore/document_impl.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// Of a document shared with its jobs, the parts a snapshot needs.
template <typename Impl>
class DocumentSnapshot final : public Snapshot {
public:
    explicit DocumentSnapshot(std::shared_ptr<Impl> impl)
        : m_impl(std::move(impl))
        , m_edits(m_impl->staged())
        , m_size(m_impl->whole().length())
    {
    }

    std::uint64_t size() const override { return m_size; }
    Result<void> read(ByteOffset at, std::span<std::byte> into, std::stop_token stop) const override
    {
        return m_impl->read(m_edits, at, into, Intent::Scan, std::move(stop));
    }
    Result<ByteRange> nextData(ByteOffset at) const override
    {
        const ByteRange rest(at, std::max(at, ByteOffset(m_size)));
        const auto data = m_impl->m_source->nextData(at);
        if (!data)
            return data;
        const auto sourceSize = m_impl->m_source->size();
        if (!sourceSize)
            return failure(sourceSize.error());
        const auto earlier
            = [](ByteRange a, ByteRange b) { return b.empty() || (!a.empty() && a.begin() < b.begin()) ? a : b; };
        // What a truncation took is no hole: reading it must fail.
        const ByteRange lost = rest.intersection(ByteRange(ByteOffset(*sourceSize), ByteOffset(kMaxSourceSize)));
        const ByteRange next = earlier(data->intersection(rest), lost);
        const auto staged = m_edits.extentsIn(rest);
        return staged.count == 0 ? next : earlier(m_edits.extent(staged.first).intersection(rest), next);
    }
    const BlockSource &source() const override { return *m_impl->m_source; }

private:
    const std::shared_ptr<Impl> m_impl;
    const StagedEdits m_edits;
    const std::uint64_t m_size;
};

} // namespace

Result<std::shared_ptr<Document>> Document::create(std::shared_ptr<BlockSource> source, DocumentOptions options,
                                                   DocumentExecutors executors, std::shared_ptr<Env> env)
{
    auto cached = CachedSource::create(std::move(source), {options.pageSize, options.cacheBytes}, executors.loads, env);
    if (!cached)
        return failure(std::move(cached.error()));
    try {
        auto impl = std::make_shared<Impl>(std::move(*cached), options, std::move(executors), std::move(env));
        impl->start();
        impl->findUnsettled();
        impl->startLog();
        return std::shared_ptr<Document>(new Document(std::move(impl)));
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Configure);
    }
}

Document::Document(std::shared_ptr<Impl> impl)
    : ByteReader(impl->m_cached->changeCount())
    , m_impl(std::move(impl))
{
}

Document::~Document()
{
    m_impl->setObserver({});
    m_impl->close(std::chrono::milliseconds(0));
}

std::uint64_t Document::size() const
{
    return m_impl->m_cached->size();
}

std::uint64_t Document::sourceSize() const
{
    return m_impl->m_cached->sourceSize();
}

std::uint32_t Document::pageSize() const
{
    return m_impl->m_cached->pageSize();
}

const BlockSource &Document::source() const
{
    return *m_impl->m_source;
}

CachedSource &Document::cached() const
{
    return *m_impl->m_cached;
}

Result<ByteWindow> Document::window(ByteOffset at, Intent intent, std::stop_token stop)
{
    return m_impl->window(at, intent, std::move(stop));
}

bool Document::readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                         Intent intent)
{
    return m_impl->readAsync(at, into, std::move(on), std::move(done), intent);
}

void Document::peek(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    m_impl->peek(at, bytes, conditions);
}

void Document::peekSource(ByteOffset at, std::span<std::byte> bytes, std::span<ByteCondition> conditions) const
{
    m_impl->peekSource(at, bytes, conditions);
}

void Document::setViewport(ByteRange visible, Intent intent)
{
    m_impl->m_cached->setViewport(visible, intent);
}

Result<void> Document::read(ByteOffset at, std::span<std::byte> into, Intent intent, std::stop_token stop)
{
    return m_impl->read(m_impl->staged(), at, into, intent, std::move(stop));
}

std::unique_ptr<Snapshot> Document::snapshot() const
{
    return std::make_unique<DocumentSnapshot<Impl>>(m_impl);
}

void Document::reload()
{
    m_impl->m_cached->invalidate(m_impl->whole());
}

Result<void> Document::refreshSize()
{
    return m_impl->m_cached->refreshSize();
}

Result<void> Document::stage(ByteOffset at, std::span<const std::byte> bytes, EditKind kind, bool continuesPrevious)
{
    const auto range = ByteRange::make(at, bytes.size());
    if (!range)
        return failure(ErrorCode::OutOfRange, Operation::Stage, ByteRange(at, ByteOffset(kMaxSourceSize)),
                       source().path());
    try {
        if (auto allowed = m_impl->checkStageable(*range); !allowed) // before anything is copied
            return allowed;
        (void)elementCount<std::byte>(bytes.size());
        return m_impl->stage(*range, Piece::literalCopyOf(bytes), kind, continuesPrevious);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, *range);
    }
}

Result<void> Document::stageFill(ByteRange range, std::span<const std::byte> pattern)
{
    if (pattern.empty())
        return failure(ErrorCode::InvalidArgument, Operation::Stage, range, source().path());
    try {
        Piece piece = Piece::patternOf(std::make_shared<const std::vector<std::byte>>(pattern.begin(), pattern.end()));
        return m_impl->stage(range, std::move(piece), EditKind::Fill, false);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range);
    }
}

Result<void> Document::stageGenerated(ByteRange range, const Generator &generator)
{
    const bool counts = generator.width == 1 || generator.width == 2 || generator.width == 4 || generator.width == 8;
    if (generator.kind == Generator::Kind::Increment && !counts)
        return failure(ErrorCode::InvalidArgument, Operation::Stage, range, source().path());
    try {
        return m_impl->stage(range, Piece::generatedBy(generator), EditKind::Generate, false);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range);
    }
}

Result<std::shared_ptr<const ExternalBytes>> Document::openImport(const std::string &path)
{
    return m_impl->openImport(path);
}

Result<void> Document::stageImport(ByteOffset at, std::shared_ptr<const ExternalBytes> file, std::uint64_t from,
                                   std::uint64_t length)
{
    const auto range = ByteRange::make(at, length);
    if (!range)
        return failure(ErrorCode::OutOfRange, Operation::Stage, ByteRange(at, ByteOffset(kMaxSourceSize)),
                       source().path());
    if (from > file->size() || length > file->size() - from)
        return failure(ErrorCode::OutOfRange, Operation::Import, *range, source().path());
    return m_impl->stage(*range, Piece::externalFrom(std::move(file), from), EditKind::Import, false);
}

Result<void> Document::discard(ByteRange range)
{
    return m_impl->discard(range);
}

Result<void> Document::undo()
{
    return m_impl->move(&EditHistory::undo);
}

Result<void> Document::redo()
{
    return m_impl->move(&EditHistory::redo);
}

std::optional<EditStep> Document::undoStep() const
{
    return m_impl->nextStep(&EditHistory::undoStep);
}

std::optional<EditStep> Document::redoStep() const
{
    return m_impl->nextStep(&EditHistory::redoStep);
}

bool Document::historyWasCut() const
{
    return m_impl->historyWasCut();
}

StagedEdits Document::staged() const
{
    return m_impl->staged();
}

Result<void> Document::startCommit(WriteDone done)
{
    return m_impl->startWrite(m_impl->whole(), std::move(done));
}

Result<void> Document::startPersist(ByteRange range, WriteDone done)
{
    return m_impl->startWrite(range, std::move(done));
}

WriteOutcome Document::commit()
{
    return m_impl->writeAndWait(m_impl->whole());
}

WriteOutcome Document::persist(ByteRange range)
{
    return m_impl->writeAndWait(range);
}

void Document::cancelWrite()
{
    m_impl->cancelWrite();
}

std::shared_ptr<const WriteProgress> Document::writeProgress() const
{
    return m_impl->writeProgress();
}

std::vector<FoundJournal> Document::unsettled() const
{
    return m_impl->unsettled();
}

Result<void> Document::startLook(const std::string &journalPath, RecoveryDone done)
{
    return m_impl->startLook(journalPath, std::move(done));
}

Result<void> Document::startSettle(const std::string &journalPath, RecoveryChoice choice, const ForeignUnits &foreign,
                                   RecoveryDone done)
{
    return m_impl->startSettle(journalPath, choice, foreign, std::move(done));
}

Result<void> Document::startSetAside(const std::string &journalPath, SetAsideDone done)
{
    return m_impl->startSetAside(journalPath, std::move(done));
}

std::vector<FoundRecoveryLog> Document::leftEdits() const
{
    return m_impl->leftEdits();
}

Result<void> Document::startRestore(const std::string &logPath, ChangedBases changed, RestoreDone done)
{
    return m_impl->startRestore(logPath, changed, std::move(done));
}

Result<void> Document::startForget(const std::string &logPath, ForgetDone done)
{
    return m_impl->startForget(logPath, std::move(done));
}

std::optional<Error> Document::logTrouble() const
{
    return m_impl->logTrouble();
}

bool Document::writing() const
{
    return m_impl->writing();
}

CacheStatistics Document::statistics() const
{
    return m_impl->m_cached->statistics();
}

std::shared_ptr<const PageStates> Document::pageStates() const
{
    return m_impl->m_cached->states();
}

void Document::setCacheBudget(std::uint64_t bytes)
{
    m_impl->m_cached->setBudget(bytes);
}

void Document::setObserver(Observer observer)
{
    m_impl->setObserver(std::move(observer));
}

CloseOutcome Document::close(std::chrono::milliseconds wait)
{
    return m_impl->close(wait);
}

} // namespace cachecore
