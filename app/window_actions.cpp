// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window_actions.h"

#include "ui/formats/format_text.h"

#include <QAction>
#include <QCoreApplication>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>

namespace cachet {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::WindowActions", text);
}

QAction *make(QMainWindow &window, const char *name, const QString &text, const QList<QKeySequence> &keys,
              const QString &tip)
{
    auto *action = new QAction(text, &window);
    action->setObjectName(QString::fromLatin1(name));
    action->setShortcuts(keys);
    action->setStatusTip(tip);
    action->setProperty("tip", tip);
    action->setToolTip(tip);
    window.addAction(action);
    return action;
}

QKeySequence keys(const char *sequence)
{
    return QKeySequence(QString::fromLatin1(sequence));
}

/// Enables the action when `whyNot` is empty; otherwise the tip says why it cannot be used.
void enable(QAction *action, const QString &whyNot)
{
    action->setEnabled(whyNot.isEmpty());
    const QString tip = whyNot.isEmpty() ? action->property("tip").toString() : whyNot;
    action->setToolTip(tip);
    action->setStatusTip(tip);
}

} // namespace

WindowActions::WindowActions(QMainWindow &window)
    : open(make(window, "openAction", tr("&Open…"), {keys("Ctrl+O")}, tr("Open a disk image or device.")))
    , saveCopy(make(window, "saveCopyAction", tr("Save Copy &As…"), {keys("Ctrl+Shift+S")},
                    tr("Write the document with its staged edits to a new file; the original stays as it is.")))
    , close(make(window, "closeAction", tr("C&lose"), {keys("Ctrl+W")}, tr("Close this window.")))
    , quit(make(window, "quitAction", tr("&Quit"), {keys("Ctrl+Q")}, tr("Close all windows.")))
    , commit(make(window, "commitAction", tr("&Commit"), {keys("Ctrl+S")}, tr("Write every staged edit to the disk.")))
    , persist(make(window, "persistAction", tr("&Persist Selection"), {keys("Ctrl+Alt+S")},
                   tr("Write what is staged inside the selection and nothing else.")))
    , recover(
          make(window, "recoverAction", tr("&Recover…"), {}, tr("Finish or roll back a write that was interrupted.")))
    , undo(make(window, "undoAction", tr("&Undo"), {keys("Ctrl+Z")}, tr("Take back the last edit.")))
    , redo(make(window, "redoAction", tr("&Redo"), {keys("Ctrl+Shift+Z"), keys("Ctrl+Y")},
                tr("Do again what was taken back.")))
    , discardSelection(make(window, "discardSelectionAction", tr("&Discard Edits in Selection"), {},
                            tr("Take back what is staged inside the selection.")))
    , discardAll(make(window, "discardAllAction", tr("Discard A&ll Edits"), {}, tr("Take back everything staged.")))
    , fill(make(window, "fillAction", tr("&Fill Selection…"), {},
                tr("Stage a pattern, random bytes or a counter over the selection.")))
    , importFile(make(window, "importAction", tr("&Import File Over Selection…"), {},
                      tr("Stage the bytes of a file over the selection, or from the caret on.")))
    , copy(make(window, "copyAction", tr("&Copy"), {keys("Ctrl+C")},
                tr("Copy the selection: hex from the hex pane, characters from the text pane.")))
    , paste(make(window, "pasteAction", tr("&Paste Over"), {keys("Ctrl+V")},
                 tr("Stage what is on the clipboard over the selection, or from the caret on.")))
    , pasteAs(make(window, "pasteAsAction", tr("Paste O&ver As…"), {keys("Ctrl+Shift+V")},
                   tr("Choose how to read the clipboard, and see it before it is staged.")))
    , exportRange(make(window, "exportAction", tr("&Export Range…"), {},
                       tr("Write a range to a file: raw, as a hex dump, as an array of a program, in base64.")))
    , selectAll(make(window, "selectAllAction", tr("Select &All"), {keys("Ctrl+A")}, tr("Select every byte.")))
    , selectRange(make(window, "selectRangeAction", tr("S&elect a Range…"), {keys("Ctrl+E")},
                       tr("Select bytes by their offsets.")))
    , overlay(make(window, "overlayAction", tr("&Page Overlay"), {keys("Ctrl+Shift+O")},
                   tr("Show which pages are cached, loading, staged or failed.")))
    , legend(make(window, "legendAction", tr("&Legend"), {},
                  tr("Show under the hex view what its marks and colours mean.")))
    , goTo(make(window, "goToAction", tr("&Go To…"), {keys("Ctrl+G")}, tr("Go to an offset.")))
    , back(make(window, "backAction", tr("&Back"), {keys("Alt+Left")},
                tr("Back to where you were before the last jump.")))
    , forward(make(window, "forwardAction", tr("&Forward"), {keys("Alt+Right")}, tr("Forward again.")))
    , nextEdit(make(window, "nextEditAction", tr("&Next Staged Edit"), {keys("F8")}, tr("Go to the next staged edit.")))
    , previousEdit(make(window, "previousEditAction", tr("&Previous Staged Edit"), {keys("Shift+F8")},
                        tr("Go to the staged edit before this one.")))
    , nextRun(make(window, "nextRunAction", tr("Next &Data"), {keys("Ctrl+]")},
                   tr("Go to where data begins next, past holes and zeros.")))
    , previousRun(make(window, "previousRunAction", tr("Previous D&ata"), {keys("Ctrl+[")},
                       tr("Go to where data before this place begins, past holes and zeros.")))
    , reload(make(window, "reloadAction", tr("&Reload"), {keys("F5")},
                  tr("Read everything shown again; staged edits are kept.")))
    , about(make(window, "aboutAction", tr("&About Cachet"), {}, tr("What this is.")))
{
    overlay->setCheckable(true);
    overlay->setChecked(true);
    legend->setCheckable(true);
    legend->setChecked(true);
    makeCopyAs(window);
    makeMenus(window);
}

