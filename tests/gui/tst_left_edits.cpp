// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"
#include "app/window_actions.h"
#include "cachecore/base/thread_executor.h"
#include "cachecore/source/file_source.h"
#include "cachecore/write/log/recovery_log_place.h"
#include "tests/gui/window_fixture.h"
#include "tests/support/edits.h"
#include "tests/support/fault_env.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QDirIterator>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QtTest>

#include <algorithm>
#include <array>
#include <fstream>

using cachecore::ByteOffset;
using namespace std::chrono_literals;

namespace cachet_test {

/// Edits that an earlier session staged and did not write, as the person at the window meets them.
class TestLeftEdits : public QObject {
    Q_OBJECT

private slots:
    void offerIsWholeInASmallWindow();
    void fittingEditsAreStagedAgain();
    void changedPlacesAreLeftOutUnlessWanted();
    void deletingAsksOnceMore();
    void questionIsAskedOnce();
    void laterLeavesEverything();
    void closingWithDiscardLeavesNoLog();
    void closingWaitsForStaging();
    void closingWaitsForDeleting();
    void troubleIsToldWhileSomethingIsStaged();
};

namespace {

constexpr std::uint64_t kSize = 65536;
constexpr std::uint64_t kFirst = 0x10;
constexpr std::uint64_t kSecond = 0x9000;

/// A window with a file whose earlier session ended with two edits staged.
struct LeftBehind {
    explicit LeftBehind(WindowSetup setup = {})
        : f(std::move(setup))
    {
        image = patternBytes(kSize);
        f.path = f.directory.write("disk.img", image);
        ready = leave();
    }

    /// What a session that stages and does not write does, without its window.
    [[nodiscard]] bool leave() const
    {
        const auto env = cachecore::systemEnv();
        auto source = cachecore::FileSource::open(env, f.path, cachecore::FileSource::Access::WriteIfPermitted);
        if (!source)
            return false;
        cachecore::DocumentOptions options;
        options.pageSize = 4096;
        options.journals.stateDirectory = f.directory.file("state");
        const std::array workers{std::make_shared<cachecore::ThreadExecutor>(1),
                                 std::make_shared<cachecore::ThreadExecutor>(1),
                                 std::make_shared<cachecore::ThreadExecutor>(1)};
        auto document
            = cachecore::Document::create(std::move(*source), options, {workers[0], workers[1], workers[2]}, env);
        if (!document)
            return false;
        std::vector<std::byte> seen(kSize); // edits are made on bytes that were looked at
        const bool staged = (*document)->read(ByteOffset(0), seen).has_value()
            && (*document)->stage(ByteOffset(kFirst), bytesOf({0xA5})).has_value()
            && (*document)->stage(ByteOffset(kSecond), bytesOf({0xB6})).has_value();
        const cachecore::CloseOutcome outcome = (*document)->close(10s);
        document->reset();
        // The last worker to let go of the file frees its lock.
        const bool ended = std::ranges::all_of(workers, [](const auto &worker) { return worker->shutDown(10s); });
        return staged && ended && outcome.abandonedReads == 0 && !outcome.abandonedWrite && logs().size() == 1;
    }

    [[nodiscard]] QStringList logs() const
    {
        QStringList found;
        QDirIterator all(QString::fromStdString(f.directory.path()), QDir::Files | QDir::Hidden,
                         QDirIterator::Subdirectories);
        while (all.hasNext()) {
            const QString path = all.next();
            if (path.contains(QString::fromLatin1(cachecore::kRecoveryLogSuffix)))
                found << path;
        }
        return found;
    }

    [[nodiscard]] bool openAndSettle()
    {
        return ready && f.open(f.path) && QTest::qWaitFor([this] { return f.settled(); })
            && QTest::qWaitFor([this] { return !f.message("leftEdits").isEmpty(); });
    }
    [[nodiscard]] QMessageBox *question(const char *name) const
    {
        return f.window->findChild<QMessageBox *>(QString::fromLatin1(name));
    }
    void click(const char *name) const
    {
        auto *button = f.window->findChild<QPushButton *>(QString::fromLatin1(name));
        if (!button)
            qFatal("no %s in the window", name);
        QTest::mouseClick(button, Qt::LeftButton);
    }
    /// Opens the question by the message and answers it.
    void answer(const char *button) const
    {
        click("messageAction-leftEdits");
        click(button);
    }

