// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/recovery_findings.h"

#include "ui/dialogs/recovery_text.h"
#include "ui/session/error_text.h"

#include <QCheckBox>
#include <QFontDatabase>
#include <QGridLayout>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QVBoxLayout>

#include <algorithm>
#include <span>

namespace cachet {

namespace {

constexpr int kShownRows = 4; // of the list; it scrolls beyond
constexpr std::size_t kListedRanges = 100;

QLabel *makeText(const char *name, QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

} // namespace

RecoveryFindings::RecoveryFindings(QWidget *parent)
    : QWidget(parent)
    , m_sentence(makeText("recoveryFinding", this))
    , m_counts(new QWidget(this))
    , m_grid(new QGridLayout(m_counts))
    , m_foreign(new QWidget(this))
    , m_foreignText(makeText("recoveryForeignText", m_foreign))
    , m_list(new QListWidget(m_foreign))
    , m_overwrite(new QCheckBox(tr("&Overwrite them"), m_foreign))
{
    setObjectName(QStringLiteral("recoveryFindings"));
    m_counts->setObjectName(QStringLiteral("recoveryCounts"));
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(8);
    m_grid->setVerticalSpacing(2);
    m_grid->setColumnStretch(1, 1);
    m_foreign->setObjectName(QStringLiteral("recoveryForeign"));
    m_list->setObjectName(QStringLiteral("recoveryForeignList"));
    m_list->setAccessibleName(tr("Places something else has written to"));
    m_list->setToolTip(tr("Click a place to see it in the window"));
    m_list->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_list->setUniformItemSizes(true);
    m_overwrite->setObjectName(QStringLiteral("recoveryOverwrite"));
    auto *foreign = new QVBoxLayout(m_foreign);
    foreign->setContentsMargins(0, 0, 0, 0);
    foreign->addWidget(m_foreignText);
    foreign->addWidget(m_list);
    foreign->addWidget(m_overwrite);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_sentence);
    layout->addWidget(m_counts);
    layout->addWidget(m_foreign);
    const auto goTo = [this](const QListWidgetItem *item) {
        emit goToRequested(cachecore::ByteOffset(item->data(Qt::UserRole).toULongLong()));
    };
    connect(m_list, &QListWidget::itemClicked, this, goTo);
    connect(m_list, &QListWidget::itemActivated, this, goTo);
    connect(m_overwrite, &QCheckBox::toggled, this, &RecoveryFindings::mayWriteChanged);
}

void RecoveryFindings::show(const cachecore::RecoveryReport &report)
{
    m_sentence->setText(findingText(report));
    fillCounts(report);
    fillForeign(report);
    QWidget::show();
}

bool RecoveryFindings::mayWrite() const
{
    return m_foreign->isHidden() || m_overwrite->isChecked();
}

void RecoveryFindings::fillCounts(const cachecore::RecoveryReport &report)
{
    while (QLayoutItem *item = m_grid->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const std::vector<UnitLine> lines = unitLines(report);
    m_counts->setVisible(!lines.empty());
    if (lines.empty())
        return;
    const QString unit = report.header ? shortSizeText(report.header->unit) : QString();
    auto *heading = new QLabel(
        report.unitCount() == 1
            ? tr("Of its block of %1:").arg(unit)
            : tr("Of its %1 blocks of %2:").arg(QLocale().toString(static_cast<qulonglong>(report.unitCount())), unit),
        m_counts);
    heading->setObjectName(QStringLiteral("recoveryCountsHeading"));
    m_grid->addWidget(heading, 0, 0, 1, 2);
    int row = 1;
    for (const UnitLine &line : lines) {
        auto *count = new QLabel(line.count, m_counts);
        count->setObjectName(QStringLiteral("recoveryCount%1").arg(static_cast<int>(line.condition)));
        count->setAlignment(Qt::AlignRight | Qt::AlignTop);
        count->setContentsMargins(12, 0, 0, 0);
        QLabel *meaning = makeText("", m_counts);
        meaning->setObjectName(QStringLiteral("recoveryMeaning%1").arg(static_cast<int>(line.condition)));
        meaning->setText(line.meaning);
        m_grid->addWidget(count, row, 0);
        m_grid->addWidget(meaning, row, 1);
        ++row;
    }
}

void RecoveryFindings::fillForeign(const cachecore::RecoveryReport &report)
{
    m_overwrite->setChecked(false);
    m_list->clear();
    m_foreign->setVisible(!report.foreign.empty() && recoveryCase(report) == RecoveryCase::Open);
    const std::size_t listed = std::min(report.foreign.size(), kListedRanges);
    const bool more = listed < report.foreign.size();
    m_foreignText->setText(
        (more ? tr("Something else has written to these places since (the first %1 are listed). Finishing and rolling "
                   "back would both overwrite what it wrote; look at them first.")
                    .arg(listed)
              : tr("Something else has written to these places since. Finishing and rolling back would both "
                   "overwrite what it wrote; look at them first.")));
    for (const cachecore::ByteRange range : std::span(report.foreign).first(listed)) {
        auto *item = new QListWidgetItem(rangeText(range), m_list);
        item->setData(Qt::UserRole, static_cast<qulonglong>(range.begin().value()));
    }
    const int rows = std::clamp(static_cast<int>(report.foreign.size()), 1, kShownRows);
    m_list->setFixedHeight(rows * (m_list->fontMetrics().height() + 4) + 2 * m_list->frameWidth() + 2);
}

} // namespace cachet
