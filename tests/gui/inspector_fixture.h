// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/gui/hex_view_fixture.h"
#include "tests/gui/window_part.h"
#include "ui/docks/inspector_dock.h"
#include "ui/inspector/inspector_table.h"
#include "ui/models/inspector_model.h"

#include <QLineEdit>
#include <QtTest>

#include <vector>

namespace cachet_test {

inline constexpr int kLittle = cachet::InspectorModel::LittleColumn;
inline constexpr int kBig = cachet::InspectorModel::BigColumn;

/// A shown dock over the document of a Fixture, whose view stays at the begin, so that what the dock needs farther on nobody else asks for.
struct DockFixture {
    explicit DockFixture(std::vector<std::byte> bytes)
        : f(std::move(bytes))
    {
        dock.setSession(f.session.get(), f.loads);
        dock.resize(480, 700);
        dock.show();
    }
    ~DockFixture() { dock.setSession(nullptr); }

    Fixture f;
    cachet::InspectorDock dock;
};

[[nodiscard]] inline QModelIndex cell(const cachet::InspectorDock &dock, cachet::ValueKind kind, int column = kLittle)
{
    return dock.table().model()->index(static_cast<int>(kind), column);
}

[[nodiscard]] inline QString shown(const cachet::InspectorDock &dock, cachet::ValueKind kind, int column = kLittle)
{
    return cell(dock, kind, column).data(Qt::DisplayRole).toString();
}

[[nodiscard]] inline cachet::InspectorDock &dockOf(const WindowFixture &f)
{
    return *part<cachet::InspectorDock>(f, "inspectorDock");
}

/// The editor that is open now; null when none is. Those that were closed may still wait for their end.
inline QLineEdit *editorOf(const cachet::InspectorDock &dock)
{
    return qobject_cast<QLineEdit *>(dock.table().indexWidget(dock.table().currentIndex()));
}

/// Opens the editor of a cell as a user does; null when none opens.
inline QLineEdit *openEditor(const cachet::InspectorDock &dock, cachet::ValueKind kind, int column = kLittle)
{
    cachet::InspectorTable &table = dock.table();
    table.setFocus();
    table.setCurrentIndex(cell(dock, kind, column));
    QTest::keyClick(&table, Qt::Key_Return);
    QLineEdit *editor = editorOf(dock);
    if (editor && !editor->hasFocus())
        editor->setFocus();
    return editor;
}

/// Types over the value of a cell and presses Enter.
inline void change(const cachet::InspectorDock &dock, cachet::ValueKind kind, const QString &text, int column = kLittle)
{
    QLineEdit *editor = openEditor(dock, kind, column);
    if (!editor)
        qFatal("no editor opens");
    QTest::keyClicks(editor, text);
    QTest::keyClick(editor, Qt::Key_Return);
}

[[nodiscard]] inline bool editing(const cachet::InspectorDock &dock)
{
    return editorOf(dock) != nullptr;
}

/// A window of 64 KiB, its caret at `at`, everything loaded.
[[nodiscard]] inline bool openAt(WindowFixture &f, std::uint64_t at)
{
    if (!f.openFile(65536))
        return false;
    f.window->activateWindow();
    f.window->view().goTo(cachecore::ByteOffset(at));
    return QTest::qWaitForWindowActive(f.window)
        && QTest::qWaitFor([&f] { return f.settled() && shown(dockOf(f), cachet::ValueKind::Bits).contains(u' '); });
}

} // namespace cachet_test
