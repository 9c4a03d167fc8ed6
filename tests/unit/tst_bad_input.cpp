// SPDX-License-Identifier: GPL-3.0-or-later
// Places and lengths that make no sense, at every function that takes one: a typed error with the range that was asked for, or a harmless answer, and everything else
// goes on as before.
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "cachecore/typed_values.h"
#include "tests/support/bad_places.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kPage = Subject::kPage;
constexpr std::uint64_t kSize = Subject::kSize;
constexpr std::uint64_t kSmall = Subject::kSmall;

} // namespace

class TestBadInput : public QObject {
    Q_OBJECT

private slots:
    void load_data() { addPlaces(); }
    void load();
    void tryGetAndState_data() { addPlaces(); }
    void tryGetAndState();
    void loadAsync_data() { addPlaces(); }
    void loadAsync();
    void next_data() { addPlaces(); }
    void next();
    void read_data() { addPlaces(); }
    void read();
    void readAsync_data() { addPlaces(); }
    void readAsync();
    void viewAndPin_data() { addPlaces(); }
    void viewAndPin();
    void window_data() { addPlaces(); }
    void window();
    void chunks_data() { addPlaces(); }
    void chunks();
    void everyByte_data() { addPlaces(); }
    void everyByte();
    void pagesSpanned_data() { addPlaces(); }
    void pagesSpanned();
    void isCachedAndInvalidate_data() { addPlaces(); }
    void isCachedAndInvalidate();
    void viewportAndPrefetch_data() { addPlaces(); }
    void viewportAndPrefetch();
    void cursor_data() { addPlaces(); }
    void cursor();
    void staging_data() { addPlaces(); }
    void staging();
    void peeking_data() { addPlaces(); }
    void peeking();
    void summary_data() { addPlaces(); }
    void summary();
    void pageSizesAndBudgets_data();
    void pageSizesAndBudgets();
    void aBudgetOfNothingWhileRunning_data();
    void aBudgetOfNothingWhileRunning();
};

