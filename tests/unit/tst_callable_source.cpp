// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/callable_source.h"
#include "tests/support/document_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

using namespace cachecore;
using namespace cachet_test;

namespace {

using Calls = CallableOptions::Calls;

constexpr std::size_t kSize = 100'000;
constexpr const char *kLabel = "functions of the test";

CallableOptions labelledOptions(Calls calls = Calls::OneAtATime)
{
    CallableOptions options;
    options.label = kLabel;
    options.calls = calls;
    return options;
}

/// Honest functions over `bytes`, which outlive them; for spoiling.
SourceFunctions honest(std::vector<std::byte> &bytes)
{
    SourceFunctions functions;
    functions.read = [&bytes](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        const auto some = slice(bytes, static_cast<std::size_t>(at.value()), into.size());
        std::ranges::copy(some, into.begin());
        return some.size();
    };
    functions.write = [&bytes](ByteOffset at, std::span<const std::byte> from) -> Result<std::uint64_t> {
        std::ranges::copy(from, bytes.begin() + static_cast<std::ptrdiff_t>(at.value()));
        return from.size();
    };
    functions.size = bytes.size();
    return functions;
}

std::unique_ptr<CallableSource> make(SourceFunctions functions, CallableOptions options = labelledOptions())
{
    auto source = CallableSource::create(std::move(functions), std::move(options));
    return source ? std::move(*source) : nullptr;
}

Result<void> writeOne(BlockSource &source, std::uint64_t at, std::span<const std::byte> bytes)
{
    return source.writev(ByteOffset(at), std::span(&bytes, 1));
}

/// True for an error of this code and these bytes that names the source.
template <typename T>
bool isTyped(const Result<T> &result, ErrorCode code, Operation operation, std::uint64_t at, std::uint64_t length)
{
    return !result && result.error().code == code && result.error().operation == operation
        && result.error().range == ByteRange::make(at, length) && result.error().path == kLabel;
}

/// Ways of a function that gives a count to go wrong.
struct Lie {
    const char *name;
    std::function<Result<std::uint64_t>(std::uint64_t asked)> tell;
    ErrorCode code;
    int systemError;
};

const std::vector<Lie> &lies()
{
    static const std::vector<Lie> kLies{
        {"one more than asked", [](std::uint64_t asked) { return asked + 1; }, ErrorCode::Io, EPROTO},
        {"2^64-1", [](std::uint64_t) { return ~std::uint64_t{0}; }, ErrorCode::Io, EPROTO},
        {"an error of the medium",
         [](std::uint64_t) {
             return failure(Error::fromErrno(EIO, Operation::Sync, ByteRange::make(1, 2), "elsewhere"));
         },
         ErrorCode::Io, EIO},
        {"a refusal", [](std::uint64_t) { return failure(ErrorCode::PermissionDenied, Operation::None); },
         ErrorCode::PermissionDenied, 0},
        {"interrupted for ever", [](std::uint64_t) { return failure(Error::fromErrno(EINTR, Operation::None)); },
         ErrorCode::System, EINTR},
        {"throws bad_alloc", [](std::uint64_t) -> Result<std::uint64_t> { throw std::bad_alloc(); },
         ErrorCode::OutOfMemory, 0},
        {"throws an errno",
         [](std::uint64_t) -> Result<std::uint64_t> { throw std::system_error(EACCES, std::generic_category()); },
         ErrorCode::PermissionDenied, EACCES},
        {"throws another system_error",
         [](std::uint64_t) -> Result<std::uint64_t> { throw std::system_error(3, std::future_category()); },
         ErrorCode::Io, 0},
        {"throws an exception", [](std::uint64_t) -> Result<std::uint64_t> { throw std::runtime_error("no"); },
         ErrorCode::Io, 0},
        {"throws a number", [](std::uint64_t) -> Result<std::uint64_t> { throw 42; }, ErrorCode::Io, 0},
    };
    return kLies;
}

void lieRows()
{
    QTest::addColumn<int>("row");
    for (std::size_t i = 0; i < lies().size(); ++i)
        QTest::newRow(lies()[i].name) << static_cast<int>(i);
}

} // namespace

