// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/include_rules.h"
#include "tests/tools/source_tree.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace cachet_test;

/// Dependencies point down only, by what the `#include` lines say.
class TestIncludes final : public QObject {
    Q_OBJECT

private slots:
    void projectPointsDownOnly();
    void judgesEachDirection_data();
    void judgesEachDirection();
    void readsEveryWayToWriteAnInclude_data();
    void readsEveryWayToWriteAnInclude();
    void findsWhatIsPlantedInATree();
};

void TestIncludes::projectPointsDownOnly()
{
    std::size_t includes = 0;
    for (const auto &file : sourceFiles(projectRoot())) {
        for (const std::string &line : linesOf(projectRoot() / file))
            includes += parseInclude(file.generic_string(), line).has_value() ? 1 : 0;
    }
    QVERIFY2(includes > 50, "the sources were not found");

    const std::vector<std::string> found = forbiddenIncludes(projectRoot());
    for (const std::string &line : found)
        qWarning("%s", line.c_str());
    QCOMPARE(found.size(), std::size_t{0});
}

void TestIncludes::judgesEachDirection_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("target");
    QTest::addColumn<bool>("allowed");

    const auto row = [](const char *file, const char *target, bool allowed) {
        QTest::addRow("%s -> %s", file, target) << file << target << allowed;
    };
    row("app/main.cpp", "ui/hexview/hex_view.h", true);
    row("app/main.cpp", "cachecore/document.h", true);
    row("app/main.cpp", "QApplication", true);
    row("app/main.cpp", "tests/support/manual_executor.h", false);
    row("ui/hexview/hex_view.cpp", "cachecore/document.h", true);
    row("ui/hexview/hex_view.cpp", "ui/session/document_session.h", true);
    row("ui/hexview/hex_view.cpp", "app/main_window.h", false);
    row("ui/hexview/hex_view.cpp", "tests/support/manual_executor.h", false);
    row("ui/docks/heat_map_dock.cpp", "ui/docks/heat_map_dock.h", true);
    row("ui/docks/heat_map_dock.cpp", "ui/docks/staged_edits_dock.h", false);
    row("ui/docks/heat_map_dock.h", "ui/models/staged_edits_model.h", true);
    row("cachecore/document.cpp", "cachecore/write/write_report.h", true);
    row("cachecore/document.cpp", "cachecore/document.h", true);
    row("cachecore/document.cpp", "ui/hexview/hex_view.h", false);
    row("cachecore/document.cpp", "app/main_window.h", false);
    row("cachecore/base/env.h", "QString", false);
    row("cachecore/base/env.h", "QtCore/QString", false);
    row("cachecore/base/env.h", "qglobal.h", false);
    row("cachecore/base/env.h", "queue", true);
    row("cachecore/base/env.h", "cachecore/source/block_source.h", false);
    row("cachecore/base/env.h", "cachecore/document.h", false);
    row("cachecore/source/file_source.h", "cachecore/base/env.h", true);
    row("cachecore/source/file_source.h", "cachecore/cache/page.h", false);
    row("cachecore/cache/page_cache.cpp", "cachecore/source/block_source.h", true);
    row("cachecore/cache/page_cache.cpp", "cachecore/edit/piece.h", false);
    row("cachecore/edit/staged_edits.h", "cachecore/cache/page.h", true);
    row("cachecore/edit/staged_edits.h", "cachecore/write/write_report.h", false);
    row("cachecore/write/plan.h", "cachecore/edit/piece.h", true);
    row("cachecore/write/plan.h", "cachecore/scan/search.h", false);
    row("cachecore/scan/search.h", "cachecore/write/plan.h", false);
    row("cachecore/scan/search.h", "cachecore/document.h", false);
    row("cachecore/base/error.h", "cachecore/elsewhere/thing.h", false);
    row("cachecore/elsewhere/thing.h", "cachecore/base/error.h", false);
    row("tests/gui/tst_window.cpp", "app/main_window.h", true);
}

void TestIncludes::judgesEachDirection()
{
    QFETCH(const QString, file);
    QFETCH(const QString, target);
    QFETCH(const bool, allowed);
    const auto why = whyForbidden({file.toStdString(), target.toStdString(), false});
    QVERIFY2(why.has_value() != allowed, why ? why->c_str() : "was not noticed");
}

void TestIncludes::readsEveryWayToWriteAnInclude_data()
{
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("target");
    QTest::newRow("quoted") << QStringLiteral("#include \"app/x.h\"") << QStringLiteral("app/x.h");
    QTest::newRow("angled") << QStringLiteral("#include <vector>") << QStringLiteral("vector");
    QTest::newRow("spaced") << QStringLiteral("  #  include  <vector> // why") << QStringLiteral("vector");
    QTest::newRow("tight") << QStringLiteral("#include<vector>") << QStringLiteral("vector");
    QTest::newRow("carriage return") << QStringLiteral("#include <vector>\r") << QStringLiteral("vector");
    QTest::newRow("in a comment") << QStringLiteral("// #include <vector>") << QString();
    QTest::newRow("another directive") << QStringLiteral("#define include <vector>") << QString();
}

void TestIncludes::readsEveryWayToWriteAnInclude()
{
    QFETCH(const QString, line);
    QFETCH(const QString, target);
    const auto include = parseInclude("app/main.cpp", line.toStdString());
    QCOMPARE(QString::fromStdString(include ? include->target : std::string()), target);
}

void TestIncludes::findsWhatIsPlantedInATree()
{
    const QTemporaryDir dir;
    const std::filesystem::path root = dir.path().toStdString();
    const auto plant = [&](const char *name, const char *text) {
        std::filesystem::create_directories((root / name).parent_path());
        std::ofstream(root / name) << text;
    };
    plant("app/window.h", "#include \"ui/view.h\"\n");
    plant("ui/view.h", "#include \"cachecore/base/error.h\"\n");
    plant("cachecore/base/error.h", "#include <expected>\n");
    QCOMPARE(forbiddenIncludes(root).size(), std::size_t{0});

    plant("cachecore/base/error.h", "#include <expected>\n#include <QString>\n");
    plant("tests/consumer/reader.h", "#include <cachecore/cachecore.h>\n");
    plant("tests/consumer/main.cpp", "#include \"reader.h\"\n#include \"cachecore/base/error.h\"\n");
    plant("ui/view.cpp", "#include \"view.h\"\n\n#include \"app/window.h\"\n");
    const std::vector<std::string> expected = {
        "cachecore/base/error.h:2: the engine knows no Qt: QString",
        "tests/consumer/main.cpp:2: no file of the project by its root: cachecore/base/error.h",
        "ui/view.cpp:1: no file of the project by its root: view.h",
        "ui/view.cpp:3: ui must not include app: app/window.h",
    };
    QCOMPARE(forbiddenIncludes(root), expected);
}

QTEST_GUILESS_MAIN(TestIncludes)
#include "tst_includes.moc"
