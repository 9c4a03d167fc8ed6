// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/executor.h"
#include "cachecore/document.h"
#include "ui/inspector/value_kind.h"
#include "ui/theme/theme.h"

#include <QAbstractTableModel>
#include <QPointer>
#include <QTimer>

#include <array>
#include <expected>
#include <memory>

namespace cachet {

class DocumentSession;

/// The bytes at the caret as values: a row for each ValueKind, a column for each order of bytes. A row for which the order makes no
/// difference has the same value in both.
///
/// Holds the few bytes it shows, as of one peek, and follows caret, pages and edits. What is missing is asked for while the model is shown; a
/// cell whose bytes are not all known shows why instead of a value.
/// Thread: GUI. Nothing here blocks.
class InspectorModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { LittleColumn, BigColumn, ColumnCount };

    explicit InspectorModel(QObject *parent = nullptr);

    /// Shows bytes of `session` (not owned; null: none), from its begin on. `loads` is told when a page it asked for came.
    void setSession(DocumentSession *session, std::shared_ptr<cachecore::Executor> loads);
    void setCaret(cachecore::ByteOffset caret);
    [[nodiscard]] cachecore::ByteOffset caret() const { return m_caret; }
    /// While it is not shown it neither looks nor asks for pages.
    void setShown(bool shown);
    /// The order in `format` is ignored.
    void setFormat(const ValueFormat &format);
    [[nodiscard]] const ValueFormat &format() const { return m_format; }
    void setTheme(const Theme &theme);

    /// False where both columns show one value.
    [[nodiscard]] bool rowHasByteOrder(int row) const;
    /// Why a cell cannot be edited, in one sentence; empty when it can.
    [[nodiscard]] QString whyNotEditable(const QModelIndex &index) const;
    /// Stages the bytes that make `text` the value of the cell, as one step that can be undone; nothing when they are there already. The error is a
    /// sentence, and then nothing was staged.
    [[nodiscard]] std::expected<void, QString> stage(const QModelIndex &index, const QString &text);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    /// EditRole is the value itself, as it is copied; empty where there is none.
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role = Qt::EditRole) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

signals:
    /// Cells stand for other bytes now than before.
    void caretMoved();

private:
    /// The bytes from the caret on as of one moment.
    struct Seen {
        std::array<std::byte, kMostValueBytes> bytes{};
        std::array<cachecore::ByteCondition, kMostValueBytes> conditions{};
        std::array<bool, kMostValueBytes> loading{}; ///< its page is being loaded

        friend bool operator==(const Seen &, const Seen &) = default;
    };
    struct Cell {
        bool known = false; ///< all bytes that it takes are
        ReadValue read{};   ///< its text says what is wrong where there is no value; length 0: nobody can tell
        cachecore::ByteCondition missing = cachecore::ByteCondition::Loaded; ///< of a byte that is not known
    };

    void refresh();
    /// Of bytes that nobody looked at.
    [[nodiscard]] static Seen unseen();
    [[nodiscard]] Seen look() const;
    [[nodiscard]] bool request(const Seen &seen) const;
    void tellChanged();
    [[nodiscard]] ValueFormat formatOf(int column) const;
    [[nodiscard]] Cell cellOf(const QModelIndex &index) const;
    [[nodiscard]] Cell missingCell(ValueKind kind, std::size_t known) const;
    [[nodiscard]] bool staged(const Cell &cell) const;
    [[nodiscard]] QString describe(const QModelIndex &index, const Cell &cell) const;
    [[nodiscard]] QString readOnlySentence() const;

    QPointer<DocumentSession> m_session;
    std::shared_ptr<cachecore::Executor> m_loads;
    cachecore::ByteOffset m_caret;
    ValueFormat m_format;
    Theme m_theme;
    Seen m_seen = unseen();
    bool m_shown = false;
    QTimer m_retry; ///< single shot; runs while a byte is missing
};

} // namespace cachet
