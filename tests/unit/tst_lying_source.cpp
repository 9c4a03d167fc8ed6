// SPDX-License-Identifier: GPL-3.0-or-later
// Sources that do not keep what BlockSource promises. Whatever they do, it is an error with its range for the bytes it concerns, and other
// pages can be had.
#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/clock_env.h"
#include "tests/support/edits.h"
#include "tests/support/gate.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <mutex>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPages = 16;
constexpr std::uint64_t kSize = kPages * kPage;
constexpr ByteRange kConcerned(ByteOffset(5 * kPage), ByteOffset(6 * kPage));

/// Memory that lies about one page as told. Thread: any.
class LyingSource final : public BlockSource {
public:
    using Count = Result<std::uint64_t>;
    /// What to say of a read that brought `honest` bytes.
    using Lie = std::function<Count(std::uint64_t honest, ByteRange asked)>;

    explicit LyingSource(std::shared_ptr<MemorySource> memory)
        : m_memory(std::move(memory))
    {
    }
    void tell(Lie lie)
    {
        const std::lock_guard lock(m_mutex);
        m_lie = std::move(lie);
    }
    void claimSize(Count size)
    {
        const std::lock_guard lock(m_mutex);
        m_size = std::move(size);
    }

    using BlockSource::readAt;
    Count readAt(ByteOffset at, std::span<const std::span<std::byte>> into) override
    {
        std::uint64_t length = 0;
        for (const std::span<std::byte> part : into)
            length += part.size();
        const ByteRange asked = clippedRange(at, length);
        Lie lie;
        {
            const std::lock_guard lock(m_mutex);
            lie = m_lie;
        }
        auto honest = m_memory->readAt(at, into);
        if (!honest || !lie || !asked.intersects(kConcerned))
            return honest;
        Count said = lie(*honest, asked);
        // What it does not say it brought is rubbish.
        std::uint64_t skip = said.value_or(0);
        for (const std::span<std::byte> part : into) {
            const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(skip, part.size()));
            std::ranges::fill(part.subspan(kept), std::byte{0xee});
            skip -= kept;
        }
        return said;
    }
    Result<void> writev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        return m_memory->writev(at, from);
    }
    Result<void> sync() override { return m_memory->sync(); }
    Count size() override
    {
        const std::lock_guard lock(m_mutex);
        return m_size ? *m_size : m_memory->size();
    }
    Result<SourceFingerprint> fingerprint() override { return m_memory->fingerprint(); }
    Result<void> checkStillNamed() override { return m_memory->checkStillNamed(); }
    Result<ByteRange> nextData(ByteOffset from) override { return m_memory->nextData(from); }
    std::uint32_t blockSize() const override { return m_memory->blockSize(); }
    SourceIdentity identity() const override { return m_memory->identity(); }
    std::string path() const override { return "liar"; }
    bool writable() const override { return m_memory->writable(); }
    Error readOnlyReason() const override { return m_memory->readOnlyReason(); }

private:
    const std::shared_ptr<MemorySource> m_memory;
    std::mutex m_mutex; ///< guards the rest
    Lie m_lie;
    std::optional<Count> m_size;
};

struct Liar {
    Liar()
        : cached(*CachedSource::create(source, {kPage, std::uint64_t{1} << 20}, loads, env))
    {
    }
    Result<std::vector<std::byte>> read(ByteRange range, Intent intent = Intent::Jump) const
    {
        std::vector<std::byte> into(static_cast<std::size_t>(range.length()));
        if (auto done = cached->read(range.begin(), into, intent); !done)
            return failure(done.error());
        return into;
    }
    bool right(ByteRange range, Intent intent = Intent::Jump) const
    {
        const auto got = read(range, intent);
        return got && std::ranges::equal(*got, std::span(bytes).subspan(range.begin().value(), range.length()));
    }

    const std::vector<std::byte> bytes = patternBytes(kSize);
    std::shared_ptr<MemorySource> memory = std::make_shared<MemorySource>(bytes);
    std::shared_ptr<LyingSource> source = std::make_shared<LyingSource>(memory);
    std::shared_ptr<ClockEnv> env = std::make_shared<ClockEnv>();
    std::shared_ptr<Executor> loads = std::make_shared<ThreadExecutor>(4);
    std::shared_ptr<CachedSource> cached;
};

/// A lie that is told once.
LyingSource::Lie once(LyingSource::Lie lie)
{
    return [lie = std::move(lie), told = std::make_shared<std::atomic<bool>>(false)](std::uint64_t honest,
                                                                                     ByteRange asked) {
        return told->exchange(true) ? LyingSource::Count(honest) : lie(honest, asked);
    };
}

