// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/main_window.h"
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "tests/support/endless_source.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QElapsedTimer>
#include <QProcess>
#include <QTableView>
#include <QtTest>

#include <algorithm>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::kMaxSourceSize;

namespace cachet_test {

/// The window over sources that are slow, hung or as large as can be.
class TestWindowSources : public QObject {
    Q_OBJECT

private slots:
    void pagesDownBesideSlowAndHungSources();
    void editsAndPersistsBesideHungSources();
    void showsTheNewestPositionOfASlowSourceFirst();
    void closesWhileASlowSourceReads();
    void closesAtTheSecondAskingWhileAWriteHangs();
    void stagesWhileAWriteHangs();
    void reachesEveryPlaceOfOneTebibyte();
    void worksAtTheEndOfTheLargestSource();
    void selectsAllOfTheLargestSource();
    void mapsTheLargestSource();
};

namespace {

constexpr std::uint64_t kTebibyte = std::uint64_t{1} << 40;

/// Presses Page Down once in each window and gives the event loop what came of it; how long that took in milliseconds.
qint64 pageDown(std::initializer_list<const WindowFixture *> windows)
{
    QElapsedTimer timer;
    timer.start();
    for (const WindowFixture *window : windows)
        window->press(Qt::Key_PageDown);
    QCoreApplication::processEvents();
    return timer.elapsed();
}

bool writeAt(const std::string &path, std::uint64_t at, std::string_view text)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool done = file >= 0
        && ::pwrite(file, text.data(), text.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(text.size());
    ::close(file);
    return done;
}

std::vector<std::byte> bytesOf(std::string_view text)
{
    std::vector<std::byte> bytes;
    for (const char c : text)
        bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

WindowSetup endless(std::uint64_t size)
{
    WindowSetup setup;
    setup.source = [size] { return std::make_shared<EndlessSource>(size); };
    return setup;
}

std::vector<std::byte> endlessBytes(std::uint64_t at, std::size_t count)
{
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < count; ++i)
        bytes.push_back(EndlessSource::byteAt(at + i));
    return bytes;
}

} // namespace

void TestWindowSources::pagesDownBesideSlowAndHungSources()
{
    WindowFixture slow;
    WindowFixture hung;
    WindowFixture f;
    QVERIFY(slow.openFile(4 << 20));
    QVERIFY(hung.openFile(4 << 20));
    QVERIFY(f.openFile(4 << 20));
    slow.source->setReadDelay(std::chrono::milliseconds(200));
    const auto gate = std::make_shared<Gate>();
    hung.source->setGate(SourceOp::Read, gate);
    slow.document().reload();
    hung.document().reload();
    hung.press(Qt::Key_PageDown);
    QVERIFY(gate->waitForWaiting(1));

    std::vector<qint64> gaps;
    for (int i = 0; i < 1000; ++i)
        gaps.push_back(pageDown({&f, &slow, &hung}));
    std::ranges::sort(gaps);
    qInfo("Three windows a page down: median %lld ms, 95th percentile %lld ms, longest %lld ms", gaps[500], gaps[950],
          gaps.back());
    // One read that was waited for takes 200 ms in one window and for ever in the other.
    QVERIFY2(gaps[950] < 200, qPrintable(QString::number(gaps[950])));

    for (const WindowFixture *window : {&f, &slow, &hung}) {
        const ByteRange visible = window->window->view().visibleRange();
        QVERIFY(visible.contains(window->window->view().caret()));
        QVERIFY(window->window->view().caret().value() > 1000 * 16);
    }
    QTRY_VERIFY(f.settled());
    const ByteRange visible = f.window->view().visibleRange();
    const auto from = f.original.begin() + static_cast<std::ptrdiff_t>(visible.begin().value());
    QCOMPARE(f.shown(visible.begin().value(), visible.length()),
             std::vector<std::byte>(from, from + static_cast<std::ptrdiff_t>(visible.length())));
    QVERIFY(!hung.settled());

    QElapsedTimer timer;
    timer.start();
    hung.window->close();
    QVERIFY(!hung.window || !hung.window->isVisible());
    QVERIFY2(timer.elapsed() < 250, qPrintable(QString::number(timer.elapsed())));
    QVERIFY(!hung.closer->finish());
    QVERIFY2(timer.elapsed() < cachet::DocumentCloser::kCloseBound.count() + 1500,
             qPrintable(QString::number(timer.elapsed())));
    gate->open();
    QTRY_COMPARE(cachet::PoolExecutor::abandonedPools(), 0U);
}

void TestWindowSources::editsAndPersistsBesideHungSources()
{
    WindowFixture hung;
    WindowFixture f;
    QVERIFY(hung.openFile(1 << 20));
    QVERIFY(f.openFile(1 << 20));
    const auto gate = std::make_shared<Gate>();
    hung.source->setGate(SourceOp::Read, gate);
    hung.window->view().goTo(ByteOffset(0x80000));
    QVERIFY(gate->waitForWaiting(1));

    const std::string before = f.directory.write("before.img", f.original);
    f.window->view().goTo(ByteOffset(0x100));
    f.type("ff");
    f.window->actions().undo->trigger();
    QVERIFY(f.document().staged().empty());
    f.type("a1a2a3a4");
    f.window->view().select(*ByteRange::make(0x102, 2));
    QTRY_VERIFY(f.window->actions().persist->isEnabled());
    f.window->actions().persist->trigger();
    QVERIFY(f.waitForWrite());

    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    QProcess cmp;
    cmp.start(QStringLiteral("cmp"),
              {QStringLiteral("-l"), QString::fromStdString(before), QString::fromStdString(f.path)});
    QVERIFY(cmp.waitForFinished());
    const QList<QByteArray> lines = cmp.readAllStandardOutput().trimmed().split('\n');
    QCOMPARE(lines.size(), 2);
    for (int i = 0; i < 2; ++i) {
        const QList<QByteArray> words = lines.at(i).simplified().split(' '); // cmp counts bytes from 1 and writes octal
        QCOMPARE(words.at(0).toULongLong(), 0x102ULL + static_cast<unsigned>(i) + 1);
        QCOMPARE(words.at(2).toUInt(nullptr, 8) & 0xf0U, 0xa0U);
    }
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    gate->open();
}

void TestWindowSources::showsTheNewestPositionOfASlowSourceFirst()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    f.source->setReadDelay(std::chrono::milliseconds(200));
    for (int i = 0; i < 100; ++i) {
        f.window->view().goTo(ByteOffset(0x10000 + static_cast<std::uint64_t>(i) * 0x5000));
        QCoreApplication::processEvents();
    }
    f.window->view().goTo(ByteOffset(0x3f0000));
    f.source->clearLogs();
    // A hundred places went by at 200 ms each; the last one waits at most for what already runs.
    QTRY_VERIFY_WITH_TIMEOUT(f.settled(), 4000);
    QVERIFY2(f.source->count(SourceOp::Read) < 20, qPrintable(QString::number(f.source->count(SourceOp::Read))));
}

