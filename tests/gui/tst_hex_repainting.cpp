// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/hex_view_fixture.h"
#include "tests/gui/painted_document.h"

#include <QPainter>
#include <QScreen>
#include <QScrollBar>
#include <QtTest>

#include <cmath>
#include <random>

using namespace cachet;
using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr ByteCondition kConditions[] = {ByteCondition::Loaded, ByteCondition::Staged, ByteCondition::NotLoaded,
                                         ByteCondition::StagedNotLoaded, ByteCondition::Unreadable};

/// Changes a document in a random way.
class RandomHand {
public:
    explicit RandomHand(PaintedDocument &document)
        : m_document(document)
    {
        qInfo("seed %u", m_seed);
    }

    int upTo(int most) { return static_cast<int>(m_random() % static_cast<unsigned>(most + 1)); }
    void change()
    {
        switch (upTo(9)) {
        case 0:
        case 1:
        case 2:
            scroll();
            break;
        case 3:
            edit();
            break;
        case 4:
        case 5:
            moveCaret();
            break;
        case 6:
            select();
            break;
        case 7:
            toggle();
            break;
        case 8:
            m_document.states[anyRow()] = {.tone = static_cast<PageTone>(upTo(5)), .itself = upTo(1) == 0};
            break;
        default:
            rearrange();
            break;
        }
    }

private:
    std::size_t anyRow() { return static_cast<std::size_t>(upTo(m_document.rows() - 1)); }
    std::uint64_t anyByte() { return static_cast<std::uint64_t>(upTo(static_cast<int>(m_document.bytes.size()) - 1)); }
    /// Most often one that shows.
    std::uint64_t nearByte()
    {
        return std::min<std::uint64_t>(static_cast<std::uint64_t>(m_document.top * m_document.columns()
                                                                  + upTo(40 * m_document.columns())),
                                       m_document.bytes.size() - 1);
    }

    void scroll()
    {
        const int by = upTo(2) == 0 ? upTo(m_document.rows()) : upTo(4);
        m_document.top = std::clamp(m_document.top + (upTo(1) == 0 ? by : -by), 0, m_document.rows() - 1);
    }
    void edit()
    {
        const auto at = nearByte();
        const auto length
            = std::min<std::uint64_t>(static_cast<std::uint64_t>(1 + upTo(60)), m_document.bytes.size() - at);
        const ByteCondition condition = kConditions[upTo(4)];
        for (std::uint64_t i = at; i < at + length; ++i) {
            m_document.bytes[i] = static_cast<std::byte>(upTo(255));
            m_document.conditions[i] = condition;
        }
    }
    void moveCaret()
    {
        CursorState &cursor = m_document.scene.cursor;
        cursor.caret = m_document.begin() + (upTo(3) == 0 ? anyByte() : nearByte());
        cursor.pane = upTo(1) == 0 ? Pane::Hex : Pane::Text;
        cursor.place = static_cast<CaretPlace>(upTo(2));
    }
    void select()
    {
        const std::uint64_t a = m_document.begin() + nearByte();
        const std::uint64_t b = m_document.begin() + (upTo(3) == 0 ? anyByte() : nearByte());
        m_document.scene.selection = ByteRange(ByteOffset(std::min(a, b)), ByteOffset(std::max(a, b)));
    }
    void toggle()
    {
        HexScene &scene = m_document.scene;
        const int what = upTo(2);
        if (what == 0)
            scene.overlay = !scene.overlay;
        else if (what == 1)
            scene.focused = !scene.focused;
        else if (scene.pendingDigit)
            scene.pendingDigit.reset();
        else
            scene.pendingDigit = upTo(15);
    }
    void rearrange()
    {
        const int what = upTo(9);
        if (what == 0)
            m_document.theme = Theme::of(paletteNamed(paletteNames()[upTo(3)]));
        else if (what == 1)
            m_document.setFont(HexFont(upTo(4) - 2, screenRatios()[upTo(3)]));
        else if (what < 5)
            m_document.scene.left = upTo(300);
        else
            m_document.scene.size = QSize(1 + upTo(900), 1 + upTo(700));
    }

