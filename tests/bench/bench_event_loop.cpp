// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/event_loop_probe.h"
#include "tests/bench/figures.h"
#include "tests/gui/window_fixture.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QApplication>
#include <QEventLoop>
#include <QTimer>

#include <functional>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kFileSize = 64ULL << 20;
constexpr int kKeyIntervalMs = 20; ///< a held key
constexpr int kScenarioMs = 3000;
constexpr int kSettleMs = 500; ///< for what a step leads to in the window
constexpr std::chrono::milliseconds kSlowRead{200};
constexpr std::uint64_t kEdits = 100'000;

/// Runs the event loop. QTest::qWait would not do: it sleeps between two rounds, which is all that would be measured.
void runLoop(int ms)
{
    QEventLoop loop;
    QTimer::singleShot(ms, &loop, &QEventLoop::quit);
    loop.exec();
}

/// Commits everything and runs the event loop until that has ended; true when it succeeded.
bool commitAndWait(WindowFixture &fixture)
{
    cachet::DocumentSession &session = *fixture.window->session();
    QEventLoop loop;
    bool succeeded = false;
    QObject::connect(&session, &cachet::DocumentSession::writeFinished, &loop, [&](const WriteOutcome &outcome) {
        succeeded = outcome.succeeded();
        loop.quit();
    });
    session.commit();
    loop.exec();
    return succeeded;
}

/// How long the window made an event wait, in milliseconds, in each scenario: the whole window over a real file whose source
/// is made slow, hung or broken, with Page Down held.
class Scenarios {
public:
    explicit Scenarios(Figures &figures)
        : m_figures(figures)
    {
    }

    bool run()
    {
        const auto nothing = [](WindowFixture &) { };
        return page("event_loop/ready_source", nothing)
            && page("event_loop/slow_source_200ms", [](WindowFixture &f) { f.source->setReadDelay(kSlowRead); })
            && page("event_loop/hung_source",
                    [](WindowFixture &f) { f.source->setGate(SourceOp::Read, std::make_shared<Gate>()); })
            && page("event_loop/failing_source",
                    [](WindowFixture &f) {
                        f.source->addBadRange(*ByteRange::make(std::uint64_t{8192}, kFileSize - 8192));
                    })
            && commit() && undoAfterCommit() && fill();
    }

private:
    /// Holds Page Down for a while; the first call, over an undisturbed source, is the baseline of all.
    bool page(const char *name, const std::function<void(WindowFixture &)> &disturb)
    {
        WindowFixture fixture;
        if (!fixture.openFile(kFileSize))
            return false;
        disturb(fixture);
        (void)m_probe.takeLongestMs();
        QTimer keys;
        QObject::connect(&keys, &QTimer::timeout, &keys, [&fixture] { fixture.press(Qt::Key_PageDown); });
        keys.start(kKeyIntervalMs);
        runLoop(kScenarioMs);
        add(name);
        return true;
    }

    static bool stageMany(WindowFixture &fixture)
    {
        const std::byte byte{0x5a};
        for (std::uint64_t i = 0; i < kEdits; ++i) {
            if (!fixture.window->session()->document().stage(ByteOffset(i * (kFileSize / kEdits)), {&byte, 1}))
                return false;
        }
        runLoop(kSettleMs); // the window shows them
        return true;
    }

    bool commit()
    {
        WindowFixture fixture;
        if (!fixture.openFile(kFileSize) || !stageMany(fixture))
            return false;
        (void)m_probe.takeLongestMs();
        if (!commitAndWait(fixture))
            return false;
        runLoop(kSettleMs); // what the end of the write leads to
        add("event_loop/commit_100k_edits");
        return fixture.window->session()->document().staged().empty();
    }

    bool undoAfterCommit()
    {
        WindowFixture fixture;
        if (!fixture.openFile(kFileSize) || !stageMany(fixture))
            return false;
        if (!commitAndWait(fixture))
            return false;
        runLoop(kSettleMs);
        (void)m_probe.takeLongestMs();
        QTimer::singleShot(0, [&fixture] { (void)fixture.window->session()->document().undo(); });
        runLoop(kSettleMs);
        add("event_loop/undo_after_commit_of_100k_edits");
        return true;
    }

    bool fill()
    {
        WindowFixture fixture;
        if (!fixture.openFile(kFileSize))
            return false;
        (void)m_probe.takeLongestMs();
        QTimer::singleShot(0, [&fixture] {
            const std::byte byte{0xff};
            (void)fixture.window->session()->document().stageFill(ByteRange::whole(kFileSize), {&byte, 1});
        });
        runLoop(kSettleMs);
        add("event_loop/fill_of_whole_file");
        return true;
    }

    void add(const char *name)
    {
        const double ours = m_probe.takeLongestMs();
        if (m_baseline <= 0)
            m_baseline = ours;
        m_figures.add({QString::fromLatin1(name), ours, m_baseline, QStringLiteral("ms")});
    }

    Figures &m_figures;
    EventLoopProbe m_probe;
    double m_baseline = 0;
};

} // namespace

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    Figures figures(QApplication::arguments());
    if (!Scenarios(figures).run()) {
        std::fputs("A scenario could not be set up; the figures are not complete.\n", stderr);
        return 1;
    }
    return figures.finish() ? 0 : 1;
}
