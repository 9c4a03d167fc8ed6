// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "tests/crash/edit_model.h"
#include "tests/crash/session_explorer.h"
#include "tests/crash/simulated_env.h"
#include "tests/crash/watched_executor.h"
#include "tests/support/manual_executor.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace cachet_test {

/// A document with a recovery log on a simulated machine, whose power is cut before each operation of it and after the last, with what must be promised
/// then: by the model, and by two rules alone. What the log has been given time for survives; and so does what was staged before a journal got its name. Members are
/// destroyed last to first.
class RecordedSession {
public:
    /// With `behind` longer than the test, nothing comes to the log before it is asked for.
    RecordedSession(const CrashScene &scene, SessionExplorer &explorer, std::chrono::milliseconds behind = {});
    /// The document ends, without a moment of that being cut.
    ~RecordedSession();
    RecordedSession(const RecordedSession &) = delete;
    RecordedSession &operator=(const RecordedSession &) = delete;

    // What a user does, done by document and model; what went wrong, empty when nothing.

    /// Reads all of the image, so that what is staged later knows what it was staged on.
    [[nodiscard]] std::string see() const;
    [[nodiscard]] std::string stage(std::uint64_t at, const std::vector<std::byte> &bytes);
    [[nodiscard]] std::string fill(std::uint64_t at, std::uint64_t length, const std::vector<std::byte> &pattern);
    [[nodiscard]] std::string discard(std::uint64_t at, std::uint64_t length);
    [[nodiscard]] std::string undo();
    /// Writes what is staged in the range. `meanwhile` is done before operation number `at` of the writer, from 0, and returns what went wrong.
    [[nodiscard]] std::string write(cachecore::ByteRange range, const std::function<std::string()> &meanwhile = {},
                                    std::size_t at = 0);
    [[nodiscard]] std::string writeAll() { return write(cachecore::ByteRange::whole(m_size)); }
    /// Writes all in batches, which lie in these ranges.
    [[nodiscard]] std::string writeAll(const std::vector<cachecore::ByteRange> &batches);
    /// Restores what a session before has left, which is `left`.
    [[nodiscard]] std::string restore(std::uint64_t at, const std::vector<std::byte> &left);
    /// Operations the writer made by the last write.
    [[nodiscard]] std::size_t operations() const { return m_operations; }

    /// Gives the recovery log the time it needs.
    void rest();
    /// The power is cut now.
    void cutHere();

    [[nodiscard]] SimulatedEnv &env() const { return *m_env; }
    [[nodiscard]] const EditModel &model() const { return m_model; }
    [[nodiscard]] cachecore::Document *document() const { return m_document.get(); }
    /// A copy of what the document shows.
    [[nodiscard]] std::vector<std::byte> shown() const;

private:
    [[nodiscard]] std::string run(cachecore::ByteRange range, std::vector<Image> images,
                                  const std::function<std::string()> &meanwhile, std::size_t at);
    void record(const SimulatedDisk &disk, const DiskOperation &next);
    [[nodiscard]] SessionPromise promise() const;
    [[nodiscard]] std::string told(const cachecore::Result<void> &result) const;

    const std::uint64_t m_size;
    SessionExplorer &m_explorer;
    EditModel m_model;
    std::size_t m_promised = 0; ///< the oldest state of the model that may come back
    bool m_writing = false;
    bool m_targetWritten = false;
    std::vector<Image> m_images; ///< of the write under way, before each batch and after the last
    std::size_t m_batch = 0;     ///< the one under way, from 1; 0 before the first
    std::size_t m_operations = 0;
    std::shared_ptr<SimulatedEnv> m_env;
    std::shared_ptr<cachecore::ThreadExecutor> m_loads = std::make_shared<cachecore::ThreadExecutor>(1);
    std::shared_ptr<ManualExecutor> m_writes = std::make_shared<ManualExecutor>();
    std::shared_ptr<WatchedExecutor> m_log = std::make_shared<WatchedExecutor>();
    std::shared_ptr<cachecore::Document> m_document;
};

} // namespace cachet_test
