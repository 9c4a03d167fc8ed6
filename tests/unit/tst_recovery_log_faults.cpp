// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/log/recovery_log_place.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <cerrno>
#include <filesystem>
#include <optional>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

/// One session: states noted one after the other, and what its file holds after each.
class Session {
public:
    explicit Session(RecoveryLogRig &rig)
        : m_rig(rig)
    {
    }

    void note(const StagedEdits &edits)
    {
        m_noted.emplace_back(edits, RecoveryLogRig::kSize);
        m_rig.keep(edits);
        look();
        // The log says that it has it: then it has.
        if (m_rig.log->flush(0ms) && m_latest + 1 != m_noted.size() && !edits.empty())
            m_right = false;
    }

    /// False when the file held something that was never noted, went back, or is no log.
    [[nodiscard]] bool right() const { return m_right; }

private:
    void look()
    {
        const std::string path = m_rig.stem + kRecoveryLogSuffix;
        if (!std::filesystem::exists(path)) {
            m_right = m_right && !m_seen;
            return;
        }
        m_seen = true;
        const auto read = m_rig.readAt(path);
        if (!read || read->damage || !read->lost.empty()) {
            m_right = false;
            return;
        }
        const FlatEdits now(read->edits, RecoveryLogRig::kSize);
        while (m_latest < m_noted.size() && !(m_noted[m_latest] == now))
            ++m_latest;
        m_right = m_right && m_latest < m_noted.size();
    }

    RecoveryLogRig &m_rig;
    std::vector<FlatEdits> m_noted;
    std::size_t m_latest = 0; ///< which of them the file held last
    bool m_seen = false;
    bool m_right = true;
};

} // namespace

class TstRecoveryLogFaults : public QObject {
    Q_OBJECT

private slots:
    void holdsAStateThatWasWhateverFails_data();
    void holdsAStateThatWasWhateverFails();
    void takesShortAndInterruptedWrites_data();
    void takesShortAndInterruptedWrites();
    void readsOnlyWhatTheMediumGives();
};

void TstRecoveryLogFaults::holdsAStateThatWasWhateverFails_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::addColumn<int>("errnoValue");
    QTest::newRow("EIO, once") << false << EIO;
    QTest::newRow("EIO, for good") << true << EIO;
    QTest::newRow("ENOSPC, once") << false << ENOSPC;
    QTest::newRow("ENOSPC, for good") << true << ENOSPC;
}

void TstRecoveryLogFaults::holdsAStateThatWasWhateverFails()
{
    QFETCH(bool, forGood);
    QFETCH(int, errnoValue);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean; ++nth) {
        QVERIFY(nth < 200);
        RecoveryLogRig rig;
        rig.env->failAny(nth, errnoValue, forGood ? Repeat::ForGood : Repeat::Once);
        Random random(9);
        Session session(rig);
        StagedEdits edits;
        for (int i = 0; i < 8; ++i) {
            edits = rig.changed(edits, random).with(rangeAt(0, 1), literalPiece(bytesOf({i}), 1), {});
            session.note(edits);
            QVERIFY(session.right());
        }
        QVERIFY(rig.troubles.size() <= 1);
        clean = rig.env->total() <= nth;
        // Without the real path of an import its name is kept as it was given, and without knowing where a file system is mounted
        // more directories are synced than need be: neither is trouble.
        const bool harmless = rig.env->count(EnvOp::RealPath) > 0 || rig.env->count(EnvOp::Status) > 0;
        QVERIFY(clean ? rig.troubles.empty() : !rig.troubles.empty() || harmless);
        if (!rig.troubles.empty()) {
            QCOMPARE(rig.troubles[0].systemError, errnoValue);
            QCOMPARE(rig.troubles[0].operation, Operation::Journal);
            QVERIFY(rig.troubles[0].path.starts_with(rig.stem));
        }
        // The fault passes: nothing was lost.
        rig.env->clearFailures();
        (void)rig.executor->runAll();
        QVERIFY(rig.log->flush(0ms));
        QVERIFY(FlatEdits(rig.read()->edits, RecoveryLogRig::kSize) == FlatEdits(edits, RecoveryLogRig::kSize));
        // And it goes, unless that fails.
        rig.log->note({});
        rig.env->resetCounts();
        rig.env->failAny(nth, errnoValue);
        const std::string path = rig.log->path();
        (void)rig.log->close(0ms);
        (void)rig.executor->runAll();
        if (rig.env->total() <= nth)
            QVERIFY(std::filesystem::is_empty(rig.dir.file("state")));
        else if (std::filesystem::exists(path))
            QVERIFY(rig.readAt(path));
    }
}

void TstRecoveryLogFaults::takesShortAndInterruptedWrites_data()
{
    QTest::addColumn<int>("limit");
    QTest::addColumn<unsigned>("every");
    QTest::newRow("7 bytes") << 7 << 0u;
    QTest::newRow("each second interrupted") << 0 << 2u;
    QTest::newRow("1000 bytes, each third interrupted") << 1000 << 3u;
}

void TstRecoveryLogFaults::takesShortAndInterruptedWrites()
{
    QFETCH(int, limit);
    QFETCH(unsigned, every);
    RecoveryLogRig rig;
    rig.env->limitTransfers(static_cast<std::size_t>(limit));
    rig.env->interruptTransfers(every);
    Random random(11);
    StagedEdits edits;
    for (int i = 0; i < 5; ++i) {
        edits = rig.changed(edits, random);
        rig.keep(edits);
    }
    QVERIFY(rig.troubles.empty());
    const auto read = readRecoveryLog(*rig.env, rig.log->path(),
                                      [&](const std::string &) -> Result<std::shared_ptr<const ExternalBytes>> {
                                          return rig.named;
                                      });
    QVERIFY(read && !read->damage);
    QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(edits, RecoveryLogRig::kSize));
    rig.env->stopWriting(true);
    rig.keep(rig.changed(edits, random));
    QCOMPARE(rig.troubles.size(), std::size_t{1});
    QCOMPARE(rig.troubles[0].code, ErrorCode::Io);
}

void TstRecoveryLogFaults::readsOnlyWhatTheMediumGives()
{
    RecoveryLogRig rig;
    rig.keep(StagedEdits().with(rangeAt(0, 10), literalPiece(patternBytes(10), 1), {}));
    FaultEnv reading;
    for (const EnvOp op : {EnvOp::Open, EnvOp::FileStatus, EnvOp::Read}) {
        reading.fail(op, 0, EIO);
        const auto read = readRecoveryLog(reading, rig.log->path(), {});
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::Io);
        QCOMPARE(read.error().operation, Operation::Journal);
        QCOMPARE(read.error().path, rig.log->path());
    }
}

QTEST_GUILESS_MAIN(TstRecoveryLogFaults)
#include "tst_recovery_log_faults.moc"
