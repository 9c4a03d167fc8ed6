// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"

#include <QDockWidget>
#include <QPointer>

#include <vector>

class QLabel;
class QPushButton;
class QStackedLayout;
class QTableView;

namespace cachet {

class DocumentSession;
class StagedEditsModel;

/// The list of staged edits with what can be done to them. Says what is wanted by signals; does nothing itself.
/// The selected rows stay selected, by their bytes, when edits come and go.
class StagedEditsDock final : public QDockWidget {
    Q_OBJECT

public:
    explicit StagedEditsDock(QWidget *parent = nullptr);

    void setSession(DocumentSession *session);
    /// What is said while there is no session; empty: that no document is open.
    void setEmptyText(const QString &text);
    /// The extents of the selected rows, runs of rows joined from first to last byte, ascending.
    [[nodiscard]] std::vector<cachecore::ByteRange> selectedRanges() const;
    [[nodiscard]] QTableView &table() const { return *m_table; }

signals:
    void goToRequested(cachecore::ByteOffset offset);
    /// The ranges of the selected rows are to be written, one after the other.
    void persistRequested(const std::vector<cachecore::ByteRange> &ranges);
    void discardRequested(const std::vector<cachecore::ByteRange> &ranges);
    void commitRequested();

private:
    QWidget *makeButtons();
    void setUpTable();
    void rememberSelection();
    void restoreSelection();
    void refreshState();

    StagedEditsModel *m_model;
    QTableView *m_table;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QPushButton *m_persist = nullptr;
    QPushButton *m_discard = nullptr;
    QPushButton *m_commit = nullptr;
    QPointer<DocumentSession> m_session;
    std::vector<cachecore::ByteRange> m_remembered;
    int m_scroll = 0;
    QString m_emptyText;
};

} // namespace cachet
