// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/document_fixture.h"
#include "tests/support/random.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::size_t kSize = 40'000;

/// The document as flat arrays: the disk, and what was visible in each state of the history.
class Model {
public:
    explicit Model(std::vector<std::byte> bytes)
        : disk(bytes)
        , m_states{std::move(bytes)}
    {
    }
    const std::vector<std::byte> &visible() const { return m_states[m_current]; }
    void push(std::vector<std::byte> state)
    {
        m_states.resize(++m_current);
        m_states.push_back(std::move(state));
    }
    void undo() { m_current -= m_current > 0 ? 1 : 0; }
    void redo() { m_current += m_current + 1 < m_states.size() ? 1 : 0; }

    std::vector<std::byte> disk;

private:
    std::vector<std::vector<std::byte>> m_states;
    std::size_t m_current = 0;
};

ByteRange randomRange(Random &random)
{
    const std::uint64_t begin = random.below(kSize);
    return rangeAt(begin, random.skewedBelow(kSize - begin) + 1);
}

bool stageRandomly(Random &random, Document &document, Model &model)
{
    const ByteRange range = randomRange(random);
    const auto at = static_cast<std::size_t>(range.begin().value());
    std::vector<std::byte> bytes = random.bytes(range.length());
    if (random.oneIn(2)) {
        bytes.resize(random.between(1, range.length()));
        if (!document.stageFill(range, bytes))
            return false;
        for (std::size_t i = 0; bytes.size() < range.length(); ++i)
            bytes.push_back(bytes[i]);
    } else if (!document.stage(range.begin(), bytes)) {
        return false;
    }
    model.push(with(model.visible(), at, bytes));
    return true;
}

bool discardRandomly(Random &random, Document &document, Model &model)
{
    const ByteRange range = randomRange(random);
    const bool any = document.staged().anyIn(range);
    std::vector<std::byte> state = model.visible();
    std::copy(model.disk.begin() + static_cast<std::ptrdiff_t>(range.begin().value()),
              model.disk.begin() + static_cast<std::ptrdiff_t>(range.end().value()),
              state.begin() + static_cast<std::ptrdiff_t>(range.begin().value()));
    if (any)
        model.push(std::move(state));
    return document.discard(range).has_value();
}

bool writeRandomly(Random &random, Document &document, Model &model)
{
    const ByteRange range = random.oneIn(3) ? ByteRange::whole(kSize) : randomRange(random);
    const std::uint64_t staged = document.staged().byteCountIn(range);
    const auto report = range == ByteRange::whole(kSize) ? document.commit() : document.persist(range);
    if (!report || report->bytesWritten != staged)
        return false;
    for (std::uint64_t i = range.begin().value(); i < range.end().value(); ++i)
        model.disk[i] = model.visible()[i];
    return document.staged().byteCountIn(range) == 0;
}

/// A peek may lack bytes, but those it has are right.
bool peekIsRight(Random &random, const Document &document, const Model &model)
{
    const ByteRange range = randomRange(random);
    const Peeked peeked = peek(document, range.begin().value(), static_cast<std::size_t>(range.length()));
    const StagedEdits staged = document.staged();
    for (std::uint64_t i = 0; i < range.length(); ++i) {
        const ByteCondition condition = peeked.conditions[i];
        const std::uint64_t at = range.begin().value() + i;
        if (condition != ByteCondition::Loaded && condition != ByteCondition::Staged
            && condition != ByteCondition::NotLoaded)
            return false;
        if ((condition == ByteCondition::Staged) != staged.anyIn(rangeAt(at, 1)))
            return false;
        if (condition != ByteCondition::NotLoaded && peeked.bytes[i] != model.visible()[at])
            return false;
    }
    return true;
}

bool readIsRight(Random &random, Document &document, const Model &model)
{
    const ByteRange range = randomRange(random);
    const Intent intents[] = {Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scan};
    const auto bytes = readBytes(document, range.begin().value(), static_cast<std::size_t>(range.length()),
                                 intents[random.below(4)]);
    const auto begin = model.visible().begin() + static_cast<std::ptrdiff_t>(range.begin().value());
    return bytes == std::vector<std::byte>(begin, begin + static_cast<std::ptrdiff_t>(range.length()));
}

bool oneStep(Random &random, DocumentFixture &fixture, Model &model)
{
    Document &document = *fixture.document;
    switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
        return stageRandomly(random, document, model);
    case 3:
        return discardRandomly(random, document, model);
    case 4:
    case 5:
        model.undo();
        return document.undo().has_value();
    case 6:
        model.redo();
        return document.redo().has_value();
    case 7:
        return writeRandomly(random, document, model) && fixture.memory->bytes() == model.disk;
    case 8:
        document.reload();
        return true;
    case 9:
        document.setViewport(randomRange(random), Intent::Scroll);
        return true;
    case 10:
        return peekIsRight(random, document, model);
    default:
        return readIsRight(random, document, model);
    }
}

} // namespace

class TestDocumentRace : public QObject {
    Q_OBJECT

private slots:
    void isWhatFlatArraysAreUnderRandomOperations();
    void isWhatFlatArraysAreWhenWritesFail();
    void eightThreadsReadPeekAndStageAtOnce();
    void sixteenThreadsWantingOnePageCostOneRead();
    void readersNeverSeeBytesOlderThanWhatWasStaged();
};

