// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/inspector_table.h"

#include "ui/inspector/inspector_delegate.h"
#include "ui/models/inspector_model.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kRowPadding = 4;
constexpr int kLeastColumn = 64;

} // namespace

InspectorTable::InspectorTable(InspectorModel &model, QWidget *parent)
    : QTableView(parent)
    , m_model(model)
    , m_sentence(new QLabel(viewport()))
{
    setObjectName(QStringLiteral("inspectorTable"));
    setAccessibleName(tr("Values at the caret"));
    auto *delegate = new InspectorDelegate(model, this);
    setItemDelegate(delegate);
    setModel(&model);
    setSelectionMode(SingleSelection);
    setEditTriggers(DoubleClicked | EditKeyPressed | AnyKeyPressed);
    setTabKeyNavigation(false);
    setShowGrid(false);
    setAlternatingRowColors(true);
    setWordWrap(false);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(kLeastColumn);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    verticalHeader()->setHighlightSections(false);
    verticalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setMinimumSectionSize(1);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + kRowPadding);
    setCornerButtonEnabled(false);
    if (auto *corner = findChild<QAbstractButton *>()) {
        corner->setObjectName(QStringLiteral("inspectorCorner"));
        corner->setAccessibleName(tr("Values"));
    }
    joinColumns();

    m_sentence->setObjectName(QStringLiteral("inspectorSentence"));
    m_sentence->setFrameStyle(QFrame::Panel | QFrame::Plain);
    m_sentence->setAutoFillBackground(true);
    m_sentence->setBackgroundRole(QPalette::ToolTipBase);
    m_sentence->setForegroundRole(QPalette::ToolTipText);
    m_sentence->setTextFormat(Qt::PlainText);
    m_sentence->setWordWrap(true);
    m_sentence->setMargin(4);
    m_sentence->hide();

    connect(delegate, &InspectorDelegate::refused, this, &InspectorTable::tell);
    connect(delegate, &InspectorDelegate::typed, this, &InspectorTable::hush);
    connect(&model, &InspectorModel::caretMoved, this, &InspectorTable::endEditing);
    connect(&model, &QAbstractItemModel::modelReset, this, &InspectorTable::endEditing);
}

QString InspectorTable::sentence() const
{
    return m_sentence->isHidden() ? QString() : m_sentence->text();
}

void InspectorTable::joinColumns()
{
    clearSpans();
    for (int row = 0; row < m_model.rowCount(); ++row) {
        if (!m_model.rowHasByteOrder(row))
            setSpan(row, 0, 1, InspectorModel::ColumnCount);
    }
}

/// An editor belongs to the bytes it was opened on; what was typed for them is not put over others.
void InspectorTable::endEditing()
{
    hush();
    if (QWidget *editor = state() == EditingState ? indexWidget(currentIndex()) : nullptr)
        closeEditor(editor, QAbstractItemDelegate::RevertModelCache);
}

bool InspectorTable::edit(const QModelIndex &index, EditTrigger trigger, QEvent *event)
{
    const bool asked = trigger == DoubleClicked || trigger == EditKeyPressed || trigger == AnyKeyPressed;
    if (asked && index.isValid()) {
        hush();
        if (const QString why = m_model.whyNotEditable(index); !why.isEmpty()) {
            tell(index, why);
            return true; // or the key would search the rows
        }
    }
    return QTableView::edit(index, trigger, event);
}

bool InspectorTable::event(QEvent *event)
{
    // The window's own Copy takes the bytes that are selected in the hex view.
    if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent *>(event)->matches(QKeySequence::Copy)) {
        event->accept();
        return true;
    }
    return QTableView::event(event);
}

void InspectorTable::keyPressEvent(QKeyEvent *event)
{
    if (event->matches(QKeySequence::Copy)) {
        copyCurrent();
        return;
    }
    switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        (void)edit(currentIndex(), EditKeyPressed, event);
        return;
    case Qt::Key_Escape:
        if (sentence().isEmpty())
            emit left();
        hush();
        return;
    default:
        QTableView::keyPressEvent(event);
    }
}

void InspectorTable::contextMenuEvent(QContextMenuEvent *event)
{
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const QModelIndex index = byKey ? currentIndex() : indexAt(event->pos());
    if (!index.isValid())
        return;
    setCurrentIndex(index);
    auto *menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("inspectorMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setToolTipsVisible(true);
    QAction *change = menu->addAction(tr("&Edit Value"), this, [this, index = QPersistentModelIndex(index)] {
        if (index.isValid())
            (void)edit(index, AllEditTriggers, nullptr);
    });
    change->setObjectName(QStringLiteral("inspectorEditAction"));
    const QString why = m_model.whyNotEditable(index);
    change->setEnabled(why.isEmpty());
    change->setToolTip(why);
    QAction *copy = menu->addAction(tr("&Copy Value"), QKeySequence::Copy, this, &InspectorTable::copyCurrent);
    copy->setObjectName(QStringLiteral("inspectorCopyAction"));
    copy->setEnabled(!index.data(Qt::EditRole).toString().isEmpty());
    menu->popup(byKey ? viewport()->mapToGlobal(visualRect(index).bottomLeft()) : event->globalPos());
}

void InspectorTable::copyCurrent() const
{
    const QString value = currentIndex().data(Qt::EditRole).toString();
    if (!value.isEmpty())
        QGuiApplication::clipboard()->setText(value);
}

void InspectorTable::focusOutEvent(QFocusEvent *event)
{
    if (state() != EditingState)
        hush();
    QTableView::focusOutEvent(event);
}

void InspectorTable::currentChanged(const QModelIndex &current, const QModelIndex &previous)
{
    hush();
    QTableView::currentChanged(current, previous);
}

void InspectorTable::scrollContentsBy(int dx, int dy)
{
    hush();
    QTableView::scrollContentsBy(dx, dy);
}

void InspectorTable::resizeEvent(QResizeEvent *event)
{
    hush();
    QTableView::resizeEvent(event);
}

/// Under the cell, or above it where there is no room below.
void InspectorTable::tell(const QModelIndex &index, const QString &sentence)
{
    scrollTo(index);
    m_sentence->setText(sentence);
    const QRect cell = visualRect(index);
    const QRect room = viewport()->rect().adjusted(2, 0, -2, 0);
    m_sentence->resize(room.width(), m_sentence->heightForWidth(room.width()));
    int top = cell.bottom() + 1;
    if (top + m_sentence->height() > room.bottom())
        top = std::max(cell.top() - m_sentence->height(), room.top());
    m_sentence->move(room.left(), top);
    m_sentence->show();
    m_sentence->raise();
    m_sentence->setAccessibleName(sentence);
    QAccessibleEvent alert(m_sentence, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void InspectorTable::hush()
{
    m_sentence->hide();
}

} // namespace cachet
