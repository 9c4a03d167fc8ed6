// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace cachet {

class InspectorModel;

/// Edits the cells of the inspector. Enter stages what was typed; what is no value stays in its editor and is told. The editor keeps
/// what was typed while the bytes under it change. Leaving the editor stages a value and gives up what is none.
class InspectorDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    InspectorDelegate(InspectorModel &model, QObject *parent);

    QWidget *createEditor(QWidget *parent, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    void setEditorData(QWidget *editor, const QModelIndex &index) const override;
    void setModelData(QWidget *editor, QAbstractItemModel *model, const QModelIndex &index) const override;

signals:
    /// What was typed is no value of that cell, for this reason; nothing was staged.
    void refused(const QModelIndex &index, const QString &sentence) const;
    /// Something else is typed now.
    void typed() const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    class Editor;

    enum class Wrong : std::uint8_t { Keep, GiveUp };
    void finish(Editor &editor, Wrong wrong);

    InspectorModel &m_model;
};

} // namespace cachet
