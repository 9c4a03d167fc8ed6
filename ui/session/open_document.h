// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/session/pool_executor.h"

#include <memory>

namespace cachet {

/// A document with the threads that work for it.
struct OpenDocument {
    std::shared_ptr<cachecore::Document> document;
    std::shared_ptr<PoolExecutor> loads;
    std::shared_ptr<PoolExecutor> writes;
    std::shared_ptr<PoolExecutor> log;
};

} // namespace cachet
