// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/block_source.h"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace cachecore {

class NbdConnections;
struct NbdExport;

/// An export of a network block device server (NBD protocol, by libnbd): a disk on another machine, of a virtual machine, or of any nbdkit plugin.
///
/// Where the server says that its connections agree (multi-conn), up to eight reads run at once and writing has a connection of its own; else requests take turns on one. A connection
/// that broke is replaced by the next request. Writes that were not synced when one broke may be lost with it: the next sync says so (Io).
/// Nothing in the protocol keeps other clients from writing to the same export.
/// Thread: any, in parallel. A server that does not answer holds up its callers without bound.
class NbdSource final : public BlockSource {
public:
    enum class Access : std::uint8_t {
        ReadOnly,         ///< nothing is ever written
        WriteIfPermitted, ///< written where the server allows it and takes flushes, without which nothing can be made durable
    };

    /// True when `name` is a URI of this kind: nbd://host[:port]/export, nbd+unix:///export?socket=PATH, and with "nbds" for TLS.
    [[nodiscard]] static bool isUri(const std::string &name);

    /// Connects; waits at most half a minute for it. Errors: InvalidArgument for what is no such URI, what the system or the server says (NotFound: no such socket or export),
    /// Io with ETIMEDOUT. Blocking.
    [[nodiscard]] static Result<std::unique_ptr<NbdSource>> open(const std::string &uri, Access access);
    ~NbdSource() override;

    using BlockSource::readAt;
    Result<std::uint64_t> readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override;
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    Result<void> sync() override;
    /// As the server said when it was connected to last.
    Result<std::uint64_t> size() override;
    Result<SourceFingerprint> fingerprint() override;
    /// Never an error: a connection stays with the export it was made to.
    Result<void> checkStillNamed() override;
    /// By the server's block status where it offers one ("base:allocation"); else everything counts as data.
    Result<ByteRange> nextData(ByteOffset from) override;
    std::uint32_t blockSize() const override;
    /// The server's minimum block size, 4096 at least: what a torn write damages there is not known.
    std::uint32_t physicalBlockSize() const override;
    /// The server's minimum block size.
    std::uint32_t writeGranularity() const override;
    /// Of the URI: the protocol knows no serial numbers.
    SourceIdentity identity() const override;
    /// The URI.
    std::string path() const override;
    bool pathIsFileName() const override { return false; }
    bool outlivesProcess() const override { return true; }
    bool writable() const override;
    /// ReadOnly, or NotSupported with Operation::Sync when the server takes no flushes.
    Error readOnlyReason() const override;

private:
    NbdSource(std::string uri, Access access, const NbdExport &target, std::shared_ptr<NbdConnections> reads);
    [[nodiscard]] Result<std::int64_t> readOver(ByteRange range, std::byte *into);
    template <typename Take>
    [[nodiscard]] Result<std::int64_t> readAround(ByteRange range, std::uint64_t end, std::vector<std::byte> &room,
                                                  const Take &take);
    [[nodiscard]] std::optional<Error> refusal(ByteOffset at, std::uint64_t length) const;
    [[nodiscard]] Result<std::int64_t> writeOver(ByteOffset at, std::span<const std::byte> from);

    const std::string m_uri;
    const Access m_access;
    const std::unique_ptr<const NbdExport> m_target; ///< as the server said at first
    const std::shared_ptr<NbdConnections> m_reads;
    std::shared_ptr<NbdConnections> m_writes; ///< at most one; the same where the server keeps only one consistent
    std::atomic<std::uint64_t> m_largestSize; ///< that it was seen to have, bytes
};

} // namespace cachecore
