// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/close_guard.h"
#include "app/command_line.h"
#include "app/file_chooser.h"
#include "app/jump_history.h"
#include "cachecore/document.h"
#include "ui/formats/byte_format.h"
#include "ui/session/document_closer.h"
#include "ui/session/document_opener.h"

#include <QMainWindow>

#include <functional>
#include <memory>
#include <optional>

namespace cachet {

class ClipboardTask;
class CopyAsController;
class CopyController;
class DocumentSession;
class DocumentWatch;
class EditController;
class GoToField;
class HeatMapDock;
class HexView;
class InspectorDock;
class MessageBar;
class NavigationController;
class PasteController;
class LeftEditsController;
class RecoveryController;
class StagedEditsDock;
class StatusLine;
class WriteController;
class WriteProgressWatch;
struct WindowActions;

/// What a window needs from outside; tests give their own.
struct WindowServices {
    std::shared_ptr<cachecore::Env> env;
    SourceFactory openSource;
    std::shared_ptr<DocumentCloser> closer;
    CloseAsker askClose;
    FileChooser chooseOpen;
    FileChooser chooseCopy;
    FileChooser chooseImport;
    FileChooser chooseExport;
};

/// The services of the real program.
[[nodiscard]] WindowServices systemServices();

/// How a window starts.
struct WindowOptions {
    bool readOnly = false;
    bool remember = false; ///< keeps its geometry and docks in the settings
    std::optional<Typed<PlaceExpression>> goTo;
    std::optional<Typed<RangeExpression>> select;
    cachecore::DocumentOptions document;
};

/// One window with at most one document. Everything that touches the disk runs elsewhere.
/// Thread: GUI.
class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(WindowServices services, WindowOptions options);
    ~MainWindow() override;

    /// Opens `path` (bytes) in this window, which must not have a document yet.
    void open(const std::string &path);

    [[nodiscard]] DocumentSession *session() const { return m_session.get(); }
    [[nodiscard]] HexView &view() const { return *m_view; }
    [[nodiscard]] MessageBar &messages() const { return *m_messages; }
    [[nodiscard]] const WindowActions &actions() const { return *m_actions; }

signals:
    /// The document is open and shown.
    void opened();
    /// It could not be opened; the window says so as well.
    void openFailed(const QString &sentence);
    /// The place or range asked for at the start does not exist; the window says so as well.
    void startRefused(const QString &sentence);
    /// A file was chosen while this window already has a document.
    void newWindowWanted(const std::string &path);
    void quitWanted();
    void closed();

protected:
    void closeEvent(QCloseEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void buildWidgets();
    [[nodiscard]] QWidget *makeLegend();
    void connectActions();
    void connectEditActions();
    void connectClipboard();
    void copySelection();
    void exportRange(ByteFormat format);
    void connectParts();
    void connectWriting();
    void connectClosing();
    void workChanged();
    void tellWaiting();
    void giveUpStaged();
    void adopt(const OpenDocument &document);
    void refuse(const cachecore::Error &error);
    void goToStart();
    void jumpTo(cachecore::ByteOffset offset);
    void goToEdit(bool forward);
    void step(cachecore::Result<void> (cachecore::Document::*undoOrRedo)(),
              const std::optional<cachecore::EditStep> &what);
    void discard(cachecore::ByteRange range);
    void persistSelection();
    void reload();
    void refreshState();
    void refreshTitle();
    /// Says in every empty part that a file is being opened, and that it takes long when it does.
    void tellOpening(bool slow);
    void showNote(const QString &text);
    void dropOldNote();
    /// The dock whose width is that of the column beside the hex view; null when none stands there.
    [[nodiscard]] QDockWidget *sideDock() const;
    /// Takes from the docks beside the hex view what it needs to show its columns, and gives it back when there is room again.
    void fitSideDocks();
    void tellRefused(const cachecore::Error &error);
    void showAbout();
    void showWriteDetails(const QString &details);
    void readSettings();
    void writeSettings() const;
    void letGo();

    const WindowServices m_services;
    const WindowOptions m_options;
    std::unique_ptr<WindowActions> m_actions;
    MessageBar *m_messages = nullptr;
    HexView *m_view = nullptr;
    GoToField *m_goTo = nullptr;
    HeatMapDock *m_heatMap = nullptr;
    InspectorDock *m_inspector = nullptr;
    StagedEditsDock *m_stagedEdits = nullptr;
    StatusLine *m_status = nullptr;
    WriteController *m_writer = nullptr;
    WriteProgressWatch *m_writeProgress = nullptr;
    RecoveryController *m_recovery = nullptr;
    LeftEditsController *m_leftEdits = nullptr;
    EditController *m_edits = nullptr;
    NavigationController *m_navigation = nullptr;
    DocumentWatch *m_watch = nullptr;
    CloseGuard *m_closeGuard = nullptr;
    CopyController *m_copy = nullptr;
    ClipboardTask *m_clipboard = nullptr;
    CopyAsController *m_copyAs = nullptr;
    PasteController *m_paste = nullptr;
    std::string m_path; ///< bytes
    std::unique_ptr<DocumentOpener> m_opener;
    OpenDocument m_open;
    std::unique_ptr<DocumentSession> m_session;
    JumpHistory m_history;
    cachecore::StagedEdits m_noted; ///< what was staged when the last note was shown
    int m_sideWanted = 0;           ///< width of the docks beside the hex view when there is room for it, pixels
    int m_sideGiven = 0;            ///< width that fitSideDocks gave them last; 0 before that
};

} // namespace cachet
