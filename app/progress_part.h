// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QWidget>

class QProgressBar;
class QPushButton;

namespace cachet {

class ElidedLabel;

/// How far long work is.
struct ProgressShown {
    QString what;         ///< in words: "Writing, batch 2 of 5"
    QString amount;       ///< on the bar: "1.2 of 4.0 GiB"; empty: nothing
    quint64 done = 0;     ///< of total
    quint64 total = 0;    ///< 0: the bar only shows that something goes on
    QString whyNotCancel; ///< why Cancel is off; empty when it is on
    QString cancelTip;    ///< what Cancel gives up
};

/// One piece of long work in the status bar: what it is, a bar, and Cancel. Hidden while there is none.
class ProgressPart final : public QWidget {
    Q_OBJECT

public:
    /// Its parts are called NAMEText, NAMEBar and NAMECancel.
    ProgressPart(const QString &name, const QString &accessibleName, QWidget *parent);

    void show(const ProgressShown &progress);
    void hide();
    [[nodiscard]] bool shown() const { return !isHidden(); }

signals:
    void cancelClicked();
    void shownChanged();

private:
    ElidedLabel *m_text;
    QProgressBar *m_bar;
    QPushButton *m_cancel;
};

} // namespace cachet