struct Case {
    LyingSource::Lie lie;
    std::optional<ErrorCode> code; ///< of the page it concerns; nothing: it can be had
    ByteRange range;               ///< of the error
};

Case caseOf(const QString &name)
{
    const auto more = [](std::uint64_t honest, ByteRange) { return LyingSource::Count(honest + 1); };
    const auto farMore = [](std::uint64_t, ByteRange) { return LyingSource::Count(~std::uint64_t{0}); };
    const auto half = [](std::uint64_t honest, ByteRange) { return LyingSource::Count((honest + 1) / 2); };
    const auto nothing = [](std::uint64_t, ByteRange) { return LyingSource::Count(0); };
    const auto notTheLast = [](std::uint64_t honest, ByteRange asked) {
        const std::uint64_t last = kConcerned.end().value() - 1;
        return LyingSource::Count(std::min(honest, last - asked.begin().value()));
    };
    const auto fails = [](std::uint64_t, ByteRange) {
        return LyingSource::Count(failure(Error::fromErrno(EIO, Operation::Read))); // and does not say where
    };
    if (name == "more than asked")
        return {more, ErrorCode::Io, kConcerned};
    if (name == "far more than asked")
        return {farMore, ErrorCode::Io, kConcerned};
    if (name == "more, once")
        return {once(more), {}, {}};
    if (name == "half of it each time")
        return {half, {}, {}};
    if (name == "nothing")
        return {nothing, ErrorCode::Truncated, kConcerned};
    if (name == "nothing, once")
        return {once(nothing), {}, {}};
    if (name == "all but the last byte")
        return {notTheLast, ErrorCode::Truncated, rangeAt(kConcerned.end().value() - 1, 1)};
    if (name == "an error, once")
        return {once(fails), {}, {}};
    return {fails, ErrorCode::Io, kConcerned};
}

} // namespace

class TestLyingSource : public QObject {
    Q_OBJECT

private slots:
    void isAnErrorWithItsRange_data();
    void isAnErrorWithItsRange();
    void canHangWithoutHoldingUpOthers();
    void claimsASizeItHasNot_data();
    void claimsASizeItHasNot();
    void shrinksAndGrows();
};

void TestLyingSource::isAnErrorWithItsRange_data()
{
    QTest::addColumn<int>("intent");
    QTest::addColumn<bool>("together");
    for (const char *const lie :
         {"more than asked", "far more than asked", "more, once", "half of it each time", "nothing", "nothing, once",
          "all but the last byte", "an error, once", "an error, always"}) {
        QTest::addRow("%s", lie) << int(Intent::Jump) << false;
        QTest::addRow("%s; with its neighbours", lie) << int(Intent::Jump) << true;
        QTest::addRow("%s; to a scan", lie) << int(Intent::Scan) << true;
    }
}

void TestLyingSource::isAnErrorWithItsRange()
{
    QFETCH(int, intent);
    QFETCH(bool, together);
    const Case wanted = caseOf(QString::fromLatin1(QTest::currentDataTag()).section(u';', 0, 0));
    const Liar liar;
    liar.source->tell(wanted.lie);
    const ByteRange asked = together ? rangeAt(3 * kPage, 6 * kPage) : kConcerned;
    const auto got = liar.read(asked, Intent(intent));
    QCOMPARE(got.has_value(), !wanted.code.has_value());
    if (wanted.code) {
        QCOMPARE(got.error().code, *wanted.code);
        QCOMPARE(got.error().range, std::optional(wanted.range));
        QCOMPARE(got.error().operation, Operation::Read);
    } else {
        QVERIFY(liar.right(asked, Intent(intent)));
    }
    for (std::uint64_t page = 0; page < 5; ++page)
        QVERIFY(liar.right(rangeAt(page * kPage, kPage)));
    // What is behind the end that it claimed to have can be had once it says its size again.
    QVERIFY(wanted.code == ErrorCode::Truncated || liar.right(rangeAt(6 * kPage, 10 * kPage)));
    // It is honest again: all is right, when the time for another try has come.
    liar.source->tell(nullptr);
    QVERIFY(liar.cached->refreshSize());
    liar.env->advance(1h);
    QVERIFY(liar.right(ByteRange::whole(kSize)));
    QVERIFY(liar.right(ByteRange::whole(kSize), Intent::Scan));
    QCOMPARE(liar.cached->sourceSize(), kSize);
}

