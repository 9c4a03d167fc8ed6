// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/recovery.h"
#include "tests/crash/step_scene.h"

#include <QTest>

#include <algorithm>
#include <cstring>

using namespace cachecore;
using namespace cachecore::journal;

namespace cachet_test {

namespace {

using Kind = DiskOperation::Kind;

#ifdef CACHET_SANITIZED
constexpr std::size_t kStride = 7; // slow: fewer bytes rot
#else
constexpr std::size_t kStride = 1;
#endif

constexpr const char *kName = "/data/.disk.img.cachet-journal";

/// A journal of one extent with one literal segment, as an interrupted write has left it, to be changed as a medium or another program would.
class ChangedJournal {
public:
    ChangedJournal()
    {
        m_scene.scene.edits = m_scene.scene.edits.without({ByteOffset(5000), ByteOffset(5002)});
        m_scene.interruptBefore(StepScene::onTarget(Kind::Write));
        m_bytes = m_scene.bytes(kName);
    }

    [[nodiscard]] const StepScene &scene() const { return m_scene; }
    [[nodiscard]] std::vector<std::byte> &bytes() { return m_bytes; }
    [[nodiscard]] bool whole() const { return m_bytes.size() > armedAt() + kStateSize; }
    [[nodiscard]] std::size_t armedAt() const
    {
        const auto end = record() + static_cast<std::size_t>(get<std::uint64_t>(at(record() + 16)));
        return (end + kStateSize - 1) / kStateSize * kStateSize;
    }
    /// What is said of it now.
    [[nodiscard]] Result<RecoveryReport> look()
    {
        store();
        const auto target = m_scene.open();
        WriteProgress progress;
        return inspectJournal(*m_scene.env, *target, kName, progress);
    }
    [[nodiscard]] Result<RecoveryReport> settle(RecoveryChoice choice)
    {
        store();
        const auto target = m_scene.open();
        WriteProgress progress;
        return settleJournal(*m_scene.env, *target, kName, choice, ForeignUnits::Stop, progress);
    }

    /// Another new byte, in a record that has the right hash all the same.
    void forgeLiteral() { m_bytes[record() + kExtentHead + kSegmentSize] ^= std::byte{1}; }
    void forgeNewHash()
    {
        const auto begin = static_cast<std::ptrdiff_t>(get<std::uint64_t>(at(record() + 24)));
        const auto length = static_cast<std::ptrdiff_t>(get<std::uint64_t>(at(record() + 32)));
        const auto &image = m_scene.image0();
        std::vector<std::byte> neu(image.begin() + begin, image.begin() + begin + length);
        const std::byte *const segment = at(record() + kExtentHead);
        std::copy_n(at(record() + kExtentHead + kSegmentSize), get<std::uint64_t>(segment + 8),
                    neu.begin() + static_cast<std::ptrdiff_t>(get<std::uint64_t>(segment)) - begin);
        put(record() + 64, saltedHash(salt(), {neu}));
    }
    void forgeRecordHash()
    {
        const std::size_t literals = paddedTo8(get<std::uint64_t>(at(record() + 40)));
        put(record() + 80,
            saltedHash(salt(), {part(record(), 80), part(record() + kExtentHead, kSegmentSize + literals)}));
    }
    void forgeArmed()
    {
        const auto running
            = saltedHash(salt(), {part(headerLength() - kHashSize, kHashSize), part(record() + 80, kHashSize)});
        put(armedAt() + 48, running);
        put(armedAt() + kStateSize - kHashSize, saltedHash(salt(), {part(armedAt(), kStateSize - kHashSize)}));
    }
    /// Appends DONE.
    void append(std::uint64_t sequence, bool follows)
    {
        std::array<std::byte, kStateSize> block;
        Hash128 before = getHash(at(armedAt() + kStateSize - kHashSize));
        before[0] ^= follows ? 0U : 1U;
        (void)StateRecord{RecordType::Done, sequence, 0, 0, 0, before}.encode(salt(), block);
        m_bytes.resize(std::max(m_bytes.size(), armedAt() + 2 * kStateSize));
        std::ranges::copy(block, m_bytes.begin() + static_cast<std::ptrdiff_t>(armedAt() + kStateSize));
    }

private:
    [[nodiscard]] const std::byte *at(std::size_t offset) const { return m_bytes.data() + offset; }
    [[nodiscard]] std::span<const std::byte> part(std::size_t offset, std::size_t length) const
    {
        return std::span(m_bytes).subspan(offset, length);
    }
    void put(std::size_t offset, const Hash128 &hash) { journal::put(m_bytes.data() + offset, hash); }
    [[nodiscard]] std::size_t headerLength() const { return get<std::uint32_t>(at(12)); }
    [[nodiscard]] std::size_t record() const { return headerLength(); }
    [[nodiscard]] JournalSalt salt() const
    {
        JournalSalt salt;
        std::copy_n(at(32), salt.size(), salt.begin());
        return salt;
    }
    void store()
    {
        m_scene.env->meddle([this](SimulatedDisk &disk) {
            SimulatedDisk::Node node = 0;
            QCOMPARE(disk.find(kName, node, firstOf), 0);
            disk.file(node).write(0, m_bytes, firstOf);
            disk.file(node).sync();
        });
    }

