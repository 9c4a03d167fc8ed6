// SPDX-License-Identifier: GPL-3.0-or-later
// What the recovery dialog is made of.
#include "ui/dialogs/recovery_dialog.h"
#include "ui/dialogs/recovery_findings.h"
#include "ui/session/error_text.h"

#include <QGridLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace cachet {

namespace {

constexpr int kWidth = 600;
constexpr const char *kHeading = "heading"; // property of a label: what stands before it

QLabel *makeText(const char *name, QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

QPushButton *makeButton(const char *name, const QString &text, QWidget *parent)
{
    auto *button = new QPushButton(text, parent);
    button->setObjectName(QString::fromLatin1(name));
    button->setAutoDefault(false);
    return button;
}

} // namespace

QLabel *RecoveryDialog::addRow(QGridLayout &grid, const char *name, const QString &label)
{
    auto *heading = new QLabel(label, this);
    heading->setObjectName(QString::fromLatin1(name) + QStringLiteral("Label"));
    QLabel *text = makeText(name, this);
    text->setProperty(kHeading, label);
    const int row = grid.rowCount();
    grid.addWidget(heading, row, 0, Qt::AlignTop | Qt::AlignRight);
    grid.addWidget(text, row, 1);
    return text;
}

/// What a screen reader says of a row is its heading and its text.
void RecoveryDialog::setRow(QLabel &row, const QString &text)
{
    row.setText(text);
    row.setAccessibleName(row.property(kHeading).toString() + u' ' + text);
}

void RecoveryDialog::buildWidgets()
{
    setObjectName(QStringLiteral("recoveryDialog"));
    setWindowTitle(tr("Recover %1").arg(displayName(m_session->document().source().path())));
    auto *layout = new QVBoxLayout(this);
    layout->setSpacing(10);
    m_title = makeText("recoveryTitle", this);
    QFont bold = m_title->font();
    bold.setBold(true);
    m_title->setFont(bold);
    layout->addWidget(m_title);
    m_said = makeText("recoverySaid", this);
    m_said->hide();
    layout->addWidget(m_said);
    auto *grid = new QGridLayout;
    grid->setColumnStretch(1, 1);
    grid->setVerticalSpacing(3);
    m_image = addRow(*grid, "recoveryImage", tr("Image:"));
    m_journalName = addRow(*grid, "recoveryJournal", tr("Journal:"));
    m_began = addRow(*grid, "recoveryBegan", tr("Begun:"));
    m_began->setToolTip(tr("When the interrupted write began, by the clock of the machine it ran on"));
    layout->addLayout(grid);

    m_busy = new QWidget(this);
    m_busy->setObjectName(QStringLiteral("recoveryBusy"));
    auto *busy = new QGridLayout(m_busy);
    busy->setContentsMargins(0, 0, 0, 0);
    m_busyText = makeText("recoveryBusyText", m_busy);
    m_bar = new QProgressBar(m_busy);
    m_bar->setObjectName(QStringLiteral("recoveryBar"));
    m_bar->setAccessibleName(tr("Progress"));
    m_stop = makeButton("recoveryStop", tr("&Stop"), m_busy);
    busy->addWidget(m_busyText, 0, 0, 1, 2);
    busy->addWidget(m_bar, 1, 0);
    busy->addWidget(m_stop, 1, 1);
    layout->addWidget(m_busy);
    m_findings = new RecoveryFindings(this);
    m_findings->hide();
    layout->addWidget(m_findings);
    layout->addStretch(1);
    buildButtons();
    setMinimumWidth(kWidth);
}

void RecoveryDialog::buildButtons()
{
    m_setAside = makeButton("recoverySetAside", tr("Set the &Journal Aside"), this);
    m_setAside->setToolTip(
        tr("Give the journal another name, so that it is no longer asked about; what the interrupted "
           "write left on the image stays"));
    m_again = makeButton("recoveryAgain", tr("Look &Again"), this);
    m_again->setToolTip(tr("Compare the disk with the journal once more"));
    m_finish = makeButton("recoveryFinish", tr("&Finish the Write"), this);
    m_rollBack = makeButton("recoveryRollBack", tr("&Roll It Back"), this);
    m_leave = makeButton("recoveryLook", tr("&Look First"), this);
    m_leave->setDefault(true);
    auto *row = new QHBoxLayout;
    row->addWidget(m_setAside);
    row->addWidget(m_again);
    row->addStretch(1);
    row->addWidget(m_finish);
    row->addWidget(m_rollBack);
    row->addWidget(m_leave);
    static_cast<QVBoxLayout *>(layout())->addLayout(row);
}

} // namespace cachet