void TestLyingSource::canHangWithoutHoldingUpOthers()
{
    const auto gate = std::make_shared<Gate>();
    const Liar liar;
    liar.source->tell([gate](std::uint64_t honest, ByteRange) {
        gate->pass();
        return LyingSource::Count(honest);
    });
    liar.cached->setViewport(kConcerned, Intent::Jump);
    QVERIFY(gate->waitForWaiting(1));
    for (std::uint64_t page = 0; page < kPages; ++page) {
        if (page != 5)
            QVERIFY(liar.right(rangeAt(page * kPage, kPage)));
    }
    QCOMPARE(liar.cached->state(kConcerned.begin()), PageState::Loading);
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(liar.cached->load(kConcerned.begin(), 1, Intent::Jump, stop.get_token()).error().code,
             ErrorCode::Cancelled);
    QCOMPARE(liar.cached->close(0ms), 1U);
    gate->open();
    QCOMPARE(liar.cached->close(20s), 0U);
}

void TestLyingSource::claimsASizeItHasNot_data()
{
    QTest::addColumn<quint64>("claimed");
    QTest::newRow("twice as much") << quint64{2 * kSize};
    QTest::newRow("a byte more") << quint64{kSize + 1};
    QTest::newRow("all there can be") << quint64{kMaxSourceSize};
    QTest::newRow("half") << quint64{kSize / 2};
    QTest::newRow("nothing") << quint64{0};
    QTest::newRow("more than there can be") << quint64{kMaxSourceSize + 1};
}

void TestLyingSource::claimsASizeItHasNot()
{
    QFETCH(quint64, claimed);
    const auto memory = std::make_shared<MemorySource>(patternBytes(kSize));
    const auto source = std::make_shared<LyingSource>(memory);
    source->claimSize(LyingSource::Count(claimed));
    const auto cached
        = CachedSource::create(source, {kPage, std::uint64_t{1} << 20}, std::make_shared<ThreadExecutor>(2));
    QCOMPARE(cached.has_value(), claimed <= kMaxSourceSize);
    if (!cached) {
        QCOMPARE(cached.error().code, ErrorCode::InvalidArgument);
        return;
    }
    QCOMPARE((*cached)->size(), std::uint64_t(claimed));
    const std::uint64_t there = std::min<std::uint64_t>(claimed, kSize);
    std::vector<std::byte> into(there);
    QVERIFY((*cached)->read(ByteOffset(0), into));
    QVERIFY(std::ranges::equal(into, slice(patternBytes(kSize), 0, there)));
    std::vector<std::byte> one(1);
    const auto past = (*cached)->read(ByteOffset(there), one);
    QVERIFY(!past);
    QCOMPARE(past.error().code, claimed > kSize ? ErrorCode::Truncated : ErrorCode::OutOfRange);
    QCOMPARE(past.error().range, std::optional(rangeAt(there, 1)));
    if (claimed > 0) {
        const auto last = (*cached)->read(ByteOffset(claimed - 1), one);
        QCOMPARE(last.has_value(), claimed <= kSize);
        QVERIFY(last || last.error().code == ErrorCode::Truncated);
    }
}

void TestLyingSource::shrinksAndGrows()
{
    const Liar liar;
    QVERIFY(liar.right(ByteRange::whole(kSize)));
    liar.memory->resize(7 * kPage + 100);
    QVERIFY(liar.cached->refreshSize());
    const auto lost = liar.read(rangeAt(7 * kPage, kPage));
    QCOMPARE(lost.error().code, ErrorCode::Truncated);
    QCOMPARE(lost.error().range, std::optional(rangeAt(7 * kPage + 100, kPage - 100)));
    QVERIFY(liar.right(rangeAt(0, 7 * kPage + 100)));
    // What grows back holds other bytes; those it had are not shown for them.
    liar.memory->resize(kSize + 3);
    QVERIFY(liar.cached->refreshSize());
    liar.env->advance(1h);
    const auto grown = liar.read(rangeAt(7 * kPage + 100, kSize + 3 - 7 * kPage - 100));
    QVERIFY(grown);
    QVERIFY(std::ranges::all_of(*grown, [](std::byte byte) { return byte == std::byte{0}; }));
    QVERIFY(liar.right(rangeAt(0, 7 * kPage + 100)));
    QCOMPARE(liar.cached->size(), kSize + 3);
    // An end that cannot be asked for changes nothing.
    liar.source->claimSize(failure(Error::fromErrno(EIO, Operation::Stat)));
    QCOMPARE(liar.cached->refreshSize().error().code, ErrorCode::Io);
    QCOMPARE(liar.cached->size(), kSize + 3);
    liar.source->claimSize(LyingSource::Count(kMaxSourceSize + 1));
    QCOMPARE(liar.cached->refreshSize().error().code, ErrorCode::InvalidArgument);
    QCOMPARE(liar.cached->size(), kSize + 3);
    QVERIFY(liar.right(rangeAt(0, 7 * kPage + 100)));
}

QTEST_GUILESS_MAIN(TestLyingSource)
#include "tst_lying_source.moc"
