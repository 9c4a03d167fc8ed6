// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

class QLabel;

namespace cachet {

class InspectorModel;

/// The table of the inspector. Enter, F2, a double click or typing edits a cell; Ctrl+C or the context menu copies its value; Escape leaves. Why a
/// cell cannot be edited, or what is wrong with what was typed, is said in place, under the cell.
/// Thread: GUI.
class InspectorTable final : public QTableView {
    Q_OBJECT

public:
    explicit InspectorTable(InspectorModel &model, QWidget *parent = nullptr);

    /// What is said in place now; empty when nothing is.
    [[nodiscard]] QString sentence() const;
    /// Joins the columns of rows for which the order of bytes makes no difference. To be called when that changes.
    void joinColumns();

signals:
    /// The keyboard wants to go back to the bytes.
    void left();

protected:
    bool edit(const QModelIndex &index, EditTrigger trigger, QEvent *event) override;
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void currentChanged(const QModelIndex &current, const QModelIndex &previous) override;
    void scrollContentsBy(int dx, int dy) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void copyCurrent() const;
    void endEditing();
    void tell(const QModelIndex &index, const QString &sentence);
    void hush();

    InspectorModel &m_model;
    QLabel *m_sentence;
};

} // namespace cachet
