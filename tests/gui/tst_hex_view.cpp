// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/source/memory_source.h"
#include "tests/gui/hex_view_fixture.h"
#include "ui/theme/theme.h"

#include <QElapsedTimer>
#include <QScrollBar>
#include <QSignalSpy>
#include <QtTest>
#include <QWheelEvent>

using namespace cachet;
using namespace cachecore;
using namespace cachet_test;

Q_DECLARE_METATYPE(cachecore::Error)

class TestHexView : public QObject {
    Q_OBJECT

private slots:
    void saysWhatAnEmptyPlaceIsFor();
    void scrollsByRowsOfTheWheel();
    void tellsMissingUnreadableAndZeroBytesApart();
    void hidesPageStatesButNeverStagedBytes();
    void repaintsRowsWhenTheirPageArrives();
    void paintsNothingWhileNothingChanges();
    void reachesEveryPlaceOfAnySize_data();
    void reachesEveryPlaceOfAnySize();
    void stepsByExactRowsWhereTheBarIsProportional();
    void pagesDownAThousandTimes();
    void staysResponsiveOverAHungSource();
    void followsAGrowingDocument();
    void letsGoOfASessionThatDies();
    void describesTheCaretForScreenReaders();
    void scrollsSidewaysToTheCaret();
    void saysWhatIsBeingOpened();
};

void TestHexView::saysWhatAnEmptyPlaceIsFor()
{
    HexView view;
    view.resize(700, 400);
    view.show();
    const QImage without = view.viewport()->grab().toImage();
    QVERIFY(inkIn(without, without.rect()) > 50);
    QTest::keyClicks(&view, "AB");
    QTest::keyClick(&view, Qt::Key_End, Qt::ControlModifier);
    QTest::keyClick(&view, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClick(&view, Qt::Key_Delete);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, QPoint(200, 100));
    QVERIFY(view.selection().empty());

    Fixture empty(memory(0));
    const QImage zero = empty.view.viewport()->grab().toImage();
    QVERIFY(inkIn(zero, zero.rect()) > 50);
    QSignalSpy refused(&empty.view, &HexView::editRefused);
    empty.type("A");
    QCOMPARE(refused.count(), 1);
    QCOMPARE(refused.first().first().value<Error>().code, ErrorCode::OutOfRange);
    QCOMPARE(empty.view.caret(), ByteOffset(0));
    QVERIFY(empty.view.visibleRange().empty());
}

