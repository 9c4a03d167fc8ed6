// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/restarted_document.h"

#include "cachecore/source/file_source.h"
#include "tests/crash/error_text.h"

#include <optional>
#include <utility>

namespace cachet_test {

using namespace cachecore;

RestartedDocument::RestartedDocument(std::shared_ptr<SimulatedEnv> machine, const JournalPlaces &places,
                                     std::shared_ptr<WatchedExecutor> logs)
    : env(std::move(machine))
    , log(std::move(logs))
{
    auto source = FileSource::open(env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
    if (!source) {
        error = "the image cannot be opened: " + errorText(source.error());
        return;
    }
    DocumentOptions options;
    options.pageSize = 4096;
    options.cacheBytes = std::uint64_t{1} << 20;
    options.journals = places;
    options.logBehind = {};
    auto created = Document::create(std::move(*source), options, {loads, writes, log}, env);
    if (created)
        document = std::move(*created);
    else
        error = "no document: " + errorText(created.error());
}

RestartedDocument::~RestartedDocument()
{
    log->waitIdle();
    document.reset();
    log->waitIdle();
}

std::string RestartedDocument::settle(RecoveryChoice choice, bool &journal, bool &becomesNew)
{
    const auto found = document->unsettled();
    journal = !found.empty();
    if (!journal)
        return {};
    if (found.size() != 1 || !found.front().named || !found.front().identified)
        return "not one journal of the image is found but " + std::to_string(found.size());
    std::optional<Result<RecoveryReport>> settled;
    const auto started = document->startSettle(found.front().path, choice, ForeignUnits::Stop,
                                               [&](Result<RecoveryReport> report) { settled = std::move(report); });
    writes->runAll();
    if (!started || !settled || !*settled)
        return "settling failed" + (settled && !*settled ? ": " + errorText(settled->error()) : std::string());
    becomesNew = (*settled)->state == JournalState::Done
        || ((*settled)->state != JournalState::RolledBack && choice == RecoveryChoice::Finish);
    return document->unsettled().empty() ? std::string() : "a journal is left";
}

std::string RestartedDocument::restore(Document::ChangedBases changed, Restored &restored)
{
    restored.changed.clear();
    for (const FoundRecoveryLog &left : document->leftEdits()) {
        if (!left.named || !left.identified)
            return "a recovery log is not known for what it is";
        std::optional<Result<RestoreReport>> ended;
        const auto started = document->startRestore(left.path, changed,
                                                    [&](Result<RestoreReport> report) { ended = std::move(report); });
        writes->runAll();
        if (!started || !ended || !*ended)
            return "restoring failed" + (ended && !*ended ? ": " + errorText(ended->error()) : std::string());
        const RestoreReport &report = **ended;
        if (report.damage)
            return "the log is said to be damaged: " + errorText(*report.damage);
        if (!report.unreadable.empty() || !report.lost.empty())
            return "edits are said to be unreadable or lost";
        if (report.logKept == report.changed.empty())
            return "the log is kept for nothing, or not kept for what was listed apart";
        restored.changed.insert(restored.changed.end(), report.changed.begin(), report.changed.end());
    }
    return {};
}

void RestartedDocument::look(Restored &restored, const Choose &choose) const
{
    restored.image = env->disk().bytes(CrashScene::kTarget, choose).value_or(std::vector<std::byte>());
    restored.staged = document->staged();
}

} // namespace cachet_test
