// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "tests/gui/window_fixture.h"
#include "tests/support/fault_env.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QFile>
#include <QLabel>
#include <QToolButton>
#include <QtTest>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace cachet_test {

/// What can be wrong with a file: each is a sentence in the window, nothing is lost.
class TestWindowBadInput : public QObject {
    Q_OBJECT

private slots:
    void saysWhatCannotBeOpened_data();
    void saysWhatCannotBeOpened();
    void opensForReadingWhatMayNotBeWritten();
    void opensAnotherFileAfterARefusal();
    void livesWithAnEmptyFile();
    void noticesATruncationByItself();
    void keepsEditsThatATruncationCutOff();
    void showsWhatAFileGrewBy();
    void marksTheOneSectorThatFails();
    void closedSentenceStaysClosedUntilItChanges();
    void saysThatTheSizeCannotBeLearnt();
    void keepsEditsWhenTheLimitOfFileSizesStopsAWrite();
    void keepsEditsWhenTheDiskIsFull();
    void keepsEditsWhenTheDiskDoesNotSync();

private:
    /// Message rows that show now.
    static int sentences(const WindowFixture &f);
};

namespace {

std::vector<ByteCondition> all(std::size_t count, ByteCondition condition)
{
    return std::vector<ByteCondition>(count, condition);
}

bool makeSocket(const std::string &path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
        return false;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool made = socket >= 0 && ::bind(socket, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0;
    ::close(socket);
    return made;
}

} // namespace

int TestWindowBadInput::sentences(const WindowFixture &f)
{
    int visible = 0;
    for (const QLabel *label :
         f.window->messages().findChildren<QLabel *>(QRegularExpression(QStringLiteral("^messageText-"))))
        visible += label->isVisible() ? 1 : 0;
    for (const QWidget *widget : QApplication::topLevelWidgets()) {
        if (qobject_cast<const QDialog *>(widget) && widget->isVisible())
            return -1; // a box is in the way
    }
    return visible;
}

void TestWindowBadInput::saysWhatCannotBeOpened_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("part");
    QTest::newRow("socket") << "socket" << "socket";
    QTest::newRow("dangling link") << "link" << "no such file";
    QTest::newRow("link to itself") << "loop" << "symbolic links";
    QTest::newRow("file taken for a directory") << "below" << "no such file";
    QTest::newRow("name without an end") << "long" << "name is too long";
    QTest::newRow("empty name") << "empty" << "no such file";
    QTest::newRow("no permission") << "forbidden" << "permission was refused";
    QTest::newRow("failing disk") << "failing" << "the medium failed";
}

void TestWindowBadInput::saysWhatCannotBeOpened()
{
    QFETCH(const QString, kind);
    QFETCH(const QString, part);
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    std::string path = f.directory.write("thing", std::vector<std::byte>(4096));
    if (kind == QStringLiteral("socket")) {
        path = f.directory.file("socket");
        QVERIFY(makeSocket(path));
    } else if (kind == QStringLiteral("link") || kind == QStringLiteral("loop")) {
        path = f.directory.file("link");
        QCOMPARE(::symlink(kind == QStringLiteral("link") ? "nowhere" : path.c_str(), path.c_str()), 0);
    } else if (kind == QStringLiteral("below")) {
        path += "/inside";
    } else if (kind == QStringLiteral("long")) {
        path = f.directory.file(std::string(300, 'x'));
    } else if (kind == QStringLiteral("empty")) {
        path.clear();
    } else if (kind == QStringLiteral("forbidden")) {
        env->fail(EnvOp::Open, 0, EACCES, Repeat::ForGood);
    } else {
        env->fail(EnvOp::Open, 0, EIO, Repeat::ForGood);
    }
    QVERIFY(f.open(path));
    QVERIFY(f.openFailed);
    QVERIFY(!f.window->session());
    QVERIFY2(f.message("open").contains(part), qPrintable(f.message("open")));
    QVERIFY2(f.message("open").contains(QString::fromStdString(path)), qPrintable(f.message("open")));
    QCOMPARE(sentences(f), 1);
    QCOMPARE(f.window->windowTitle(), QStringLiteral("Cachet"));
    QVERIFY(!f.window->isWindowModified());
}