/// A source made of functions that lie, throw and race. That it is a source like any other is shown by the contract.
class TstCallableSource : public QObject {
    Q_OBJECT

private slots:
    void refusesWhatCanNeverWork();
    void tellsWhatItWasToldOfItself();
    void aReadThatLiesIsATypedError_data() { lieRows(); }
    void aReadThatLiesIsATypedError();
    void aReadThatGivesTooLittleIsAskedForTheRest();
    void aReadThatGivesNothingInsideTheSizeIsTruncated();
    void aSourceThatShrankDuringAReadEndsThere();
    void aSizeThatLiesIsATypedError();
    void aSourceThatGrowsShowsIt();
    void aWriteThatLiesIsATypedError_data() { lieRows(); }
    void aWriteThatLiesIsATypedError();
    void aWriteSaysWhereItStopped();
    void neverWritesPastAnEndThatMoved();
    void syncsWhereThereIsASync();
    void callsInParallelOnlyWhenToldSo_data();
    void callsInParallelOnlyWhenToldSo();
    void aReadThatNeverReturnsHoldsUpNoOtherPage();
    void aDocumentOverItStagesAndCommits();
    void aDocumentOverALiarFailsThatPageOnly();
};

void TstCallableSource::refusesWhatCanNeverWork()
{
    std::vector<std::byte> bytes(1000);
    const auto refused = [](SourceFunctions functions, CallableOptions options = labelledOptions()) {
        const auto source = CallableSource::create(std::move(functions), std::move(options));
        return !source && source.error().code == ErrorCode::InvalidArgument && source.error().path == kLabel;
    };
    SourceFunctions functions = honest(bytes);
    functions.read = nullptr;
    QVERIFY(refused(functions));
    functions = honest(bytes);
    functions.size = kMaxSourceSize + 1;
    QVERIFY(refused(functions));
    functions.size = SourceFunctions::Size();
    QVERIFY(refused(functions));
    for (const std::uint32_t size : {0u, 1u, 511u, 513u, 768u}) {
        CallableOptions options = labelledOptions();
        options.blockSize = size;
        QVERIFY(refused(honest(bytes), options));
    }
    CallableOptions options = labelledOptions();
    options.physicalBlockSize = 1000;
    QVERIFY(refused(honest(bytes), options));
    options = labelledOptions();
    options.writeGranularity = 0;
    QVERIFY(refused(honest(bytes), options));
    options.writeGranularity = 1024; // larger than a block
    QVERIFY(refused(honest(bytes), options));
}

void TstCallableSource::tellsWhatItWasToldOfItself()
{
    std::vector<std::byte> bytes(1000);
    CallableOptions options = labelledOptions();
    options.blockSize = 4096;
    options.writeGranularity = 512;
    options.identity = SourceIdentity{"disk on the moon", 7, 8};
    const auto source = make(honest(bytes), options);
    QVERIFY(source);
    QCOMPARE(source->path(), kLabel);
    QVERIFY(!source->pathIsFileName());
    QCOMPARE(source->blockSize(), 4096u);
    QCOMPARE(source->physicalBlockSize(), 4096u);
    QCOMPARE(source->writeGranularity(), 512u);
    QVERIFY(source->identity() == (SourceIdentity{"disk on the moon", 7, 8}));
    QVERIFY(!(make(honest(bytes))->identity() == make(honest(bytes))->identity()));
}

void TstCallableSource::aReadThatLiesIsATypedError()
{
    QFETCH(int, row);
    const Lie &lie = lies()[static_cast<std::size_t>(row)];
    auto bytes = patternBytes(kSize);
    SourceFunctions functions = honest(bytes);
    bool lying = true;
    functions.read = [&, tell = functions.read](ByteOffset at, std::span<std::byte> into) {
        return lying ? lie.tell(into.size()) : tell(at, into);
    };
    const auto source = make(functions);
    QVERIFY(source);
    const auto failed = readSome(*source, 500, 1000);
    QVERIFY(isTyped(failed, lie.code, Operation::Read, 500, 1000));
    QCOMPARE(failed.error().systemError, lie.systemError);
    // The last bytes: what was asked for is named, not what there is.
    QVERIFY(isTyped(readSome(*source, kSize - 10, 100), lie.code, Operation::Read, kSize - 10, 100));
    QCOMPARE(source->fingerprint().has_value(), lie.code == ErrorCode::Io); // a failing disk has one too
    lying = false;
    QVERIFY(*readSome(*source, 500, 1000) == slice(bytes, 500, 1000)); // nothing of it is remembered
}

