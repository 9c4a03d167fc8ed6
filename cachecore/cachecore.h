// SPDX-License-Identifier: MIT
#pragma once

/// All of the engine that a program needs: this one header, and the library cachecore::cachecore.
///
///     auto source = cachecore::FileSource::open(cachecore::systemEnv(), "disk.img", cachecore::FileSource::Access::ReadOnly);
///     const cachecore::DocumentExecutors pools{std::make_shared<cachecore::ThreadExecutor>(4),
///                                              std::make_shared<cachecore::ThreadExecutor>(1)};
///     auto document = cachecore::Document::create(std::move(*source), {}, pools, cachecore::systemEnv());
///     auto magic = cachecore::readValue<std::uint16_t>(**document, cachecore::ByteOffset(0x438), std::endian::little);
///
/// Nothing here throws, prints or keeps global state; what can fail returns a Result with a typed Error.
/// Blocking functions say so. The headers below are the public ones; whatever else lies beside them in the sources is not installed.

#include "cachecore/base/byte_range.h"
#include "cachecore/base/env.h"
#include "cachecore/base/error.h"
#include "cachecore/base/executor.h"
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/page.h"
#include "cachecore/cache/page_states.h"
#include "cachecore/document.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/scan/save_copy.h"
#include "cachecore/scan/snapshot.h"
#include "cachecore/source/block_source.h"
#include "cachecore/source/callable_source.h"
#include "cachecore/source/file_source.h"
#include "cachecore/source/mapped_source.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/typed_values.h"
