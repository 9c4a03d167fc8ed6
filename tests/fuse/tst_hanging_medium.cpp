// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_scene.h"

#include <chrono>
#include <future>

using namespace cachecore;

namespace cachet_test {

namespace {

constexpr std::chrono::milliseconds kCloseWait{50};
constexpr std::chrono::seconds kBound{5}; ///< for what must not wait for the medium, on a busy machine

/// Rows: what hangs, with every way the kernel keeps pages.
void addHangRows()
{
    QTest::addColumn<int>("caching");
    QTest::addColumn<int>("preference");
    QTest::addColumn<int>("op");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}}) {
        for (const auto &[what, op] :
             {std::pair("reading", FaultOp::Read), {"writing", FaultOp::Write}, {"syncing", FaultOp::Sync}}) {
            QTest::addRow("%s, %s hangs", name, what)
                << int(caching) << int(JournalPreference::StateDirectory) << int(op);
        }
    }
}

} // namespace

/// Writing to a medium that does not answer: nothing waits for it that need not, and once it answers the write ends as it should.
class HangingMediumTest : public QObject {
    Q_OBJECT

private slots:
    void goesOnStagingAndCancels_data() { addHangRows(); }
    void goesOnStagingAndCancels();
    void closesWithoutTheMedium_data() { addHangRows(); }
    void closesWithoutTheMedium();

private:
    /// Starts a commit that hangs.
    static void startHanging(const FailingScene &scene, FaultOp op, std::promise<WriteOutcome> &outcome);
};

void HangingMediumTest::startHanging(const FailingScene &scene, FaultOp op, std::promise<WriteOutcome> &outcome)
{
    QVERIFY(scene.mount.add(imageFault(op, FaultEffect::Hang)));
    QVERIFY((*scene.disk)->startCommit([&outcome](WriteOutcome end) { outcome.set_value(std::move(end)); }));
    QVERIFY(scene.mount.awaitHanging(1));
}

void HangingMediumTest::goesOnStagingAndCancels()
{
    QFETCH(const int, op);
    CACHET_FAILING_SCENE(scene);
    std::promise<WriteOutcome> promise;
    auto done = promise.get_future();
    const auto begin = std::chrono::steady_clock::now();
    startHanging(scene, static_cast<FaultOp>(op), promise);
    if (QTest::currentTestFailed())
        return;
    QVERIFY((*scene.disk)->writing());
    QVERIFY((*scene.disk)->stage(ByteOffset(9 * 4096), bytesOf({7})).has_value());
    std::vector<std::byte> shown(100);
    std::vector<ByteCondition> conditions(100);
    (*scene.disk)->peek(ByteOffset(10), shown, conditions);
    QVERIFY(shown == patternBytes(100, 5));
    (*scene.disk)->cancelWrite();
    QVERIFY(std::chrono::steady_clock::now() - begin < kBound);
    QVERIFY(scene.mount.heal());
    QVERIFY(scene.mount.release());
    const WriteOutcome outcome = done.get();
    QVERIFY(!outcome.succeeded());
    QVERIFY2(outcome.error().code == ErrorCode::Cancelled, errorText(outcome.error()).c_str());
    QVERIFY(outcome->imageIntact);
    QVERIFY(scene.mount.medium() == scene.old);
    QVERIFY(scene.leavesNothing());
    QCOMPARE((*scene.disk)->staged().byteCount(), FailingScene::kEdited + 1);
    QVERIFY((*scene.disk)->discard(rangeAt(9 * 4096, 1)).has_value());
    verifyWrites(scene);
}

void HangingMediumTest::closesWithoutTheMedium()
{
    QFETCH(const int, op);
    CACHET_FAILING_SCENE(scene);
    std::promise<WriteOutcome> promise;
    auto done = promise.get_future();
    startHanging(scene, static_cast<FaultOp>(op), promise);
    if (QTest::currentTestFailed())
        return;
    const auto begin = std::chrono::steady_clock::now();
    const CloseOutcome closed = (*scene.disk)->close(kCloseWait);
    QVERIFY(std::chrono::steady_clock::now() - begin < kBound);
    QVERIFY(closed.abandonedWrite);
    QVERIFY(scene.mount.heal());
    QVERIFY(scene.mount.release());
    const WriteOutcome outcome = done.get(); // left alone, it goes on to its end
    QVERIFY2(outcome.succeeded(), outcome.succeeded() ? "" : errorText(outcome.error()).c_str());
    QVERIFY(scene.mount.medium() == scene.neu);
    QVERIFY(scene.leavesNothing());
    QVERIFY(scene.open());
    QVERIFY((*scene.disk)->unsettled().empty());
    QVERIFY(scene.disk->bytes() == scene.neu);
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::HangingMediumTest)
#include "tst_hanging_medium.moc"