void TstCallableSource::aReadThatGivesTooLittleIsAskedForTheRest()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    std::size_t calls = 0;
    functions.read = [&, tell = functions.read](ByteOffset at, std::span<std::byte> into) {
        ++calls;
        return tell(at, into.first(std::min<std::size_t>(into.size(), 7)));
    };
    const auto source = make(functions);
    QVERIFY(*readSome(*source, 100, 700) == slice(bytes, 100, 700));
    QCOMPARE(calls, std::size_t{100});
    QVERIFY(*readSome(*source, 4990, 700) == slice(bytes, 4990, 10));
}

void TstCallableSource::aReadThatGivesNothingInsideTheSizeIsTruncated()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    functions.read = [tell = functions.read](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        return at.value() >= 3000 ? 0 : tell(at, into.first(std::min<std::size_t>(into.size(), 3000 - at.value())));
    };
    const std::vector<std::variant<std::uint64_t, SourceFunctions::Size>> sizes{std::uint64_t{5000}, [] {
                                                                                    return Result<std::uint64_t>(5000);
                                                                                }};
    for (const auto &size : sizes) {
        functions.size = size;
        const auto source = make(functions);
        QVERIFY(isTyped(readSome(*source, 2000, 2000), ErrorCode::Truncated, Operation::Read, 2000, 2000));
        QVERIFY(isTyped(readSome(*source, 4000, 1), ErrorCode::Truncated, Operation::Read, 4000, 1));
        QVERIFY(*readSome(*source, 2000, 1000) == slice(bytes, 2000, 1000));
        QVERIFY(readSome(*source, 5000, 10)->empty());
    }
}

void TstCallableSource::aSourceThatShrankDuringAReadEndsThere()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    functions.size = [&]() -> Result<std::uint64_t> { return bytes.size(); };
    functions.read = [&, tell = functions.read](ByteOffset at, std::span<std::byte> into) {
        bytes.resize(3000);
        return tell(at, into);
    };
    const auto source = make(functions);
    QVERIFY(*readSome(*source, 2000, 2000) == slice(bytes, 2000, 1000));
}

void TstCallableSource::aSizeThatLiesIsATypedError()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    Result<std::uint64_t> answer = kMaxSourceSize + 1;
    functions.size = [&] { return answer; };
    const auto source = make(functions);
    QCOMPARE(source->size().error().code, ErrorCode::OutOfRange);
    QVERIFY(isTyped(readSome(*source, 10, 20), ErrorCode::OutOfRange, Operation::Read, 10, 20));
    QVERIFY(isTyped(writeOne(*source, 10, patternBytes(20)), ErrorCode::OutOfRange, Operation::Write, 10, 20));
    answer = failure(Error::fromErrno(ENODEV, Operation::None));
    QCOMPARE(source->size().error().code, ErrorCode::Io);
    QCOMPARE(source->size().error().path, kLabel);
    QVERIFY(isTyped(readSome(*source, 10, 20), ErrorCode::Io, Operation::Read, 10, 20));
    QVERIFY(!source->nextData(ByteOffset(0)));
    QVERIFY(!source->fingerprint());
    answer = kMaxSourceSize; // more than there is: Truncated where a read finds nothing
    QVERIFY(isTyped(readSome(*source, kMaxSourceSize - 5, 20), ErrorCode::Truncated, Operation::Read,
                    kMaxSourceSize - 5, 5));
    QVERIFY(*readSome(*source, 4000, 1000) == slice(bytes, 4000, 1000));
}

