// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <QObject>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

/// One implementation under the contract: how to make a source that holds given bytes.
struct SourceMaker {
    std::string name;
    /// A source whose bytes are `content` (a multiple of 4096 long), writable where the kind can be.
    /// nullptr with `skipReason` set when this machine cannot make one.
    std::function<std::shared_ptr<cachecore::BlockSource>(const std::vector<std::byte> &content,
                                                          std::string &skipReason)>
        make;
    /// A second opening of the same disk; nullptr where a kind knows none.
    std::function<std::shared_ptr<cachecore::BlockSource>()> openAgain;
};

/// What every BlockSource promises, run for each row of sourceMakers(): a further implementation is one row there.
class BlockSourceContract : public QObject {
    Q_OBJECT

private slots:
    void readsEveryOffsetAndLengthExactly_data() { rows(); }
    void readsEveryOffsetAndLengthExactly();
    void scattersOneReadOverManyBuffers_data() { rows(); }
    void scattersOneReadOverManyBuffers();
    void readsNothingAtAndPastTheEnd_data() { rows(); }
    void readsNothingAtAndPastTheEnd();
    void readsTheSamePastTheSystemsMemory_data() { rows(); }
    void readsTheSamePastTheSystemsMemory();
    void writesOnlyWhatItWasGiven_data() { rows(); }
    void writesOnlyWhatItWasGiven();
    void refusesToWritePastTheEnd_data() { rows(); }
    void refusesToWritePastTheEnd();
    void refusesToWriteWhenReadOnly_data() { rows(); }
    void refusesToWriteWhenReadOnly();
    void refusesToWritePartsOfItsUnit_data() { rows(); }
    void refusesToWritePartsOfItsUnit();
    void readsTheSameAfterForgettingWhatIsInMemory_data() { rows(); }
    void readsTheSameAfterForgettingWhatIsInMemory();
    void tellsGeometryThatHolds_data() { rows(); }
    void tellsGeometryThatHolds();
    void keepsIdentityAndChangesFingerprintOnWrite_data() { rows(); }
    void keepsIdentityAndChangesFingerprintOnWrite();
    void walksDataRunsToTheEnd_data() { rows(); }
    void walksDataRunsToTheEnd();
    void servesManyThreadsAtOnce_data() { rows(); }
    void servesManyThreadsAtOnce();

private:
    static void rows();
};

/// Every implementation there is.
[[nodiscard]] std::vector<SourceMaker> sourceMakers();

} // namespace cachet_test