void TestHexView::scrollsByRowsOfTheWheel()
{
    Fixture f(memory(1 << 20));
    const auto wheel = [&f](QPoint pixels, QPoint angle) {
        const QPointF at(100, 100);
        QWheelEvent event(at, f.view.viewport()->mapToGlobal(at), pixels, angle, Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(f.view.viewport(), &event);
        return f.view.visibleRange().begin().value() / 16;
    };
    const auto lines = static_cast<quint64>(QApplication::wheelScrollLines());
    QCOMPARE(quint64{wheel({}, {0, -120})}, lines);
    QCOMPARE(quint64{wheel({}, {0, 120})}, quint64{0});
    // A fine wheel adds up to the same.
    for (int i = 0; i < 7; ++i)
        wheel({}, {0, -15});
    QCOMPARE(quint64{wheel({}, {0, -15})}, lines);
    const int height = f.layout().cell().rowHeight;
    wheel({0, -height / 2}, {0, -10});
    QCOMPARE(quint64{wheel({0, -(height - height / 2)}, {0, -10})}, lines + 1);
}

void TestHexView::tellsMissingUnreadableAndZeroBytesApart()
{
    Fixture f(std::vector<std::byte>(3 * 512, std::byte{0}));
    f.source->addBadRange(ByteRange(ByteOffset(512), ByteOffset(1024)));
    f.view.setOverlayVisible(false);
    f.view.goTo(ByteOffset(0));
    f.press(Qt::Key_Down); // the caret is off the rows compared
    const QImage missing = f.bytesPicture(0);
    f.loads->runAll();
    const QImage zeros = f.bytesPicture(0);
    const QImage unreadable = f.bytesPicture(32);
    QVERIFY(missing != zeros);
    QVERIFY(missing != unreadable);
    QVERIFY(zeros != unreadable);
    // Not even a single byte may look like any of the 256.
    Fixture all(everyByte());
    all.loads->runAll();
    all.view.setOverlayVisible(false);
    all.view.goTo(ByteOffset(600));
    const QSize cell(f.layout().cell().charWidth, f.layout().cell().rowHeight);
    for (int value = 0; value < 256; ++value) {
        for (const Pane pane : {Pane::Hex, Pane::Text}) {
            const QImage real = all.cellPicture(pane, value / 16, value % 16);
            QVERIFY(real != f.cutOf(missing, pane, 4));
            QVERIFY(real != f.cutOf(unreadable, pane, 4));
        }
    }
    QVERIFY(f.cutOf(missing, Pane::Text, 4) != f.cutOf(unreadable, Pane::Text, 4));
}

void TestHexView::hidesPageStatesButNeverStagedBytes()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.view.goTo(ByteOffset(0x20));
    f.type("EE");
    f.view.goTo(ByteOffset(0x100)); // the caret is off the row looked at
    const QImage with = f.rowPicture(2);
    f.view.setOverlayVisible(false);
    const QImage without = f.rowPicture(2);
    QVERIFY(with != without);
    QVERIFY(!f.view.overlayVisible());
    const Theme theme = Theme::of(f.view.palette());
    const QPoint staged(f.layout().hexX(0), 1);
    QCOMPARE(with.pixelColor(staged), theme.stagedBackground);
    QCOMPARE(without.pixelColor(staged), theme.stagedBackground);
    QCOMPARE(with.pixelColor(1, 1), theme.mark(PageTone::Staged));
    QCOMPARE(without.pixelColor(1, 1), theme.headerBackground);
    QCOMPARE(without.pixelColor(f.layout().hexX(8), 1), theme.base);
    QCOMPARE(with.pixelColor(f.layout().hexX(8), 1), theme.tint(PageTone::Staged));
}

void TestHexView::repaintsRowsWhenTheirPageArrives()
{
    Fixture f(memory(4096));
    QVERIFY(f.loads->waiting() > 0);
    PaintCounter paints(f.view.viewport());
    QTRY_VERIFY(paints.quiet());
    const int before = paints.count();
    f.loads->runAll();
    QTRY_VERIFY(paints.count() > before);
}

void TestHexView::paintsNothingWhileNothingChanges()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    PaintCounter paints(f.view.viewport());
    QTRY_VERIFY(paints.quiet());
    const int before = paints.count();
    QTest::qWait(1200); // longer than a caret's blink
    QCOMPARE(paints.count(), before);
}

void TestHexView::reachesEveryPlaceOfAnySize_data()
{
    QTest::addColumn<quint64>("size");
    QTest::newRow("2^31-1") << (quint64{1} << 31) - 1;
    QTest::newRow("2^31") << (quint64{1} << 31);
    QTest::newRow("1 TiB") << (quint64{1} << 40);
    QTest::newRow("1 EiB") << (quint64{1} << 60);
}

void TestHexView::reachesEveryPlaceOfAnySize()
{
    QFETCH(quint64, size);
    Fixture f(std::make_shared<PatternSource>(size));
    const auto showsWhatIsThere = [&f] {
        f.loads->runAll();
        const std::uint64_t at = f.view.caret().value();
        return f.peek(at, 1) == bytesOf({patternByte(at)}) && f.view.visibleRange().contains(f.view.caret());
    };
    QVERIFY(showsWhatIsThere());
    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(f.view.caret(), ByteOffset(size - 1));
    QCOMPARE(f.view.visibleRange().end(), ByteOffset(size));
    QCOMPARE(f.view.verticalScrollBar()->value(), f.view.verticalScrollBar()->maximum());
    QVERIFY(showsWhatIsThere());
    f.press(Qt::Key_Home, Qt::ControlModifier);
    QCOMPARE(f.view.visibleRange().begin(), ByteOffset(0));
    QCOMPARE(f.view.verticalScrollBar()->value(), 0);
    f.view.goTo(ByteOffset(size / 2));
    QCOMPARE(f.view.caret(), ByteOffset(size / 2));
    QVERIFY(showsWhatIsThere());
    f.view.verticalScrollBar()->setValue(f.view.verticalScrollBar()->maximum());
    QCOMPARE(f.view.visibleRange().end(), ByteOffset(size));
    f.view.verticalScrollBar()->setValue(0);
    QCOMPARE(f.view.visibleRange().begin(), ByteOffset(0));
}

