// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/journal_samples.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <filesystem>
#include <fstream>
#include <set>

using namespace cachet_test;

namespace fs = std::filesystem;

/// The seeds of the journal's fuzzer are journals of today's format. After a change of it, with CACHET_WRITE_SEEDS=1 in the environment,
/// this program writes them anew.
class TestJournalCorpus final : public QObject {
    Q_OBJECT

private slots:
    void seedsAreOfTodaysFormat();
    void seedsAreSmall();

private:
    const fs::path m_folder = CACHET_SOURCE_DIR "/tests/data/journal";
};

void TestJournalCorpus::seedsAreOfTodaysFormat()
{
    const auto seeds = journalSeeds();
    if (qEnvironmentVariableIsSet("CACHET_WRITE_SEEDS")) {
        for (const auto &[name, bytes] : seeds) {
            std::ofstream file(m_folder / name, std::ios::binary | std::ios::trunc);
            file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
            QVERIFY(file.good());
        }
    }
    std::set<std::string> names;
    for (const auto &entry : fs::directory_iterator(m_folder))
        names.insert(entry.path().filename());
    for (const auto &[name, bytes] : seeds) {
        QVERIFY2(names.erase(name) == 1, name.c_str());
        QVERIFY2(readFile(m_folder / name) == bytes, name.c_str());
    }
    QVERIFY2(names.empty(), "there are files that are no seeds");
}

void TestJournalCorpus::seedsAreSmall()
{
    for (const auto &[name, bytes] : journalSeeds())
        QVERIFY2(bytes.size() > 100 && bytes.size() < 1200, name.c_str());
}

QTEST_GUILESS_MAIN(TestJournalCorpus)
#include "tst_journal_corpus.moc"
