// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/nbd_source.h"
#include "tests/support/file_document.h"
#include "tests/support/nbd_server.h"
#include "tests/support/source_reads.h"

#include <QtTest>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <thread>

using namespace cachecore;
using namespace cachet_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSize = std::size_t{256} << 10;

std::unique_ptr<NbdSource> opened(const NbdServer &server, NbdSource::Access access)
{
    auto source = NbdSource::open(server.uri(), access);
    return source ? std::move(*source) : nullptr;
}

Result<void> put(BlockSource &source, std::uint64_t at, const std::vector<std::byte> &bytes)
{
    const std::span<const std::byte> one(bytes);
    return source.writev(ByteOffset(at), std::span(&one, 1));
}

} // namespace

/// What is particular to a source that another program serves; what every source does is in the contract suite.
class TestNbdSource : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void knowsItsUris_data();
    void knowsItsUris();
    void saysWhyThereIsNoConnection();
    void opensWhatANameMeans();
    void goesOnWhenTheServerIsBack();
    void saysThatTheServerIsGone();
    void writesThatWereLostWithTheServerFailTheSync();
    void writesThatAreMadeAnewAreNotCalledLost();
    void syncedWritesAreNotCalledLost();
    void errorsOfTheServerAreErrorsOfTheRange();
    void failingFlushesFailTheSync();
    void withoutFlushesNothingIsWritten();
    void readOnlyExportsAreReadOnly();
    void holesAreFound();
    void oneConnectionIsEnoughWhereNoMoreIsGiven();
    void largeTransfersAreCutToWhatTheServerTakes();
    void readsRunBesideOneAnother();
    void readsRunBesideOneAnotherAgainAfterAFailure();
    void editsOutliveTheProgramAndAreCommitted();
    void seesAnotherSizeAfterReconnecting();

private:
    [[nodiscard]] std::string fileWith(const std::vector<std::byte> &bytes)
    {
        return m_directory.write("disk" + std::to_string(m_files++), bytes);
    }

    TempDir m_directory;
    int m_files = 0;
    const std::vector<std::byte> m_bytes = patternBytes(kSize);
};

void TestNbdSource::initTestCase()
{
    const NbdServer server({"null", "4096"});
    if (!server.whyNot().empty())
        QSKIP(server.whyNot().c_str());
}

void TestNbdSource::knowsItsUris_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("isUri");
    QTest::newRow("host") << "nbd://localhost:10809/export" << true;
    QTest::newRow("TLS") << "nbds://disks.example/" << true;
    QTest::newRow("unix socket") << "nbd+unix:///?socket=/run/s" << true;
    QTest::newRow("TLS over a unix socket") << "nbds+unix:///?socket=/run/s" << true;
    QTest::newRow("virtual machine socket") << "nbd+vsock://2/" << true;
    QTest::newRow("path") << "disk.img" << false;
    QTest::newRow("path like a URI") << "./nbd://disk" << false;
    QTest::newRow("another protocol") << "http://localhost/" << false;
    QTest::newRow("nothing") << "" << false;
}

void TestNbdSource::knowsItsUris()
{
    QFETCH(const QString, name);
    QFETCH(const bool, isUri);
    QCOMPARE(NbdSource::isUri(name.toStdString()), isUri);
}

void TestNbdSource::saysWhyThereIsNoConnection()
{
    const std::string nowhere = "nbd+unix:///?socket=" + m_directory.file("nobody");
    const auto missing = NbdSource::open(nowhere, NbdSource::Access::ReadOnly);
    QVERIFY(!missing);
    QCOMPARE(missing.error(), (Error{ErrorCode::NotFound, ENOENT, Operation::Open, {}, nowhere}));

    const auto path = NbdSource::open("/dev/null", NbdSource::Access::ReadOnly);
    QVERIFY(!path);
    QCOMPARE(path.error(), Error::of(ErrorCode::InvalidArgument, Operation::Open, {}, "/dev/null"));

    const auto nonsense = NbdSource::open("nbd+unix://", NbdSource::Access::ReadOnly);
    QVERIFY(!nonsense);
    QCOMPARE(nonsense.error().operation, Operation::Open);
}