void TestHexView::stepsByExactRowsWhereTheBarIsProportional()
{
    Fixture f(std::make_shared<PatternSource>(quint64{1} << 60));
    f.view.goTo(ByteOffset((quint64{1} << 59) + 16 * 12345));
    const std::uint64_t top = f.view.visibleRange().begin().value();
    f.view.verticalScrollBar()->triggerAction(QAbstractSlider::SliderSingleStepAdd);
    QCOMPARE(quint64{f.view.visibleRange().begin().value()}, quint64{top + 16});
    f.view.verticalScrollBar()->triggerAction(QAbstractSlider::SliderSingleStepSub);
    f.view.verticalScrollBar()->triggerAction(QAbstractSlider::SliderPageStepAdd);
    QCOMPARE(quint64{f.view.visibleRange().begin().value()}, quint64{top + 16 * quint64(f.wholeRows())});
    f.view.verticalScrollBar()->triggerAction(QAbstractSlider::SliderPageStepSub);
    QCOMPARE(quint64{f.view.visibleRange().begin().value()}, quint64{top});
}

void TestHexView::pagesDownAThousandTimes()
{
    Fixture f(std::make_shared<PatternSource>(quint64{1} << 40));
    const auto rows = static_cast<quint64>(f.wholeRows());
    for (int i = 0; i < 1000; ++i) {
        f.press(Qt::Key_PageDown);
        f.view.viewport()->repaint();
        if (i % 100 == 0)
            f.loads->runAll();
    }
    QCOMPARE(quint64{f.view.caret().value()}, 1000 * rows * 16);
    QCOMPARE(quint64{f.view.visibleRange().begin().value()}, 1000 * rows * 16);
    for (int i = 0; i < 1000; ++i)
        f.press(Qt::Key_PageUp);
    QCOMPARE(f.view.caret(), ByteOffset(0));
}

void TestHexView::staysResponsiveOverAHungSource()
{
    const auto gate = std::make_shared<Gate>();
    const auto pool = std::make_shared<ThreadExecutor>(2U);
    Fixture f(std::make_shared<MemorySource>(memory(1 << 20)), pool, gate);
    QVERIFY(gate->waitForWaiting(1));
    QElapsedTimer clock;
    clock.start();
    qint64 longest = 0;
    for (int i = 0; i < 200; ++i) {
        const qint64 begin = clock.nsecsElapsed();
        f.press(i % 2 == 0 ? Qt::Key_PageDown : Qt::Key_Down);
        f.view.viewport()->repaint();
        QCoreApplication::processEvents();
        longest = std::max(longest, clock.nsecsElapsed() - begin);
    }
    // Generous, for a loaded machine: the read itself never returns while the gate is closed.
    QVERIFY2(longest < 500'000'000, qPrintable(QString::number(longest)));
    QVERIFY(f.view.caret() > ByteOffset(0));
    f.press(Qt::Key_Home, Qt::ControlModifier);
    f.type("AB"); // staged all the same
    QCOMPARE(f.staged(0, 1), bytesOf({0xAB}));
    gate->open();
    QTRY_COMPARE(f.peek(1, 1), bytesOf({patternByte(1)}));
}

