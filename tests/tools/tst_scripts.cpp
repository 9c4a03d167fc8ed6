// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/script_process.h"
#include "tests/tools/source_tree.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace cachet_test;

namespace {

const QString kRoot = QString::fromStdString(projectRoot().string());

/// The project's bash scripts, those that are only sourced included.
QStringList scripts()
{
    QStringList found;
    for (const auto &file : sourceFiles(projectRoot())) {
        const auto lines = linesOf(projectRoot() / file);
        if (file.extension() == ".sh" || (!lines.empty() && lines.front() == "#!/bin/bash"))
            found << QString::fromStdString((projectRoot() / file).string());
    }
    return found << kRoot + QStringLiteral("/.ci/run");
}

/// What a function of tests/tools/report.sh prints.
Ended report(const QStringList &call)
{
    const QString source = QStringLiteral(". '%1/tests/tools/report.sh'; \"$@\"").arg(kRoot);
    return runProgram(QStringLiteral("bash"), QStringList{QStringLiteral("-c"), source, QStringLiteral("bash")} + call);
}

QString writeFile(const QTemporaryDir &dir, const QString &name, const QByteArray &text)
{
    QFile file(dir.filePath(name));
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
        qFatal("%s could not be written", qPrintable(name));
    return file.fileName();
}

} // namespace

/// The scripts as such, and what tests/run tells about a run.
class TestScripts final : public QObject {
    Q_OBJECT

private slots:
    void everyScriptParses();
    void shellcheckFindsNothing();
    void runnableScriptsAreExecutable();
    void skippedSlotsAreListedWithTheirTest();
    void summaryIsHeldBackAndTheRestPassedOn();
    void warnsOnlyOfLabelsOverTheirBudget();
    void everyLabelHasABudget();
};

void TestScripts::everyScriptParses()
{
    const QStringList all = scripts();
    QVERIFY(all.size() > 5);
    for (const QString &script : all) {
        const Ended ended = runProgram(QStringLiteral("bash"), {QStringLiteral("-n"), script});
        QVERIFY2(ended.exitCode == 0 && ended.err.isEmpty(), ended.said().constData());
    }
}

void TestScripts::shellcheckFindsNothing()
{
    const QString shellcheck = toolPath(QStringLiteral("shellcheck"));
    if (shellcheck.isEmpty())
        QSKIP("shellcheck is not installed");
    const Ended ended = runProgram(shellcheck, QStringList{QStringLiteral("-x")} + scripts(), {{}, kRoot});
    QVERIFY2(ended.exitCode == 0, ended.said().constData());
}

void TestScripts::runnableScriptsAreExecutable()
{
    for (const char *name : {"app/run", "app/packages", "app/demo_disk", "tests/run", ".ci/run"}) {
        const QFile file(kRoot + QLatin1Char('/') + QLatin1String(name));
        QVERIFY2(file.permissions() & QFile::ExeUser, name);
    }
}

void TestScripts::skippedSlotsAreListedWithTheirTest()
{
    const QTemporaryDir dir;
    const QString log
        = writeFile(dir, QStringLiteral("log"),
                    "1/2 Testing: tst_a\n1/2 Test: tst_a\nPASS   : A::one()\nSKIP   : A::two(row) no tool\n"
                    "   Loc: [a.cpp(1)]\n2/2 Testing: tst_b\nSKIP   : B::three() not root\n");
    const Ended ended = report({QStringLiteral("print_skipped"), log});
    QCOMPARE(ended.out, QByteArray("Skipped in tst_a: A::two(row) no tool\nSkipped in tst_b: B::three() not root\n"));
    QCOMPARE(report({QStringLiteral("print_skipped"), dir.filePath(QStringLiteral("none"))}).said(),
             QByteArray("exit 0\n"));
}

void TestScripts::summaryIsHeldBackAndTheRestPassedOn()
{
    const QTemporaryDir dir;
    const QByteArray summary = "67% tests passed, 1 tests failed out of 3\n\nTotal Test time (real) =   0.01 sec\n";
    const QString input = writeFile(dir, QStringLiteral("in"), "3/3 Test #3: c ...***Failed\n\n" + summary);
    const QString held = dir.filePath(QStringLiteral("held"));
    const QString source
        = QStringLiteral(". '%1/tests/tools/report.sh'; hold_summary '%2' <'%3'").arg(kRoot, held, input);
    const Ended ended = runProgram(QStringLiteral("bash"), {QStringLiteral("-c"), source});
    QCOMPARE(ended.out, QByteArray("3/3 Test #3: c ...***Failed\n\n"));
    QFile file(held);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), summary);
}

void TestScripts::warnsOnlyOfLabelsOverTheirBudget()
{
    const QTemporaryDir dir;
    const QString budgets = writeFile(dir, QStringLiteral("budgets"), "# a remark here\nunit 2\ngui 3\n");
    const QString summary = writeFile(dir, QStringLiteral("summary"),
                                      "100% tests passed, 0 tests failed out of 4\n\nLabel Time Summary:\n"
                                      "gui        = 240.00 sec*proc (2 tests)\nnightly    = 900.00 sec*proc (1 test)\n"
                                      "other      =   1.00 sec*proc (1 test)\nunit       = 119.00 sec*proc (1 test)\n");
    const Ended ended = report({QStringLiteral("print_over_budget"), budgets, summary});
    QCOMPARE(ended.out,
             QByteArray("Warning: the gui tests took 4.0 minutes, their budget is 3\n"
                        "Warning: the label other has no budget in tests/budgets.txt\n"));
}

void TestScripts::everyLabelHasABudget()
{
    QStringList labels;
    for (const std::string &line : linesOf(projectRoot() / "tests" / "budgets.txt")) {
        if (!line.starts_with('#'))
            labels << QString::fromStdString(line).section(QLatin1Char(' '), 0, 0);
    }
    QCOMPARE(labels, QStringList({"unit", "contract", "gui", "crash", "fuzz", "tools"}));
}

QTEST_GUILESS_MAIN(TestScripts)
#include "tst_scripts.moc"
