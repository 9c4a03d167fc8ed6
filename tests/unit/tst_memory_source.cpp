// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/memory_source.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <cerrno>

using namespace cachecore;
using namespace cachet_test;

/// What a MemorySource has beyond the contract of sources, and that a FaultSource passes everything on.
class TstMemorySource : public QObject {
    Q_OBJECT

private slots:
    void hasTheGeometryItWasGiven();
    void isSeenThroughAFaultSource();
};

void TstMemorySource::hasTheGeometryItWasGiven()
{
    const MemorySource plain(patternBytes(100));
    QCOMPARE(plain.blockSize(), 512u);
    QCOMPARE(plain.physicalBlockSize(), 512u);
    QCOMPARE(plain.writeGranularity(), 1u);
    const MemorySource large(patternBytes(100), MemorySource::Access::ReadWrite, 4096);
    QCOMPARE(large.blockSize(), 4096u);
    QCOMPARE(large.physicalBlockSize(), 4096u);
    const MemorySource sectors(patternBytes(100), MemorySource::Access::ReadWrite, {2048, 512, 2048});
    QCOMPARE(sectors.blockSize(), 2048u);
    QCOMPARE(sectors.physicalBlockSize(), 2048u);
    QCOMPARE(sectors.writeGranularity(), 2048u);
}

void TstMemorySource::isSeenThroughAFaultSource()
{
    FaultSource source(std::make_shared<MemorySource>(patternBytes(8192), MemorySource::Access::ReadWrite,
                                                      MemoryGeometry{1024, 8192, 2048}));
    QCOMPARE(source.blockSize(), 1024u);
    QCOMPARE(source.physicalBlockSize(), 8192u);
    QCOMPARE(source.writeGranularity(), 2048u);
    QVERIFY(source.dropCached(ByteRange::whole(8192)));
    source.fail(SourceOp::DropCached, 0, EIO);
    const auto failed = source.dropCached(ByteRange::whole(10));
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QVERIFY(failed.error().range == ByteRange::whole(10));
    QCOMPARE(source.count(SourceOp::DropCached), std::uint64_t{2});
}

QTEST_GUILESS_MAIN(TstMemorySource)
#include "tst_memory_source.moc"
