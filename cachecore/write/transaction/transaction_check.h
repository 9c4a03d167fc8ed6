// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/write/journal/journal_file.h"
#include "cachecore/write/transaction/transaction.h"

namespace cachecore {

/// What a transaction's states promise, as a program: for tests.
struct TransactionView {
    Transaction::State state;
    const Transaction::Context &context;
    const WritePlan &plan;
    const WriteBatch &batch;
    const JournalHeader &header;
    const JournalFile *journal; ///< null before it is made and after it was handed over
    bool strangers
        = false; ///< the target was seen to hold bytes that are neither old nor new: another program's, or damage
};

/// True when journal and target are as the state says. Reads both; blocking.
[[nodiscard]] bool promisesHold(const TransactionView &view);

} // namespace cachecore
