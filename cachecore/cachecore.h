// SPDX-License-Identifier: MIT
#pragma once

/// All of the engine that a program needs: this one header, and the library cachecore::cachecore.
///
///     auto source = cachecore::openSource(cachecore::systemEnv(), "disk.img", cachecore::FileSource::Access::ReadOnly);
///     const cachecore::DocumentExecutors pools{std::make_shared<cachecore::ThreadExecutor>(4),
///                                              std::make_shared<cachecore::ThreadExecutor>(1)};
///     auto document = cachecore::Document::create(std::move(*source), {}, pools, cachecore::systemEnv());
///     auto magic = cachecore::readValue<std::uint16_t>(**document, cachecore::ByteOffset(0x438), std::endian::little);
///
/// What can fail returns a Result with a typed Error; nothing throws but where it says std::bad_alloc, and nothing prints. Functions that block say so.
/// What is reached from here is public and installed; whatever else lies beside it in the sources is the engine's own affair.

#include "cachecore/base/byte_range.h"
#include "cachecore/base/byte_views.h"
#include "cachecore/base/env.h"
#include "cachecore/base/error.h"
#include "cachecore/base/executor.h"
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/byte_reader.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "cachecore/cache/page.h"
#include "cachecore/cache/page_states.h"
#include "cachecore/document.h"
#include "cachecore/edit/staged_edits.h"
#include "cachecore/scan/data_runs.h"
#include "cachecore/scan/save_copy.h"
#include "cachecore/scan/snapshot.h"
#include "cachecore/source/block_source.h"
#include "cachecore/source/callable_source.h"
#include "cachecore/source/file_source.h"
#include "cachecore/source/mapped_source.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/source/nbd_source.h"
#include "cachecore/source/open_source.h"
#include "cachecore/typed_values.h"
