// SPDX-License-Identifier: MIT
#include "cachecore/source/mapped_source.h"

#include "cachecore/base/named_error.h"
#include "cachecore/base/retried_call.h"
#include "cachecore/source/buffer_cursor.h"
#include "cachecore/source/file_opening.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kPage = 4096;              // or less than a page of this system, never more
constexpr std::uint64_t kMapUnit = 64U << 10U;     // a multiple of every system's page
constexpr std::uint64_t kLargestFolio = 2U << 20U; // of the system's file cache

/// Copies as much as there is up to the first page that cannot be had; 0 when that is the page of `from`. The system may refuse a copy as a whole because of a
/// later page: then one page is tried.
Result<std::size_t> copySome(EnvMapping &mapping, std::uint64_t from, std::span<const std::span<std::byte>> into)
{
    auto got = retriedWhenInterrupted([&] { return mapping.copy(from, into); });
    const BufferCursor<std::byte> page(into, kPage - from % kPage);
    if (!got && got.error().systemError == EFAULT && page.remaining() < totalLength(into))
        got = retriedWhenInterrupted([&] { return mapping.copy(from, page.rest()); });
    if (!got && got.error().systemError == EFAULT)
        return std::size_t{0};
    return got;
}

} // namespace

Result<std::unique_ptr<MappedSource>> MappedSource::open(std::shared_ptr<Env> env, const std::string &path)
{
    auto file = FileSource::open(std::move(env), path, FileSource::Access::ReadOnly);
    if (!file)
        return failure(file.error());
    std::unique_ptr<MappedSource> source(new MappedSource(std::move(*file)));
    const auto window = source->windowAt(ByteOffset(0));
    if (!window)
        return failure(named(window.error(), Operation::Open, path));
    return source;
}

MappedSource::MappedSource(std::unique_ptr<FileSource> file)
    : m_file(std::move(file))
{
}

Result<std::uint64_t> MappedSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    BufferCursor<std::byte> cursor(into, kMaxSourceSize - at.value());
    const ByteRange asked = clippedRange(at, cursor.remaining());
    std::uint64_t done = 0;
    while (cursor.remaining() > 0) {
        const ByteOffset position = at + done;
        const auto window = windowAt(position);
        if (!window)
            return failure(named(window.error(), Operation::Read, path(), asked));
        if (!*window)
            return readPlain(position, cursor.rest(), done, asked);
        const auto got = copySome(*(*window)->mapping, position - (*window)->range.begin(), cursor.rest());
        if (!got)
            return failure(named(got.error(), Operation::Read, path(), asked));
        if (*got == 0)
            break;
        cursor.advance(*got);
        done += *got;
    }
    return judged(done, asked);
}

/// What `done` bytes of `asked`, copied out of the mapping, are: what lies behind the end of the file was none.
Result<std::uint64_t> MappedSource::judged(std::uint64_t done, ByteRange asked)
{
    const auto end = m_file->size();
    if (!end)
        return failure(named(end.error(), Operation::Read, path(), asked));
    const std::uint64_t there = asked.intersection(ByteRange::whole(*end)).length();
    if (done >= there)
        return there;
    return failure(Error::fromErrno(EIO, Operation::Read, asked, path()));
}

/// Reads what follows `done` bytes of `asked` without the mapping.
Result<std::uint64_t> MappedSource::readPlain(ByteOffset at, std::span<const std::span<std::byte>> into,
                                              std::uint64_t done, ByteRange asked)
{
    const auto rest = m_file->readAt(at, into);
    if (!rest)
        return failure(named(rest.error(), Operation::Read, path(), asked));
    return done == 0 ? rest : judged(done + *rest, ByteRange(asked.begin(), asked.begin() + (done + *rest)));
}

/// The window that holds `at`; null when it is past the end of the file or cannot be mapped.
Result<MappedSource::SharedWindow> MappedSource::windowAt(ByteOffset at)
{
    const std::lock_guard lock(m_mutex);
    if (m_window && m_window->range.contains(at))
        return m_window;
    auto window = mapAround(at);
    if (window && *window)
        m_window = *window;
    return window;
}

Result<MappedSource::SharedWindow> MappedSource::mapAround(ByteOffset at)
{
    const auto size = m_file->size();
    if (!size)
        return failure(size.error());
    if (at.value() >= *size && at.value() > 0)
        return SharedWindow();
    std::uint64_t length = std::clamp(std::bit_ceil(*size), kSmallestWindow, kLargestWindow);
    ByteRange reachable = ByteRange::whole(kMaxSourceSize);
    for (;;) {
        const ByteRange range = clippedRange(at.alignedDown(length), length).intersection(reachable);
        if (!range.contains(at))
            return SharedWindow();
        auto mapping = m_file->map(range);
        if (mapping)
            return std::make_shared<const Window>(range, std::move(*mapping));
        // No file of that file system is so long as a window behind the end of this one: then up to the end, as far as whole pages go.
        const bool tooFar = mapping.error().systemError == EOVERFLOW && reachable.length() == kMaxSourceSize;
        const bool tooLong = mapping.error().systemError == ENOMEM && length / 2 >= kSmallestWindow;
        if (!tooFar && !tooLong)
            return failure(mapping.error());
        if (tooFar)
            reachable = ByteRange(ByteOffset(0), ByteOffset(*size).alignedDown(kMapUnit));
        else
            length /= 2;
    }
}

Result<std::uint64_t> MappedSource::readDirect(ByteOffset at, std::span<std::byte> into)
{
    return m_file->readDirect(at, into);
}

Result<void> MappedSource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    return m_file->writev(at, from);
}

Result<void> MappedSource::sync()
{
    return m_file->sync();
}

Result<std::uint64_t> MappedSource::size()
{
    return m_file->size();
}

Result<SourceFingerprint> MappedSource::fingerprint()
{
    return m_file->fingerprint();
}

Result<void> MappedSource::checkStillNamed()
{
    return m_file->checkStillNamed();
}

Result<void> MappedSource::willNeed(ByteRange range)
{
    return m_file->willNeed(range);
}

Result<void> MappedSource::checkHolders()
{
    return m_file->checkHolders();
}

Result<ByteRange> MappedSource::nextData(ByteOffset from)
{
    return m_file->nextData(from);
}

std::uint32_t MappedSource::blockSize() const
{
    return m_file->blockSize();
}

std::uint32_t MappedSource::physicalBlockSize() const
{
    return m_file->physicalBlockSize();
}

std::uint32_t MappedSource::directIoAlignment() const
{
    return m_file->directIoAlignment();
}

// The system forgets no page that a program has mapped, and of a folio all pages or none.
Result<void> MappedSource::dropCached(ByteRange range)
{
    SharedWindow window;
    {
        const std::lock_guard lock(m_mutex);
        window = m_window;
    }
    const ByteRange folios(range.begin().alignedDown(kLargestFolio), range.end().alignedUp(kLargestFolio));
    const ByteRange mapped = window ? folios.intersection(window->range) : ByteRange();
    if (!range.empty() && !mapped.empty()) {
        const auto done = window->mapping->letGo(mapped.begin() - window->range.begin(), mapped.length());
        if (!done)
            return failure(named(done.error(), Operation::Read, path(), range));
    }
    return m_file->dropCached(range);
}

SourceIdentity MappedSource::identity() const
{
    return m_file->identity();
}

std::string MappedSource::path() const
{
    return m_file->path();
}

bool MappedSource::writable() const
{
    return false;
}

Error MappedSource::readOnlyReason() const
{
    return m_file->readOnlyReason();
}

} // namespace cachecore
