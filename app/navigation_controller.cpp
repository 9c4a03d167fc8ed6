// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/navigation_controller.h"

#include "app/message_bar.h"
#include "app/progress_part.h"
#include "cachecore/scan/data_runs.h"
#include "ui/dialogs/select_dialog.h"
#include "ui/session/background_task.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"
#include "ui/session/write_text.h"

#include <algorithm>

namespace cachet {

namespace {

using cachecore::ByteOffset;

const QString kKey = QStringLiteral("navigation");
constexpr int kPatienceMs = 300;

} // namespace

NavigationController::NavigationController(MessageBar &messages, ProgressPart &progress, QWidget &window)
    : QObject(&window)
    , m_messages(messages)
    , m_progress(progress)
    , m_window(window)
    , m_task(new BackgroundTask(QStringLiteral("dataRun"), this))
{
    setObjectName(QStringLiteral("navigationController"));
    connect(m_task, &BackgroundTask::progressed, this, &NavigationController::progressed);
    m_patience.setSingleShot(true);
    m_patience.setInterval(kPatienceMs);
    connect(&m_patience, &QTimer::timeout, this, &NavigationController::showProgress);
    connect(&m_progress, &ProgressPart::cancelClicked, m_task, [this] { m_task->cancel(); });
}

NavigationController::~NavigationController() = default;

void NavigationController::setSession(DocumentSession *session)
{
    giveUp();
    delete m_dialog;
    m_session = session;
}

void NavigationController::select(const ExpressionContext &context)
{
    if (!m_session || m_dialog || context.size == 0)
        return;
    auto *dialog = new SelectDialog(context, &m_window);
    m_dialog = dialog;
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        if (const auto range = dialog->range())
            emit selectRequested(*range);
    });
    dialog->open();
}

void NavigationController::goToRun(ByteOffset from, Way way)
{
    if (!m_session)
        return;
    giveUp();
    m_messages.dismiss(kKey);
    m_way = way;
    const auto found = std::make_shared<Found>();
    const auto look = [found, from, way, snapshot = std::shared_ptr(m_session->document().snapshot())](
                          BackgroundTask::Context &context) mutable {
        const std::uint64_t total
            = way == Way::Forward ? snapshot->size() - std::min(from.value(), snapshot->size()) : from.value();
        const auto progress = [&](ByteOffset at) {
            const std::uint64_t done = at > from ? at - from : from - at;
            context.progress(std::min(done, total), total);
        };
        *found = way == Way::Forward ? cachecore::nextDataRun(*snapshot, from, progress, context.stop())
                                     : cachecore::previousDataRun(*snapshot, from, progress, context.stop());
        snapshot.reset();
    };
    // Of work that was given up nothing is known, and it may still be writing what it finds.
    const auto told = [this, found](BackgroundTask::End end) {
        ended(end == BackgroundTask::End::GivenUp
                  ? cachecore::failure(cachecore::ErrorCode::Cancelled, cachecore::Operation::Read)
                  : *found);
    };
    if (m_task->start(look, told))
        m_patience.start();
}

void NavigationController::giveUp()
{
    m_task->forget();
    m_patience.stop();
    m_progress.hide();
}

void NavigationController::progressed()
{
    if (!m_patience.isActive())
        showProgress();
}

void NavigationController::showProgress()
{
    m_progress.show({m_way == Way::Forward ? tr("Looking for data ahead") : tr("Looking for data before"),
                     bytesText(m_task->done(), m_task->total()), m_task->done(), m_task->total(), QString(),
                     tr("Stop looking and stay here")});
}

void NavigationController::ended(const Found &found)
{
    m_patience.stop();
    m_progress.hide();
    if (found && *found)
        emit goToRequested(**found);
    else if (found && m_way == Way::Forward)
        emit told(tr("No other data begins after this place."));
    else if (found)
        emit told(tr("No other data begins before this place."));
    else if (found.error().code == cachecore::ErrorCode::Cancelled)
        emit told(tr("Looking for data was stopped."));
    else
        m_messages.show(kKey, MessageBar::Severity::Error, errorText(found.error()));
}

} // namespace cachet