    const quint32 m_seed = std::random_device{}();
    std::mt19937 m_random{m_seed};
    PaintedDocument &m_document;
};

bool shows(const QImage &picture, const QColor &color)
{
    for (int y = 0; y < picture.height(); ++y) {
        for (int x = 0; x < picture.width(); ++x) {
            if (picture.pixelColor(x, y) == color)
                return true;
        }
    }
    return false;
}

/// Makes the window small enough for the screen at any ratio.
void fitToScreen(Fixture &f)
{
    f.window.move(0, 0);
    f.window.resize(380, 380);
}

/// What the screen shows of the view, in its own pixels, once nothing is left to be painted.
QImage onScreen(Fixture &f)
{
    (void)QTest::qWaitFor([&f] { return f.session->upToDate(); }); // changes are told once a frame
    QCoreApplication::sendPostedEvents();
    QCoreApplication::processEvents();
    const QImage window
        = f.window.screen()->grabWindow(f.window.winId(), 0, 0, f.window.width(), f.window.height()).toImage();
    const qreal ratio = f.window.devicePixelRatioF();
    const QPoint at = f.view.viewport()->mapTo(&f.window, QPoint(0, 0));
    const QSize size = f.view.viewport()->size();
    // Pixels at the edges that are shared with the neighbours are left out.
    const auto inner = [ratio](int from, int length) {
        const int begin = static_cast<int>(std::ceil(from * ratio));
        return std::pair(begin, static_cast<int>(std::floor((from + length) * ratio)) - begin);
    };
    const auto [x, width] = inner(at.x(), size.width());
    const auto [y, height] = inner(at.y(), size.height());
    // At a ratio above 1 the platform of the tests gives the upper left part of the window only.
    return window.copy(QRect(x, y, width, height) & window.rect()).convertToFormat(QImage::Format_RGB32);
}

/// The same after all of it was painted anew.
QImage paintedAnew(Fixture &f)
{
    const QPalette palette = f.view.palette();
    f.view.setPalette(paletteNamed(Theme::of(palette).dark ? "white" : "black"));
    (void)onScreen(f);
    f.view.setPalette(palette);
    return onScreen(f);
}

} // namespace

class TestHexRepainting : public QObject {
    Q_OBJECT

private slots:
    void equalsAFreshPictureAfterRandomChanges_data();
    void equalsAFreshPictureAfterRandomChanges();
    void paintsOnlyRowsThatScrollingBrings();
    void paintsEverythingWhenColoursOrSizesChange();
    void showsOnTheScreenWhatIsThereAfterRandomKeys();
    void followsThePaletteWhileRunning();
    void livesThroughTheSmallestWindows();
    void fillsTheScreenAtItsRatio();
};

void TestHexRepainting::equalsAFreshPictureAfterRandomChanges_data()
{
    QTest::addColumn<int>("columns");
    QTest::addColumn<quint64>("firstRow");
    for (const int columns : {1, 7, 16, 64, 256})
        QTest::addRow("%d columns", columns) << columns << quint64{0};
    QTest::newRow("at the far end") << 16 << quint64{(kMaxSourceSize / 16) - 300};
}

void TestHexRepainting::equalsAFreshPictureAfterRandomChanges()
{
    QFETCH(int, columns);
    QFETCH(quint64, firstRow);
    PaintedDocument document(firstRow, 200, columns, QSize(700, 500));
    RandomHand hand(document);
    HexPainter painter;
    document.paint(painter);
    int whole = 0;
    for (int step = 0; step < 400; ++step) {
        for (int changes = hand.upTo(3); changes >= 0; --changes)
            hand.change();
        if (hand.upTo(2) == 0) { // only a part is exposed
            const int from = hand.upTo(30);
            document.paint(painter, from, from + hand.upTo(10));
            continue;
        }
        whole += document.paint(painter) == painter.rows() ? 1 : 0;
        const QString difference = differenceOf(painter.picture(), document.freshPicture());
        QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("step %1: ").arg(step) + difference));
    }
    QVERIFY(whole < 200);
}

