// SPDX-License-Identifier: MIT
#include "cachecore/source/nbd_source.h"

#include "cachecore/base/bytes.h"
#include "cachecore/base/named_error.h"
#include "cachecore/source/buffer_cursor.h"
#include "cachecore/source/nbd_connections.h"
#include "cachecore/source/nbd_status.h"
#include "cachecore/source/sample_hash.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <xxhash.h>

namespace cachecore {

namespace {

constexpr unsigned kMostReads = 8;
// Buffers smaller than this travel together: a request costs a round trip, a copy next to nothing.
constexpr std::size_t kGathered = std::size_t{1} << 20;

/// Calls `copy(part of a buffer, its place in the whole)` for the next `count` bytes of `cursor`.
template <typename Byte, typename Copy>
void forEachPart(const BufferCursor<Byte> &cursor, std::size_t count, const Copy &copy)
{
    std::size_t done = 0;
    for (const std::span<Byte> buffer : cursor.rest()) {
        if (done == count)
            return;
        const auto part = buffer.first(std::min(buffer.size(), count - done));
        copy(part, done);
        done += part.size();
    }
}

} // namespace

bool NbdSource::isUri(const std::string &name)
{
    static constexpr std::array<std::string_view, 6> kSchemes{"nbd://",       "nbds://",      "nbd+unix://",
                                                              "nbds+unix://", "nbd+vsock://", "nbds+vsock://"};
    return std::ranges::any_of(kSchemes, [&](std::string_view scheme) { return name.starts_with(scheme); });
}

Result<std::unique_ptr<NbdSource>> NbdSource::open(const std::string &uri, Access access)
{
    if (!isUri(uri))
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, uri);
    auto reads = std::make_shared<NbdConnections>(uri, kMostReads, std::make_shared<std::atomic<std::uint64_t>>(0));
    const auto target = reads->connect();
    if (!target)
        return failure(named(target.error(), Operation::Open, uri));
    return std::unique_ptr<NbdSource>(new NbdSource(uri, access, *target, std::move(reads)));
}

NbdSource::NbdSource(std::string uri, Access access, const NbdExport &target, std::shared_ptr<NbdConnections> reads)
    : m_uri(std::move(uri))
    , m_access(access)
    , m_target(std::make_unique<NbdExport>(target))
    , m_reads(std::move(reads))
    , m_writes(m_reads)
    , m_largestSize(target.size)
{
    if (writable() && target.sharesWrites) {
        auto own = std::make_shared<NbdConnections>(m_uri, 1, m_reads->sharedSize());
        if (own->connect()) {
            m_writes = std::move(own);
            return;
        }
    }
    if (writable() || !target.sharesWrites)
        m_reads->useOne();
}

NbdSource::~NbdSource() = default;

/// Reads `range`, which begins and ends at the server's blocks or its end.
Result<std::int64_t> NbdSource::readOver(ByteRange range, std::byte *into)
{
    for (std::uint64_t done = 0; done < range.length();) {
        const std::size_t count
            = static_cast<std::size_t>(std::min<std::uint64_t>(range.length() - done, m_target->largestRequest));
        auto read = m_reads->run([&](NbdConnection &connection) {
            return nbd_pread(connection.handle.get(), into + done, count, range.begin().value() + done, 0);
        });
        if (!read)
            return read;
        done += count;
    }
    return 0;
}

/// Reads the blocks that share a byte with `range` and hands over what lies in it.
template <typename Take>
Result<std::int64_t> NbdSource::readAround(ByteRange range, std::uint64_t end, std::vector<std::byte> &room,
                                           const Take &take)
{
    const std::uint64_t unit = m_target->minimumBlock;
    const std::uint64_t begin = range.begin().value() / unit * unit;
    const std::uint64_t stop = std::min((range.end().value() + unit - 1) / unit * unit, end);
    room.resize(static_cast<std::size_t>(stop - begin));
    auto read = readOver(ByteRange(ByteOffset(begin), ByteOffset(stop)), room.data());
    if (read)
        take(std::span(room).subspan(static_cast<std::size_t>(range.begin().value() - begin)));
    return read;
}

Result<std::uint64_t> NbdSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    const std::uint64_t end = m_reads->size();
    const std::uint64_t unit = m_target->minimumBlock;
    const ByteRange asked = clippedRange(at, totalLength(into));
    BufferCursor<std::byte> cursor(into, asked.intersection(ByteRange::whole(end)).length());
    const std::uint64_t total = cursor.remaining();
    std::vector<std::byte> room;
    while (cursor.remaining() > 0) {
        const ByteOffset from = at + (total - cursor.remaining());
        const std::span<std::byte> front = cursor.rest().front();
        const std::size_t whole = front.size() / unit * unit;
        const bool direct
            = from.value() % unit == 0 && whole > 0 && (whole >= kGathered || whole == cursor.remaining());
        const std::size_t count
            = direct ? whole : static_cast<std::size_t>(std::min<std::uint64_t>(cursor.remaining(), kGathered));
        const auto range = ByteRange(from, from + count);
        const auto read = direct ? readOver(range, front.data())
                                 : readAround(range, end, room, [&](std::span<const std::byte> bytes) {
                                       forEachPart(cursor, count, [&](std::span<std::byte> part, std::size_t place) {
                                           copyBytes(bytes.subspan(place, part.size()), part);
                                       });
                                   });
        if (!read)
            return failure(named(read.error(), Operation::Read, m_uri, asked));
        cursor.advance(count);
    }
    return total;
}

