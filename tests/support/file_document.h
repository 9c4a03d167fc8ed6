// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/open_source.h"
#include "tests/support/document_fixture.h"

#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace cachet_test {

/// A document over a real file, or another source that outlives the program, with faults to inject, the journals of a file beside it, its recovery log in the state directory of `directory`. Members are
/// destroyed last to first: the document before the pools that run its jobs.
struct FileDocument {
    using Access = cachecore::FileSource::Access;

    FileDocument(const std::string &path, const TempDir &directory, Access access = Access::WriteIfPermitted)
        : FileDocument(cachecore::openSource(cachecore::systemEnv(), path, access), directory)
    {
    }

    FileDocument(cachecore::Result<std::shared_ptr<cachecore::BlockSource>> opened, const TempDir &directory)
        : loads(std::make_shared<cachecore::ThreadExecutor>(2))
        , writes(std::make_shared<cachecore::ThreadExecutor>(1))
        , log(std::make_shared<cachecore::ThreadExecutor>(1))
    {
        if (!opened)
            return;
        source = std::make_shared<FaultSource>(std::move(*opened));
        cachecore::DocumentOptions options = DocumentFixture::smallPages();
        options.journals.stateDirectory = directory.file("state");
        if (auto created = cachecore::Document::create(source, options, {loads, writes, log}, cachecore::systemEnv()))
            document = *created;
    }

    /// Waits until the last job has let go of the file, or the next session would find it held.
    ~FileDocument()
    {
        document.reset();
        const std::weak_ptr<FaultSource> held = std::exchange(source, nullptr);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!held.expired() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
    }
    FileDocument(const FileDocument &) = delete;
    FileDocument &operator=(const FileDocument &) = delete;

    cachecore::Document *operator->() const { return document.get(); }

    cachecore::Result<cachecore::RecoveryReport> look(const std::string &journal) const
    {
        std::promise<cachecore::Result<cachecore::RecoveryReport>> done;
        if (auto started = document->startLook(journal,
                                               [&](cachecore::Result<cachecore::RecoveryReport> report) {
                                                   done.set_value(std::move(report));
                                               });
            !started)
            return cachecore::failure(started.error());
        return done.get_future().get();
    }

    cachecore::Result<cachecore::RecoveryReport> settle(const std::string &journal, cachecore::RecoveryChoice choice,
                                                        const cachecore::ForeignUnits &foreign
                                                        = cachecore::ForeignUnits::Stop) const
    {
        std::promise<cachecore::Result<cachecore::RecoveryReport>> done;
        if (auto started = document->startSettle(journal, choice, foreign,
                                                 [&](cachecore::Result<cachecore::RecoveryReport> report) {
                                                     done.set_value(std::move(report));
                                                 });
            !started)
            return cachecore::failure(started.error());
        return done.get_future().get();
    }

    /// Stages again what the first left log holds.
    cachecore::Result<cachecore::RestoreReport> restore(cachecore::Document::ChangedBases changed
                                                        = cachecore::Document::ChangedBases::Leave) const
    {
        std::promise<cachecore::Result<cachecore::RestoreReport>> done;
        if (auto started = document->startRestore(document->leftEdits().front().path, changed,
                                                  [&](cachecore::Result<cachecore::RestoreReport> report) {
                                                      done.set_value(std::move(report));
                                                  });
            !started)
            return cachecore::failure(started.error());
        return done.get_future().get();
    }

    std::shared_ptr<cachecore::ThreadExecutor> loads;
    std::shared_ptr<cachecore::ThreadExecutor> writes;
    std::shared_ptr<cachecore::ThreadExecutor> log;
    std::shared_ptr<FaultSource> source;
    std::shared_ptr<cachecore::Document> document;
};

} // namespace cachet_test
