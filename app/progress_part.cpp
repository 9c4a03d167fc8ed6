// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/progress_part.h"

#include "app/elided_label.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kSteps = 1000;
constexpr int kBarWidth = 130;
constexpr int kButtonRoom = 18; // beside the text of Cancel

} // namespace

ProgressPart::ProgressPart(const QString &name, const QString &accessibleName, QWidget *parent)
    : QWidget(parent)
    , m_text(new ElidedLabel(this))
    , m_bar(new QProgressBar(this))
    , m_cancel(new QPushButton(tr("Cancel"), this))
{
    setObjectName(name);
    setAccessibleName(accessibleName);
    m_text->setObjectName(name + QStringLiteral("Text"));
    m_bar->setObjectName(name + QStringLiteral("Bar"));
    m_bar->setAccessibleName(accessibleName);
    m_bar->setFixedWidth(kBarWidth);
    m_bar->setTextVisible(true);
    m_cancel->setObjectName(name + QStringLiteral("Cancel"));
    m_cancel->setAutoDefault(false);
    m_cancel->setMaximumWidth(m_cancel->fontMetrics().horizontalAdvance(m_cancel->text()) + kButtonRoom);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_bar);
    layout->addWidget(m_cancel);
    connect(m_cancel, &QPushButton::clicked, this, &ProgressPart::cancelClicked);
    QWidget::hide();
}

void ProgressPart::show(const ProgressShown &progress)
{
    m_text->setText(progress.what);
    m_text->setAccessibleName(tr("%1: %2").arg(accessibleName(), progress.what));
    m_bar->setRange(0, progress.total == 0 ? 0 : kSteps);
    const double part = progress.total == 0
        ? 0.0
        : static_cast<double>(std::min(progress.done, progress.total)) / static_cast<double>(progress.total);
    m_bar->setValue(static_cast<int>(part * kSteps));
    // The text is not a pattern: a percent sign in it means itself.
    m_bar->setFormat(QString(progress.amount).replace(u'%', QStringLiteral("%%")));
    const QString whole = progress.amount.isEmpty() ? progress.what : tr("%1: %2").arg(progress.what, progress.amount);
    m_text->setToolTip(whole);
    m_bar->setToolTip(whole);
    setAccessibleDescription(whole);
    m_cancel->setEnabled(progress.whyNotCancel.isEmpty());
    m_cancel->setToolTip(progress.whyNotCancel.isEmpty() ? progress.cancelTip : progress.whyNotCancel);
    m_cancel->setAccessibleDescription(m_cancel->toolTip());
    if (!isHidden())
        return;
    QWidget::show();
    emit shownChanged();
}

void ProgressPart::hide()
{
    if (isHidden())
        return;
    QWidget::hide();
    emit shownChanged();
}

} // namespace cachet
