// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/main_window.h"

#include "app/clipboard_task.h"
#include "app/copy_as_controller.h"
#include "app/copy_controller.h"
#include "app/document_watch.h"
#include "app/edit_controller.h"
#include "app/left_edits_controller.h"
#include "app/message_bar.h"
#include "app/navigation_controller.h"
#include "app/paste_controller.h"
#include "app/recovery_controller.h"
#include "app/status_line.h"
#include "app/window_actions.h"
#include "app/write_controller.h"
#include "app/write_progress_watch.h"
#include "ui/dialogs/go_to_field.h"
#include "ui/docks/heat_map_dock.h"
#include "ui/docks/inspector_dock.h"
#include "ui/docks/staged_edits_dock.h"
#include "ui/heatmap/heat_map.h"
#include "ui/hexview/hex_view.h"
#include "ui/hexview/overlay_legend.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QAction>
#include <QCloseEvent>
#include <QMenu>
#include <QStatusBar>
#include <QTimer>
#include <QToolBar>
#include <QVBoxLayout>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

constexpr int kSlowOpenMs = 1000;
constexpr QSize kFirstSize(1180, 760);
constexpr int kFirstStagedHeight = 120; // three rows; the hex view gets the room
constexpr int kFirstSideWidth = 500;    // values in both orders of bytes; less where the hex view needs it
constexpr int kFirstMapHeight = 240;
constexpr int kFirstInspectorHeight = 400;

} // namespace