void TestWindowBadInput::opensForReadingWhatMayNotBeWritten()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    env->fail(EnvOp::Open, 0, EACCES); // the first open is the one for writing
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    QCOMPARE(f.shown(0, 16), std::vector<std::byte>(f.original.begin(), f.original.begin() + 16));
    QVERIFY(f.window->windowTitle().contains(QStringLiteral("read only")));
    f.type("11");
    QVERIFY(f.document().staged().empty());
    QVERIFY2(f.message("edit").contains(QStringLiteral("permission"))
                 || f.message("edit").contains(QStringLiteral("reading only")),
             qPrintable(f.message("edit")));
}

void TestWindowBadInput::opensAnotherFileAfterARefusal()
{
    WindowFixture f;
    QVERIFY(f.open(f.directory.file("missing.img")));
    QVERIFY(f.openFailed);
    QVERIFY(f.openFile(65536));
    QVERIFY(!f.openFailed);
    QVERIFY(f.message("open").isEmpty());
    QTRY_VERIFY(f.settled());
    QVERIFY(f.window->windowTitle().startsWith(QStringLiteral("disk.img")));
}

void TestWindowBadInput::livesWithAnEmptyFile()
{
    WindowFixture f;
    QVERIFY(f.openFile(0));
    QVERIFY(f.message("open").contains(QStringLiteral("is empty")));
    for (const Qt::Key key :
         {Qt::Key_Down, Qt::Key_Up, Qt::Key_PageDown, Qt::Key_PageUp, Qt::Key_Home, Qt::Key_End, Qt::Key_Left,
          Qt::Key_Right, Qt::Key_Tab, Qt::Key_Delete, Qt::Key_Backspace, Qt::Key_F8}) {
        f.press(key);
        f.press(key, Qt::ControlModifier);
        f.press(key, Qt::ShiftModifier);
    }
    f.window->view().setFocus();
    f.type("a5");
    QTest::mouseClick(f.window->view().viewport(), Qt::LeftButton, {}, QPoint(200, 60));
    QTest::mouseDClick(f.window->view().viewport(), Qt::LeftButton, {}, QPoint(200, 60));
    auto *map = f.window->findChild<cachet::HeatMap *>();
    QTest::mouseClick(map, Qt::LeftButton, {}, map->rect().center());
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{0});
    QVERIFY(f.document().staged().empty());
    for (const QAction *action : {f.window->actions().commit, f.window->actions().persist,
                                  f.window->actions().selectAll, f.window->actions().goTo, f.window->actions().copy}) {
        QVERIFY2(!action->isEnabled(), qPrintable(action->objectName()));
        QVERIFY(!action->toolTip().isEmpty());
    }
    QVERIFY(!f.window->grab().isNull());
    f.window->actions().saveCopy->trigger();
    QTRY_VERIFY2(f.message("copy").contains(QStringLiteral("Saved a copy")), qPrintable(f.message("copy")));
    QCOMPARE(QFile(QString::fromStdString(f.directory.file("copy.img"))).size(), 0);
    // It grows: then there is something to show.
    f.directory.write("more", {});
    QVERIFY(QFile(QString::fromStdString(f.path)).resize(8192));
    f.window->actions().reload->trigger();
    QTRY_COMPARE(f.document().size(), std::uint64_t{8192});
    QTRY_VERIFY(f.settled());
    QTRY_VERIFY(f.window->actions().goTo->isEnabled());
    f.type("a5"); // two characters or one byte, by the pane that Tab left active
    QVERIFY(!f.document().staged().empty());
}

void TestWindowBadInput::noticesATruncationByItself()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    QVERIFY(QFile(QString::fromStdString(f.path)).resize(4096 + 512));
    QTRY_VERIFY_WITH_TIMEOUT(f.message("size").contains(QStringLiteral("shrank")), 10'000);
    QVERIFY(f.message("size").contains(QStringLiteral("64 KiB")));
    QCOMPARE(sentences(f), 1);
    // What is left can be used, what is gone shows as unreadable and not as zeros.
    f.window->view().goTo(ByteOffset(4096));
    QTRY_COMPARE(f.conditions(4096, 512), all(512, ByteCondition::Loaded));
    QTRY_COMPARE(f.conditions(4096 + 512, 3000), all(3000, ByteCondition::Unreadable));
    QVERIFY(f.window->isVisible());
}

