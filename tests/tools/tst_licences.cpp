// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/source_tree.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <optional>

using namespace cachet_test;

namespace {

const std::string kMark = "SPDX-License-Identifier: ";

/// The licence a file names in one of its first lines (an interpreter or XML declaration may come first).
std::optional<std::string> licenceOf(const std::vector<std::string> &lines)
{
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 3); ++i) {
        const std::size_t at = lines[i].find(kMark);
        if (at == std::string::npos)
            continue;
        const std::string rest = lines[i].substr(at + kMark.size());
        return rest.substr(0, rest.find_first_of(" \r"));
    }
    return std::nullopt;
}

bool mustNameALicence(const std::filesystem::path &file, const std::vector<std::string> &lines)
{
    static constexpr std::array kEndings = {".h", ".cpp", ".cmake", ".sh", ".svg", ".xml", ".qrc", ".desktop", ".1"};
    return file.filename() == "CMakeLists.txt" || std::ranges::find(kEndings, file.extension()) != kEndings.end()
        || (!lines.empty() && lines.front().starts_with("#!"));
}

const char *rightLicence(const std::filesystem::path &file)
{
    return *file.begin() == "cachecore" ? "MIT" : "GPL-3.0-or-later";
}

} // namespace

/// Every source says its licence: MIT in the engine, GPL elsewhere.
class TestLicences final : public QObject {
    Q_OBJECT

private slots:
    void everySourceNamesItsLicence();
    void readsTheLicenceFromTheFirstLinesOnly();
    void licenceTextsAreThere();
};

void TestLicences::everySourceNamesItsLicence()
{
    int checked = 0;
    int wrong = 0;
    for (const auto &file : sourceFiles(projectRoot())) {
        const auto lines = linesOf(projectRoot() / file);
        if (!mustNameALicence(file, lines))
            continue;
        ++checked;
        const auto licence = licenceOf(lines);
        if (licence == rightLicence(file))
            continue;
        ++wrong;
        qWarning("%s names %s, must name %s", file.c_str(), licence ? licence->c_str() : "no licence",
                 rightLicence(file));
    }
    QVERIFY2(checked > 30, "the sources were not found");
    QCOMPARE(wrong, 0);
}

void TestLicences::readsTheLicenceFromTheFirstLinesOnly()
{
    QCOMPARE(licenceOf({"// " + kMark + "MIT"}), std::optional<std::string>("MIT"));
    QCOMPARE(licenceOf({"#!/bin/bash", "# " + kMark + "GPL-3.0-or-later"}),
             std::optional<std::string>("GPL-3.0-or-later"));
    QCOMPARE(licenceOf({"<?xml?>", "<!-- " + kMark + "MIT -->"}), std::optional<std::string>("MIT"));
    QCOMPARE(licenceOf({"", "", "", "// " + kMark + "MIT"}), std::optional<std::string>());
    QVERIFY(mustNameALicence("app/run", {"#!/bin/bash"}));
    QVERIFY(!mustNameALicence("tests/budgets", {"unit 1"}));
}

void TestLicences::licenceTextsAreThere()
{
    const auto whole = linesOf(projectRoot() / "LICENSE");
    QVERIFY(whole.size() > 600);
    QVERIFY(whole.front().find("GNU GENERAL PUBLIC LICENSE") != std::string::npos);
    const auto engine = linesOf(projectRoot() / "cachecore" / "LICENSE");
    QVERIFY(!engine.empty());
    QCOMPARE(engine.front(), std::string("MIT License"));
}

QTEST_GUILESS_MAIN(TestLicences)
#include "tst_licences.moc"