void TestNbdSource::opensWhatANameMeans()
{
    using Access = FileSource::Access;
    const std::string path = fileWith(m_bytes);
    const NbdServer server({"file", path});
    const auto file = openSource(systemEnv(), path, Access::WriteIfPermitted);
    QVERIFY(file);
    QCOMPARE((*file)->identity().kind, std::string("file"));
    const auto careful = openSource(systemEnv(), server.uri(), Access::WriteIfPermitted);
    QVERIFY(careful);
    QCOMPARE((*careful)->identity().kind, std::string("nbd"));
    QVERIFY(!(*careful)->writable());
    QCOMPARE((*careful)->path(), server.uri());
    const auto asked = openSource(systemEnv(), server.uri(), Access::WriteDevice);
    QVERIFY(asked);
    QVERIFY((*asked)->writable());
    QVERIFY((*asked)->identity() == (*careful)->identity());
}

void TestNbdSource::goesOnWhenTheServerIsBack()
{
    NbdServer server({"file", fileWith(m_bytes)});
    const auto source = opened(server, NbdSource::Access::ReadOnly);
    QVERIFY(source);
    QVERIFY(readSome(*source, 0, 100) == slice(m_bytes, 0, 100));
    server.stop();
    server.start();
    QVERIFY(readSome(*source, 5000, 100) == slice(m_bytes, 5000, 100));
}

void TestNbdSource::saysThatTheServerIsGone()
{
    NbdServer server({"file", fileWith(m_bytes)});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    server.stop();
    for (int i = 0; i < 2; ++i) {
        const auto read = readSome(*source, 8, 100);
        QVERIFY(!read);
        QCOMPARE(read.error().operation, Operation::Read);
        QCOMPARE(read.error().range, ByteRange::make(8, 100));
        QCOMPARE(read.error().path, server.uri());
        const auto written = put(*source, 8, patternBytes(100));
        QVERIFY(!written);
        QCOMPARE(written.error().operation, Operation::Write);
        QCOMPARE(written.error().range, ByteRange::make(8, 100));
    }
}

void TestNbdSource::writesThatWereLostWithTheServerFailTheSync()
{
    NbdServer server({"memory", "64K"});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(put(*source, 0, slice(m_bytes, 0, 512)));
    server.stop();
    server.start();
    const auto lost = source->sync();
    QVERIFY(!lost);
    QCOMPARE(lost.error(), (Error{ErrorCode::Io, EIO, Operation::Sync, {}, server.uri()}));
    QVERIFY(put(*source, 0, slice(m_bytes, 0, 512)));
    QVERIFY(source->sync());
    QVERIFY(readSome(*source, 0, 512) == slice(m_bytes, 0, 512));

    // Also when the loss is met by a later write before the sync.
    QVERIFY(put(*source, 512, slice(m_bytes, 512, 512)));
    server.stop();
    server.start();
    QVERIFY(put(*source, 1024, slice(m_bytes, 1024, 512)));
    QVERIFY(!source->sync());
    QVERIFY(source->sync());
}

void TestNbdSource::writesThatAreMadeAnewAreNotCalledLost()
{
    NbdServer server({"file", fileWith(m_bytes)});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(put(*source, 0, patternBytes(512, 1)));
    QVERIFY(source->sync());
    server.stop();
    server.start();
    QVERIFY(put(*source, 512, patternBytes(512, 2))); // meets the broken connection, and goes over another
    QVERIFY(source->sync());
    QVERIFY(readSome(*source, 512, 512) == patternBytes(512, 2));
}

void TestNbdSource::syncedWritesAreNotCalledLost()
{
    NbdServer server({"file", fileWith(m_bytes)});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(put(*source, 0, patternBytes(512, 1)));
    QVERIFY(source->sync());
    server.stop();
    server.start();
    QVERIFY(source->sync());
    QVERIFY(readSome(*source, 0, 512) == patternBytes(512, 1));
}

void TestNbdSource::errorsOfTheServerAreErrorsOfTheRange()
{
    const std::string trigger = m_directory.file("fail-now");
    const NbdServer server(
        {"--filter=error", "file", fileWith(m_bytes), "error=EIO", "error-rate=100%", "error-file=" + trigger});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(readSome(*source, 0, 10));
    m_directory.write("fail-now", {});
    const auto read = readSome(*source, 4096, 4096);
    QVERIFY(!read);
    QCOMPARE(read.error(), (Error{ErrorCode::Io, EIO, Operation::Read, ByteRange::make(4096, 4096), server.uri()}));
    const auto written = put(*source, 100, patternBytes(10));
    QVERIFY(!written);
    QCOMPARE(written.error(), (Error{ErrorCode::Io, EIO, Operation::Write, ByteRange::make(100, 10), server.uri()}));
}

