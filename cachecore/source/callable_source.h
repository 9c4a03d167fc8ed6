// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/block_source.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace cachecore {

/// What a CallableSource calls. Nothing here is trusted: see there.
struct SourceFunctions {
    /// Fills the span from the offset on and returns how many bytes that were; fewer than asked when that is all there is at the moment. Only ever asked for bytes inside the
    /// size, never for none.
    using Read = std::function<Result<std::uint64_t>(ByteOffset, std::span<std::byte>)>;
    /// The counterpart: how many bytes from the span's begin on were written.
    using Write = std::function<Result<std::uint64_t>(ByteOffset, std::span<const std::byte>)>;
    using Sync = std::function<Result<void>()>;
    using Size = std::function<Result<std::uint64_t>()>;

    Read read;                                                 ///< must be there
    std::variant<std::uint64_t, Size> size = std::uint64_t{0}; ///< bytes: for good, or asked before every transfer
    Write write{};                                             ///< none: the source is read-only
    Sync sync{}; ///< none: what was written counts as durable when `write` returns
};

/// What a CallableSource says of itself.
struct CallableOptions {
    /// How the functions may be called.
    enum class Calls : std::uint8_t {
        OneAtATime, ///< a call begins when the one before has returned; they may come from different threads
        Parallel,   ///< any number at once
    };

    std::string label; ///< what path() gives and errors name; not taken for the name of a file
    Calls calls = Calls::OneAtATime;
    std::uint32_t blockSize = 512;         ///< as BlockSource::blockSize
    std::uint32_t physicalBlockSize = 512; ///< raised to blockSize when smaller
    std::uint32_t writeGranularity = 1;
    std::optional<SourceIdentity>
        identity; ///< of the disk behind the functions, where they know one; else every source is a disk of its own
};

/// A source made of functions. It keeps what BlockSource promises whatever they do:
///
/// | a function | gives |
/// |---|---|
/// | returns fewer bytes than asked | it is asked for the rest |
/// | returns none inside the size, which stays what it was | Truncated |
/// | returns more than asked | Io with EPROTO; nothing it said is used |
/// | returns an error | that error, with the range, the operation and the label |
/// | throws std::bad_alloc | OutOfMemory |
/// | throws std::system_error | the error of its errno, where it carries one |
/// | throws anything else | Io |
/// | says a size above 2^63-1 | OutOfRange |
///
/// A function must not call into a cache over its own source, and one that never returns holds up those that wait for their turn, with
/// Calls::Parallel nobody. Journals of its writes live in memory, as those of a MemorySource.
/// Thread: any; the functions run on the thread that calls.
class CallableSource final : public BlockSource {
public:
    /// Errors: InvalidArgument without a read function, or with a size above 2^63-1 or a geometry that BlockSource does not allow.
    [[nodiscard]] static Result<std::unique_ptr<CallableSource>> create(SourceFunctions functions,
                                                                        CallableOptions options = {});

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> sync() override;
    Result<std::uint64_t> size() override;
    Result<SourceFingerprint> fingerprint() override;
    /// Never an error: functions have no name that could lead elsewhere.
    Result<void> checkStillNamed() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    std::uint32_t blockSize() const override;
    std::uint32_t physicalBlockSize() const override;
    std::uint32_t writeGranularity() const override;
    SourceIdentity identity() const override;
    std::string path() const override;
    bool pathIsFileName() const override;
    bool writable() const override;
    Error readOnlyReason() const override;

private:
    CallableSource(SourceFunctions functions, CallableOptions options);
    [[nodiscard]] Result<std::uint64_t> readPart(ByteOffset at, std::span<std::byte> into);
    [[nodiscard]] Result<std::uint64_t> writePart(ByteOffset at, std::span<const std::byte> from);
    [[nodiscard]] Result<std::uint64_t> endedAt(ByteOffset at, std::uint64_t done, ByteRange asked);
    [[nodiscard]] std::optional<Error> refusal(ByteOffset at, std::uint64_t length);
    template <typename T, typename Call>
    [[nodiscard]] Result<T> guarded(const Call &call);
    [[nodiscard]] Error labelled(Error error, Operation operation, std::optional<ByteRange> range = {}) const;

    const SourceFunctions m_functions;
    const CallableOptions m_options;
    const SourceIdentity m_identity;
    std::mutex m_turn;                           ///< held while a function runs, with Calls::OneAtATime
    std::atomic<std::uint64_t> m_largestSize{0}; ///< that it was seen to have, bytes
};

} // namespace cachecore