void TestHexRepainting::paintsOnlyRowsThatScrollingBrings()
{
    PaintedDocument document(1000, 200, 16, QSize(900, 600));
    HexPainter painter;
    const int rows = document.layout().shownRows(600);
    QCOMPARE(document.paint(painter), rows);
    QCOMPARE(document.paint(painter), 0);
    document.top = 1;
    QCOMPARE(document.paint(painter), 1);
    document.top = 1 + rows - 2;
    QCOMPARE(document.paint(painter), rows - 2);
    document.top -= 3;
    QCOMPARE(document.paint(painter), 3);
    document.top += rows;
    QCOMPARE(document.paint(painter), rows);
}

void TestHexRepainting::paintsEverythingWhenColoursOrSizesChange()
{
    PaintedDocument document(0, 200, 16, QSize(900, 600));
    HexPainter painter;
    document.paint(painter);
    const auto paintsAll
        = [&] { return document.paint(painter) == document.layout().shownRows(document.scene.size.height()); };
    document.theme = Theme::of(paletteNamed("dark"));
    QVERIFY(paintsAll());
    document.setFont(HexFont(1, 1.5));
    QVERIFY(paintsAll());
    document.scene.left = 5;
    QVERIFY(paintsAll());
    document.scene.size = QSize(901, 600);
    QVERIFY(paintsAll());
    document.scene.corner = QStringLiteral("Versatz"); // the header's alone
    QCOMPARE(document.paint(painter), 0);
    QCOMPARE(differenceOf(painter.picture(), document.freshPicture()), QString());
}