void WindowActions::makeCopyAs(QMainWindow &window)
{
    copyAsMenu = new QMenu(tr("Copy A&s"), &window);
    copyAsMenu->setObjectName(QStringLiteral("copyAsMenu"));
    copyAsMenu->setToolTipsVisible(true);
    for (std::size_t i = 0; i < copyAs.size(); ++i) {
        const QByteArray name = "copyAs-" + formatKey(kByteFormats[i]).toLatin1();
        copyAs[i] = make(window, name.constData(), formatMenuText(kByteFormats[i]), {}, formatExample(kByteFormats[i]));
        copyAsMenu->addAction(copyAs[i]);
    }
}

void WindowActions::makeMenus(QMainWindow &window)
{
    const auto menu = [&window](const char *name, const QString &title, const QList<QAction *> &actions) {
        QMenu *made = window.menuBar()->addMenu(title);
        made->setObjectName(QString::fromLatin1(name));
        made->setToolTipsVisible(true);
        for (QAction *action : actions) {
            if (action)
                made->addAction(action);
            else
                made->addSeparator();
        }
        return made;
    };
    window.menuBar()->setObjectName(QStringLiteral("menuBar"));
    menu("fileMenu", tr("&File"),
         {open, nullptr, commit, persist, saveCopy, exportRange, recover, nullptr, close, quit});
    menu("editMenu", tr("&Edit"),
         {undo, redo, nullptr, copy, copyAsMenu->menuAction(), paste, pasteAs, nullptr, selectAll, selectRange, nullptr,
          fill, importFile, nullptr, discardSelection, discardAll});
    viewMenu = menu("viewMenu", tr("&View"), {overlay, legend, nullptr});
    menu("goMenu", tr("&Go"),
         {goTo, nullptr, back, forward, nullptr, nextEdit, previousEdit, nullptr, nextRun, previousRun});
    menu("cacheMenu", tr("&Cache"), {reload});
    menu("helpMenu", tr("&Help"), {about});
}

void WindowActions::refresh(const ActionState &state) const
{
    const QString closed = state.open ? QString() : tr("Open a document first.");
    const QString empty = !closed.isEmpty() ? closed : state.empty ? tr("The document is empty.") : QString();
    const auto unless = [](const QString &first, bool possible, const QString &whyNot) {
        return !first.isEmpty() ? first : possible ? QString() : whyNot;
    };
    enable(saveCopy, unless(closed, !state.copying, tr("A copy is already being written.")));
    enable(exportRange, unless(empty, !state.copying, tr("A copy is already being written.")));
    const QString nothingToCopy = unless(empty, state.selection, tr("Select the bytes to copy first."));
    enable(copy, nothingToCopy);
    enable(copyAsMenu->menuAction(), nothingToCopy);
    for (QAction *action : copyAs)
        enable(action, nothingToCopy);
    // Where nothing can be edited they say so when they are used, as typing does.
    for (QAction *action : {paste, pasteAs, selectAll, selectRange, nextRun, previousRun})
        enable(action, empty);
    enable(goTo, empty);
    enable(back, unless(closed, state.canGoBack, tr("There was no jump to go back from.")));
    enable(forward, unless(closed, state.canGoForward, tr("There is nothing ahead.")));
    enable(reload, closed);
    const QString nothing = unless(closed, state.staged, tr("Nothing is staged."));
    enable(nextEdit, nothing);
    enable(previousEdit, nothing);
    refreshEditing(state);
}

void WindowActions::refreshEditing(const ActionState &state) const
{
    QString locked = state.open ? QString() : tr("Open a document first.");
    if (locked.isEmpty() && !state.writable)
        locked = state.readOnlyReason;
    const auto unless = [](const QString &first, bool possible, const QString &whyNot) {
        return !first.isEmpty() ? first : possible ? QString() : whyNot;
    };
    enable(fill, unless(locked, state.selection, tr("Select the bytes to fill first.")));
    enable(importFile, unless(locked, !state.empty, tr("The document is empty.")));
    importFile->setText(state.selection ? tr("&Import File Over Selection…") : tr("&Import File at Caret…"));

    const QString closed = state.open ? QString() : tr("Open a document first.");
    enable(recover, unless(closed, state.needsRecovery, tr("No write was interrupted.")));
    const QString busy = unless(locked, !state.writing, tr("A write is running; wait until it has ended."));
    const QString unsettled = unless(busy, !state.needsRecovery, tr("A write was interrupted; recover it first."));
    const QString nothing = tr("Nothing is staged.");
    const QString nothingSelected = tr("Select a range with staged bytes first.");
    enable(commit, unless(unsettled, state.staged, nothing));
    enable(persist, unless(unsettled, state.stagedInSelection, nothingSelected));
    enable(discardSelection, unless(busy, state.stagedInSelection, nothingSelected));
    enable(discardAll, unless(busy, state.staged, nothing));
    undo->setText(state.undo.isEmpty() ? tr("&Undo") : tr("&Undo %1").arg(state.undo));
    redo->setText(state.redo.isEmpty() ? tr("&Redo") : tr("&Redo %1").arg(state.redo));
    const QString nothingToUndo = state.historyBound.isEmpty()
        ? tr("There is nothing to undo.")
        : tr("There is nothing more to undo: older steps were given up. %1").arg(state.historyBound);
    enable(undo, unless(busy, !state.undo.isEmpty(), nothingToUndo));
    enable(redo, unless(busy, !state.redo.isEmpty(), tr("There is nothing to redo.")));
}

} // namespace cachet