void TestWindowBadInput::keepsEditsThatATruncationCutOff()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    QVERIFY(f.stage(0x10, {0x11}));
    QVERIFY(f.stage(0x9000, {0x22}));
    QVERIFY(QFile(QString::fromStdString(f.path)).resize(4096));
    f.window->actions().reload->trigger();
    QTRY_VERIFY(f.message("size").contains(QStringLiteral("shrank")));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY2(!f.message("write").isEmpty(), "a commit past the end must say that it failed");
    QVERIFY(f.document().staged().anyIn(*ByteRange::make(0x9000, 1)));
    QCOMPARE(f.fileBytes().size(), std::size_t{4096}); // a commit never makes a file longer
    // The rest can be persisted, and the other edit once the file is whole again.
    f.window->view().select(*ByteRange::make(0, 0x100));
    if (f.document().staged().anyIn(*ByteRange::make(0x10, 1))) {
        QTRY_VERIFY(f.window->actions().persist->isEnabled());
        f.window->actions().persist->trigger();
        QVERIFY(f.waitForWrite());
    }
    QTRY_COMPARE(f.document().staged().byteCount(), std::uint64_t{1});
    QCOMPARE(f.fileBytes()[0x10], std::byte{0x11});
    QVERIFY(QFile(QString::fromStdString(f.path)).resize(65536));
    f.window->actions().reload->trigger();
    QTRY_COMPARE(f.document().sourceSize(), std::uint64_t{65536});
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
}

void TestWindowBadInput::showsWhatAFileGrewBy()
{
    WindowFixture f;
    QVERIFY(f.openFile(5000)); // ends inside a page
    f.press(Qt::Key_End, Qt::ControlModifier);
    QTRY_VERIFY(f.settled());
    QFile file(QString::fromStdString(f.path));
    QVERIFY(file.open(QIODevice::Append));
    QVERIFY(file.write(QByteArray(3000, 'x')) == 3000);
    file.close();
    QTRY_VERIFY_WITH_TIMEOUT(f.message("size").contains(QStringLiteral("grew")), 10'000);
    QTRY_COMPARE(f.document().size(), std::uint64_t{8000});
    f.press(Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(f.window->view().caret().value(), std::uint64_t{7999});
    QTRY_COMPARE(f.shown(4990, 12), [&f] {
        std::vector<std::byte> bytes(f.original.begin() + 4990, f.original.end());
        bytes.resize(12, std::byte{'x'});
        return bytes;
    }());
    QTRY_COMPARE(f.shown(7990, 10), std::vector<std::byte>(10, std::byte{'x'}));
}

void TestWindowBadInput::marksTheOneSectorThatFails()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.source->addBadRange(*ByteRange::make(0x80200, 1));
    f.window->view().goTo(ByteOffset(0x80200));
    QTRY_COMPARE(f.conditions(0x80200, 512), all(512, ByteCondition::Unreadable));
    QTRY_COMPARE(f.conditions(0x80000, 512), all(512, ByteCondition::Loaded));
    QTRY_COMPARE(f.conditions(0x80400, 0xc00), all(0xc00, ByteCondition::Loaded));
    QCOMPARE(f.shown(0x80000, 512), std::vector<std::byte>(f.original.begin() + 0x80000, f.original.begin() + 0x80200));
    QTRY_VERIFY(f.message("read").contains(QStringLiteral("0x80000")));
    QCOMPARE(sentences(f), 1);
    auto *map = f.window->findChild<cachet::HeatMap *>();
    const auto failed = static_cast<std::size_t>(map->geometry().cellOfPage(0x80));
    QTRY_VERIFY(map->looks()[failed].failed);
    // More of them change the sentence and add none.
    f.source->addBadRange(*ByteRange::make(0xa0000, 0x20000));
    for (std::uint64_t at = 0xa0000; at < 0xc0000; at += 0x1000) {
        f.window->view().goTo(ByteOffset(at));
        QCoreApplication::processEvents();
    }
    QTRY_VERIFY(f.message("read").contains(QStringLiteral("pages")));
    QCOMPARE(sentences(f), 1);
    // Once the disk reads again, Reload shows it.
    f.source->clearBadRanges();
    f.window->view().goTo(ByteOffset(0x80200));
    f.window->actions().reload->trigger();
    QTRY_COMPARE(f.conditions(0x80200, 512), all(512, ByteCondition::Loaded));
    QTRY_VERIFY(f.message("read").isEmpty());
    QTRY_VERIFY(!map->looks()[failed].failed);
}

void TestWindowBadInput::closedSentenceStaysClosedUntilItChanges()
{
    WindowFixture f;
    QVERIFY(f.openFile(1 << 20));
    f.source->addBadRange(*ByteRange::make(0x80200, 1));
    f.window->view().goTo(ByteOffset(0x80200));
    QTRY_VERIFY(!f.message("read").isEmpty());
    auto *close = f.window->findChild<QToolButton *>(QStringLiteral("messageClose-read"));
    QVERIFY(close && close->isVisible());
    close->click();
    QCOMPARE(sentences(f), 0);
    QVERIFY(!f.window->messages().isVisible());
    f.window->view().goTo(ByteOffset(0));
    f.window->view().goTo(ByteOffset(0x80200));
    QTest::qWait(100);
    QCOMPARE(sentences(f), 0);
}

void TestWindowBadInput::saysThatTheSizeCannotBeLearnt()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QTRY_VERIFY(f.settled());
    f.source->fail(SourceOp::Size, 0, EIO, Repeat::ForGood);
    QTRY_VERIFY_WITH_TIMEOUT(!f.message("state").isEmpty(), 10'000);
    QVERIFY2(f.message("state").contains(QStringLiteral("size")), qPrintable(f.message("state")));
    QCOMPARE(f.document().size(), std::uint64_t{65536});
    f.source->clearFailures();
    QTRY_VERIFY_WITH_TIMEOUT(f.message("state").isEmpty(), 10'000);
}

void TestWindowBadInput::keepsEditsWhenTheLimitOfFileSizesStopsAWrite()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    QVERIFY(f.stage(0x9000, {0x11, 0x22}));
    QTRY_VERIFY(f.window->actions().commit->isEnabled());
    rlimit usual{};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const rlimit tight{.rlim_cur = 4096, .rlim_max = usual.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN); // as the program does; see the test of the program
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    f.window->actions().commit->trigger();
    const bool ended = f.waitForWrite();
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, handler);
    QVERIFY(ended);
    QTRY_VERIFY2(f.message("write").contains(QStringLiteral("does not take a file that large: the journal")),
                 qPrintable(f.message("write")));
    QVERIFY2(f.message("write").contains(QStringLiteral("ulimit -f")), qPrintable(f.message("write")));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    QCOMPARE(f.fileBytes(), f.original);
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    QTRY_VERIFY(f.message("write").isEmpty());
    QCOMPARE(f.fileBytes()[0x9001], std::byte{0x22});
}

