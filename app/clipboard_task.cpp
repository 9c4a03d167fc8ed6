// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/clipboard_task.h"

#include "app/progress_part.h"
#include "ui/session/write_text.h"

#include <utility>

namespace cachet {

namespace {

constexpr int kMomentMs = 150; ///< shorter work shows no progress

} // namespace

ClipboardTask::ClipboardTask(ProgressPart &part, QObject *parent)
    : QObject(parent)
    , m_part(part)
    , m_task(QStringLiteral("clipboard"), nullptr)
{
    setObjectName(QStringLiteral("clipboardTask"));
    m_shown.setSingleShot(true);
    m_shown.setInterval(kMomentMs);
    connect(&m_shown, &QTimer::timeout, this, &ClipboardTask::showProgress);
    connect(&m_task, &BackgroundTask::progressed, this, [this] {
        if (!m_shown.isActive())
            showProgress();
    });
    connect(&m_part, &ProgressPart::cancelClicked, this, &ClipboardTask::cancel);
}

bool ClipboardTask::start(const QString &doing, const QString &cancelTip, bool counted, BackgroundTask::Work work,
                          BackgroundTask::Ended ended)
{
    const auto end = [this, ended = std::move(ended)](BackgroundTask::End how) {
        m_shown.stop();
        m_part.hide();
        ended(how);
    };
    if (!m_task.start(std::move(work), end))
        return false;
    m_doing = doing;
    m_cancelTip = cancelTip;
    m_counted = counted;
    m_shown.start();
    return true;
}

void ClipboardTask::stop()
{
    m_task.forget();
    m_shown.stop();
    m_part.hide();
}

void ClipboardTask::showProgress()
{
    const std::uint64_t done = m_task.done();
    const std::uint64_t total = m_task.total();
    const QString whyNot = m_cancelTip.isEmpty() ? tr("It ends in a moment") : QString();
    m_part.show(
        {m_doing, m_counted && total > 0 ? bytesText(done, total) : QString(), done, total, whyNot, m_cancelTip});
}

} // namespace cachet
