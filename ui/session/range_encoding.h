// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/scan/snapshot.h"
#include "ui/formats/byte_format.h"

#include <functional>
#include <stop_token>
#include <string_view>

namespace cachet {

/// Takes the next part of a text; an error ends the work.
using TextSink = std::function<cachecore::Result<void>(std::string_view)>;
/// Called about every 256 KiB, on the thread that works: bytes passed so far, of how many.
using RangeProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Reads `range`, staged bytes included, and gives what it becomes to `sink`, in order. options.begin and options.length are those
/// of the range. Blocking, memory below 3 MiB. Errors: what reading says (an unreadable byte ends it, it is never replaced), what
/// `sink` says, Cancelled.
[[nodiscard]] cachecore::Result<void> encodeRange(const cachecore::Snapshot &snapshot, cachecore::ByteRange range,
                                                  EncodeOptions options, const TextSink &sink,
                                                  const RangeProgress &progress = {}, std::stop_token stop = {});

/// Writes `range` to the file `path` (bytes) in the format of `options`; of raw bytes the holes stay holes. The file is made under a
/// temporary name beside it, synced and renamed, so that `path` is the old file or all of the new one at every moment; on an error or a
/// stop the temporary is removed. Where `path` is a link, what it names is replaced. Returns the size of the file.
///
/// Blocking, memory below 3 MiB. Errors: as encodeRange; InvalidArgument when `path` is the source itself, IsDirectory, UnsupportedKind when
/// something other than a regular file has that name, what writing says (with `path` as the file), OutOfRange for an empty range.
[[nodiscard]] cachecore::Result<std::uint64_t> exportRange(const cachecore::Snapshot &snapshot, cachecore::Env &env,
                                                           const std::string &path, cachecore::ByteRange range,
                                                           EncodeOptions options, const RangeProgress &progress = {},
                                                           std::stop_token stop = {});

} // namespace cachet