void TstCallableSource::aSourceThatGrowsShowsIt()
{
    std::vector<std::byte> bytes;
    SourceFunctions functions = honest(bytes);
    functions.size = [&]() -> Result<std::uint64_t> { return bytes.size(); };
    const auto source = make(functions);
    QVERIFY(readSome(*source, 0, 10)->empty());
    bytes = patternBytes(700);
    QCOMPARE(source->size().value(), std::uint64_t{700});
    QVERIFY(*readSome(*source, 0, 1000) == bytes);
    QVERIFY(writeOne(*source, 690, patternBytes(10, 3)));
}

void TstCallableSource::aWriteThatLiesIsATypedError()
{
    QFETCH(int, row);
    const Lie &lie = lies()[static_cast<std::size_t>(row)];
    auto bytes = patternBytes(kSize);
    SourceFunctions functions = honest(bytes);
    functions.write = [&](ByteOffset, std::span<const std::byte> from) { return lie.tell(from.size()); };
    functions.sync = [&]() -> Result<void> {
        const auto told = lie.tell(0);
        return told ? Result<void>() : failure(told.error());
    };
    const auto source = make(functions);
    const auto failed = writeOne(*source, 500, patternBytes(1000));
    QVERIFY(isTyped(failed, lie.code, Operation::Write, 500, 1000));
    QCOMPARE(failed.error().systemError, lie.systemError);
    if (lie.systemError != EPROTO) {
        QCOMPARE(source->sync().error().code, lie.code);
        QCOMPARE(source->sync().error().path, kLabel);
    }
    QVERIFY(bytes == patternBytes(kSize));
}

void TstCallableSource::aWriteSaysWhereItStopped()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    std::uint64_t room = 300;
    functions.write = [&, put = functions.write](ByteOffset at, std::span<const std::byte> from) {
        const auto some = from.first(static_cast<std::size_t>(std::min<std::uint64_t>({from.size(), room, 70})));
        room -= some.size();
        return put(at, some);
    };
    const auto source = make(functions);
    QVERIFY(isTyped(writeOne(*source, 1000, patternBytes(900, 2)), ErrorCode::Io, Operation::Write, 1300, 600));
    auto expected = patternBytes(5000);
    std::ranges::copy(slice(patternBytes(900, 2), 0, 300), expected.begin() + 1000);
    QVERIFY(bytes == expected);
    room = 900;
    QVERIFY(writeOne(*source, 1000, patternBytes(900, 2)));
    std::ranges::copy(patternBytes(900, 2), expected.begin() + 1000);
    QVERIFY(bytes == expected);
}

void TstCallableSource::neverWritesPastAnEndThatMoved()
{
    auto bytes = patternBytes(5000);
    SourceFunctions functions = honest(bytes);
    functions.size = [&]() -> Result<std::uint64_t> { return bytes.size(); };
    functions.write = [&, put = functions.write](ByteOffset at, std::span<const std::byte> from) {
        auto done = put(at, from.first(100));
        bytes.resize(4000);
        return done;
    };
    const auto source = make(functions);
    QVERIFY(isTyped(writeOne(*source, 3500, patternBytes(1000, 2)), ErrorCode::Truncated, Operation::Write, 3600, 900));
    QCOMPARE(bytes.size(), std::size_t{4000});
    QVERIFY(isTyped(writeOne(*source, 4990, patternBytes(10)), ErrorCode::Truncated, Operation::Write, 4990, 10));
    QVERIFY(isTyped(writeOne(*source, 4990, patternBytes(11)), ErrorCode::OutOfRange, Operation::Write, 4990, 11));
}

void TstCallableSource::syncsWhereThereIsASync()
{
    std::vector<std::byte> bytes(1000);
    SourceFunctions functions = honest(bytes);
    QVERIFY(make(functions)->sync());
    int syncs = 0;
    functions.sync = [&]() -> Result<void> {
        ++syncs;
        return {};
    };
    QVERIFY(make(functions)->sync());
    QCOMPARE(syncs, 1);
}

void TstCallableSource::callsInParallelOnlyWhenToldSo_data()
{
    QTest::addColumn<bool>("parallel");
    QTest::newRow("one at a time") << false;
    QTest::newRow("parallel") << true;
}

