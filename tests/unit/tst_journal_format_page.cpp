// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/write/journal/journal_reader.h"
#include "tests/support/journal_samples.h"

#include <QTest>

#include <charconv>
#include <fstream>
#include <map>
#include <string>

using namespace cachecore;
using namespace cachet_test;

namespace {

/// The page's lines.
std::vector<std::string> page()
{
    std::ifstream file(CACHET_SOURCE_DIR "/cachecore/write/FORMAT.md");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    if (lines.empty())
        qFatal("FORMAT.md cannot be read");
    return lines;
}

std::uint64_t hexNumber(std::string_view text)
{
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        qFatal("FORMAT.md: no hexadecimal number: %s", std::string(text).c_str());
    return number;
}

/// The bytes of the page's hex dump.
std::vector<std::byte> exampleOfPage()
{
    constexpr std::size_t kLine = 16;
    std::vector<std::byte> bytes;
    bool inside = false;
    for (const std::string &line : page()) {
        if (line == "```") {
            inside = !inside;
            continue;
        }
        if (!inside || line == "*")
            continue;
        const std::uint64_t at = hexNumber(std::string_view(line).substr(0, 8));
        while (bytes.size() < at && bytes.size() >= kLine) { // a star came before
            const std::vector<std::byte> last(bytes.end() - kLine, bytes.end());
            bytes.insert(bytes.end(), last.begin(), last.end());
        }
        if (bytes.size() != at)
            qFatal("FORMAT.md: the dump has a gap before %s", line.c_str());
        for (std::size_t i = 0; line.size() > 8 && i < kLine; ++i)
            bytes.push_back(static_cast<std::byte>(
                hexNumber(std::string_view(line).substr(10 + 3 * i + (i >= kLine / 2 ? 1 : 0), 2))));
    }
    return bytes;
}

/// The rows of the page's table of limits.
std::map<std::string, std::uint64_t> limitsOfPage()
{
    std::map<std::string, std::uint64_t> limits;
    bool inside = false;
    for (const std::string &line : page()) {
        const std::size_t bar = line.find(" | ");
        if (line.starts_with("#"))
            inside = line == "## Limits";
        else if (inside && line.starts_with("| ") && bar != std::string::npos && line != "| limit | value |")
            limits[line.substr(2, bar - 2)] = std::stoull(line.substr(bar + 3));
    }
    return limits;
}

} // namespace

/// FORMAT.md says what the code does.
class TestJournalFormatPage final : public QObject {
    Q_OBJECT

private slots:
    void exampleIsWhatTheWriterWrites();
    void exampleIsRead();
    void limitsAreThoseOfTheCode();
};

void TestJournalFormatPage::exampleIsWhatTheWriterWrites()
{
    const std::vector<std::byte> example = exampleOfPage();
    const std::vector<std::byte> written = smallJournal().bytes();
    QCOMPARE(example.size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i)
        QVERIFY2(example[i] == written[i], qPrintable(QStringLiteral("byte 0x%1").arg(i, 0, 16)));
}

void TestJournalFormatPage::exampleIsRead()
{
    const SampleJournal journal = smallJournal();
    const auto file = fileWith(exampleOfPage());
    auto reader = JournalReader::open(*file, "FORMAT.md");
    QVERIFY(reader);
    QCOMPARE(reader->header(), journal.header);
    const auto summary = reader->validate();
    QVERIFY(summary);
    QCOMPARE(summary->state, JournalState::Done);
    QCOMPARE(summary->newBytes, std::uint64_t{7});
    for (const SampleExtent &expected : journal.extents) {
        const auto extent = reader->next(JournalReader::Want::OldAndNew);
        QVERIFY(extent && *extent);
        QCOMPARE((*extent)->units, expected.units);
        std::vector<std::byte> bytes((*extent)->old.begin(), (*extent)->old.end());
        QVERIFY(bytes == expected.old);
        applySegments(**extent, bytes);
        QVERIFY(bytes == expected.content());
    }
    QVERIFY(!*reader->next(JournalReader::Want::OldAndNew));
}

void TestJournalFormatPage::limitsAreThoseOfTheCode()
{
    const std::map<std::string, std::uint64_t> expected = {
        {"unit", kJournalMostUnit},
        {"unit, at least", kJournalLeastUnit},
        {"units of an extent, in bytes", kJournalMostExtent},
        {"segments of an extent", kJournalMostSegments},
        {"path of the target, in bytes", kJournalMostPath},
        {"kind of the identity, in bytes", kJournalMostIdentityKind},
        {"pattern, in bytes", kJournalMostPattern},
        {"patterns", kJournalMostPatterns},
        {"patterns together, in bytes", kJournalMostPatternBytes},
    };
    QCOMPARE(limitsOfPage(), expected);
}

QTEST_GUILESS_MAIN(TestJournalFormatPage)
#include "tst_journal_format_page.moc"
