// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/byte_format.h"

#include <QString>

#include <array>

class QAction;
class QMainWindow;
class QMenu;

namespace cachet {

/// What the actions depend on.
struct ActionState {
    bool open = false;
    bool empty = true; ///< the document has no bytes
    bool writable = false;
    bool staged = false;
    bool stagedInSelection = false;
    bool selection = false;
    bool writing = false;
    bool needsRecovery = false; ///< an interrupted write must be settled first
    bool copying = false;
    bool canGoBack = false;
    bool canGoForward = false;
    QString undo; ///< the step undo takes back, in words; empty when there is none
    QString redo;
    QString historyBound;   ///< what is kept for undoing, once steps were given up because of it; else empty
    QString readOnlyReason; ///< why nothing can be edited, for tips
};

/// The actions of a window, in its menus and tool bar. They do nothing by themselves: the window connects them.
struct WindowActions {
    /// Makes the actions and the menus. The window owns them.
    explicit WindowActions(QMainWindow &window);

    /// Enables what can be done now and says in the tips of the others why they cannot.
    void refresh(const ActionState &state) const;

    QAction *open;
    QAction *saveCopy;
    QAction *close;
    QAction *quit;
    QAction *commit;
    QAction *persist;
    QAction *recover;
    QAction *undo;
    QAction *redo;
    QAction *discardSelection;
    QAction *discardAll;
    QAction *fill;
    QAction *importFile;
    QAction *copy;
    QAction *paste;
    QAction *pasteAs;
    QAction *exportRange;
    QAction *selectAll;
    QAction *selectRange;
    QAction *overlay;
    QAction *legend;
    QAction *goTo;
    QAction *back;
    QAction *forward;
    QAction *nextEdit;
    QAction *previousEdit;
    QAction *nextRun;
    QAction *previousRun;
    QAction *reload;
    QAction *about;
    QMenu *viewMenu;                                   ///< for what docks add
    QMenu *copyAsMenu;                                 ///< holds copyAs
    std::array<QAction *, kByteFormats.size()> copyAs; ///< one for each of kByteFormats

private:
    void makeMenus(QMainWindow &window);
    void makeCopyAs(QMainWindow &window);
    void refreshEditing(const ActionState &state) const;
};

} // namespace cachet
