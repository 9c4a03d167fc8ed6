// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "tests/crash/edit_model.h"
#include "tests/crash/simulated_env.h"
#include "tests/crash/watched_executor.h"
#include "tests/support/manual_executor.h"

#include <memory>
#include <string>

namespace cachet_test {

/// A document opened on a machine that has come up again. What its writer does, the thread that asks for it does. Members are destroyed last to first.
struct RestartedDocument {
    RestartedDocument(std::shared_ptr<SimulatedEnv> machine, const cachecore::JournalPlaces &places,
                      std::shared_ptr<WatchedExecutor> logs);
    /// Waits until the recovery log has let go of its name.
    ~RestartedDocument();
    RestartedDocument(const RestartedDocument &) = delete;
    RestartedDocument &operator=(const RestartedDocument &) = delete;

    /// Settles the journal that is there. What is wrong, empty when nothing; `journal` gets whether there was one, `becomesNew` what the image is then.
    [[nodiscard]] std::string settle(cachecore::RecoveryChoice choice, bool &journal, bool &becomesNew);
    /// Restores what former sessions have left; `restored` gets what was listed apart. What is wrong, empty when nothing.
    [[nodiscard]] std::string restore(cachecore::Document::ChangedBases changed, Restored &restored);
    /// What it shows now, where the disk is as `choose` has it.
    void look(Restored &restored, const Choose &choose) const;

    std::shared_ptr<SimulatedEnv> env;
    std::shared_ptr<WatchedExecutor> log;
    std::shared_ptr<ManualExecutor> loads = std::make_shared<ManualExecutor>();
    std::shared_ptr<ManualExecutor> writes = std::make_shared<ManualExecutor>();
    std::shared_ptr<cachecore::Document> document;
    std::string error; ///< why there is no document
};

} // namespace cachet_test