void TestWindowSources::closesWhileASlowSourceReads()
{
    WindowFixture f;
    QVERIFY(f.openFile(4 << 20));
    f.source->setReadDelay(std::chrono::milliseconds(200));
    f.window->view().goTo(ByteOffset(0x200000));
    QTRY_VERIFY(f.source->readsInFlight() > 0);
    QElapsedTimer timer;
    timer.start();
    f.window->close();
    QVERIFY2(timer.elapsed() < 150, qPrintable(QString::number(timer.elapsed()))); // not even one read is waited for
    QVERIFY(f.closer->finish()); // a read that returns in time leaves nothing behind
}

void TestWindowSources::closesAtTheSecondAskingWhileAWriteHangs()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Write, gate);
    f.window->actions().commit->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!f.window->close());
    QVERIFY(f.window->isVisible());
    QVERIFY(f.message("closing").contains(QStringLiteral("still running")));
    QElapsedTimer timer;
    timer.start();
    f.window->close();
    QVERIFY(!f.window || !f.window->isVisible());
    QVERIFY(timer.elapsed() < 250);
    QVERIFY(!f.closer->finish());
    gate->open();
    QTRY_COMPARE(cachet::PoolExecutor::abandonedPools(), 0U);
    QCOMPARE(f.questions, 0);
}

