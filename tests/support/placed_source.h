// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/buffer_cursor.h"
#include "tests/support/fault_source.h"

#include <functional>
#include <memory>
#include <string>

namespace cachet_test {

/// A source with the outside of a file: a path, an identity, and what a device may demand of writes. A write that does not begin and end at
/// multiples of the granularity (or the source's end) is refused, so that a test cannot pass with one. Thread: any, once set up.
class PlacedSource final : public cachecore::BlockSource {
public:
    struct Outside {
        std::string path;
        std::uint32_t granularity = 1;
        std::uint32_t physicalBlock = 4096;
        std::uint64_t inode = 1;
        std::uint64_t device = 7;
    };

    PlacedSource(std::shared_ptr<cachecore::BlockSource> inner, Outside outside)
        : m_inner(std::move(inner))
        , m_outside(std::move(outside))
    {
    }

    /// Called at the start of each operation; for changing the world between two steps.
    void setHook(std::function<void(SourceOp)> hook) { m_hook = std::move(hook); }
    /// From now on it cannot be written for this reason.
    void makeReadOnly(cachecore::Error reason) { m_readOnly = std::move(reason); }

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override
    {
        tell(SourceOp::Read);
        return m_inner->readAt(at, into);
    }
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        tell(SourceOp::Write);
        const cachecore::ByteRange range(at, at + cachecore::totalLength(from));
        const auto end = m_inner->size();
        const bool endsWell = range.end().value() % m_outside.granularity == 0 || (end && range.end().value() == *end);
        if (at.value() % m_outside.granularity != 0 || !endsWell)
            return cachecore::failure(cachecore::ErrorCode::InvalidArgument, cachecore::Operation::Write, range);
        return m_inner->writev(at, from);
    }
    cachecore::Result<void> sync() override
    {
        tell(SourceOp::Sync);
        return m_inner->sync();
    }
    cachecore::Result<std::uint64_t> size() override
    {
        tell(SourceOp::Size);
        return m_inner->size();
    }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override
    {
        tell(SourceOp::Fingerprint);
        return m_inner->fingerprint();
    }
    cachecore::Result<void> checkStillNamed() override
    {
        tell(SourceOp::CheckStillNamed);
        return m_inner->checkStillNamed();
    }
    cachecore::Result<void> checkHolders() override
    {
        tell(SourceOp::CheckHolders);
        return m_inner->checkHolders();
    }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override
    {
        return m_inner->nextData(from);
    }
    std::uint32_t blockSize() const override { return 512; }
    std::uint32_t physicalBlockSize() const override { return m_outside.physicalBlock; }
    std::uint32_t writeGranularity() const override { return m_outside.granularity; }
    cachecore::SourceIdentity identity() const override { return {"file", m_outside.device, m_outside.inode}; }
    std::string path() const override { return m_outside.path; }
    bool writable() const override { return !m_readOnly; }
    cachecore::Error readOnlyReason() const override { return m_readOnly.value_or(cachecore::Error{}); }

private:
    void tell(SourceOp op) const
    {
        if (m_hook)
            m_hook(op);
    }

    const std::shared_ptr<cachecore::BlockSource> m_inner;
    const Outside m_outside;
    std::function<void(SourceOp)> m_hook;
    std::optional<cachecore::Error> m_readOnly;
};

} // namespace cachet_test
