// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "cachecore/source/file_source.h"
#include "tests/crash/error_text.h"
#include "tests/support/fault_env.h"
#include "tests/support/temp_dir.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cachet_test {

/// One thread for a recovery log, that can be told from others.
[[nodiscard]] std::shared_ptr<cachecore::ThreadExecutor> makeLogThread();
/// Whether the calling thread is one of those.
[[nodiscard]] bool onLogThread();

/// A document on a real file, every system call of which goes through a FaultEnv.
/// Members are destroyed last to first: the document before the pools that run its jobs.
struct DiskDocument {
    enum class Log { None, Kept };
    /// Opens `path`; where that fails `error` says why and there is no document. A recovery log lies in the state directory of `options`.
    DiskDocument(std::shared_ptr<FaultEnv> faults, const std::string &path,
                 cachecore::DocumentOptions options = smallPages(),
                 cachecore::FileSource::Access access = cachecore::FileSource::Access::WriteIfPermitted,
                 Log log = Log::None);
    DiskDocument(std::shared_ptr<FaultEnv> faults, const std::string &path, cachecore::DocumentOptions options, Log log)
        : DiskDocument(std::move(faults), path, std::move(options), cachecore::FileSource::Access::WriteIfPermitted,
                       log)
    {
    }

    /// Waits until the last job has let go of the file, or the next session would find it held.
    ~DiskDocument();
    DiskDocument(const DiskDocument &) = delete;
    DiskDocument &operator=(const DiskDocument &) = delete;

    static cachecore::DocumentOptions smallPages();

    cachecore::Document *operator->() const { return document.get(); }
    cachecore::Document &operator*() const { return *document; }

    /// All bytes as the document shows them, staged ones included; empty when they cannot be read.
    [[nodiscard]] std::vector<std::byte> bytes() const;
    /// Settles, waiting for the end.
    [[nodiscard]] cachecore::Result<cachecore::RecoveryReport> settle(const std::string &journal,
                                                                      cachecore::RecoveryChoice choice,
                                                                      const cachecore::ForeignUnits &foreign
                                                                      = cachecore::ForeignUnits::Stop) const;

    /// Restores everything that former sessions have left. Error: that of the first that could not be; `listed` gets how many ranges were listed apart.
    [[nodiscard]] cachecore::Result<void> restoreAll(std::size_t &listed) const;

    std::shared_ptr<FaultEnv> env;
    std::shared_ptr<cachecore::ThreadExecutor> loads;
    std::shared_ptr<cachecore::ThreadExecutor> writes;
    std::shared_ptr<cachecore::ThreadExecutor> logs; ///< nullptr: no recovery log
    std::shared_ptr<cachecore::Document> document;
    std::weak_ptr<cachecore::BlockSource> held; ///< what the document reads and writes
    std::optional<cachecore::Error> error;
};

/// A folder in memory, where the system has one that may be written, for tests whose many syncs need not reach a disk; empty where not.
[[nodiscard]] std::string memoryFolder();

/// Names in `directory`, sorted.
[[nodiscard]] std::vector<std::string> namesIn(const std::string &directory);

/// Every byte of `now` is the one in `old` or the one in `neu`, which are as long.
[[nodiscard]] bool isMixOf(const std::vector<std::byte> &now, const std::vector<std::byte> &old,
                           const std::vector<std::byte> &neu);

} // namespace cachet_test
