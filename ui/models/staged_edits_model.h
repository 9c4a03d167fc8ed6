// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/staged_edits.h"

#include <QAbstractTableModel>
#include <QPointer>

namespace cachet {

class DocumentSession;

/// The staged extents as rows, ascending. Holds one snapshot and no row of its own, so that any number of rows costs the
/// same. Rows past INT_MAX are not shown.
/// Thread: GUI. Nothing here blocks.
class StagedEditsModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { OffsetColumn, LengthColumn, ChangeColumn, SectorColumn, ColumnCount };

    explicit StagedEditsModel(QObject *parent = nullptr);

    /// Shows the edits of `session` (not owned, may be null).
    void setSession(DocumentSession *session);

    [[nodiscard]] const cachecore::StagedEdits &edits() const { return m_edits; }
    /// The extent of `row`, which must exist. O(log n).
    [[nodiscard]] cachecore::ByteRange extent(int row) const;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void reload();
    void tellBytesChanged();
    [[nodiscard]] QString changeText(cachecore::ByteRange extent) const;

    QPointer<DocumentSession> m_session;
    cachecore::StagedEdits m_edits;
};

} // namespace cachet
