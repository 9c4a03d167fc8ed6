// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/range_encoding.h"

#include "ui/formats/byte_encoder.h"
#include "ui/session/replaced_file.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cachet {

namespace {

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::failure;
using cachecore::Operation;
using cachecore::Result;

constexpr std::uint64_t kChunk = std::uint64_t{256} << 10;

std::unexpected<Error> stopped(ByteOffset at, ByteRange range)
{
    return failure(ErrorCode::Cancelled, Operation::Read, ByteRange(at, range.end()));
}

/// The bytes themselves; holes are passed over.
Result<void> writeRaw(const cachecore::Snapshot &snapshot, ReplacedFile &file, ByteRange range,
                      const RangeProgress &progress, const std::stop_token &stop)
{
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(kChunk, range.length())));
    ByteRange data(range.begin(), range.begin());
    for (ByteOffset at = range.begin(); at < range.end();) {
        if (stop.stop_requested())
            return stopped(at, range);
        if (at >= data.end()) {
            const auto next = snapshot.nextData(at);
            if (!next)
                return failure(next.error());
            data = *next;
            at = data.empty() ? range.end() : std::clamp(data.begin(), at, range.end());
        } else {
            const ByteOffset end = std::min(data.end(), range.end());
            const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min(kChunk, end - at)));
            if (auto read = snapshot.read(at, part, stop); !read)
                return read;
            if (auto wrote = file.write(at - range.begin(), part); !wrote)
                return wrote;
            at = at + part.size();
        }
        if (progress)
            progress(at - range.begin(), range.length());
    }
    return {};
}

} // namespace

Result<void> encodeRange(const cachecore::Snapshot &snapshot, ByteRange range, EncodeOptions options,
                         const TextSink &sink, const RangeProgress &progress, std::stop_token stop)
{
    options.begin = range.begin().value();
    options.length = range.length();
    const auto encoder = makeEncoder(options);
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(kChunk, range.length())));
    std::string text;
    for (ByteOffset at = range.begin(); at < range.end();) {
        if (stop.stop_requested())
            return stopped(at, range);
        const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min(kChunk, range.end() - at)));
        if (auto read = snapshot.read(at, part, stop); !read)
            return read;
        text.clear();
        encoder->feed(part, text);
        if (auto taken = sink(text); !taken)
            return taken;
        at = at + part.size();
        if (progress)
            progress(at - range.begin(), range.length());
    }
    text.clear();
    encoder->finish(text);
    return sink(text);
}

Result<std::uint64_t> exportRange(const cachecore::Snapshot &snapshot, cachecore::Env &env, const std::string &path,
                                  ByteRange range, EncodeOptions options, const RangeProgress &progress,
                                  std::stop_token stop)
{
    if (range.empty() || range.end().value() > snapshot.size())
        return failure(ErrorCode::OutOfRange, Operation::Read, range, snapshot.source().path());
    auto file = ReplacedFile::create(env, path, snapshot.source().path());
    if (!file)
        return failure(file.error());
    std::uint64_t size = range.length();
    Result<void> done;
    if (options.format == ByteFormat::Raw) {
        done = (*file)->setSize(size);
        if (done)
            done = writeRaw(snapshot, **file, range, progress, stop);
    } else {
        size = 0;
        const auto sink = [&file, &size](std::string_view text) -> Result<void> {
            const std::uint64_t at = std::exchange(size, size + text.size());
            return (*file)->write(at, std::as_bytes(std::span(text)));
        };
        done = encodeRange(snapshot, range, std::move(options), sink, progress, stop);
    }
    if (done && stop.stop_requested()) // nobody waits for it any more
        done = stopped(range.begin(), range);
    if (done)
        done = (*file)->publish();
    if (!done)
        return failure(done.error());
    return size;
}

} // namespace cachet