    WindowFixture f;
    std::vector<std::byte> image;
    bool ready = false;
};

} // namespace

// The only message of a window that was as small before it came.
void TestLeftEdits::offerIsWholeInASmallWindow()
{
    for (const int width : {650, 700, 740}) {
        LeftBehind left;
        left.f.window->resize(width, 450);
        QVERIFY(left.openAndSettle());
        const auto *bar = left.f.window->findChild<QWidget *>(QStringLiteral("messageBar"));
        const auto *row = left.f.window->findChild<QWidget *>(QStringLiteral("message-leftEdits"));
        const auto *restore = left.f.window->findChild<QPushButton *>(QStringLiteral("messageAction-leftEdits"));
        QVERIFY(bar && row && restore);
        QTRY_COMPARE(row->height(), bar->height());
        QCOMPARE(restore->visibleRegion(), QRegion(restore->rect()));
        const auto *text = left.f.window->findChild<QLabel *>(QStringLiteral("messageText-leftEdits"));
        QVERIFY(text->visibleRegion() == QRegion(text->rect())
                && text->height() >= text->heightForWidth(text->width()));
    }
}

void TestLeftEdits::fittingEditsAreStagedAgain()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    QVERIFY(left.f.document().staged().empty()); // nothing comes back unasked
    left.answer("stageFitting");
    QTRY_COMPARE(left.f.document().staged().byteCount(), std::uint64_t{2});
    QTRY_COMPARE(left.f.message("restoredEdits"), QStringLiteral("Staged 2 bytes of an earlier session again."));
    QCOMPARE(left.f.shown(kFirst, 1), bytesOf({0xA5}));
    QTRY_VERIFY(left.f.message("leftEdits").isEmpty());
    QCOMPARE(left.f.fileBytes(), left.image); // staged is not written
    QTRY_VERIFY(left.f.window->actions().undo->isEnabled());
    left.f.window->actions().undo->trigger();
    QVERIFY(left.f.document().staged().empty()); // one step
}

void TestLeftEdits::changedPlacesAreLeftOutUnlessWanted()
{
    LeftBehind left;
    {
        std::fstream file(left.f.path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(kSecond);
        file.put(static_cast<char>(~std::to_integer<int>(left.image[kSecond])));
    }
    QVERIFY(left.openAndSettle());
    left.answer("stageFitting");
    QTRY_COMPARE(left.f.message("restoredEdits"),
                 QStringLiteral("Staged 1 byte of an earlier session again. Left out, because the disk has changed "
                                "there since: byte 0x9000. They are still kept, and offered again."));
    QCOMPARE(left.f.document().staged().byteCount(), std::uint64_t{1});
    QVERIFY(left.f.waitForWrite());
    left.answer("stageAll");
    QTRY_COMPARE(left.f.document().staged().byteCount(), std::uint64_t{2});
    QTRY_VERIFY(left.f.message("leftEdits").isEmpty());
}

void TestLeftEdits::deletingAsksOnceMore()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    left.answer("forget");
    QTRY_VERIFY(left.question("forgetQuestion"));
    left.click("forgetNot");
    QTRY_VERIFY(!left.question("forgetQuestion"));
    QCOMPARE(left.logs().size(), 1);
    left.answer("forget");
    QTRY_VERIFY(left.question("forgetQuestion"));
    left.click("forgetSurely");
    QTRY_VERIFY(left.f.message("leftEdits").isEmpty());
    QTRY_VERIFY(left.logs().isEmpty());
    QVERIFY(left.f.document().staged().empty());
    QVERIFY(left.f.message("restoredEdits").isEmpty());
}

void TestLeftEdits::questionIsAskedOnce()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    left.click("messageAction-leftEdits");
    auto *action = left.f.window->findChild<QPushButton *>(QStringLiteral("messageAction-leftEdits"));
    action->click(); // a click that was under way when the question came
    QCOMPARE(left.f.window->findChildren<QMessageBox *>(QStringLiteral("leftEditsQuestion")).size(), 1);
}

