// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/docks/staged_edits_dock.h"

#include "ui/models/staged_edits_model.h"
#include "ui/session/document_session.h"

#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScrollBar>
#include <QStackedLayout>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace cachet {

namespace {

QPushButton *makeButton(const QString &text, const char *objectName, QWidget *parent)
{
    auto *button = new QPushButton(text, parent);
    button->setObjectName(QString::fromLatin1(objectName));
    button->setAutoDefault(false);
    return button;
}

void setState(QPushButton *button, const QString &whyNot, const QString &what)
{
    button->setEnabled(whyNot.isEmpty());
    button->setToolTip(whyNot.isEmpty() ? what : whyNot);
}

} // namespace

StagedEditsDock::StagedEditsDock(QWidget *parent)
    : QDockWidget(tr("Staged Edits"), parent)
    , m_model(new StagedEditsModel(this))
    , m_table(new QTableView)
    , m_empty(new QLabel)
    , m_stack(new QStackedLayout)
{
    setObjectName(QStringLiteral("stagedEditsDock"));
    setAccessibleName(tr("Staged edits dock"));
    setUpTable();
    m_empty->setObjectName(QStringLiteral("stagedEditsEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(m_table);

    auto *content = new QWidget;
    content->setObjectName(QStringLiteral("stagedEditsContent"));
    auto *layout = new QHBoxLayout(content);
    layout->setContentsMargins(6, 4, 6, 4);
    layout->setSpacing(6);
    layout->addLayout(m_stack, 1);
    layout->addWidget(makeButtons());
    setWidget(content);

    connect(m_model, &QAbstractItemModel::modelAboutToBeReset, this, &StagedEditsDock::rememberSelection);
    connect(m_model, &QAbstractItemModel::modelReset, this, &StagedEditsDock::restoreSelection);
    refreshState();
}

void StagedEditsDock::setUpTable()
{
    m_table->setObjectName(QStringLiteral("stagedEditsTable"));
    m_table->setAccessibleName(tr("Staged edits"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 6);
    QHeaderView *header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setMinimumSectionSize(48); // the change is elided before the table scrolls sideways
    header->setSectionResizeMode(QHeaderView::ResizeToContents);
    header->setResizeContentsPrecision(0); // the rows on the screen only, however many there are
    header->setSectionResizeMode(StagedEditsModel::ChangeColumn, QHeaderView::Stretch);
    connect(m_table, &QAbstractItemView::activated, this, [this](const QModelIndex &index) {
        if (index.isValid())
            emit goToRequested(m_model->extent(index.row()).begin());
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &StagedEditsDock::refreshState);
}

QWidget *StagedEditsDock::makeButtons()
{
    // A column beside the rows, so that a low dock still shows some of them.
    auto *column = new QWidget;
    column->setObjectName(QStringLiteral("stagedEditsButtons"));
    auto *layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    m_persist = makeButton(tr("Persist Selected"), "persistSelectedButton", column);
    m_discard = makeButton(tr("Discard"), "discardSelectedButton", column);
    m_commit = makeButton(tr("Commit All"), "commitAllButton", column);
    layout->addWidget(m_persist);
    layout->addWidget(m_discard);
    layout->addWidget(m_commit);
    layout->addStretch(1);
    connect(m_persist, &QPushButton::clicked, this, [this] { emit persistRequested(selectedRanges()); });
    connect(m_discard, &QPushButton::clicked, this, [this] { emit discardRequested(selectedRanges()); });
    connect(m_commit, &QPushButton::clicked, this, &StagedEditsDock::commitRequested);
    return column;
}

void StagedEditsDock::setSession(DocumentSession *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_model->setSession(session);
    if (session) {
        connect(session, &DocumentSession::writeStarted, this, &StagedEditsDock::refreshState, Qt::QueuedConnection);
        connect(session, &DocumentSession::writeFinished, this, &StagedEditsDock::refreshState);
        connect(session, &DocumentSession::workChanged, this, &StagedEditsDock::refreshState);
        connect(session, &DocumentSession::recoveryChanged, this, &StagedEditsDock::refreshState);
    }
    refreshState();
}

void StagedEditsDock::setEmptyText(const QString &text)
{
    m_emptyText = text;
    refreshState();
}

std::vector<cachecore::ByteRange> StagedEditsDock::selectedRanges() const
{
    std::vector<cachecore::ByteRange> ranges;
    const QItemSelection selection = m_table->selectionModel()->selection();
    for (const QItemSelectionRange &rows : selection) {
        if (rows.isValid())
            ranges.emplace_back(m_model->extent(rows.top()).begin(), m_model->extent(rows.bottom()).end());
    }
    std::ranges::sort(ranges, {}, [](const cachecore::ByteRange &range) { return range.begin(); });
    return ranges;
}

void StagedEditsDock::rememberSelection()
{
    m_remembered = selectedRanges();
    m_scroll = m_table->verticalScrollBar()->value();
}

void StagedEditsDock::restoreSelection()
{
    QItemSelection selection;
    for (const cachecore::ByteRange &range : m_remembered) {
        const auto found = m_model->edits().extentsIn(range);
        const auto rows = static_cast<std::uint64_t>(m_model->rowCount());
        if (found.count == 0 || found.first >= rows)
            continue;
        const std::uint64_t last = std::min(found.first + found.count, rows) - 1;
        selection.select(m_model->index(static_cast<int>(found.first), 0),
                         m_model->index(static_cast<int>(last), StagedEditsModel::ColumnCount - 1));
    }
    if (!selection.isEmpty())
        m_table->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    m_table->verticalScrollBar()->setValue(m_scroll);
    refreshState();
}

void StagedEditsDock::refreshState()
{
    const bool any = m_model->rowCount() > 0;
    const bool selected = any && m_table->selectionModel()->hasSelection();
    const bool writing = m_session && m_session->document().writing();
    m_stack->setCurrentIndex(any ? 1 : 0);
    if (!m_session)
        m_empty->setText(m_emptyText.isEmpty() ? tr("No document is open.") : m_emptyText);
    else if (m_session->document().source().writable())
        m_empty->setText(tr("Nothing staged. Type over bytes to stage an edit."));
    else
        m_empty->setText(tr("Nothing staged. This document is open for reading only."));

    QString whyNot;
    if (!any)
        whyNot = tr("Nothing is staged.");
    else if (writing)
        whyNot = tr("A write is running; wait until it has ended.");
    const QString whyNotSelected = !whyNot.isEmpty() || selected ? whyNot : tr("Select one or more rows first.");
    const bool unsettled = any && !writing && !m_session->document().unsettled().empty();
    const QString recoverFirst = unsettled ? tr("A write was interrupted; recover it first.") : QString();
    setState(m_commit, unsettled ? recoverFirst : whyNot, tr("Write every staged edit to the disk (Ctrl+S)."));
    setState(m_persist, unsettled ? recoverFirst : whyNotSelected,
             tr("Write the selected edits to the disk and leave the others staged."));
    setState(m_discard, whyNotSelected, tr("Take the selected edits back; this can be undone."));
}

} // namespace cachet