void TestWindowSources::stagesWhileAWriteHangs()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("11");
    const auto gate = std::make_shared<Gate>();
    f.source->setGate(SourceOp::Write, gate);
    f.window->actions().commit->trigger();
    QVERIFY(gate->waitForWaiting(1));
    QTRY_VERIFY(!f.window->actions().commit->isEnabled());
    QVERIFY(!f.window->actions().commit->toolTip().isEmpty());
    f.window->view().goTo(ByteOffset(0x200));
    f.type("22");
    QCOMPARE(f.shown(0, 1), bytesOf("\x11"));
    QCOMPARE(f.shown(0x200, 1), bytesOf("\x22"));
    gate->open();
    QVERIFY(f.waitForWrite());
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{1});
    auto expected = f.original;
    expected[0] = std::byte{0x11};
    QCOMPARE(f.fileBytes(), expected);
    QVERIFY(f.window->isWindowModified());
}

void TestWindowSources::reachesEveryPlaceOfOneTebibyte()
{
    WindowFixture f;
    if (!f.directory.writeSparse("huge.img", kTebibyte))
        QSKIP("The file system of the temporary directory takes no file of 1 TiB.");
    f.path = f.directory.file("huge.img");
    QVERIFY(writeAt(f.path, 0, "first bytes"));
    QVERIFY(writeAt(f.path, kTebibyte / 2, "in the middle"));
    QVERIFY(writeAt(f.path, kTebibyte - 10, "last bytes"));
    QVERIFY(f.open(f.path));
    auto &view = f.window->view();
    QTRY_VERIFY(f.settled());
    QCOMPARE(view.visibleRange().begin().value(), std::uint64_t{0});
    QCOMPARE(f.shown(0, 11), bytesOf("first bytes"));
    QTRY_VERIFY(view.width() >= view.sizeHint().width()); // its columns have the room they need
    const QImage first = view.viewport()->grab().toImage();

    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(view.caret().value(), kTebibyte - 1);
    QCOMPARE(view.visibleRange().end().value(), kTebibyte);
    QTRY_VERIFY(f.settled());
    QCOMPARE(f.shown(kTebibyte - 10, 10), bytesOf("last bytes"));
    QTRY_VERIFY2(view.accessibleDescription().contains(QStringLiteral("73")), // 's', a frame after the page came
                 qPrintable(view.accessibleDescription()));
    QVERIFY(view.viewport()->grab().toImage() != first);

    f.window->view().goTo(ByteOffset(kTebibyte / 2));
    QVERIFY(view.visibleRange().contains(ByteOffset(kTebibyte / 2)));
    QTRY_VERIFY(f.settled());
    QCOMPARE(f.shown(kTebibyte / 2, 13), bytesOf("in the middle"));

    f.press(Qt::Key_Home, Qt::ControlModifier);
    QCOMPARE(view.caret().value(), std::uint64_t{0});
    QTRY_VERIFY(f.settled());
    QTRY_COMPARE(view.viewport()->grab().toImage(), first);
}

