// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/file_bytes.h"
#include "cachecore/edit/recent_blocks.h"
#include "cachecore/source/file_source.h"

#include <mutex>
#include <optional>
#include <span>

namespace cachecore {

static_assert(FileBytes::kBlock == RecentBlocks::kBlock);

/// What a FileBytes shares with the load under way. file_bytes.cpp looks and reads, file_bytes_loads.cpp loads for peeks.
class FileBytes::Impl : public std::enable_shared_from_this<Impl> {
public:
    /// Where the bytes are: a source to import, or the file of a journal.
    struct Origin {
        std::shared_ptr<Env> env; ///< its clock
        std::unique_ptr<FileSource> source;
        std::unique_ptr<EnvFile> file;
        std::string path;
        SourceFingerprint fingerprint; ///< of the source
        std::uint64_t size = 0;
        Operation operation = Operation::Import;
    };

    Impl(Origin origin, Loading loading)
        : m_origin(std::move(origin))
        , m_loading(std::move(loading))
    {
    }

    [[nodiscard]] std::uint64_t size() const { return m_origin.size; }
    [[nodiscard]] bool peek(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> read(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> checkUnchanged();
    [[nodiscard]] std::optional<ExternalOrigin> origin() const;
    void close();
    /// Lets go of it on its executor: closing a descriptor may take as long as the disk likes, and who drops the last edit may be a
    /// thread that must not wait. Where the executor takes no more work it goes here.
    static void retire(std::shared_ptr<Impl> impl);

private:
    class LoadTask;

    /// Calls `each(index, skip, part)` for the part of `into` in every block, until it returns false.
    template <typename Each>
    static bool forEachBlock(std::uint64_t at, std::span<std::byte> into, const Each &each);

    void loadNext();
    void loadLatestWanted();
    void loadDropped();
    void reportIfStuck();
    [[nodiscard]] Result<RecentBlocks::Ref> readBlock(std::uint64_t index);
    [[nodiscard]] Result<void> readThrough(std::uint64_t index, std::size_t skip, std::span<std::byte> part);
    [[nodiscard]] Result<void> readPast(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Result<void> readFile(std::uint64_t at, std::span<std::byte> into);
    [[nodiscard]] Error named(Error error, std::uint64_t at, std::uint64_t length) const;

    const Origin m_origin;
    Loading m_loading; ///< constant until the end

    std::mutex m_mutex; ///< guards the rest
    RecentBlocks m_blocks{static_cast<std::size_t>(kMostBlocks), kRetryAfter};
    bool m_tasked = false;                                 ///< a task of ours waits or runs on the executor
    std::optional<RecentBlocks::TimePoint> m_loadingSince; ///< it runs
    std::uint64_t m_loadsEnded = 0;                        ///< loads of tasks that came to their end
    enum class Stuck : std::uint8_t { No, Asking, Reported } m_stuck = Stuck::No; ///< whether the executor knows that it hangs
    bool m_closed = false;
};

} // namespace cachecore