void TestWindowBadInput::keepsEditsWhenTheDiskIsFull()
{
    const TempDir place;
    if (::mount("tmpfs", place.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=128k") != 0)
        QSKIP("A small file system for being full cannot be mounted here; that takes root.");
    const auto unmount = qScopeGuard([&place] { (void)::umount2(place.path().c_str(), MNT_DETACH); });
    QVERIFY(place.writeSparse("disk.img", 1 << 20));
    QFile filler(QString::fromStdString(place.file("filler")));
    QVERIFY(filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
    while (filler.write(QByteArray(4096, 'f')) == 4096) { }

    WindowFixture f;
    f.path = place.file("disk.img");
    QVERIFY(f.open(f.path));
    f.window->view().goTo(ByteOffset(0x80000));
    QTRY_VERIFY(f.settled());
    f.type("1122");
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY2(f.message("write").contains(QStringLiteral(" is full: the journal")), qPrintable(f.message("write")));
    QVERIFY(f.message("write").contains(QString::fromStdString(place.path())));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    QVERIFY(f.window->isWindowModified());
    QVERIFY(filler.resize(0));
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    const auto bytes = f.fileBytes();
    QCOMPARE(bytes.size(), std::size_t{1 << 20});
    QCOMPARE(bytes[0x80000], std::byte{0x11});
    QCOMPARE(bytes[0x80001], std::byte{0x22});
    QCOMPARE(std::ranges::count_if(bytes, [](std::byte byte) { return byte != std::byte{0}; }), std::ptrdiff_t{2});
}

void TestWindowBadInput::keepsEditsWhenTheDiskDoesNotSync()
{
    WindowFixture f;
    QVERIFY(f.openFile(65536));
    f.type("1122");
    f.source->fail(SourceOp::Sync, 0, EIO);
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY2(f.message("write").contains(QStringLiteral("reached the disk")), qPrintable(f.message("write")));
    QCOMPARE(f.document().staged().byteCount(), std::uint64_t{2});
    f.source->clearLogs();
    f.window->actions().commit->trigger();
    QVERIFY(f.waitForWrite());
    QTRY_VERIFY(f.document().staged().empty());
    QVERIFY(f.source->count(SourceOp::Write) > 0); // the bytes are written again, not only synced
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestWindowBadInput)
#include "tst_window_bad_input.moc"
