// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/file_source.h"

#include <memory>
#include <mutex>

namespace cachecore {

/// A regular file or block device mapped into memory, for reading only. No instruction of the program reads the mapping: the system copies out of it,
/// and says where it cannot. So a file cut short under it ends there, a failing medium is an error for the range asked, and neither is a signal.
///
/// It is here for programs that want the system's page cache mapped; FileSource is faster, and also tells why a read failed. A read that the medium fails is
/// Io with EIO, whatever the reason, because a mapping knows no other.
///
/// What was read counts as shared memory of the program until the system takes it back or dropCached lets go of it.
///
/// The mapping is a window of up to 1 TiB, larger than the file, so that growth shows in it; smaller where the program has few addresses left. Reading elsewhere moves
/// it. What no mapping can reach (the last page before 2^63) is read the plain way.
/// Thread: any, in parallel.
class MappedSource final : public BlockSource {
public:
    static constexpr std::uint64_t kSmallestWindow = std::uint64_t{1} << 20;
    static constexpr std::uint64_t kLargestWindow
        = sizeof(void *) >= 8 ? std::uint64_t{1} << 40 : std::uint64_t{256} << 20;

    /// Opens `path` and maps its beginning. Errors: as FileSource::open; NotSupported (with the system's reason) where the file cannot be mapped or the
    /// system forbids the guarded reading; OutOfMemory where not even the smallest window fits into the program's addresses. Blocking.
    [[nodiscard]] static Result<std::unique_ptr<MappedSource>> open(std::shared_ptr<Env> env, const std::string &path);

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<std::uint64_t> readDirect(ByteOffset at, std::span<std::byte> into) override;
    /// ReadOnly, always.
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> sync() override;
    Result<std::uint64_t> size() override;
    Result<SourceFingerprint> fingerprint() override;
    Result<void> checkStillNamed() override;
    Result<void> checkHolders() override;
    Result<ByteRange> nextData(ByteOffset from) override;
    std::uint32_t blockSize() const override;
    std::uint32_t physicalBlockSize() const override;
    std::uint32_t directIoAlignment() const override;
    Result<void> dropCached(ByteRange range) override;
    Result<void> willNeed(ByteRange range) override;
    SourceIdentity identity() const override;
    std::string path() const override;
    bool writable() const override;
    Error readOnlyReason() const override;

private:
    /// What is mapped; readers share it, so that moving the window takes nothing from under them.
    struct Window {
        ByteRange range;
        std::unique_ptr<EnvMapping> mapping;
    };
    using SharedWindow = std::shared_ptr<const Window>;

    explicit MappedSource(std::unique_ptr<FileSource> file);
    [[nodiscard]] Result<SharedWindow> windowAt(ByteOffset at);
    [[nodiscard]] Result<SharedWindow> mapAround(ByteOffset at);
    [[nodiscard]] Result<std::uint64_t> readPlain(ByteOffset at, std::span<const std::span<std::byte>> into,
                                                  std::uint64_t done, ByteRange asked);
    [[nodiscard]] Result<std::uint64_t> judged(std::uint64_t done, ByteRange asked);

    const std::unique_ptr<FileSource> m_file;
    std::mutex m_mutex; ///< guards m_window; held while another window is mapped
    SharedWindow m_window;
};

} // namespace cachecore