void TestNbdSource::failingFlushesFailTheSync()
{
    const NbdServer server({"eval", "get_size=echo 65536", "pread=head -c $3 /dev/zero", "pwrite=cat >/dev/null",
                            "can_write=exit 0", "can_flush=exit 0", "flush=echo ENOSPC no room >&2; exit 1"});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(put(*source, 0, patternBytes(512)));
    const auto synced = source->sync();
    QVERIFY(!synced);
    QCOMPARE(synced.error(), (Error{ErrorCode::NoSpace, ENOSPC, Operation::Sync, {}, server.uri()}));
}

void TestNbdSource::withoutFlushesNothingIsWritten()
{
    const NbdServer server({"eval", "get_size=echo 65536", "pread=head -c $3 /dev/zero", "pwrite=cat >/dev/null"});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(!source->writable());
    QCOMPARE(source->readOnlyReason(), Error::of(ErrorCode::NotSupported, Operation::Sync, {}, server.uri()));
    QVERIFY(!put(*source, 0, patternBytes(512)));
    QVERIFY(readSome(*source, 0, 512) == std::vector<std::byte>(512));
}

void TestNbdSource::readOnlyExportsAreReadOnly()
{
    const NbdServer server({"--readonly", "file", fileWith(m_bytes)});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(!source->writable());
    QCOMPARE(source->readOnlyReason(), Error::of(ErrorCode::ReadOnly, Operation::Open, {}, server.uri()));
}

void TestNbdSource::holesAreFound()
{
    const NbdServer server({"data", "@1048576 \"hello\"", "size=8G"});
    const auto source = opened(server, NbdSource::Access::ReadOnly);
    QVERIFY(source);
    const auto first = source->nextData(ByteOffset(0));
    QVERIFY(first);
    QCOMPARE(first->begin(), ByteOffset(1 << 20));
    QVERIFY(first->length() >= 5 && first->length() <= (1 << 20));
    const auto inside = source->nextData(ByteOffset((1 << 20) + 3));
    QVERIFY(inside);
    QCOMPARE(*inside, ByteRange(ByteOffset((1 << 20) + 3), first->end()));
    const auto after = source->nextData(first->end());
    QVERIFY(after);
    QVERIFY(after->empty());
    QCOMPARE(after->begin(), ByteOffset(std::uint64_t{8} << 30));
}