void TestBadInput::load()
{
    const Asked asked;
    const auto page = asked.cached().load(asked.at, asked.length);
    // A page is wanted, so that there has to be one at the place.
    const bool there = asked.inside && asked.at.value() < asked.subject->size;
    QCOMPARE(page.has_value(), there);
    if (there) {
        QVERIFY(page->page().range().contains(asked.at));
        QVERIFY(asked.subject->right(asked.at, page->from(asked.at)));
    } else {
        QCOMPARE(page.error().code, ErrorCode::OutOfRange);
        QCOMPARE(page.error().operation, Operation::Read);
        QCOMPARE(page.error().range, std::optional(asked.range));
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::tryGetAndState()
{
    const Asked asked;
    QVERIFY(!asked.cached().tryGet(asked.at));
    QCOMPARE(asked.cached().state(asked.at), PageState::Absent);
    QVERIFY(asked.subject->well()); // has loaded the first and the last page
    const bool there = asked.at.value() < asked.subject->size;
    QCOMPARE(bool(asked.cached().tryGet(asked.at)), there);
    if (there)
        QCOMPARE(asked.cached().state(asked.at), PageState::Ready);
    QVERIFY(!asked.cached().peek({kMaxSourceSize / kPage + 1}));
    QVERIFY(!asked.cached().peek({kAll}));
}

void TestBadInput::loadAsync()
{
    const Asked asked;
    const auto on = std::make_shared<ThreadExecutor>(1);
    std::promise<Result<PageHandle>> told;
    QVERIFY(!asked.cached().loadAsync(asked.at, on, [&](Result<PageHandle> page) { told.set_value(std::move(page)); }));
    const auto page = told.get_future().get();
    QCOMPARE(page.has_value(), asked.at.value() < asked.subject->size);
    if (page) {
        QVERIFY(page->page().range().contains(asked.at));
    } else {
        QCOMPARE(page.error().code, ErrorCode::OutOfRange);
        QCOMPARE(page.error().range, std::optional(clippedRange(asked.at, 1)));
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::next()
{
    const Asked asked;
    const auto page = asked.cached().load(asked.at, 1);
    if (!page) // there is none to go on from
        return;
    const bool last = page->page().range().end().value() == asked.subject->size;
    const auto after = asked.cached().next(*page);
    QVERIFY(after);
    QCOMPARE(bool(*after), !last);
    if (!last)
        QCOMPARE(after->page().range().begin(), page->page().range().end());
    asked.cached().invalidate(ByteRange::whole(kMaxSourceSize));
    std::promise<bool> told;
    const auto now
        = asked.cached().nextAsync(*page, std::make_shared<ThreadExecutor>(1), [&](const Result<PageHandle> &found) {
              told.set_value(found.has_value() && found->state() == PageState::Ready);
          });
    QCOMPARE(now.has_value(), last);
    QVERIFY(last ? !*now : told.get_future().get());
    QVERIFY(asked.subject->well());
}

void TestBadInput::read()
{
    for (const Intent intent : {Intent::Jump, Intent::Scan}) {
        Asked asked;
        QVERIFY(asked.endsAsWanted(asked.cached().read(asked.at, asked.span(), intent)));
        if (!asked.wanted())
            QVERIFY(asked.subject->right(asked.at, asked.span()));
        QCOMPARE(asked.memory.back(), std::byte{0xee});
        QVERIFY(asked.subject->well());
        const auto before = asked.memory;
        QVERIFY(asked.endsAsWanted(asked.subject->document->read(asked.at, asked.span(), intent)));
        QVERIFY(asked.memory == before);
    }
}

void TestBadInput::readAsync()
{
    Asked asked;
    const auto on = std::make_shared<ThreadExecutor>(1);
    for (const bool document : {false, true}) {
        std::promise<Result<void>> told;
        const auto done = [&](Result<void> outcome) { told.set_value(std::move(outcome)); };
        const bool here = document ? asked.subject->document->readAsync(asked.at, asked.span(), on, done)
                                   : asked.cached().readAsync(asked.at, asked.span(), on, done);
        QVERIFY(here ? !asked.wanted() : asked.endsAsWanted(told.get_future().get()));
        QVERIFY(asked.wanted() ? asked.memory.front() == std::byte{0xee}
                               : asked.subject->right(asked.at, asked.span()));
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::viewAndPin()
{
    const Asked asked;
    if (!ByteRange::make(asked.at, asked.length))
        return; // no such range can be made
    for (const Intent intent : {Intent::Jump, Intent::Scan}) {
        const auto seen = view(asked.cached(), asked.range, intent);
        QVERIFY(asked.endsAsWanted(seen));
        QVERIFY(!seen || (seen->range == asked.range && asked.subject->right(asked.at, seen->bytes)));
        QVERIFY(asked.endsAsWanted(asked.cached().pin(asked.range, intent, {})));
    }
    const auto on = std::make_shared<ThreadExecutor>(1);
    std::promise<bool> told;
    const auto here = asked.cached().pinAsync(
        asked.range, on, [&](const auto &pages) { told.set_value(asked.endsAsWanted(pages)); }, Intent::Jump);
    QVERIFY(here ? !asked.wanted() : told.get_future().get());
    QVERIFY(asked.subject->well());
}

void TestBadInput::window()
{
    const Asked asked;
    for (const Intent intent : {Intent::Jump, Intent::Scan}) {
        for (ByteReader *const reader :
             std::initializer_list<ByteReader *>{&asked.cached(), asked.subject->document.get()}) {
            const auto seen = reader->window(asked.at, intent);
            QCOMPARE(seen.has_value(), asked.at.value() < asked.subject->size);
            if (seen)
                QVERIFY(seen->range.contains(asked.at) && asked.subject->right(seen->range.begin(), seen->bytes));
            else
                QCOMPARE(seen.error().code, ErrorCode::OutOfRange);
        }
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::chunks()
{
    const Asked asked;
    ByteOffset next = asked.range.begin();
    std::optional<ErrorCode> error;
    for (const Result<ByteWindow> &chunk : Chunks(asked.cached(), asked.range)) {
        if (!chunk) {
            error = chunk.error().code;
            QCOMPARE(chunk.error().range, std::optional(asked.range));
            continue;
        }
        QCOMPARE(chunk->range.begin(), next);
        QVERIFY(asked.subject->right(next, chunk->bytes));
        next = chunk->range.end();
        if (next.value() - asked.range.begin().value() > kSmall)
            break; // of 2^63-1 bytes these will do
    }
    const bool fits = asked.range.empty() || asked.range.end().value() <= asked.subject->size;
    QCOMPARE(error, fits ? std::nullopt : std::optional(ErrorCode::OutOfRange));
    QVERIFY(!fits || next == asked.range.end() || !asked.small);
    QVERIFY(asked.subject->well());
}

void TestBadInput::everyByte()
{
    const Asked asked;
    if (!asked.small && asked.range.end().value() <= asked.subject->size)
        return; // would call for 2^63-1 bytes
    std::vector<std::byte> seen;
    const auto done = forEachByte(asked.cached(), asked.range, [&seen](std::byte byte) { seen.push_back(byte); });
    QCOMPARE(done.has_value(), asked.range.end().value() <= asked.subject->size);
    QCOMPARE(seen.size(), done ? static_cast<std::size_t>(asked.range.length()) : std::size_t{0});
    QVERIFY(asked.subject->right(asked.at, seen));
    QVERIFY(done || (done.error().code == ErrorCode::OutOfRange && done.error().range == asked.range));
    QVERIFY(asked.subject->well());
}

void TestBadInput::pagesSpanned()
{
    const Asked asked;
    const ByteRange real = asked.range.intersection(ByteRange::whole(asked.subject->size));
    const std::uint64_t pages = real.empty() ? 0 : (real.end().value() - 1) / kPage - real.begin().value() / kPage + 1;
    QCOMPARE(asked.cached().pagesSpanned(asked.range), pages);
}

void TestBadInput::isCachedAndInvalidate()
{
    const Asked asked;
    const bool inside = asked.range.end().value() <= asked.subject->size;
    QCOMPARE(asked.cached().isCached(asked.range), inside && asked.range.empty());
    QVERIFY(asked.subject->well());
    QCOMPARE(asked.cached().isCached(asked.range), inside && asked.range.length() <= kSmall);
    const auto heldWithout = [&asked](ByteRange dropped) { // the pages that are left
        for (const std::uint64_t page : {std::uint64_t{0}, std::uint64_t{1}, (asked.subject->size - 1) / kPage - 1,
                                         (asked.subject->size - 1) / kPage}) {
            const ByteRange bytes = asked.cached().extent().rangeOf({page});
            QVERIFY2(bool(asked.cached().peek({page})) == !bytes.intersects(dropped),
                     "dropped too much, or too little");
        }
    };
    // Of the larger source two pages at each end are resident; the smaller one has no others.
    heldWithout({});
    asked.cached().invalidate(asked.range);
    heldWithout(asked.range);
    QVERIFY(asked.subject->well());
}

void TestBadInput::viewportAndPrefetch()
{
    const Asked asked;
    for (const Intent intent : {Intent::Jump, Intent::Scroll, Intent::Scan, Intent::Edit}) {
        asked.cached().setViewport(asked.range, intent);
        asked.subject->document->setViewport(asked.range, intent);
    }
    for (const auto purpose : {CachedSource::Background::Map, CachedSource::Background::Scan})
        asked.cached().prefetch(asked.range, purpose);
    QTRY_COMPARE(asked.cached().statistics().loading, std::uint64_t{0});
    QVERIFY(asked.cached().statistics().residentBytes <= asked.cached().budget());
    const ByteRange shown = asked.range.intersection(ByteRange::whole(asked.subject->size));
    QVERIFY(shown.empty() || asked.cached().state(shown.begin()) == PageState::Ready);
    QVERIFY(asked.subject->well());
}

void TestBadInput::cursor()
{
    const Asked asked;
    const auto reads = [&]<typename T>(T) {
        for (ByteReader *const reader :
             std::initializer_list<ByteReader *>{&asked.cached(), asked.subject->document.get()}) {
            Cursor cursor(*reader);
            const bool inside
                = asked.at.value() <= asked.subject->size && sizeof(T) <= asked.subject->size - asked.at.value();
            const auto value = cursor.read<T>(asked.at, std::endian::little);
            if (value.has_value() != inside)
                return false;
            if (!value
                && (value.error().code != ErrorCode::OutOfRange
                    || value.error().range != clippedRange(asked.at, sizeof(T))))
                return false;
            // The cursor is as good as new.
            if (!cursor.read<std::uint8_t>(ByteOffset(0))
                || !cursor.read<T>(ByteOffset(asked.subject->size - sizeof(T))))
                return false;
        }
        return true;
    };
    QVERIFY(reads(std::uint8_t{}) && reads(std::int16_t{}) && reads(std::uint32_t{}) && reads(std::int64_t{}));
    QVERIFY(reads(UInt128{}) && reads(float{}) && reads(double{}));
    Cursor cursor(asked.cached());
    // A zero comes within a few hundred bytes.
    const auto text = cursor.readString(asked.at, static_cast<std::size_t>(asked.length));
    const std::uint64_t size = asked.subject->size;
    if (asked.at.value() >= size) {
        QCOMPARE(text.error().code, ErrorCode::OutOfRange);
        QCOMPARE(text.error().range, std::optional(asked.range));
    } else if (!text) {
        QCOMPARE(text.error().code, ErrorCode::NotFound);
        QCOMPARE(text.error().range, std::optional(asked.range.intersection(ByteRange::whole(size))));
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::staging()
{
    Asked asked;
    Document &document = *asked.subject->document;
    const auto refused = [&](const Result<void> &outcome, std::uint64_t length) {
        const bool inside = asked.at.value() <= asked.subject->size && length <= asked.subject->size - asked.at.value();
        if (outcome || !document.staged().empty())
            return false;
        if (inside)
            return outcome.error().code == ErrorCode::InvalidArgument && length == 0;
        const bool typed
            = outcome.error().code == ErrorCode::OutOfRange && outcome.error().range == clippedRange(asked.at, length);
        return typed || (length == 0 && outcome.error().code == ErrorCode::InvalidArgument);
    };
    const auto taken = [&](ByteRange range) {
        const bool staged
            = document.staged().byteCount() == range.length() && document.staged().byteCountIn(range) == range.length();
        return staged && document.discard(range) && document.staged().empty();
    };
    const auto staged = document.stage(asked.at, asked.span());
    QCOMPARE(staged.has_value(), asked.inside && asked.length > 0 && asked.small);
    if (staged)
        QVERIFY(taken(asked.range));
    else if (asked.inside && asked.length > 0)
        QCOMPARE(staged.error().code, ErrorCode::OutOfMemory);
    else
        QVERIFY(refused(staged, asked.length));
    const auto value = stageValue<std::uint64_t>(document, asked.at, 1, std::endian::big);
    QVERIFY(value ? taken(clippedRange(asked.at, 8)) : refused(value, 8));
    if (ByteRange::make(asked.at, asked.length)) {
        const auto filled = document.stageFill(asked.range, asked.memory);
        QCOMPARE(filled.has_value(), asked.inside && asked.length > 0);
        QVERIFY(filled ? taken(asked.range) : refused(filled, asked.length));
        const auto generated = document.stageGenerated(asked.range, Generator{});
        QCOMPARE(generated.has_value(), asked.inside && asked.length > 0);
        QVERIFY(generated ? taken(asked.range) : refused(generated, asked.length));
    }
    QVERIFY(asked.subject->well());
}

void TestBadInput::peeking()
{
    Asked asked;
    const Document &document = *asked.subject->document;
    const std::size_t count = static_cast<std::size_t>(std::min(asked.length, kSmall));
    std::vector<ByteCondition> conditions(count);
    document.peek(asked.at, std::span(asked.memory).first(count), conditions);
    for (std::size_t i = 0; i < count; ++i) {
        const bool past = i >= asked.subject->size || asked.at.value() > asked.subject->size - 1 - i;
        QCOMPARE(conditions[i], past ? ByteCondition::PastEnd : ByteCondition::NotLoaded);
        QCOMPARE(asked.memory[i], std::byte{0});
    }
    QVERIFY(!peekValue<std::uint64_t>(document, asked.at, std::endian::little));
    QVERIFY(asked.subject->well());
}

void TestBadInput::summary()
{
    const Asked asked;
    QVERIFY(asked.subject->well());
    const ByteRange real = asked.range.intersection(ByteRange::whole(asked.subject->size));
    for (const std::size_t buckets : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4000}}) {
        std::vector<PageStateCounts> out(buckets, PageStateCounts{1, 1, 1, 1, 1});
        asked.cached().summary(asked.range, out);
        const std::uint64_t spanned = asked.cached().pagesSpanned(asked.range);
        std::uint64_t pages = 0;
        std::uint64_t ready = 0;
        for (const PageStateCounts &counts : out) {
            QVERIFY(counts.ready <= counts.pages);
            pages += counts.pages;
            ready += counts.ready;
        }
        if (real.empty() || buckets == 0)
            QCOMPARE(pages + ready, std::uint64_t{0});
        else if (spanned >= buckets) // else pages show in several stretches
            QCOMPARE(pages, spanned);
        const std::uint64_t inPages
            = real.empty() ? 0 : (asked.range.end().value() - 1) / kPage - asked.range.begin().value() / kPage + 1;
        std::vector<PageStateCounts> same(buckets);
        asked.cached().states()->summarize({asked.range.begin().value() / kPage}, inPages, same);
        QVERIFY(out == same);
    }
    // The pyramid itself takes any number.
    std::vector<PageStateCounts> out(3, PageStateCounts{1, 1, 1, 1, 1});
    asked.cached().states()->summarize({asked.at.value()}, asked.length, out);
    asked.cached().states()->summarize({kAll}, kAll, out);
    QCOMPARE(out, std::vector<PageStateCounts>(3));
}

void TestBadInput::pageSizesAndBudgets_data()
{
    QTest::addColumn<quint32>("pageSize");
    QTest::addColumn<quint64>("budget");
    QTest::addColumn<bool>("works");
    for (const quint32 pageSize : {0U, 1U, 3U, 256U, 511U, 513U, 4097U, 2U << 20, 1U << 31, 0xffffffffU})
        QTest::addRow("pages of %u", pageSize) << pageSize << (quint64{64} << 20) << false;
    for (const quint32 pageSize : {512U, 4096U, 1U << 20})
        QTest::addRow("pages of %u", pageSize) << pageSize << (quint64{64} << 20) << true;
    QTest::newRow("pages larger than the budget") << (1U << 20) << quint64{1 << 19} << false;
    QTest::newRow("no budget") << 4096U << quint64{0} << false;
    QTest::newRow("the least budget") << 4096U << quint64{minimumCacheBytes(4096)} << true;
    QTest::newRow("a byte less") << 4096U << quint64{minimumCacheBytes(4096) - 1} << false;
    QTest::newRow("2^63-1") << 4096U << quint64{kMaxSourceSize} << true;
    QTest::newRow("2^64-1") << 4096U << quint64{kAll} << false;
}

void TestBadInput::pageSizesAndBudgets()
{
    QFETCH(const quint32, pageSize);
    QFETCH(const quint64, budget);
    QFETCH(const bool, works);
    const auto source = std::make_shared<EndlessSource>(kSize);
    const auto loads = std::make_shared<ThreadExecutor>(1);
    const auto wrong = [](const Error &error) {
        return error.code == ErrorCode::InvalidArgument && error.operation == Operation::Configure;
    };
    const auto cached = CachedSource::create(source, {pageSize, budget}, loads);
    QCOMPARE(cached.has_value(), works);
    std::vector<std::byte> into(kSize);
    QVERIFY(works ? (*cached)->read(ByteOffset(0), into).has_value() : wrong(cached.error()));
    DocumentOptions options;
    options.pageSize = pageSize;
    options.cacheBytes = budget;
    const auto document = Document::create(source, options, {loads, loads}, systemEnv());
    QCOMPARE(document.has_value(), works);
    QVERIFY(works || wrong(document.error()));
}

void TestBadInput::aBudgetOfNothingWhileRunning_data()
{
    QTest::addColumn<quint64>("budget");
    QTest::newRow("nothing") << quint64{0};
    QTest::newRow("a byte") << quint64{1};
    QTest::newRow("2^64-1") << quint64{kAll};
}

void TestBadInput::aBudgetOfNothingWhileRunning()
{
    QFETCH(const quint64, budget);
    constexpr std::uint64_t kPages = 2000;
    const auto source = std::make_shared<EndlessSource>(kPages * kPage);
    const auto made
        = CachedSource::create(source, {kPage, std::uint64_t{4} << 20}, std::make_shared<ThreadExecutor>(2));
    QVERIFY(made);
    CachedSource &cached = **made;
    std::vector<PageHandle> pins; // more than the smallest budget
    for (std::uint64_t page = 0; page < 400; ++page) {
        auto loaded = cached.load(ByteOffset(page * kPage));
        QVERIFY(loaded);
        pins.push_back(std::move(*loaded));
    }
    std::atomic<std::uint64_t> wrong = 0;
    {
        const std::jthread reader([&](const std::stop_token &stop) {
            std::vector<std::byte> into(3 * kPage);
            for (std::uint64_t page = 0; !stop.stop_requested(); page = (page + 7) % (kPages - 3)) {
                const bool right = cached.read(ByteOffset(page * kPage), into)
                    && into.front() == EndlessSource::byteAt(page * kPage);
                wrong += right ? 0 : 1;
            }
        });
        for (int i = 0; i < 100; ++i) {
            cached.setBudget(budget);
            QVERIFY(cached.budget() >= minimumCacheBytes(kPage));
            cached.setBudget(std::uint64_t{4} << 20);
        }
        cached.setBudget(budget);
    }
    QCOMPARE(wrong.load(), std::uint64_t{0});
    QCOMPARE(cached.budget(), std::max<std::uint64_t>(budget, minimumCacheBytes(kPage)));
    for (std::uint64_t page = 0; page < 400; ++page) // whatever became of them in the cache
        QVERIFY(pins[page].bytes().front() == EndlessSource::byteAt(page * kPage));
    pins.clear();
    QVERIFY(cached.load(ByteOffset(1500 * kPage))); // what is published next finds the pins gone
    const CacheStatistics found = cached.statistics();
    QVERIFY(found.residentBytes + found.detachedBytes <= cached.budget());
}

QTEST_GUILESS_MAIN(TestBadInput)
#include "tst_bad_input.moc"
