// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/log/recovery_log_encoder.h"
#include "cachecore/write/log/recovery_log_reader.h"
#include "tests/support/recovery_log_rig.h"

#include <QTest>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <string>

using namespace cachecore;
using namespace cachet_test;

namespace {

constexpr const char *kPage = CACHET_SOURCE_DIR "/cachecore/write/RECOVERY_LOG.md";
constexpr std::size_t kLine = 16;

/// The bytes of the page's hex dump.
std::vector<std::byte> exampleOfPage()
{
    std::ifstream file(kPage);
    std::vector<std::byte> bytes;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line == "```")
            inside = !inside;
        if (!inside || line == "```" || line.size() < 10)
            continue;
        if (std::stoul(line.substr(0, 8), nullptr, 16) != bytes.size())
            qFatal("RECOVERY_LOG.md: the dump has a gap before %s", line.c_str());
        for (std::size_t i = 0; i < kLine; ++i) {
            const std::string digits = line.substr(10 + 3 * i + (i >= kLine / 2 ? 1 : 0), 2);
            if (digits != "  ")
                bytes.push_back(static_cast<std::byte>(std::stoul(digits, nullptr, 16)));
        }
    }
    return bytes;
}

std::string dumped(std::span<const std::byte> bytes)
{
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += kLine) {
        char number[32];
        std::snprintf(number, sizeof number, "%08zx ", at);
        text += number;
        std::string letters;
        for (std::size_t i = 0; i < kLine; ++i) {
            text += i == kLine / 2 ? "  " : " ";
            if (at + i >= bytes.size()) {
                text += "  ";
                continue;
            }
            const auto value = std::to_integer<unsigned>(bytes[at + i]);
            std::snprintf(number, sizeof number, "%02x", value);
            text += number;
            letters += value >= 0x20 && value < 0x7f ? static_cast<char>(value) : '.';
        }
        text += "  |" + letters + "|\n";
    }
    return text;
}

/// What the page says in words.
struct Example {
    RecoveryLogHeader header;
    StagedEdits first;
    StagedEdits second;
    CommittedTransaction transaction;

    Example()
    {
        constexpr std::int64_t kSecond = 1'000'000'000;
        header.identity = {"file", 2049, 131072};
        header.fingerprint = {1048576, 1700000000 * kSecond, 1700000001 * kSecond, 0x1122334455667788};
        header.createdNs = 1700000002 * kSecond;
        header.sourcePath = "/images/disk.img";
        for (unsigned i = 0; i < 16; ++i) {
            header.salt[i] = static_cast<std::byte>(0x50 + i);
            transaction.id[i] = static_cast<std::byte>(0xa0 + i);
        }
        transaction.fingerprint = header.fingerprint;
        transaction.fingerprint.sampleHash = 0x99aabbccddeeff00;
        const ByteRange range = rangeAt(1080, 2);
        Piece pattern = patternPiece(bytesOf({0xde, 0xad}), 2);
        pattern.phase = 1;
        first = StagedEdits()
                    .with(range, literalPiece(bytesOf({0xca, 0xfe}), 1),
                          RangeTree<Base>().with(range, Base::ofBytes(shared(bytesOf({0x53, 0xef})))))
                    .with(rangeAt(8192, 6), pattern, {});
        second = first.without(range);
    }
};

std::vector<std::byte> written(const Example &example)
{
    const auto file = systemEnv()->openAnonymous();
    recovery_log::Sink sink(file->get(), 0, 1 << 20);
    recovery_log::Encoder encoder(*systemEnv(), example.header.salt);
    if (!sink.put(recovery_log::encodeHeader(example.header)) || !encoder.state(sink, {}, example.first, {})
        || !encoder.state(sink, example.first, example.second, std::span(&example.transaction, 1)))
        qFatal("the example cannot be written");
    std::vector<std::byte> bytes(static_cast<std::size_t>(sink.end()));
    const std::span<std::byte> into(bytes);
    if ((*file)->preadv(ByteOffset(0), std::span(&into, 1)) != bytes.size())
        qFatal("the example cannot be read back");
    return bytes;
}

} // namespace

/// The example of RECOVERY_LOG.md, built and read.
class TstRecoveryLogPage : public QObject {
    Q_OBJECT

private slots:
    void isWhatTheWriterMakes();
    void isWhatTheReaderTakes();
};

void TstRecoveryLogPage::isWhatTheWriterMakes()
{
    const auto bytes = written(Example());
    if (bytes != exampleOfPage())
        QFAIL(("the page should say:\n" + dumped(bytes)).c_str());
}

void TstRecoveryLogPage::isWhatTheReaderTakes()
{
    const Example example;
    const RecoveryLogRig rig;
    const auto read = rig.readAt(rig.dir.write("page", exampleOfPage()));
    QVERIFY(read && !read->damage);
    QCOMPARE(read->states, std::uint64_t{2});
    QVERIFY(read->committed == example.transaction.id);
    QVERIFY(read->header.fingerprint == example.transaction.fingerprint);
    QVERIFY(read->header.identity == example.header.identity);
    QVERIFY(read->header.salt == example.header.salt);
    QCOMPARE(read->header.createdNs, example.header.createdNs);
    QCOMPARE(read->header.sourcePath, example.header.sourcePath);
    QVERIFY(FlatEdits(read->edits, RecoveryLogRig::kSize) == FlatEdits(example.second, RecoveryLogRig::kSize));
}

QTEST_GUILESS_MAIN(TstRecoveryLogPage)
#include "tst_recovery_log_page.moc"