void TestNbdSource::oneConnectionIsEnoughWhereNoMoreIsGiven()
{
    for (const auto access : {NbdSource::Access::ReadOnly, NbdSource::Access::WriteIfPermitted}) {
        const NbdServer server({"--filter=limit", "file", fileWith(m_bytes), "limit=1"});
        const auto source = opened(server, access);
        QVERIFY(source);
        std::vector<std::jthread> threads;
        std::atomic<int> right = 0;
        for (unsigned i = 0; i < 4; ++i)
            threads.emplace_back([&, i] {
                for (std::size_t at = i * 1000; at < 20'000; at += 4096)
                    right += readSome(*source, at, 3000) == slice(m_bytes, at, 3000) ? 1 : -1000;
            });
        threads.clear();
        QVERIFY2(right > 0, qPrintable(QString::number(right)));
        QCOMPARE(source->writable(), access == NbdSource::Access::WriteIfPermitted);
        if (source->writable()) {
            QVERIFY(put(*source, 0, patternBytes(10, 7)));
            QVERIFY(source->sync());
        }
    }
}

void TestNbdSource::largeTransfersAreCutToWhatTheServerTakes()
{
    const auto large = patternBytes((std::size_t{3} << 20) + 512, 3);
    const std::string path = fileWith(std::vector<std::byte>(large.size() + 512));
    const NbdServer server({"--filter=blocksize-policy", "file", path, "blocksize-minimum=512",
                            "blocksize-preferred=4096", "blocksize-maximum=64K", "blocksize-error-policy=error"});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    QVERIFY(put(*source, 512, large));
    QVERIFY(source->sync());
    QVERIFY(readSome(*source, 512, large.size()) == large);
    QVERIFY(readSome(*source, 513, large.size() - 7) == slice(large, 1, large.size() - 7));
    QVERIFY(slice(readFile(path), 512, large.size()) == large);
}

void TestNbdSource::readsRunBesideOneAnother()
{
    // Every read waits in the server until as many have come as should run together.
    const std::string count = m_directory.file("arrived");
    const NbdServer server({"eval", "get_size=echo 1048576", "can_multi_conn=exit 0", "thread_model=echo parallel",
                            "pread=echo x >>" + count + "; while [ $(wc -l <" + count
                                + ") -lt 4 ]; do sleep 0.01; done; head -c $3 /dev/zero"});
    const auto source = opened(server, NbdSource::Access::ReadOnly);
    QVERIFY(source);
    std::vector<std::jthread> threads;
    std::atomic<int> right = 0;
    for (unsigned i = 0; i < 4; ++i)
        threads.emplace_back(
            [&, i] { right += readSome(*source, i * 4096, 4096) == std::vector<std::byte>(4096) ? 1 : 0; });
    threads.clear();
    QCOMPARE(right.load(), 4);
}

void TestNbdSource::readsRunBesideOneAnotherAgainAfterAFailure()
{
    const std::string count = m_directory.file("again");
    NbdServer server({"eval", "get_size=echo 1048576", "can_multi_conn=exit 0", "thread_model=echo parallel",
                      "pread=[ $4 -ge 65536 ] || { echo x >>" + count + "; while [ $(wc -l <" + count
                          + ") -lt 4 ]; do sleep 0.01; done; }; head -c $3 /dev/zero"});
    const auto source = opened(server, NbdSource::Access::ReadOnly);
    QVERIFY(source);
    server.stop();
    const auto readAll = [&](std::uint64_t from) {
        std::vector<std::jthread> threads;
        std::atomic<int> right = 0;
        for (unsigned i = 0; i < 4; ++i)
            threads.emplace_back([&, i] { right += readSome(*source, from + i * 4096, 4096) ? 1 : 0; });
        threads.clear();
        return right.load();
    };
    QCOMPARE(readAll(65536), 0);
    server.start();
    QCOMPARE(readAll(0), 4); // each waits in the server for the other three
}

void TestNbdSource::editsOutliveTheProgramAndAreCommitted()
{
    const std::string path = fileWith(m_bytes);
    const NbdServer server({"file", path});
    const TempDir directory;
    const auto open = [&] { return openSource(systemEnv(), server.uri(), FileSource::Access::WriteDevice); };
    auto wanted = m_bytes;
    std::ranges::copy(patternBytes(100, 9), wanted.begin() + 5000);
    {
        const FileDocument first(open(), directory);
        QVERIFY(first.document);
        const auto journals = journalNames(*systemEnv(), *first.source, {{}, directory.file("state")});
        QVERIFY(journals);
        QCOMPARE(journals->size(), 1U);
        QVERIFY(!journals->front().anonymous && journals->front().path.starts_with(directory.file("state")));
        std::vector<std::byte> seen(kSize);
        QVERIFY(first->read(ByteOffset(0), seen));
        QVERIFY(seen == m_bytes);
        QVERIFY(first->stage(ByteOffset(5000), patternBytes(100, 9)));
        (void)first->close(10s);
    }
    QVERIFY(readFile(path) == m_bytes);
    const FileDocument second(open(), directory);
    QVERIFY(second.document);
    QCOMPARE(second->leftEdits().size(), 1U);
    QVERIFY(second->leftEdits().front().path.starts_with(directory.file("state")));
    const auto report = second.restore();
    QVERIFY(report);
    QCOMPARE(report->bytes, 100U);
    QVERIFY(second->commit());
    QVERIFY(readFile(path) == wanted);
}

void TestNbdSource::seesAnotherSizeAfterReconnecting()
{
    const std::string path = fileWith(m_bytes);
    NbdServer server({"file", path});
    const auto source = opened(server, NbdSource::Access::WriteIfPermitted);
    QVERIFY(source);
    server.stop();
    m_directory.write(path.substr(path.rfind('/') + 1), slice(m_bytes, 0, 8192));
    server.start();
    QVERIFY(readSome(*source, 0, 8192) == slice(m_bytes, 0, 8192));
    const auto past = readSome(*source, 8000, 1000);
    QVERIFY(past);
    QCOMPARE(past->size(), 192U);
    const auto written = put(*source, 8192, patternBytes(512));
    QVERIFY(!written);
    QCOMPARE(written.error().code, ErrorCode::Truncated);
}

QTEST_GUILESS_MAIN(TestNbdSource)
#include "tst_nbd_source.moc"