void TestLeftEdits::laterLeavesEverything()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    left.answer("later");
    QTRY_VERIFY(!left.question("leftEditsQuestion"));
    QVERIFY(!left.f.message("leftEdits").isEmpty());
    QVERIFY(left.f.document().staged().empty());
    QVERIFY(left.f.window->close()); // nothing of it is staged here
    QTRY_VERIFY(!left.f.window);
    QVERIFY(left.f.closer->finish());
    QCOMPARE(left.logs().size(), 1);
}

void TestLeftEdits::closingWithDiscardLeavesNoLog()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    left.answer("stageFitting");
    QTRY_VERIFY(left.f.message("leftEdits").isEmpty());
    QVERIFY(left.f.waitForWrite());
    QVERIFY(!left.logs().isEmpty()); // of this session by now
    left.f.answer = cachet::CloseAnswer::Discard;
    left.f.window->close();
    QTRY_VERIFY(!left.f.window);
    QCOMPARE(left.f.questions, 1);
    QVERIFY(left.f.closer->finish());
    QVERIFY2(left.logs().isEmpty(), qPrintable(left.logs().join(u' ')));
    QCOMPARE(left.f.fileBytes(), left.image);
}

void TestLeftEdits::closingWaitsForStaging()
{
    LeftBehind left;
    QVERIFY(left.openAndSettle());
    const auto gate = std::make_shared<Gate>();
    left.f.source->setGate(SourceOp::Read, gate);
    left.answer("stageFitting");
    QVERIFY(gate->waitForWaiting(1));
    const auto *words = left.f.window->findChild<QWidget *>(QStringLiteral("writeProgressText"));
    QTRY_VERIFY(words->isVisible());
    QVERIFY2(words->accessibleName().endsWith(QStringLiteral("Staging the edits of an earlier session")),
             qPrintable(words->accessibleName()));
    QVERIFY(!left.f.window->close());
    QVERIFY2(left.f.message("closing").startsWith(QStringLiteral("Edits of an earlier session of disk.img are still")),
             qPrintable(left.f.message("closing")));
    left.f.source->setGate(SourceOp::Read, nullptr);
    gate->open();
    QTRY_COMPARE(left.f.questions, 1); // its end closes the window, which asks about what is staged by now
    QVERIFY(left.f.message("closing").isEmpty());
    QCOMPARE(left.f.document().staged().byteCount(), std::uint64_t{2});
}

void TestLeftEdits::closingWaitsForDeleting()
{
    const auto env = std::make_shared<FaultEnv>();
    LeftBehind left({.env = env});
    QVERIFY(left.openAndSettle());
    const auto gate = std::make_shared<Gate>();
    env->setGate(EnvOp::Remove, gate);
    left.answer("forget");
    QTRY_VERIFY(left.question("forgetQuestion"));
    left.click("forgetSurely");
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(!left.f.window->close());
    QVERIFY(left.f.message("closing").contains(QStringLiteral("still being deleted")));
    env->setGate(EnvOp::Remove, nullptr);
    gate->open();
    QTRY_VERIFY(!left.f.window);
    QVERIFY(left.logs().isEmpty());
}

void TestLeftEdits::troubleIsToldWhileSomethingIsStaged()
{
    const auto env = std::make_shared<FaultEnv>();
    WindowFixture f({.env = env});
    QVERIFY(f.openFile(kSize));
    QTRY_VERIFY(f.settled());
    env->fail(EnvOp::Write, 0, ENOSPC, Repeat::ForGood);
    QVERIFY(f.stage(kFirst, {0xA5}));
    QTRY_VERIFY_WITH_TIMEOUT(!f.message("recoveryLog").isEmpty(), 10'000);
    const QString text = f.message("recoveryLog");
    QVERIFY2(text.contains(QStringLiteral("there is no room for them in ")), qPrintable(text));
    QVERIFY2(!text.contains(QStringLiteral("journal")), qPrintable(text));
    f.window->actions().undo->trigger();
    QTRY_VERIFY(f.message("recoveryLog").isEmpty());
    env->clearFailures();
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestLeftEdits)
#include "tst_left_edits.moc"