MainWindow::MainWindow(WindowServices services, WindowOptions options)
    : m_services(std::move(services))
    , m_options(std::move(options))
    , m_actions(std::make_unique<WindowActions>(*this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setAccessibleName(tr("Cachet"));
    setAttribute(Qt::WA_DeleteOnClose);
    buildWidgets();
    connectParts();
    connectWriting();
    connectClosing();
    connectActions();
    connectEditActions();
    connectClipboard();
    resize(kFirstSize);
    readSettings();
    refreshState();
    m_view->setFocus();
}

MainWindow::~MainWindow()
{
    letGo();
}

void MainWindow::buildWidgets()
{
    auto *central = new QWidget;
    central->setObjectName(QStringLiteral("central"));
    auto *layout = new QVBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_messages = new MessageBar;
    m_view = new HexView;
    m_view->setObjectName(QStringLiteral("hexView"));
    layout->addWidget(m_messages);
    layout->addWidget(m_view, 1);
    layout->addWidget(makeLegend());
    setCentralWidget(central);

    auto *bar = addToolBar(tr("Go To"));
    bar->setObjectName(QStringLiteral("goToToolBar"));
    bar->setAccessibleName(tr("Tool bar"));
    bar->setMovable(false);
    bar->addAction(m_actions->open);
    bar->addAction(m_actions->commit);
    bar->addSeparator();
    bar->addAction(m_actions->back);
    bar->addAction(m_actions->forward);
    m_goTo = new GoToField;
    bar->addWidget(m_goTo)->setObjectName(QStringLiteral("goToFieldAction"));
    bar->toggleViewAction()->setObjectName(QStringLiteral("goToToolBarAction"));
    for (QAction *action : bar->actions()) {
        if (QWidget *button = bar->widgetForAction(action); button && button->objectName().isEmpty())
            button->setObjectName(
                QString(action->objectName()).replace(QStringLiteral("Action"), QStringLiteral("Button")));
    }

    m_heatMap = new HeatMapDock(this);
    addDockWidget(Qt::RightDockWidgetArea, m_heatMap);
    m_inspector = new InspectorDock(this);
    addDockWidget(Qt::RightDockWidgetArea, m_inspector);
    m_stagedEdits = new StagedEditsDock(this);
    addDockWidget(Qt::BottomDockWidgetArea, m_stagedEdits);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    resizeDocks({m_heatMap}, {kFirstSideWidth}, Qt::Horizontal);
    resizeDocks({m_heatMap, m_inspector}, {kFirstMapHeight, kFirstInspectorHeight}, Qt::Vertical);
    resizeDocks({m_stagedEdits}, {kFirstStagedHeight}, Qt::Vertical);
    m_heatMap->toggleViewAction()->setObjectName(QStringLiteral("heatMapDockAction"));
    m_inspector->toggleViewAction()->setObjectName(QStringLiteral("inspectorDockAction"));
    m_stagedEdits->toggleViewAction()->setObjectName(QStringLiteral("stagedEditsDockAction"));
    m_actions->viewMenu->addActions(
        {m_heatMap->toggleViewAction(), m_inspector->toggleViewAction(), m_stagedEdits->toggleViewAction()});

    m_status = new StatusLine(*statusBar());
    m_writer = new WriteController(*m_messages, this);
    m_writeProgress = new WriteProgressWatch(m_status->writeProgress(), *m_writer, this);
    m_recovery = new RecoveryController(*m_messages, *this);
    m_leftEdits = new LeftEditsController(*m_messages, *this);
    m_edits = new EditController(m_services.chooseImport, *m_messages, *this);
    m_navigation = new NavigationController(*m_messages, m_status->lookProgress(), *this);
    m_watch = new DocumentWatch(*m_messages, this);
    m_copy = new CopyController(m_services.env, *m_messages, *m_status, this);
    m_clipboard = new ClipboardTask(m_status->clipboardProgress(), this);
    m_copyAs = new CopyAsController(*m_clipboard, *m_messages, this);
    m_paste = new PasteController(*m_clipboard, *m_messages, *this);
    m_closeGuard = new CloseGuard(m_services.askClose, this);
}

QWidget *MainWindow::makeLegend()
{
    auto *strip = new QWidget;
    strip->setObjectName(QStringLiteral("legendStrip"));
    auto *layout = new QVBoxLayout(strip);
    layout->setContentsMargins(6, 3, 6, 3);
    layout->addWidget(new OverlayLegend);
    connect(m_actions->legend, &QAction::toggled, strip, &QWidget::setVisible);
    return strip;
}

void MainWindow::open(const std::string &path)
{
    m_path = path;
    m_messages->clear();
    m_opener = std::make_unique<DocumentOpener>(m_services.openSource, m_services.env);
    connect(m_opener.get(), &DocumentOpener::opened, this, &MainWindow::adopt);
    connect(m_opener.get(), &DocumentOpener::failed, this, &MainWindow::refuse);
    QTimer::singleShot(kSlowOpenMs, m_opener.get(), [this] {
        if (!m_opener)
            return; // it has just answered
        tellOpening(true);
        m_messages->show(QStringLiteral("open"), Severity::Information,
                         tr("%1 has not answered yet; it opens here as soon as it does.").arg(displayPath(m_path)));
    });
    m_opener->start({path, m_options.readOnly, m_options.document});
    tellOpening(false);
}

void MainWindow::adopt(const OpenDocument &document)
{
    m_opener.release()->deleteLater(); // this is its signal
    m_messages->dismiss(QStringLiteral("open"));
    m_open = document;
    m_session = std::make_unique<DocumentSession>(document.document);
    connect(m_session.get(), &DocumentSession::pagesChanged, this, &MainWindow::refreshState);
    connect(m_session.get(), &DocumentSession::editsChanged, this, &MainWindow::dropOldNote);
    connect(m_session.get(), &DocumentSession::editsChanged, this, &MainWindow::refreshState);
    connect(m_session.get(), &DocumentSession::sizeChanged, this, &MainWindow::refreshState);
    connect(m_session.get(), &DocumentSession::sizeChanged, this, &MainWindow::fitSideDocks, Qt::QueuedConnection);
    connect(m_session.get(), &DocumentSession::writeStarted, this, &MainWindow::refreshState, Qt::QueuedConnection);
    m_writer->setSession(m_session.get());
    connect(m_session.get(), &DocumentSession::writeFinished, this, [this](const auto &outcome) {
        refreshState();
        if (m_session->work() == DocumentSession::Work::None) // or the next range is being written
            m_closeGuard->writeFinished(outcome);
    });
    connect(m_session.get(), &DocumentSession::workChanged, this, &MainWindow::workChanged);
    m_writeProgress->setSession(m_session.get());
    m_edits->setSession(m_session.get());
    m_navigation->setSession(m_session.get());
    m_paste->setSession(m_session.get());
    m_watch->setSession(m_session.get());
    m_heatMap->setSession(m_session.get());
    m_stagedEdits->setSession(m_session.get());
    m_inspector->setSession(m_session.get(), m_open.loads);
    m_view->setSession(m_session.get());
    fitSideDocks(); // the wider the offsets the more the hex view needs
    m_heatMap->map().setViewport(m_view->visibleRange());
    if (m_session->document().size() == 0)
        m_messages->show(QStringLiteral("open"), Severity::Information,
                         tr("%1 is empty: it has no bytes to show or edit.").arg(displayPath(m_path)));
    goToStart();
    m_recovery->setSession(m_session.get());
    m_leftEdits->setSession(m_session.get());
    refreshState();
    emit opened();
}

void MainWindow::refuse(const cachecore::Error &error)
{
    m_opener.release()->deleteLater(); // this is its signal
    cachecore::Error named = error;
    if (named.path.empty())
        named.path = m_path;
    const QString sentence = errorText(named);
    m_messages->show(QStringLiteral("open"), Severity::Error, sentence,
                     {tr("Open Another…"), [this] { m_actions->open->trigger(); }});
    m_path.clear();
    tellOpening(false);
    emit openFailed(sentence);
}

void MainWindow::goToStart()
{
    const auto tell = [this](const ExpressionError &error, const QString &text) {
        const QString sentence = expressionErrorText(error, text);
        MessageBar::Action action;
        if (error.end)
            action = {tr("Go to the End"), [this, end = *error.end] { jumpTo(end); }};
        m_messages->show(QStringLiteral("start"), Severity::Warning, sentence, action);
        emit startRefused(sentence);
    };
    const ExpressionContext context{.size = m_session->document().size()};
    if (m_options.goTo) {
        const auto place = resolvePlace(m_options.goTo->expression, context);
        if (place)
            m_view->goTo(*place);
        else
            tell(place.error(), m_options.goTo->text);
    }
    if (m_options.select) {
        const auto range = resolveRange(m_options.select->expression, context);
        if (range)
            m_view->select(*range);
        else
            tell(range.error(), m_options.select->text);
    }
}

void MainWindow::workChanged()
{
    refreshState();
    if (m_session->work() != DocumentSession::Work::None)
        return;
    m_messages->dismiss(QStringLiteral("closing"));
    m_closeGuard->workEnded();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    CloseGuard::Situation situation;
    if (m_session) {
        const cachecore::StagedEdits staged = m_session->document().staged();
        situation.staged = !staged.empty();
        // Looking at an interrupted write changes nothing and is given up; what writes is waited for.
        situation.writing = m_session->document().writing() && m_session->work() != DocumentSession::Work::Look;
        situation.copying = m_copy->running();
        situation.question
            = {displayName(m_path), sizeText(staged.byteCount()), m_session->document().unsettled().empty()};
    }
    if (!m_closeGuard->tryClose(situation)) {
        event->ignore();
        return;
    }
    writeSettings();
    letGo();
    event->accept();
    emit closed();
}

/// Takes the document out of every part and leaves it to the closer, which nobody waits for here.
void MainWindow::letGo()
{
    m_opener.reset();
    m_copy->stop();
    m_clipboard->stop();
    m_paste->setSession(nullptr);
    m_leftEdits->setSession(nullptr);
    m_recovery->setSession(nullptr);
    m_navigation->setSession(nullptr);
    m_edits->setSession(nullptr);
    m_writeProgress->setSession(nullptr);
    m_watch->setSession(nullptr);
    m_writer->setSession(nullptr);
    m_view->setSession(nullptr);
    m_heatMap->setSession(nullptr);
    m_stagedEdits->setSession(nullptr);
    m_inspector->setSession(nullptr);
    m_session.reset();
    if (m_open.document)
        m_services.closer->close(std::exchange(m_open, {}));
}

} // namespace cachet