void TstCallableSource::callsInParallelOnlyWhenToldSo()
{
    QFETCH(bool, parallel);
    const auto content = patternBytes(kSize);
    const auto gate = std::make_shared<Gate>();
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    SourceFunctions functions;
    functions.size = content.size();
    functions.read = [&](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
        const int now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) { }
        gate->pass();
        std::ranges::copy(slice(content, static_cast<std::size_t>(at.value()), into.size()), into.begin());
        --inside;
        return into.size();
    };
    const auto source = make(functions, labelledOptions(parallel ? Calls::Parallel : Calls::OneAtATime));
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t] { right += *readSome(*source, t * 100, 100) == slice(content, t * 100, 100); });
        QVERIFY(gate->waitForWaiting(parallel ? 4 : 1));
        gate->open();
    }
    QCOMPARE(right.load(), 4);
    QCOMPARE(most.load(), parallel ? 4 : 1);
}

void TstCallableSource::aReadThatNeverReturnsHoldsUpNoOtherPage()
{
    auto bytes = patternBytes(kSize);
    SourceFunctions functions = honest(bytes);
    const auto gate = std::make_shared<Gate>();
    functions.read = [gate, tell = functions.read](ByteOffset at, std::span<std::byte> into) {
        if (at.value() < 4096)
            gate->pass();
        return tell(at, into);
    };
    std::shared_ptr<BlockSource> source = make(functions, labelledOptions(Calls::Parallel));
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1)};
    const auto document = Document::create(source, DocumentFixture::smallPages(), executors, systemEnv());
    QVERIFY(document);
    std::jthread stuck([&] { (void)readBytes(**document, 0, 10); });
    QVERIFY(gate->waitForWaiting(1));
    QVERIFY(readBytes(**document, 8192, 1000) == slice(bytes, 8192, 1000));
    gate->open();
}

void TstCallableSource::aDocumentOverItStagesAndCommits()
{
    auto bytes = patternBytes(kSize);
    std::shared_ptr<BlockSource> source = make(honest(bytes));
    DocumentOptions options = DocumentFixture::smallPages();
    const TempDir state;
    options.journals.stateDirectory = state.path();
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1),
                                      std::make_shared<ThreadExecutor>(1)};
    const auto document = Document::create(source, options, executors, systemEnv());
    QVERIFY(document); // its label is not taken for the name of a file
    const auto edit = patternBytes(9000, 4);
    QVERIFY((*document)->stage(ByteOffset(5000), edit));
    QVERIFY(readBytes(**document, 5000, 9000) == edit);
    QVERIFY(bytes == patternBytes(kSize));
    const auto outcome = (*document)->commit();
    QVERIFY(outcome.succeeded());
    auto expected = patternBytes(kSize);
    std::ranges::copy(edit, expected.begin() + 5000);
    QVERIFY(bytes == expected);
}

void TstCallableSource::aDocumentOverALiarFailsThatPageOnly()
{
    auto bytes = patternBytes(kSize);
    SourceFunctions functions = honest(bytes);
    functions.read = [tell = functions.read](ByteOffset at, std::span<std::byte> into) {
        const bool lies = at.value() < 8192 && at.value() + into.size() > 4096;
        return lies ? Result<std::uint64_t>(into.size() + 1) : tell(at, into);
    };
    std::shared_ptr<BlockSource> source = make(functions);
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1)};
    const auto document = Document::create(source, DocumentFixture::smallPages(), executors, systemEnv());
    QVERIFY(document);
    std::vector<std::byte> into(100);
    const auto failed = (*document)->read(ByteOffset(5000), into);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QVERIFY(failed.error().range);
    QVERIFY(failed.error().range->intersects(*ByteRange::make(5000, 100)));
    QVERIFY(readBytes(**document, 0, 4096) == slice(bytes, 0, 4096));
    QVERIFY(readBytes(**document, 8192, 20'000) == slice(bytes, 8192, 20'000));
}

QTEST_GUILESS_MAIN(TstCallableSource)
#include "tst_callable_source.moc"
