// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QString>
#include <QWidget>

#include <functional>

class QScrollArea;
class QVBoxLayout;

namespace cachet {

/// Sentences for the user, above the hex view, without a dialog. Each has a key: a new sentence of the same key takes the place of
/// the old one, so that many failures of one sort are one line. A sentence that was
/// closed shows again when it is said again. Takes as much room as the sentences need, up to a part of the parent's height; they
/// scroll beyond, those that cannot be closed on top, because something has to be done about them, then the newest.
/// Thread: GUI.
class MessageBar final : public QWidget {
    Q_OBJECT

public:
    enum class Severity { Information, Warning, Error };
    enum class Closing {
        ByUser,
        Never, ///< it stays until it is dismissed
    };
    struct Action {
        QString text;
        std::function<void()> run;
    };

    explicit MessageBar(QWidget *parent = nullptr);
    ~MessageBar() override;

    void show(const QString &key, Severity severity, const QString &sentence, const Action &action = {},
              Closing closing = Closing::ByUser);
    void dismiss(const QString &key);
    /// Drops every sentence, closed ones too.
    void clear();
    /// The sentence of `key` if it shows now.
    [[nodiscard]] QString sentence(const QString &key) const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    class Row;
    void refreshVisibility();
    void fit();
    /// Rows on top that cannot be closed.
    [[nodiscard]] int lastingRows() const;

    QScrollArea *m_scroll;
    QVBoxLayout *m_layout; ///< of the rows
    QMap<QString, Row *> m_rows;
};

} // namespace cachet