void TestHexRepainting::showsOnTheScreenWhatIsThereAfterRandomKeys()
{
    static constexpr Qt::Key kKeys[] = {Qt::Key_Down,  Qt::Key_Up,   Qt::Key_PageDown, Qt::Key_PageUp, Qt::Key_Left,
                                        Qt::Key_Right, Qt::Key_Home, Qt::Key_End,      Qt::Key_Tab,    Qt::Key_Delete};
    Fixture f(std::make_shared<MemorySource>(memory(1 << 16)));
    fitToScreen(f);
    const quint32 seed = std::random_device{}();
    qInfo("seed %u", seed);
    std::mt19937 random(seed);
    const auto upTo = [&random](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
    for (int step = 0; step < 120; ++step) {
        const int what = upTo(9);
        if (what < 5)
            f.press(kKeys[upTo(9)], upTo(3) == 0 ? Qt::ShiftModifier : Qt::NoModifier);
        else if (what == 5)
            f.press(upTo(1) == 0 ? Qt::Key_Down : Qt::Key_Up, Qt::ControlModifier);
        else if (what == 6)
            f.type("5E");
        else if (what == 7)
            f.loads->runAll();
        else if (what == 8)
            f.view.goTo(ByteOffset(static_cast<std::uint64_t>(upTo((1 << 16) - 1))));
        else
            f.view.horizontalScrollBar()->setValue(upTo(50));
        if (step % 3 == 0)
            (void)onScreen(f);
        if (step % 10 != 9)
            continue;
        const QImage shown = onScreen(f);
        const QString difference = differenceOf(shown, paintedAnew(f));
        QVERIFY2(difference.isEmpty(), qPrintable(QStringLiteral("step %1: ").arg(step) + difference));
    }
}

void TestHexRepainting::followsThePaletteWhileRunning()
{
    Fixture f(memory(4096));
    fitToScreen(f);
    f.loads->runAll();
    f.view.setOverlayVisible(false);
    QSet<QRgb> grounds;
    for (const QByteArray &name : paletteNames()) {
        const Theme theme = Theme::of(paletteNamed(name));
        QCOMPARE(theme.dark, name == "dark" || name == "black");
        f.view.setPalette(paletteNamed(name));
        const QImage picture = onScreen(f);
        QVERIFY2(shows(picture, theme.base), name.constData());
        QCOMPARE(picture.pixelColor(2, picture.height() - 2), theme.headerBackground);
        grounds << picture.pixel(2, picture.height() - 2);
        QVERIFY2(shows(picture, theme.byteText(ByteClass::High)), name.constData());
        QVERIFY2(shows(picture, theme.caret), name.constData());
    }
    QCOMPARE(grounds.size(), paletteNames().size());
}

void TestHexRepainting::livesThroughTheSmallestWindows()
{
    Fixture f(memory(1 << 16));
    fitToScreen(f);
    f.loads->runAll();
    const QImage before = onScreen(f);
    const QSize usual = f.view.size();
    f.view.setMinimumSize(0, 0);
    for (const QSize size : {QSize(1, 1), QSize(40, 1), QSize(1, 300), QSize(0, 0), QSize(60, 30)}) {
        f.view.setFixedSize(size);
        (void)onScreen(f);
        f.view.viewport()->repaint();
        f.press(Qt::Key_PageDown);
        f.press(Qt::Key_Tab);
        f.view.viewport()->grab();
    }
    f.view.setFixedSize(usual);
    f.view.goTo(ByteOffset(0));
    f.press(Qt::Key_Tab);
    f.view.horizontalScrollBar()->setValue(0);
    const QString difference = differenceOf(onScreen(f), before);
    QVERIFY2(difference.isEmpty(), qPrintable(difference));

    Fixture empty(memory(0));
    empty.view.setMinimumSize(0, 0);
    empty.view.setFixedSize(1, 1);
    empty.view.viewport()->repaint();
}

void TestHexRepainting::fillsTheScreenAtItsRatio()
{
    Fixture f(everyByte());
    f.loads->runAll();
    f.view.setOverlayVisible(false);
    f.view.goTo(ByteOffset(0));
    const qreal ratio = f.view.devicePixelRatioF();
    const HexFont font(0, ratio);
    const HexLayout layout(font.cell(), f.document->size());
    const Theme theme = Theme::of(f.view.palette());
    const QImage picture = f.view.viewport()->grab().toImage();
    QCOMPARE(picture.devicePixelRatio(), ratio);
    // Every byte stands on whole pixels of the device, drawn as at no other ratio.
    for (int value = 0x21; value < 0x7F; ++value) {
        const QRect cell = layout.byteRect(Pane::Text, value / 16, value % 16);
        QImage expected(cell.size(), QImage::Format_RGB32);
        expected.fill(theme.base);
        QPainter painter(&expected);
        painter.setFont(font.font());
        painter.setPen(theme.byteText(ByteClass::Printable));
        painter.drawText(QPointF(font.indent(static_cast<char>(value)), font.cell().ascent), QString(QChar(value)));
        painter.end();
        QImage shown = picture.copy(cell).convertToFormat(QImage::Format_RGB32);
        shown.setDevicePixelRatio(1);
        const QString difference = differenceOf(shown, expected);
        QVERIFY2(difference.isEmpty(), qPrintable(QString(QChar(value)) + ' ' + difference));
    }
    // A click on a character finds it.
    for (const int value : {0x21, 0x3F, 0x40, 0x7E}) {
        const QPoint device = layout.byteRect(Pane::Text, value / 16, value % 16).center();
        QTest::mouseClick(f.view.viewport(), Qt::LeftButton, {},
                          QPoint(static_cast<int>(device.x() / ratio), static_cast<int>(device.y() / ratio)));
        QCOMPARE(f.view.caret(), ByteOffset(static_cast<std::uint64_t>(value)));
    }
}

QTEST_MAIN(TestHexRepainting)
#include "tst_hex_repainting.moc"