/// Writes `from`, which is no longer than one request, at a multiple of the server's block.
Result<std::int64_t> NbdSource::writeOver(ByteOffset at, std::span<const std::byte> from)
{
    return m_writes->run([&](NbdConnection &connection) {
        const int put = nbd_pwrite(connection.handle.get(), from.data(), from.size(), at.value(), 0);
        // One that failed is made anew or told of by itself.
        connection.unsynced = connection.unsynced || put >= 0;
        return put;
    });
}

/// Why `length` bytes at `at` cannot be written, if so.
std::optional<Error> NbdSource::refusal(ByteOffset at, std::uint64_t length) const
{
    const ByteRange asked = clippedRange(at, length);
    if (!writable())
        return named(readOnlyReason(), Operation::Write, m_uri, asked);
    const auto reaches = [&](std::uint64_t bytes) { return at.value() <= bytes && length <= bytes - at.value(); };
    if (!reaches(m_writes->size()))
        return Error::of(reaches(m_largestSize) ? ErrorCode::Truncated : ErrorCode::OutOfRange, Operation::Write, asked,
                         m_uri);
    if (at.value() % m_target->minimumBlock != 0 || length % m_target->minimumBlock != 0)
        return Error::of(ErrorCode::InvalidArgument, Operation::Write, asked, m_uri);
    return std::nullopt;
}

Result<void> NbdSource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    BufferCursor<const std::byte> cursor(from, ~std::uint64_t{0});
    if (auto refused = refusal(at, cursor.remaining()))
        return failure(std::move(*refused));
    const std::size_t most = std::max<std::size_t>(std::min<std::size_t>(kGathered, m_target->largestRequest)
                                                       / m_target->minimumBlock * m_target->minimumBlock,
                                                   m_target->minimumBlock);
    std::vector<std::byte> room;
    while (cursor.remaining() > 0) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(cursor.remaining(), most));
        std::span<const std::byte> bytes = cursor.rest().front();
        if (bytes.size() < count) {
            room.resize(count);
            forEachPart(cursor, count, [&](std::span<const std::byte> part, std::size_t place) {
                copyBytes(part, std::span(room).subspan(place));
            });
            bytes = room;
        }
        const auto put = writeOver(at, bytes.first(count));
        // The export may have another size since a connection was made anew.
        if (auto refused = put ? std::nullopt : refusal(at, cursor.remaining()))
            return failure(std::move(*refused));
        if (!put)
            return failure(named(put.error(), Operation::Write, m_uri, clippedRange(at, cursor.remaining())));
        cursor.advance(count);
        at = at + count;
    }
    return {};
}

Result<void> NbdSource::sync()
{
    if (!writable())
        return {};
    auto done = m_writes->sync();
    if (!done)
        return failure(named(done.error(), Operation::Sync, m_uri));
    return done;
}

Result<std::uint64_t> NbdSource::size()
{
    return m_writes->size();
}

Result<SourceFingerprint> NbdSource::fingerprint()
{
    const std::uint64_t bytes = m_writes->size();
    const auto hash = sampleHash(*this, bytes);
    if (!hash)
        return failure(hash.error());
    return SourceFingerprint{bytes, 0, 0, *hash};
}

Result<void> NbdSource::checkStillNamed()
{
    return {};
}

Result<ByteRange> NbdSource::nextData(ByteOffset from)
{
    const auto found = nbdNextData(*m_reads, *m_target, from);
    if (!found)
        return failure(named(found.error(), Operation::Stat, m_uri, ByteRange(from, from)));
    return *found;
}

std::uint32_t NbdSource::blockSize() const
{
    return std::max<std::uint32_t>(512, m_target->minimumBlock);
}

std::uint32_t NbdSource::physicalBlockSize() const
{
    return std::max<std::uint32_t>(4096, blockSize());
}

std::uint32_t NbdSource::writeGranularity() const
{
    return m_target->minimumBlock;
}

SourceIdentity NbdSource::identity() const
{
    return {"nbd", XXH3_64bits(m_uri.data(), m_uri.size()), 0};
}

std::string NbdSource::path() const
{
    return m_uri;
}

bool NbdSource::writable() const
{
    return m_access == Access::WriteIfPermitted && m_target->writable && m_target->flushes;
}

Error NbdSource::readOnlyReason() const
{
    const bool onlyFlushesMissing = m_access == Access::WriteIfPermitted && m_target->writable;
    return onlyFlushesMissing ? Error::of(ErrorCode::NotSupported, Operation::Sync, {}, m_uri)
                              : Error::of(ErrorCode::ReadOnly, Operation::Open, {}, m_uri);
}

} // namespace cachecore