void TestHexView::followsAGrowingDocument()
{
    const auto source = std::make_shared<MemorySource>(memory(100));
    Fixture f(source);
    f.press(Qt::Key_End, Qt::ControlModifier);
    source->resize(4096);
    QVERIFY(f.document->refreshSize());
    QTRY_VERIFY(f.view.visibleRange().end() > ByteOffset(100));
    QCOMPARE(f.view.caret(), ByteOffset(99));
    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(f.view.caret(), ByteOffset(4095));
}

void TestHexView::letsGoOfASessionThatDies()
{
    Fixture f(memory(4096));
    f.press(Qt::Key_End, Qt::ControlModifier);
    f.session.reset();
    QVERIFY(!f.view.session());
    QCOMPARE(f.view.caret(), ByteOffset(0));
    f.view.viewport()->repaint();
    f.press(Qt::Key_PageDown);
    f.type("AA");
}

void TestHexView::describesTheCaretForScreenReaders()
{
    Fixture f(memory(4096));
    QCOMPARE(f.view.objectName(), QStringLiteral("hexView"));
    QVERIFY(!f.view.accessibleName().isEmpty());
    QVERIFY(f.view.accessibleDescription().contains(QStringLiteral("not loaded")));
    f.loads->runAll();
    f.press(Qt::Key_Right);
    QVERIFY(f.view.accessibleDescription().contains(QStringLiteral("0x1")));
    f.type("E7");
    f.press(Qt::Key_Left);
    QVERIFY(f.view.accessibleDescription().contains(QStringLiteral("E7, staged")));
}

void TestHexView::scrollsSidewaysToTheCaret()
{
    Fixture f(memory(4096));
    f.loads->runAll();
    f.view.resize(f.layout().hexX(9), f.view.height());
    QTRY_VERIFY(f.view.horizontalScrollBar()->maximum() > 0);
    const auto shows = [&f](Pane pane) {
        const int left = f.view.horizontalScrollBar()->value();
        const QRect cell = f.layout().byteRect(pane, 0, static_cast<int>(f.view.caret().value() % 16));
        return cell.left() >= left && cell.right() < left + f.view.viewport()->width();
    };
    QVERIFY(shows(Pane::Hex));
    f.press(Qt::Key_End);
    QCOMPARE(f.view.caret(), ByteOffset(15));
    QVERIFY(shows(Pane::Hex));
    f.press(Qt::Key_Home);
    QCOMPARE(f.view.horizontalScrollBar()->value(), 0); // offsets and all
    f.press(Qt::Key_Tab);
    QVERIFY(shows(Pane::Text));
    f.press(Qt::Key_End);
    QVERIFY(shows(Pane::Text));
    f.press(Qt::Key_Tab);
    QVERIFY(shows(Pane::Hex));
    f.view.goTo(ByteOffset(0));
    QVERIFY(shows(Pane::Hex));
    f.view.goTo(ByteOffset(14)); // the same row
    QVERIFY(shows(Pane::Hex));
    for (int i = 0; i < 14; ++i) {
        f.press(Qt::Key_Left);
        QVERIFY(shows(Pane::Hex));
    }
    f.view.goTo(ByteOffset(13));
    f.view.horizontalScrollBar()->setValue(0); // by hand: left alone until something is typed
    QVERIFY(!shows(Pane::Hex));
    f.type("A");
    QVERIFY(shows(Pane::Hex));
    f.view.resize(f.layout().hexX(7), f.view.height());
    QVERIFY(shows(Pane::Hex));
    f.view.select(*ByteRange::make(3, 12));
    QVERIFY(shows(Pane::Hex));
}

void TestHexView::saysWhatIsBeingOpened()
{
    HexView view;
    view.resize(700, 400);
    view.show();
    const QImage usual = view.viewport()->grab().toImage();
    view.setEmptyText(QStringLiteral("Opening disk.img"));
    QVERIFY(view.viewport()->grab().toImage() != usual);
    QCOMPARE(view.accessibleDescription(), QStringLiteral("Opening disk.img"));
    view.setEmptyText({});
    QCOMPARE(view.viewport()->grab().toImage(), usual);
}

QTEST_MAIN(TestHexView)
#include "tst_hex_view.moc"