void TestWindowSources::worksAtTheEndOfTheLargestSource()
{
    WindowFixture f(endless(kMaxSourceSize));
    QVERIFY(f.open("endless"));
    QVERIFY(f.window->session());
    auto &view = f.window->view();
    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(view.caret().value(), kMaxSourceSize - 1);
    QCOMPARE(view.visibleRange().end().value(), kMaxSourceSize);
    QTRY_VERIFY(f.settled());
    QCOMPARE(f.shown(kMaxSourceSize - 32, 32), endlessBytes(kMaxSourceSize - 32, 32));

    for (const Qt::Key key : {Qt::Key_PageUp, Qt::Key_PageDown, Qt::Key_PageDown, Qt::Key_Down, Qt::Key_Right,
                              Qt::Key_Up, Qt::Key_Home, Qt::Key_End}) {
        f.press(key);
        QVERIFY(view.caret().value() < kMaxSourceSize);
        QVERIFY(view.visibleRange().contains(view.caret()));
    }
    QCOMPARE(view.caret().value(), (kMaxSourceSize - 17) | 15U); // the end of the row before the last
    f.press(Qt::Key_End, Qt::ControlModifier);
    f.press(Qt::Key_PageUp, Qt::ShiftModifier);
    QCOMPARE(view.selection().end().value(), kMaxSourceSize);
    f.press(Qt::Key_PageUp);
    QVERIFY(view.caret().value() < kMaxSourceSize - 100);

    view.goTo(ByteOffset(kMaxSourceSize - 1));
    f.type("a5");
    QCOMPARE(f.shown(kMaxSourceSize - 1, 1), std::vector<std::byte>{std::byte{0xa5}});
    const auto *table = f.window->findChild<QTableView *>(QStringLiteral("stagedEditsTable"));
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QCOMPARE(table->model()->index(0, 0).data().toString(), QStringLiteral("0x7FFFFFFFFFFFFFFE"));
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    QTRY_COMPARE(f.shown(kMaxSourceSize - 1, 1), std::vector<std::byte>{std::byte{0xa5}});
}

void TestWindowSources::selectsAllOfTheLargestSource()
{
    WindowFixture f(endless(kMaxSourceSize));
    QVERIFY(f.open("endless"));
    QVERIFY(f.stage(0, {1, 2}));
    QVERIFY(f.stage(kMaxSourceSize - 1, {3}));
    QTRY_VERIFY(f.window->actions().selectAll->isEnabled());
    f.window->actions().selectAll->trigger();
    QCOMPARE(f.window->view().selection(), ByteRange::whole(kMaxSourceSize));
    QCOMPARE(f.window->view().caret().value(), kMaxSourceSize - 1);
    QTRY_VERIFY(f.window->actions().discardSelection->isEnabled());
    f.window->actions().discardSelection->trigger();
    QVERIFY(f.document().staged().empty());
    // Over nothing that is staged Delete does nothing, whatever the length.
    f.press(Qt::Key_Delete);
    QVERIFY(f.document().staged().empty());
    f.window->actions().undo->trigger();
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{3});
    f.window->actions().copy->trigger();
    QVERIFY(f.message("copyRefused").contains(QStringLiteral("Nothing was copied")));
}

void TestWindowSources::mapsTheLargestSource()
{
    WindowFixture f(endless(kMaxSourceSize));
    QVERIFY(f.open("endless"));
    auto &view = f.window->view();
    auto *map = f.window->findChild<cachet::HeatMap *>();
    QVERIFY(map->geometry().cellCount() > 100);
    QTRY_VERIFY(map->looks().front().touched);
    view.goTo(ByteOffset(kMaxSourceSize));
    QTRY_VERIFY(map->looks().back().touched);
    f.type("11");
    QTRY_VERIFY(map->looks().back().staged);
    QVERIFY(!map->looks().front().staged);
    QVERIFY(!map->grab().isNull());
    const auto click = [map](int cell) {
        constexpr QPoint kMargin(4, 4); // the grid begins a few pixels inside
        QTest::mouseClick(map, Qt::LeftButton, {}, map->geometry().cellRect(cell).center() + kMargin);
    };
    for (const int cell : {map->geometry().cellCount() / 2, map->geometry().cellCount() - 1, 0}) {
        click(cell);
        QVERIFY2(map->geometry().bytesOf(cell).contains(view.caret()), qPrintable(QString::number(cell)));
        QVERIFY(view.visibleRange().contains(view.caret()));
        QTRY_VERIFY(map->looks()[static_cast<std::size_t>(cell)].touched);
    }
    QTest::keyClick(map, Qt::Key_End);
    QTest::keyClick(map, Qt::Key_Return);
    QVERIFY(map->geometry().bytesOf(map->geometry().cellCount() - 1).contains(view.caret()));
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowSources)
#include "tst_window_sources.moc"
