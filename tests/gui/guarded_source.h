// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <QCoreApplication>
#include <QThread>

#include <atomic>
#include <memory>

namespace cachet_test {

/// Passes everything on and counts what was asked of it on the GUI thread, which must never wait for a disk. Thread: any.
class GuardedSource final : public cachecore::BlockSource {
public:
    explicit GuardedSource(std::shared_ptr<cachecore::BlockSource> inner)
        : m_inner(std::move(inner))
    {
    }
    /// Operations that the GUI thread waited for so far.
    [[nodiscard]] unsigned onGuiThread() const { return m_onGuiThread; }

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override
    {
        note();
        return m_inner->readAt(at, into);
    }
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        note();
        return m_inner->writev(at, from);
    }
    cachecore::Result<void> sync() override
    {
        note();
        return m_inner->sync();
    }
    cachecore::Result<std::uint64_t> size() override
    {
        note();
        return m_inner->size();
    }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override
    {
        note();
        return m_inner->fingerprint();
    }
    cachecore::Result<void> checkStillNamed() override
    {
        note();
        return m_inner->checkStillNamed();
    }
    cachecore::Result<void> checkHolders() override
    {
        note();
        return m_inner->checkHolders();
    }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override
    {
        note();
        return m_inner->nextData(from);
    }
    cachecore::Result<void> dropCached(cachecore::ByteRange range) override
    {
        note();
        return m_inner->dropCached(range);
    }
    std::uint32_t blockSize() const override { return m_inner->blockSize(); }
    std::uint32_t physicalBlockSize() const override { return m_inner->physicalBlockSize(); }
    std::uint32_t writeGranularity() const override { return m_inner->writeGranularity(); }
    cachecore::SourceIdentity identity() const override { return m_inner->identity(); }
    std::string path() const override { return m_inner->path(); }
    bool pathIsFileName() const override { return m_inner->pathIsFileName(); }
    bool outlivesProcess() const override { return m_inner->outlivesProcess(); }
    bool writable() const override { return m_inner->writable(); }
    cachecore::Error readOnlyReason() const override { return m_inner->readOnlyReason(); }

private:
    void note()
    {
        const QCoreApplication *application = QCoreApplication::instance();
        if (application && QThread::currentThread() == application->thread())
            ++m_onGuiThread;
    }

    const std::shared_ptr<cachecore::BlockSource> m_inner;
    std::atomic<unsigned> m_onGuiThread = 0;
};

} // namespace cachet_test
