// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "cachecore/source/mapped_source.h"
#include "tests/support/child.h"
#include "tests/support/fault_env.h"
#include "tests/support/loop_device.h"
#include "tests/support/random.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// From now on this process may not copy memory the guarded way. False when the system takes no such rule.
bool forbidGuardedReading()
{
    const std::array<struct sock_filter, 4> rules{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const struct sock_fprog program{rules.size(), const_cast<struct sock_filter *>(rules.data())};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

} // namespace

class TstMappedSource : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void saysAtOpeningThatTheSystemForbidsIt();
    void saysAtOpeningThatAFileCannotBeMapped();
    void c21ATruncatedFileEndsThereAndRaisesNoSignal();
    void c21ADocumentOverATruncatedFileSaysSo();
    void survivesBeingCutAndGrownWhileItIsRead();
    void aFailingMediumIsAnErrorAndNoSignal();
    void saysWhichBytesFailed();
    void triesOnePageWhereTheSystemRefusesALongCopy();
    void resumesShortAndInterruptedCopies();
    void letsTheSystemForgetWhatItMapped();
    void failsClearlyAtEveryOperation_data();
    void failsClearlyAtEveryOperation();

private:
    const TempDir m_dir;
};

void TstMappedSource::initTestCase()
{
    const auto source = MappedSource::open(systemEnv(), m_dir.write("probe", patternBytes(10)));
    if (!source && source.error().code == ErrorCode::NotSupported)
        QSKIP("this system does not let a file be mapped and read with a guard");
    QVERIFY(source);
}

void TstMappedSource::saysAtOpeningThatTheSystemForbidsIt()
{
    const std::string path = m_dir.write("forbidden", patternBytes(10));
    const ChildResult result = runInChild([&] {
        if (!forbidGuardedReading())
            return ChildResult::Skipped;
        const auto source = MappedSource::open(systemEnv(), path);
        const bool right = !source && source.error().code == ErrorCode::NotSupported
            && source.error().systemError == EPERM && source.error().operation == Operation::Open
            && source.error().path == path;
        return right ? ChildResult::Passed : ChildResult::Failed;
    });
    if (result == ChildResult::Skipped)
        QSKIP("no rule on system calls could be set");
    QCOMPARE(static_cast<int>(result), static_cast<int>(ChildResult::Passed));
}

void TstMappedSource::saysAtOpeningThatAFileCannotBeMapped()
{
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
    if (::access(path.c_str(), R_OK) != 0)
        QSKIP("the system shows no file here that cannot be mapped");
    const auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(!source);
    QCOMPARE(source.error().code, ErrorCode::NotSupported);
    QCOMPARE(source.error().systemError, ENODEV);
    QCOMPARE(source.error().path, path);
    QCOMPARE(MappedSource::open(systemEnv(), m_dir.path()).error().code, ErrorCode::IsDirectory);
    QCOMPARE(MappedSource::open(systemEnv(), m_dir.file("none")).error().code, ErrorCode::NotFound);
}

void TstMappedSource::c21ATruncatedFileEndsThereAndRaisesNoSignal()
{
    constexpr std::size_t kCut = 40 * 4096 + 100;
    const auto content = patternBytes(64 * 4096 + 5);
    const std::string path = m_dir.write("cut", content);
    const auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(source);
    QVERIFY(*readSome(**source, 0, content.size() + 10) == content); // the mapping has had every page
    QCOMPARE(::truncate(path.c_str(), kCut), 0);
    QCOMPARE((*source)->size().value(), std::uint64_t{kCut});
    QVERIFY(*readSome(**source, 0, content.size()) == slice(content, 0, kCut));
    // The rest of the last page reads as zeros in a mapping: none of them is a byte of the file.
    QVERIFY(*readSome(**source, kCut - 10, 4096) == slice(content, kCut - 10, 10));
    for (const std::size_t at : {kCut, kCut + 50, std::size_t{41} * 4096, std::size_t{60} * 4096, content.size() - 1})
        QVERIFY(readSome(**source, at, 100)->empty());
    QCOMPARE(::truncate(path.c_str(), 0), 0);
    QVERIFY(readSome(**source, 0, 100)->empty());
}

