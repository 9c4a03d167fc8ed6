// SPDX-License-Identifier: MIT
#include "cachecore/source/callable_source.h"

#include "cachecore/source/buffer_cursor.h"
#include "cachecore/source/sample_hash.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace cachecore {

namespace {

SourceIdentity ownIdentity()
{
    static std::atomic<std::uint64_t> serial{0};
    return {"callable", serial.fetch_add(1, std::memory_order_relaxed) + 1, 0};
}

bool isPossible(const CallableOptions &options)
{
    return std::has_single_bit(options.blockSize) && options.blockSize >= 512
        && std::has_single_bit(options.physicalBlockSize) && std::has_single_bit(options.writeGranularity)
        && options.writeGranularity <= options.blockSize;
}

Error errorOf(const std::system_error &thrown)
{
    const bool isErrno
        = thrown.code().category() == std::generic_category() || thrown.code().category() == std::system_category();
    return isErrno ? Error::fromErrno(thrown.code().value(), Operation::None)
                   : Error::of(ErrorCode::Io, Operation::None);
}

/// The count of a transfer of `asked` bytes as a function gave it; an error when there cannot have been so many.
Result<std::uint64_t> believable(Result<std::uint64_t> count, std::uint64_t asked)
{
    if (count && *count > asked)
        return failure(Error{ErrorCode::Io, EPROTO, Operation::None, {}, {}});
    return count;
}

} // namespace

Result<std::unique_ptr<CallableSource>> CallableSource::create(SourceFunctions functions, CallableOptions options)
{
    options.physicalBlockSize = std::max(options.physicalBlockSize, options.blockSize);
    const auto *const fixed = std::get_if<std::uint64_t>(&functions.size);
    const bool sized = fixed ? *fixed <= kMaxSourceSize : bool(std::get<SourceFunctions::Size>(functions.size));
    if (!functions.read || !sized || !isPossible(options))
        return failure(ErrorCode::InvalidArgument, Operation::Open, {}, options.label);
    return std::unique_ptr<CallableSource>(new CallableSource(std::move(functions), std::move(options)));
}

CallableSource::CallableSource(SourceFunctions functions, CallableOptions options)
    : m_functions(std::move(functions))
    , m_options(std::move(options))
    , m_identity(m_options.identity ? *m_options.identity : ownIdentity())
{
}

/// What `call` returns, whatever it throws.
template <typename T, typename Call>
Result<T> CallableSource::guarded(const Call &call)
{
    std::unique_lock turn(m_turn, std::defer_lock);
    if (m_options.calls == CallableOptions::Calls::OneAtATime)
        turn.lock();
    try {
        return call();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::None);
    } catch (const std::system_error &thrown) {
        return failure(errorOf(thrown));
    } catch (...) {
        return failure(ErrorCode::Io, Operation::None);
    }
}

Error CallableSource::labelled(Error error, Operation operation, std::optional<ByteRange> range) const
{
    error.operation = operation;
    error.range = range;
    error.path = m_options.label;
    return error;
}

Result<std::uint64_t> CallableSource::readPart(ByteOffset at, std::span<std::byte> into)
{
    return believable(guarded<std::uint64_t>([&] { return m_functions.read(at, into); }), into.size());
}

Result<std::uint64_t> CallableSource::writePart(ByteOffset at, std::span<const std::byte> from)
{
    return believable(guarded<std::uint64_t>([&] { return m_functions.write(at, from); }), from.size());
}

Result<std::uint64_t> CallableSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    const ByteRange asked = clippedRange(at, totalLength(into));
    const auto end = size();
    if (!end)
        return failure(labelled(end.error(), Operation::Read, asked));
    BufferCursor<std::byte> cursor(into, asked.intersection(ByteRange::whole(*end)).length());
    std::uint64_t done = 0;
    while (cursor.remaining() > 0) {
        const auto got = readPart(at + done, cursor.rest().front());
        if (!got)
            return failure(labelled(got.error(), Operation::Read, asked));
        if (*got == 0)
            return endedAt(at + done, done, asked);
        cursor.advance(static_cast<std::size_t>(*got));
        done += *got;
    }
    return done;
}

/// What a read of `asked` is when no byte was given at `at`: all there is where the source has become shorter, else a lie.
Result<std::uint64_t> CallableSource::endedAt(ByteOffset at, std::uint64_t done, ByteRange asked)
{
    const auto end = size();
    if (!end)
        return failure(labelled(end.error(), Operation::Read, asked));
    if (at.value() >= *end)
        return done;
    return failure(ErrorCode::Truncated, Operation::Read, asked, m_options.label);
}

