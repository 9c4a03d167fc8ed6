// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cachecore {

/// Which disk this is. Equal for two opens of the same file or device, never changed by writing to it.
struct SourceIdentity {
    std::string kind; ///< "file", "device", "nbd", "memory", "callable"
    std::uint64_t a
        = 0; ///< file: device number; device: its number; nbd: XXH3-64 of the URI; memory, callable: a serial number
    std::uint64_t b = 0; ///< file: inode

    friend bool operator==(const SourceIdentity &, const SourceIdentity &) = default;
};

/// In which state a disk is: any write by anybody may change it.
struct SourceFingerprint {
    std::uint64_t size = 0;
    std::int64_t modifiedNs = 0; ///< 0 where the source has no such time
    std::int64_t changedNs = 0;
    std::uint64_t sampleHash = 0; ///< XXH3-64 over at most 8 samples of 4 KiB spread over the source

    friend bool operator==(const SourceFingerprint &, const SourceFingerprint &) = default;
};

/// Where bytes come from and go to: a disk image, a device, memory.
///
/// Invariants every implementation keeps (shown by one contract suite):
///  - readAt gives bytes that are there or an error, never made-up ones, and fewer bytes than asked only at the end;
///  - write writes all or returns an error; what lies outside the range is never touched;
///  - a size of a source is at most kMaxSourceSize.
/// Thread: any, in parallel. Every function but the constants (geometry, identity, path, writable) may block
/// in the system without bound and is never called on a GUI thread.
class BlockSource {
public:
    BlockSource() = default;
    BlockSource(const BlockSource &) = delete;
    BlockSource &operator=(const BlockSource &) = delete;
    virtual ~BlockSource();

    /// Fills the buffers in order from `at`. Returns the bytes read: all, or fewer when the source ends in
    /// between, 0 at or past its end. The error's range is what was asked for.
    [[nodiscard]] virtual Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) = 0;
    /// The same into one buffer.
    [[nodiscard]] Result<std::uint64_t> readAt(ByteOffset at, std::span<std::byte> into);

    /// The same past what the system keeps of the medium in memory, where that is possible: then exactly the units of directIoAlignment() that share a byte with
    /// the range are read, so that one bad block fails alone; readAt fails for all blocks of a page of the system (4 KiB or more) when one of them is bad. Place, length and address
    /// need no alignment. Sees what was written and not synced. Much slower than readAt, for what it failed to read.
    [[nodiscard]] virtual Result<std::uint64_t> readDirect(ByteOffset at, std::span<std::byte> into);

    /// Writes the buffers one after the other at `at`, all of them: a short write is resumed. Refuses
    /// (OutOfRange; Truncated what it has had and has lost since) what would lie past the current end, and (ReadOnly) a source that is not writable.
    /// The error's range starts at the first byte that was not written.
    [[nodiscard]] virtual Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) = 0;

    /// Makes what was written durable (fdatasync). A failure means that any write since the last success may be
    /// lost; it must not be tried again into success.
    [[nodiscard]] virtual Result<void> sync() = 0;

    /// Current size in bytes.
    [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
    /// Current state, for noticing a foreign change.
    [[nodiscard]] virtual Result<SourceFingerprint> fingerprint() = 0;
    /// An error (Changed) when the name this source was opened by now leads to another file or nowhere.
    [[nodiscard]] virtual Result<void> checkStillNamed() = 0;
    /// An error (Held, with the holder's name) when somebody who was not there when it was opened uses the same bytes by now: a virtual machine or
    /// another program that locks any of them, a loop device that gives them to others. Nobody, where that cannot be.
    [[nodiscard]] virtual Result<void> checkHolders();
    /// The first run of data at or after `from`; everything outside such runs reads as zeros. Empty at the end
    /// of the source when only a hole follows.
    [[nodiscard]] virtual Result<ByteRange> nextData(ByteOffset from) = 0;

    /// Smallest unit in bytes in which reading can fail or succeed and writing happens; a power of two, 512 at least.
    [[nodiscard]] virtual std::uint32_t blockSize() const = 0;
    /// The unit in bytes that an interrupted write may damage as a whole, at least blockSize(); a power of two.
    [[nodiscard]] virtual std::uint32_t physicalBlockSize() const { return blockSize(); }
    /// The unit in bytes that readDirect asks the medium in, a power of two, 512 at least; 0 where readDirect is readAt. May grow, or become 0, when the
    /// system turns out to take no smaller reads past its memory, or none.
    [[nodiscard]] virtual std::uint32_t directIoAlignment() const { return 0; }
    /// The unit in bytes that writes must begin and end at; 1 where any byte can be written alone. A power of two.
    [[nodiscard]] virtual std::uint32_t writeGranularity() const { return 1; }
    /// Asks that the next read of `range` comes from the medium and not from what the system keeps of it in memory; what was
    /// written and not synced stays. Does nothing where there is no such memory.
    [[nodiscard]] virtual Result<void> dropCached(ByteRange range);
    /// Begins reading `range` into what the system keeps in memory, without waiting for it. NotSupported (unless it does) where there is no such
    /// memory or the system cannot be asked. What cannot be read is told by who reads it.
    [[nodiscard]] virtual Result<void> willNeed(ByteRange range);
    [[nodiscard]] virtual SourceIdentity identity() const = 0;
    /// The name it was opened by, in bytes; empty for memory.
    [[nodiscard]] virtual std::string path() const = 0;
    /// False when path() is only what to call it and no file of the system has that name; then nothing is kept beside it.
    [[nodiscard]] virtual bool pathIsFileName() const { return !path().empty(); }
    /// True when path() leads to the same bytes after this program has ended; then journals and the recovery log are kept on a disk, in the state directory where path() is no
    /// file's name.
    [[nodiscard]] virtual bool outlivesProcess() const { return pathIsFileName(); }
    [[nodiscard]] virtual bool writable() const = 0;
    /// Why it is not writable; only meaningful when writable() is false. Held with the holder when another program writes to it.
    [[nodiscard]] virtual Error readOnlyReason() const = 0;
};

} // namespace cachecore
