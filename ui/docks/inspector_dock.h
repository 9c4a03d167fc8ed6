// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/executor.h"

#include <QDockWidget>
#include <QPointer>

#include <memory>

class QCheckBox;
class QComboBox;
class QLabel;
class QStackedLayout;

namespace cachet {

class DocumentSession;
class InspectorModel;
class InspectorTable;

/// The bytes at the caret as values of every kind in both orders of bytes, to read, copy and change.
class InspectorDock final : public QDockWidget {
    Q_OBJECT

public:
    explicit InspectorDock(QWidget *parent = nullptr);

    /// `loads` is where pages are loaded that the caret stands on and nothing else shows.
    void setSession(DocumentSession *session, std::shared_ptr<cachecore::Executor> loads = {});
    void setCaret(cachecore::ByteOffset caret);
    /// What is said while there is no session; empty: that no document is open.
    void setEmptyText(const QString &text);

    /// How characters and integers are shown; for settings. A set that is not known changes nothing.
    [[nodiscard]] QByteArray characterSet() const;
    void setCharacterSet(const QByteArray &name);
    [[nodiscard]] bool hexIntegers() const;
    void setHexIntegers(bool hex);

    [[nodiscard]] InspectorTable &table() const { return *m_table; }

signals:
    /// The keyboard wants to go back to the bytes.
    void left();

protected:
    void changeEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeOptions();
    void refreshFormat();
    void refreshState();

    InspectorModel *m_model;
    InspectorTable *m_table;
    QLabel *m_empty;
    QStackedLayout *m_stack;
    QLabel *m_setLabel = nullptr;
    QComboBox *m_set = nullptr;
    QCheckBox *m_hex = nullptr;
    QPointer<DocumentSession> m_session;
    QString m_emptyText;
};

} // namespace cachet