/// Why `length` bytes at `at` cannot be written, if so.
std::optional<Error> CallableSource::refusal(ByteOffset at, std::uint64_t length)
{
    const ByteRange left = clippedRange(at, length);
    if (!writable())
        return labelled(readOnlyReason(), Operation::Write, left);
    const auto end = size();
    if (!end)
        return labelled(end.error(), Operation::Write, left);
    const auto reaches = [&](std::uint64_t bytes) { return at.value() <= bytes && length <= bytes - at.value(); };
    if (!reaches(*end))
        return Error::of(reaches(m_largestSize) ? ErrorCode::Truncated : ErrorCode::OutOfRange, Operation::Write, left,
                         m_options.label);
    return std::nullopt;
}

// The size is asked again before every piece: what was cut short meanwhile must not grow by our writing.
Result<void> CallableSource::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    BufferCursor<const std::byte> cursor(from, ~std::uint64_t{0});
    if (auto refused = refusal(at, cursor.remaining()))
        return failure(std::move(*refused));
    const std::uint32_t unit = m_options.writeGranularity;
    if (at.value() % unit != 0 || cursor.remaining() % unit != 0)
        return failure(ErrorCode::InvalidArgument, Operation::Write, clippedRange(at, cursor.remaining()),
                       m_options.label);
    while (cursor.remaining() > 0) {
        if (auto refused = refusal(at, cursor.remaining()))
            return failure(std::move(*refused));
        const ByteRange left = clippedRange(at, cursor.remaining());
        const auto put = writePart(at, cursor.rest().front());
        if (!put)
            return failure(labelled(put.error(), Operation::Write, left));
        if (*put == 0)
            return failure(ErrorCode::Io, Operation::Write, left, m_options.label);
        cursor.advance(static_cast<std::size_t>(*put));
        at = at + *put;
    }
    return {};
}

Result<void> CallableSource::sync()
{
    if (!m_functions.sync)
        return {};
    auto done = guarded<void>([&] { return m_functions.sync(); });
    if (!done)
        return failure(labelled(done.error(), Operation::Sync));
    return done;
}

Result<std::uint64_t> CallableSource::size()
{
    const auto *const ask = std::get_if<SourceFunctions::Size>(&m_functions.size);
    auto bytes = ask ? guarded<std::uint64_t>(*ask) : std::get<std::uint64_t>(m_functions.size);
    if (!bytes)
        return failure(labelled(bytes.error(), Operation::Stat));
    if (*bytes > kMaxSourceSize)
        return failure(ErrorCode::OutOfRange, Operation::Stat, {}, m_options.label);
    std::uint64_t largest = m_largestSize.load();
    while (largest < *bytes && !m_largestSize.compare_exchange_weak(largest, *bytes)) { }
    return bytes;
}

Result<SourceFingerprint> CallableSource::fingerprint()
{
    const auto bytes = size();
    if (!bytes)
        return failure(bytes.error());
    const auto hash = sampleHash(*this, *bytes);
    if (!hash)
        return failure(hash.error());
    return SourceFingerprint{*bytes, 0, 0, *hash};
}

Result<void> CallableSource::checkStillNamed()
{
    return {};
}

Result<ByteRange> CallableSource::nextData(ByteOffset from)
{
    const auto bytes = size();
    if (!bytes)
        return failure(bytes.error());
    const ByteOffset end(*bytes);
    return ByteRange(std::min(from, end), end);
}

std::uint32_t CallableSource::blockSize() const
{
    return m_options.blockSize;
}

std::uint32_t CallableSource::physicalBlockSize() const
{
    return m_options.physicalBlockSize;
}

std::uint32_t CallableSource::writeGranularity() const
{
    return m_options.writeGranularity;
}

SourceIdentity CallableSource::identity() const
{
    return m_identity;
}

std::string CallableSource::path() const
{
    return m_options.label;
}

bool CallableSource::pathIsFileName() const
{
    return false;
}

bool CallableSource::writable() const
{
    return bool(m_functions.write);
}

Error CallableSource::readOnlyReason() const
{
    return Error::of(ErrorCode::ReadOnly, Operation::Open, {}, m_options.label);
}

} // namespace cachecore
