// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/mapped_source.h"
#include "tests/support/fault_env.h"
#include "tests/support/source_reads.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace cachecore;
using namespace cachet_test;

#ifdef __SANITIZE_THREAD__
constexpr const char *kNoLongMappings = "ThreadSanitizer ends a program that maps hundreds of GiB where it keeps its own";
#endif

/// What of a file is mapped: files that grow, and files longer than what can be mapped at once.
class TstMappedWindow : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void seesAFileGrow();
    void movesItsWindowOverALongFile();
    void takesASmallerWindowWhereAddressesAreFew();
    void reachesTheLargestOffset_data();
    void reachesTheLargestOffset();

private:
    const TempDir m_dir;
};

void TstMappedWindow::initTestCase()
{
    const auto source = MappedSource::open(systemEnv(), m_dir.write("probe", patternBytes(10)));
    if (!source && source.error().code == ErrorCode::NotSupported)
        QSKIP("this system does not let a file be mapped and read with a guard");
    QVERIFY(source);
}

void TstMappedWindow::seesAFileGrow()
{
    const std::string path = m_dir.write("grow", {});
    const auto env = std::make_shared<FaultEnv>();
    const auto source = MappedSource::open(env, path);
    QVERIFY(source);
    QVERIFY(readSome(**source, 0, 100)->empty());
    const auto content = patternBytes(3 << 20);
    QVERIFY(putBytes(path, 0, slice(content, 0, 777)));
    QVERIFY(*readSome(**source, 0, 1000) == slice(content, 0, 777));
    QVERIFY(putBytes(path, 777, slice(content, 777, 900'000)));
    QVERIFY(*readSome(**source, 0, 1 << 20) == slice(content, 0, 900'777));
    QCOMPARE(env->count(EnvOp::Map), std::uint64_t{1}); // the first window had room for that
    QVERIFY(putBytes(path, 0, content));
    QVERIFY(*readSome(**source, 0, 4 << 20) == content);
    QCOMPARE(env->count(EnvOp::Map), std::uint64_t{2});
    QCOMPARE((*source)->size().value(), std::uint64_t{content.size()});
}

void TstMappedWindow::movesItsWindowOverALongFile()
{
#ifdef __SANITIZE_THREAD__
    QSKIP(kNoLongMappings);
#endif
    constexpr std::uint64_t kSize = std::uint64_t{4} << 40;
    if (!m_dir.writeSparse("sparse", kSize))
        QSKIP("the file system takes no sparse file of 4 TiB");
    const std::string path = m_dir.file("sparse");
    const std::vector<std::uint64_t> places{0, (std::uint64_t{1} << 40) - 500, std::uint64_t{3} << 40, kSize - 1000};
    for (const std::uint64_t at : places)
        QVERIFY(putBytes(path, at, patternBytes(1000, at)));
    const auto source = MappedSource::open(systemEnv(), path);
    QVERIFY(source);
    for (const std::uint64_t at : places)
        QVERIFY(*readSome(**source, at, 1000) == patternBytes(1000, at));
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < places.size(); ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i) {
                    const std::uint64_t at = places[(t + static_cast<std::size_t>(i)) % places.size()];
                    const auto got = readSome(**source, at, 1000);
                    wrong += !got || *got != patternBytes(1000, at);
                }
            });
        }
    }
    QCOMPARE(wrong.load(), 0);
}

void TstMappedWindow::takesASmallerWindowWhereAddressesAreFew()
{
    constexpr std::uint64_t kSize = 64 << 20;
    const std::string path = m_dir.file("few");
    QVERIFY(m_dir.writeSparse("few", kSize));
    QVERIFY(putBytes(path, kSize - 2000, patternBytes(2000)));
    const auto env = std::make_shared<FaultEnv>();
    for (std::uint64_t i = 0; i < 6; ++i)
        env->fail(EnvOp::Map, i, ENOMEM); // down to 1 MiB
    const auto source = MappedSource::open(env, path);
    QVERIFY(source);
    QCOMPARE(env->count(EnvOp::Map), std::uint64_t{7});
    for (std::uint64_t i = 0; i < 4; ++i)
        env->fail(EnvOp::Map, i, ENOMEM);
    QVERIFY(*readSome(**source, kSize - 3000, 5000) == [] {
        auto expected = std::vector<std::byte>(1000);
        std::ranges::copy(patternBytes(2000), std::back_inserter(expected));
        return expected;
    }());
    env->fail(EnvOp::Map, 0, ENOMEM, Repeat::ForGood);
    const auto failed = readSome(**source, 100, 100);
    QVERIFY(!failed);
    QCOMPARE(failed.error().code, ErrorCode::OutOfMemory);
    QVERIFY(failed.error().range == ByteRange::make(100, 100));
    QCOMPARE(MappedSource::open(env, path).error().code, ErrorCode::OutOfMemory);
}

void TstMappedWindow::reachesTheLargestOffset_data()
{
    QTest::addColumn<QByteArray>("parent");
    QTest::addColumn<quint64>("size");
    QTest::newRow("2^63-1, memory") << QByteArray("/dev/shm") << quint64{kMaxSourceSize};
    QTest::newRow("2^63-64 KiB, memory") << QByteArray("/dev/shm") << quint64{kMaxSourceSize} - 65535;
    QTest::newRow("16 TiB - 4 KiB, here") << QByteArray() << (quint64{16} << 40) - 4096;
    QTest::newRow("2^40+1, here") << QByteArray() << (quint64{1} << 40) + 1;
}

void TstMappedWindow::reachesTheLargestOffset()
{
#ifdef __SANITIZE_THREAD__
    QSKIP(kNoLongMappings);
#endif
    QFETCH(QByteArray, parent);
    QFETCH(quint64, size);
    if (!parent.isEmpty() && ::access(parent.constData(), W_OK) != 0)
        QSKIP("there is no such directory to write to");
    const TempDir dir(parent.toStdString());
    if (!dir.writeSparse("huge", size))
        QSKIP("the file system takes no file of this size");
    QVERIFY(putBytes(dir.file("huge"), size - 70'000, patternBytes(70'000)));
    const auto source = MappedSource::open(systemEnv(), dir.file("huge"));
    QVERIFY(source);
    QCOMPARE((*source)->size().value(), std::uint64_t{size});
    QVERIFY(*readSome(**source, size - 70'000, 70'000) == patternBytes(70'000)); // across what a mapping can reach
    QVERIFY(*readSome(**source, size - 70'000, 90'000) == patternBytes(70'000));
    QVERIFY(*readSome(**source, size - 10, 90'000) == slice(patternBytes(70'000), 69'990, 10));
    QVERIFY(*readSome(**source, 12345, 100) == std::vector<std::byte>(100));
    QVERIFY(readSome(**source, size, 1)->empty());
}

QTEST_GUILESS_MAIN(TstMappedWindow)
#include "tst_mapped_window.moc"
