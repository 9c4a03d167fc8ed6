// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/counted_memory.h"
#include "tests/support/document_fixture.h"
#include "tests/support/gate.h"

#include <QTest>

#include <cstddef>
#include <future>
#include <utility>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kSize = 16 * kBlock;
constexpr std::size_t kLength = 2 * kBlock; ///< so long that hashes of whole blocks are taken

/// How many allocations staging `kLength` bytes makes until it has room for all it looks at: the bytes, then their conditions. What comes next
/// is made for what was seen, before anything is locked.
std::size_t allocationsUntilTheLook()
{
    DocumentFixture fixture(patternBytes(kSize));
    const auto wanted = patternBytes(kLength, 3);
    (void)readBytes(*fixture.document, 0, kSize);
    std::size_t count = 0;
    std::size_t last = 0;
    memory::watch([&](std::size_t size) {
        ++count;
        last = size == kLength ? count : last;
    });
    const auto staged = fixture->stage(ByteOffset(5 * kBlock), wanted);
    memory::watch({});
    return staged ? last : 0;
}

} // namespace

/// What staging takes for the bytes of the disk while a write ends.
class TestStagingLook : public QObject {
    Q_OBJECT

private slots:
    void bytesThatAreTakenBackWhileStagingLooksCountAsNotSeen();
};

void TestStagingLook::bytesThatAreTakenBackWhileStagingLooksCountAsNotSeen()
{
    const std::size_t until = allocationsUntilTheLook();
    QVERIFY(until > 0);

    const auto disk = patternBytes(kSize);
    DocumentFixture fixture(disk);
    const auto staged = bytesOf({1, 2, 3, 4});
    QVERIFY(fixture->stage(ByteOffset(5 * kBlock + 100), staged));
    QVERIFY(fixture->stage(ByteOffset(9 * kBlock), bytesOf({5})));
    fixture.source->addBadWriteRange(rangeAt(9 * kBlock, 1));

    // The write is held once the first bytes are on the disk and before the second fail.
    std::promise<WriteOutcome> ended;
    auto outcome = ended.get_future();
    auto gate = std::make_shared<Gate>();
    fixture.source->setGate(SourceOp::Write, gate);
    QVERIFY(fixture->startCommit([&ended](WriteOutcome end) { ended.set_value(std::move(end)); }));
    QVERIFY(gate->waitForWaiting(1));
    const auto first = std::exchange(gate, std::make_shared<Gate>());
    fixture.source->setGate(SourceOp::Write, gate);
    first->open();
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(fixture.memory->bytes() == with(disk, 5 * kBlock + 100, staged));
    QVERIFY(readBytes(*fixture.document, 4 * kBlock, 3 * kBlock)); // what is half written is in the cache

    // Staging has looked at it when the write is taken back.
    const auto wanted = patternBytes(kLength, 3);
    std::size_t count = 0;
    bool tookBack = false;
    memory::watch([&](std::size_t) {
        if (count++ != until)
            return;
        fixture.source->setGate(SourceOp::Write, nullptr);
        gate->open();
        tookBack = !outcome.get().succeeded();
    });
    const auto second = fixture->stage(ByteOffset(5 * kBlock), wanted);
    memory::watch({});
    QVERIFY(second);
    QVERIFY(tookBack);
    QVERIFY(fixture.memory->bytes() == disk);

    fixture.source->clearBadRanges();
    const WriteOutcome again = fixture->commit();
    QVERIFY2(again, "bytes that were taken back count as what the disk held");
    QVERIFY(fixture.memory->bytes() == with(with(disk, 5 * kBlock, wanted), 9 * kBlock, bytesOf({5})));
}

QTEST_GUILESS_MAIN(TestStagingLook)
#include "tst_staging_look.moc"