void TstMappedSource::c21ADocumentOverATruncatedFileSaysSo()
{
    constexpr std::uint64_t kCut = 512 * 1024;
    const auto content = patternBytes(1 << 20);
    const std::string path = m_dir.write("document", content);
    auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(source);
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1)};
    const auto document = Document::create(std::move(*source), {}, executors, systemEnv());
    QVERIFY(document);
    QCOMPARE(::truncate(path.c_str(), kCut), 0);
    std::vector<std::byte> bytes(1000);
    const auto refused = (*document)->read(ByteOffset(kCut + 70'000), bytes);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::Truncated);
    QCOMPARE(refused.error().range, ByteRange::make(kCut + 70'000, bytes.size()));
    QVERIFY((*document)->read(ByteOffset(kCut - 1000), bytes));
    QVERIFY(bytes == slice(content, kCut - 1000, 1000));
}

void TstMappedSource::survivesBeingCutAndGrownWhileItIsRead()
{
    constexpr std::size_t kSize = 300 * 4096;
    const auto content = patternBytes(kSize);
    const std::string path = m_dir.write("race", content);
    const auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(source);
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::atomic<int> reads{0};
    {
        std::vector<std::jthread> readers;
        for (std::uint64_t t = 0; t < 3; ++t) {
            readers.emplace_back([&, t] {
                Random random(50 + t);
                while (!done) {
                    const std::size_t at = random.below(kSize);
                    const std::size_t length = random.skewedBelow(kSize);
                    const auto got = readSome(**source, at, length);
                    ++reads;
                    if (!got) { // cut and grown again while it was copied
                        wrong += got.error().code != ErrorCode::Io
                            || got.error().range != clippedRange(ByteOffset(at), length);
                        continue;
                    }
                    for (std::size_t i = 0; i < got->size(); ++i) // a cut and grown file holds zeros
                        wrong += (*got)[i] != content[at + i] && (*got)[i] != std::byte{0};
                }
            });
        }
        Random random(7);
        for (int i = 0; i < 300 || reads < 300; ++i) {
            const std::size_t cut = random.below(kSize);
            wrong += ::truncate(path.c_str(), static_cast<off_t>(cut)) != 0;
            wrong += !putBytes(path, cut, slice(content, cut, random.below(kSize - cut + 1)));
        }
        done = true;
    }
    QCOMPARE(wrong.load(), 0);
}

void TstMappedSource::aFailingMediumIsAnErrorAndNoSignal()
{
    const auto content = patternBytes(256 * 4096, 6);
    const std::string image = m_dir.write("failing", content);
    const LoopDevice loop(image, LoopDevice::Access::ReadOnly);
    if (loop.path().empty())
        QSKIP(loop.whyNot());
    const auto source = MappedSource::open(systemEnv(), loop.path());
    QVERIFY(source);
    QVERIFY(*readSome(**source, 0, 2 * content.size()) == content);
    // A device whose image was cut short fails to read what is missing.
    constexpr std::uint64_t kBad = 100 * 4096;
    QCOMPARE(::truncate(image.c_str(), kBad), 0);
    QVERIFY((*source)->dropCached(ByteRange::whole(content.size())));
    const auto failed = readSome(**source, kBad - 4096, 3 * 4096);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QCOMPARE(failed.error().systemError, EIO);
    QVERIFY(failed.error().range == ByteRange::make(kBad - 4096, 3 * 4096));
    QCOMPARE(failed.error().path, loop.path());
    QVERIFY(*readSome(**source, kBad - 4096, 4096) == slice(content, kBad - 4096, 4096));
}

void TstMappedSource::saysWhichBytesFailed()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto content = patternBytes(50'000);
    const std::string path = m_dir.write("fail", content);
    const auto source = MappedSource::open(env, path);
    QVERIFY(source);
    env->fail(EnvOp::ReadMapped, 0, EFAULT); // inside one page
    const auto failed = readSome(**source, 5000, 300);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::Io);
    QCOMPARE(failed.error().systemError, EIO);
    QCOMPARE(failed.error().operation, Operation::Read);
    QVERIFY(failed.error().range == ByteRange::make(5000, 300));
    QCOMPARE(failed.error().path, path);
    QVERIFY(*readSome(**source, 5000, 300) == slice(content, 5000, 300)); // not remembered
    env->fail(EnvOp::FileStatus, 0, ESTALE); // without the size nothing that was copied can be trusted
    const auto unknown = readSome(**source, 5000, 300);
    QVERIFY(!unknown);
    QCOMPARE(unknown.error().systemError, ESTALE);
    QVERIFY(unknown.error().range == ByteRange::make(5000, 300));
}

void TstMappedSource::triesOnePageWhereTheSystemRefusesALongCopy()
{
    const auto env = std::make_shared<FaultEnv>();
    const auto content = patternBytes(50'000);
    const auto source = MappedSource::open(env, m_dir.write("long", content));
    QVERIFY(source);
    env->resetCounts();
    env->fail(EnvOp::ReadMapped, 0, EFAULT);
    QVERIFY(*readSome(**source, 1000, 30'000) == slice(content, 1000, 30'000));
    QCOMPARE(env->count(EnvOp::ReadMapped), std::uint64_t{3}); // refused, the first page, the rest
    env->fail(EnvOp::ReadMapped, 0, EFAULT);
    env->fail(EnvOp::ReadMapped, 1, EFAULT);
    QVERIFY(!readSome(**source, 1000, 30'000));
}

void TstMappedSource::resumesShortAndInterruptedCopies()
{
    const auto env = std::make_shared<FaultEnv>();
    env->limitTransfers(700);
    env->interruptTransfers(3);
    const auto content = patternBytes(50'000);
    const auto source = MappedSource::open(env, m_dir.write("short", content));
    QVERIFY(source);
    QVERIFY(*readSome(**source, 123, 60'000) == slice(content, 123, 60'000));
    QVERIFY(env->count(EnvOp::ReadMapped) > 71);
}

void TstMappedSource::letsTheSystemForgetWhatItMapped()
{
    constexpr std::size_t kSize = std::size_t{4} << 20;
    const auto content = patternBytes(kSize);
    const std::string path = m_dir.write("forget", content);
    const auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(source);
    QVERIFY((*source)->sync());
    QVERIFY((*source)->dropCached(ByteRange::whole(kSize)));
    if (pagesInMemory(path, kSize) != 0)
        QSKIP("the file system here lives in memory");
    QVERIFY(*readSome(**source, 0, kSize) == content);
    QVERIFY(pagesInMemory(path, kSize) > 0);
    QVERIFY((*source)->dropCached(ByteRange(ByteOffset(5000), ByteOffset(kSize))));
    QCOMPARE(pagesInMemory(path, kSize), std::size_t{0});
    QVERIFY(*readSome(**source, 0, kSize) == content);
}

void TstMappedSource::failsClearlyAtEveryOperation_data()
{
    QTest::addColumn<bool>("forGood");
    QTest::newRow("once") << false;
    QTest::newRow("for good") << true;
}

void TstMappedSource::failsClearlyAtEveryOperation()
{
    QFETCH(bool, forGood);
    const auto content = patternBytes(100'000);
    const std::string path = m_dir.write("nth", content);
    bool clean = false;
    for (std::uint64_t nth = 0; !clean; ++nth) {
        QVERIFY(nth < 100);
        const auto env = std::make_shared<FaultEnv>();
        env->failAny(nth, EIO, forGood ? Repeat::ForGood : Repeat::Once);
        bool failed = false;
        bool clear = true;
        const auto see = [&](const auto &result) {
            failed = failed || !result;
            clear = clear && (result || (result.error().code == ErrorCode::Io && result.error().path == path));
            return result.has_value();
        };
        if (const auto source = MappedSource::open(env, path); see(source)) {
            const auto got = readSome(**source, 20'000, 30'000);
            QVERIFY(!see(got) || *got == slice(content, 20'000, 30'000));
            see((*source)->size());
            see((*source)->nextData(ByteOffset(0)));
            see((*source)->dropCached(ByteRange::whole(100'000)));
            see((*source)->checkStillNamed());
        }
        QVERIFY(clear);
        clean = !failed;
        QVERIFY(clean == (env->total() <= nth));
    }
}

QTEST_GUILESS_MAIN(TstMappedSource)
#include "tst_mapped_source.moc"
