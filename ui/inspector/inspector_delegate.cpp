// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspector/inspector_delegate.h"

#include "ui/models/inspector_model.h"

#include <QKeyEvent>
#include <QLineEdit>

namespace cachet {

/// The line edit of one cell.
class InspectorDelegate::Editor final : public QLineEdit {
public:
    Editor(const QModelIndex &index, QWidget *parent)
        : QLineEdit(parent)
        , cell(index)
    {
    }

    const QPersistentModelIndex cell;
    bool filled = false; ///< it holds the value the cell had when it was opened, or what was typed since
};

InspectorDelegate::InspectorDelegate(InspectorModel &model, QObject *parent)
    : QStyledItemDelegate(parent)
    , m_model(model)
{
}

QWidget *InspectorDelegate::createEditor(QWidget *parent, const QStyleOptionViewItem & /*option*/,
                                         const QModelIndex &index) const
{
    auto *editor = new Editor(index, parent);
    editor->setObjectName(QStringLiteral("inspectorEditor"));
    const QString row = m_model.headerData(index.row(), Qt::Vertical).toString();
    const QString column = m_model.headerData(index.column(), Qt::Horizontal).toString();
    editor->setAccessibleName(m_model.rowHasByteOrder(index.row()) ? tr("%1, %2").arg(row, column.toLower()) : row);
    editor->setToolTip(m_model.headerData(index.row(), Qt::Vertical, Qt::ToolTipRole).toString());
    editor->setFrame(false);
    editor->setAutoFillBackground(true);
    connect(editor, &QLineEdit::textEdited, this, &InspectorDelegate::typed);
    return editor;
}

void InspectorDelegate::setEditorData(QWidget *widget, const QModelIndex &index) const
{
    auto *editor = static_cast<Editor *>(widget);
    if (std::exchange(editor->filled, true))
        return;
    editor->setText(index.data(Qt::EditRole).toString());
    editor->selectAll();
}

void InspectorDelegate::setModelData(QWidget *widget, QAbstractItemModel * /*model*/, const QModelIndex &index) const
{
    const auto *editor = static_cast<Editor *>(widget);
    if (!editor->isModified())
        return;
    if (const auto staged = m_model.stage(index, editor->text()); !staged)
        emit refused(index, staged.error());
}

void InspectorDelegate::finish(Editor &editor, Wrong wrong)
{
    if (editor.isModified() && editor.cell.isValid()) {
        if (const auto staged = m_model.stage(editor.cell, editor.text()); !staged) {
            const QModelIndex cell = editor.cell;
            if (wrong == Wrong::GiveUp)
                emit closeEditor(&editor, RevertModelCache);
            emit refused(cell,
                         wrong == Wrong::GiveUp ? tr("%1 Nothing was staged.").arg(staged.error()) : staged.error());
            return;
        }
    }
    emit closeEditor(&editor, NoHint);
}

bool InspectorDelegate::eventFilter(QObject *watched, QEvent *event)
{
    auto *editor = dynamic_cast<Editor *>(watched);
    if (!editor)
        return QStyledItemDelegate::eventFilter(watched, event);
    if (event->type() == QEvent::KeyPress) {
        switch (static_cast<const QKeyEvent *>(event)->key()) {
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Tab:
        case Qt::Key_Backtab:
            finish(*editor, Wrong::Keep);
            return true;
        default:
            break;
        }
    }
    if (event->type() == QEvent::FocusOut) {
        const Qt::FocusReason reason = static_cast<const QFocusEvent *>(event)->reason();
        if (reason != Qt::PopupFocusReason && reason != Qt::ActiveWindowFocusReason)
            finish(*editor, Wrong::GiveUp);
        return false;
    }
    return QStyledItemDelegate::eventFilter(watched, event);
}

} // namespace cachet
