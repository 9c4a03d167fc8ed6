// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/recorded_session.h"

#include "cachecore/source/file_source.h"
#include "tests/crash/error_text.h"
#include "tests/support/edits.h"

#include <optional>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

std::size_t first(std::size_t)
{
    return 0;
}

Image imageOf(SimulatedDisk disk)
{
    return std::make_shared<const std::vector<std::byte>>(
        disk.bytes(CrashScene::kTarget, first).value_or(std::vector<std::byte>()));
}

} // namespace

RecordedSession::RecordedSession(const CrashScene &scene, SessionExplorer &explorer, std::chrono::milliseconds behind)
    : m_size(scene.machine.size)
    , m_explorer(explorer)
    , m_model(imageOf(scene.disk))
    , m_env(std::make_shared<SimulatedEnv>(scene.disk, 3, first))
{
    auto source = FileSource::open(m_env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
    if (!source)
        return;
    DocumentOptions options;
    options.pageSize = 4096;
    options.cacheBytes = std::uint64_t{1} << 20;
    options.journals = scene.places;
    options.journalLimit = scene.machine.journalLimit;
    options.logBehind = behind;
    auto created = Document::create(std::move(*source), options, {m_loads, m_writes, m_log}, m_env);
    if (created)
        m_document = std::move(*created);
    m_env->setBeforeEach([this](const SimulatedDisk &disk, const DiskOperation &next) { record(disk, next); });
}

RecordedSession::~RecordedSession()
{
    m_env->setBeforeEach({});
    if (m_document)
        (void)m_document->close(std::chrono::seconds(60));
    m_document.reset();
    m_log->waitIdle();
}

/// Called by whoever works on the machine, one at a time.
void RecordedSession::record(const SimulatedDisk &disk, const DiskOperation &next)
{
    if (m_writing && next.kind == DiskOperation::Kind::Create && next.path.contains(kJournalSuffix)) {
        ++m_batch;
        m_targetWritten = false;
    }
    if (next.kind != DiskOperation::Kind::LetGo && m_explorer.draw())
        m_explorer.cut(disk, promise(), "before " + next.text());
    if (m_writing && next.kind == DiskOperation::Kind::Rename && next.to.ends_with(kJournalSuffix))
        m_promised = m_model.states().size() - 1;
    m_targetWritten = m_targetWritten || (next.kind == DiskOperation::Kind::Write && next.path == CrashScene::kTarget);
}

SessionPromise RecordedSession::promise() const
{
    SessionPromise promise;
    const bool begun = m_writing && m_batch > 0;
    for (std::size_t i = m_promised; i < m_model.states().size(); ++i) {
        promise.ifOld.push_back({begun ? m_images[m_batch - 1] : m_model.image(), m_model.states()[i]});
        if (begun)
            promise.ifNew.push_back({m_images[m_batch], m_model.states()[i]});
    }
    promise.mayBeOld = !begun || !m_targetWritten;
    promise.mayBeNew = !promise.mayBeOld;
    return promise;
}

void RecordedSession::cutHere()
{
    m_explorer.cut(m_env->disk(), promise(), "at last");
}

void RecordedSession::rest()
{
    m_log->waitIdle();
    m_promised = m_model.states().size() - 1;
}

std::vector<std::byte> RecordedSession::shown() const
{
    std::vector<std::byte> bytes(static_cast<std::size_t>(m_size));
    return m_document->read(ByteOffset(0), bytes) ? bytes : std::vector<std::byte>{};
}

std::string RecordedSession::see() const
{
    return shown() == m_model.shown() ? std::string() : "the document shows something else";
}

std::string RecordedSession::told(const Result<void> &result) const
{
    return result ? std::string() : errorText(result.error());
}

// The model first: the log hears of it at once.
std::string RecordedSession::stage(std::uint64_t at, const std::vector<std::byte> &bytes)
{
    m_env->meddle([&](SimulatedDisk &) { m_model.stage(at, bytes); });
    return told(m_document->stage(ByteOffset(at), bytes));
}

std::string RecordedSession::fill(std::uint64_t at, std::uint64_t length, const std::vector<std::byte> &pattern)
{
    std::vector<std::byte> bytes;
    for (std::uint64_t i = 0; i < length; ++i)
        bytes.push_back(pattern[static_cast<std::size_t>(i % pattern.size())]);
    m_env->meddle([&](SimulatedDisk &) { m_model.stage(at, bytes); });
    return told(m_document->stageFill(rangeAt(at, length), pattern));
}

std::string RecordedSession::discard(std::uint64_t at, std::uint64_t length)
{
    m_env->meddle([&](SimulatedDisk &) { m_model.discard(at, length); });
    return told(m_document->discard(rangeAt(at, length)));
}

std::string RecordedSession::undo()
{
    m_env->meddle([&](SimulatedDisk &) { m_model.undo(); });
    return told(m_document->undo());
}

std::string RecordedSession::writeAll(const std::vector<ByteRange> &batches)
{
    std::vector<Image> images;
    for (const ByteRange batch : batches)
        images.push_back(m_model.afterWriting(ByteRange(ByteOffset(0), batch.end())));
    return run(ByteRange::whole(m_size), std::move(images), {}, 0);
}

std::string RecordedSession::write(ByteRange range, const std::function<std::string()> &meanwhile, std::size_t at)
{
    return run(range, {m_model.afterWriting(range)}, meanwhile, at);
}

/// `images`: after each batch.
std::string RecordedSession::run(ByteRange range, std::vector<Image> images,
                                 const std::function<std::string()> &meanwhile, std::size_t at)
{
    const std::uint64_t last = m_model.actions();
    images.insert(images.begin(), m_model.image());
    m_env->meddle([&](SimulatedDisk &) {
        m_images = std::move(images);
        m_batch = 0;
        m_targetWritten = false;
        m_writing = true;
    });
    m_operations = 0;
    std::string wrong;
    m_env->setMeanwhile([&, writer = std::this_thread::get_id()](const DiskOperation &) {
        if (std::this_thread::get_id() == writer && m_operations++ == at && meanwhile)
            wrong = meanwhile();
    });
    std::optional<WriteOutcome> outcome;
    const auto started = m_document->startPersist(range, [&](WriteOutcome end) { outcome = std::move(end); });
    m_writes->runAll();
    m_env->setMeanwhile({});
    if (!started || !outcome || !outcome->succeeded())
        return "the write failed" + (outcome && !outcome->succeeded() ? ": " + errorText(outcome->error()) : "");
    m_env->meddle([&](SimulatedDisk &) {
        m_model.written(range, last, m_images.back());
        m_writing = false;
    });
    if (m_batch > 0 && m_batch + 1 != m_images.size())
        return "written in " + std::to_string(m_batch) + " batches";
    return wrong;
}

std::string RecordedSession::restore(std::uint64_t at, const std::vector<std::byte> &left)
{
    const auto found = m_document->leftEdits();
    if (found.size() != 1)
        return "not one log is left but " + std::to_string(found.size());
    m_env->meddle([&](SimulatedDisk &) {
        m_model.stage(at, left);
        m_promised = m_model.states().size() - 1; // the log of the session before holds it
    });
    std::optional<Result<RestoreReport>> ended;
    const auto started = m_document->startRestore(found.front().path, Document::ChangedBases::Leave,
                                                  [&](Result<RestoreReport> report) { ended = std::move(report); });
    m_writes->runAll();
    if (!started || !ended || !*ended || (*ended)->logKept)
        return "not restored";
    return {};
}

} // namespace cachet_test