void TestDocumentRace::isWhatFlatArraysAreUnderRandomOperations()
{
    Random random(20);
    for (int round = 0; round < 8; ++round) {
        const auto disk = random.bytes(kSize);
        DocumentOptions options = DocumentFixture::smallPages();
        options.pageSize = 512U << random.below(4);
        DocumentFixture fixture(disk, options);
        Model model(disk);
        for (int step = 0; step < 250; ++step) {
            QVERIFY2(oneStep(random, fixture, model), qPrintable(QString("round %1 step %2").arg(round).arg(step)));
            QVERIFY(fixture->staged().invariantsHold());
        }
        QCOMPARE(readBytes(*fixture.document, 0, kSize), model.visible());
        QVERIFY(fixture->commit());
        QCOMPARE(fixture.memory->bytes(), model.visible());
    }
}

void TestDocumentRace::isWhatFlatArraysAreWhenWritesFail()
{
    Random random(21);
    for (int round = 0; round < 8; ++round) {
        const auto disk = random.bytes(kSize);
        DocumentFixture fixture(disk);
        std::vector<std::byte> visible = disk;
        for (int step = 0; step < 60; ++step) {
            Model model(visible);
            QVERIFY(stageRandomly(random, *fixture.document, model));
            visible = model.visible();
            const ByteRange range = randomRange(random);
            fixture.source->fail(random.oneIn(2) ? SourceOp::Write : SourceOp::Sync, random.below(3), 5);
            const bool written = fixture->persist(range).succeeded();
            fixture.source->clearFailures();
            QVERIFY(!written || fixture->staged().byteCountIn(range) == 0);
            QCOMPARE(readBytes(*fixture.document, 0, kSize), visible);
            QVERIFY(fixture->staged().invariantsHold());
        }
        QVERIFY(fixture->commit());
        QCOMPARE(fixture.memory->bytes(), visible);
    }
}

void TestDocumentRace::eightThreadsReadPeekAndStageAtOnce()
{
    const auto disk = patternBytes(512 * 1024);
    DocumentFixture fixture(disk);
    std::atomic<int> wrong{0};
    std::atomic<int> notified{0};
    fixture->setObserver([&](DocumentChanges) { ++notified; });
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                Random random(100 + thread);
                // Every thread owns the bytes at offsets that are `thread` modulo 8 and checks its own.
                std::vector<std::pair<std::uint64_t, std::byte>> own;
                for (int i = 0; i < 150; ++i) {
                    const std::uint64_t at = random.below(disk.size() / 8) * 8 + thread;
                    const std::byte value = static_cast<std::byte>(random.below(256));
                    wrong += fixture->stage(ByteOffset(at), {&value, 1}) ? 0 : 1;
                    std::erase_if(own, [&](const auto &entry) { return entry.first == at; });
                    own.emplace_back(at, value);
                    const auto &[place, wanted] = own[random.below(own.size())];
                    wrong += readBytes(*fixture.document, place, 1) == std::vector<std::byte>{wanted} ? 0 : 1;
                    const Peeked peeked = peek(*fixture.document, place, 1);
                    wrong += peeked.all(ByteCondition::NotLoaded) || peeked.bytes[0] == wanted ? 0 : 1;
                    fixture->setViewport(rangeAt(at & ~std::uint64_t{4095}, 4096), Intent::Scroll);
                    if (thread == 0 && i % 10 == 0)
                        wrong += fixture->commit() ? 0 : 1;
                    if (thread == 1 && i % 20 == 0)
                        fixture->reload();
                }
            });
        }
    }
    fixture->setObserver({});
    QCOMPARE(wrong.load(), 0);
    QVERIFY(notified > 0);
    QVERIFY(fixture->commit());
    QCOMPARE(readBytes(*fixture.document, 0, disk.size()), fixture.memory->bytes());
}

void TestDocumentRace::sixteenThreadsWantingOnePageCostOneRead()
{
    const auto disk = patternBytes(64 * 1024);
    DocumentFixture fixture(disk);
    const auto gate = std::make_shared<Gate>();
    fixture.source->clearLogs();
    fixture.source->setGate(SourceOp::Read, gate);
    std::atomic<int> wrong{0};
    std::atomic<int> begun{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 16; ++thread)
            threads.emplace_back([&] {
                ++begun;
                wrong += readBytes(*fixture.document, 5000, 1) == std::vector<std::byte>{disk[5000]} ? 0 : 1;
            });
        QTRY_COMPARE(begun.load(), 16);
        QVERIFY(gate->waitForWaiting(1));
        gate->open();
    }
    QCOMPARE(wrong.load(), 0);
    QCOMPARE(fixture.source->count(SourceOp::Read), 1U);
}

void TestDocumentRace::readersNeverSeeBytesOlderThanWhatWasStaged()
{
    constexpr std::size_t kLength = 16'384;
    DocumentFixture fixture(std::vector<std::byte>(kLength, std::byte{0}));
    std::atomic<bool> ended{false};
    std::atomic<int> staged{0};
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 3; ++i)
            readers.emplace_back([&] {
                while (!ended) {
                    const int oldest = staged;
                    const auto bytes = readBytes(*fixture.document, 0, kLength);
                    const int newest = staged + 1;
                    wrong += bytes
                            && std::ranges::all_of(*bytes,
                                                   [&](std::byte byte) {
                                                       return oldest <= static_cast<int>(byte)
                                                           && static_cast<int>(byte) <= newest;
                                                   })
                        ? 0
                        : 1;
                }
            });
        for (int value = 1; value < 60; ++value) {
            wrong += fixture->stageFill(rangeAt(0, kLength), bytesOf({value})) ? 0 : 1;
            staged = value;
            wrong += fixture->commit() ? 0 : 1;
        }
        ended = true;
    }
    QCOMPARE(wrong.load(), 0);
}

QTEST_GUILESS_MAIN(TestDocumentRace)
#include "tst_document_race.moc"