    StepScene m_scene;
    std::vector<std::byte> m_bytes;
};

} // namespace

/// A journal is believed only where all of it is what was written, in its order.
class JournalTrustTest : public QObject {
    Q_OBJECT

private slots:
    void noticesEveryByteThatRots();
    void noticesWhatWasForged_data();
    void noticesWhatWasForged();
    void believesNoLaterStateThatRotted();
    void believesNoLaterStateThatDoesNotFollow_data();
    void believesNoLaterStateThatDoesNotFollow();
    void settlesNoJournalThatWasNeverArmed();
};

void JournalTrustTest::noticesEveryByteThatRots()
{
    ChangedJournal journal;
    QVERIFY(journal.whole());
    QVERIFY(!journal.look()->damage);
    const std::size_t end = journal.armedAt() + kStateSize;
    for (std::size_t at = 0; at < end; at += kStride) {
        journal.bytes()[at] ^= std::byte{4};
        const auto report = journal.look();
        QVERIFY2(report && report->damage, std::to_string(at).c_str());
        journal.bytes()[at] ^= std::byte{4};
    }
    QVERIFY(!journal.look()->damage);
}

void JournalTrustTest::noticesWhatWasForged_data()
{
    QTest::addColumn<bool>("newHash");
    QTest::addColumn<bool>("armed");
    QTest::newRow("new bytes that have not their hash") << false << true;
    QTest::newRow("a record that ARMED was not written for") << true << false;
    QTest::newRow("nothing that can be noticed") << true << true; // or the rows above would say nothing
}

void JournalTrustTest::noticesWhatWasForged()
{
    QFETCH(bool, newHash);
    QFETCH(bool, armed);
    ChangedJournal journal;
    QVERIFY(journal.whole());
    journal.forgeLiteral();
    if (newHash)
        journal.forgeNewHash();
    journal.forgeRecordHash();
    if (armed)
        journal.forgeArmed();
    const auto report = journal.look();
    QVERIFY(report.has_value());
    QCOMPARE(report->damage.has_value(), !newHash || !armed);
    if (!report->damage)
        return;
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        const auto settled = journal.settle(choice);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Damaged);
    }
    QVERIFY(!journal.scene().wroteToTarget());
    QVERIFY(!journal.scene().bytes(kName).empty());
}

// Believed, it would have the journal removed while the image is half written.
void JournalTrustTest::believesNoLaterStateThatRotted()
{
    ChangedJournal journal;
    journal.append(2, true);
    QCOMPARE(journal.look()->state, JournalState::Done);
    for (const std::size_t at : {std::size_t{4080}, std::size_t{24}, std::size_t{4095}}) {
        journal.bytes()[journal.armedAt() + kStateSize + at] ^= std::byte{4};
        QCOMPARE(journal.look()->state, JournalState::Armed);
        journal.bytes()[journal.armedAt() + kStateSize + at] ^= std::byte{4};
    }
}

void JournalTrustTest::believesNoLaterStateThatDoesNotFollow_data()
{
    QTest::addColumn<quint64>("sequence");
    QTest::addColumn<bool>("follows");
    QTest::newRow("another number") << quint64{3} << true;
    QTest::newRow("another record before") << quint64{2} << false;
}

void JournalTrustTest::believesNoLaterStateThatDoesNotFollow()
{
    QFETCH(quint64, sequence);
    QFETCH(bool, follows);
    ChangedJournal journal;
    journal.append(sequence, follows);
    const auto report = journal.look();
    QVERIFY(report && !report->damage);
    QCOMPARE(report->state, JournalState::Armed);
}

// Its records may be whole and still not all of them.
void JournalTrustTest::settlesNoJournalThatWasNeverArmed()
{
    ChangedJournal journal;
    const auto armed = journal.bytes().begin() + static_cast<std::ptrdiff_t>(journal.armedAt());
    std::fill(armed, armed + kStateSize, std::byte{0});
    const auto report = journal.look();
    QVERIFY(report && report->damage);
    for (const RecoveryChoice choice : {RecoveryChoice::Finish, RecoveryChoice::RollBack}) {
        const auto settled = journal.settle(choice);
        QVERIFY(!settled.has_value());
        QCOMPARE(settled.error().code, ErrorCode::Damaged);
    }
    QVERIFY(!journal.scene().wroteToTarget());
    QVERIFY(!journal.scene().bytes(kName).empty());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::JournalTrustTest)
#include "tst_journal_trust.moc"
