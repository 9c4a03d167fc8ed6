// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/recovery.h"

#include <QWidget>

class QCheckBox;
class QGridLayout;
class QLabel;
class QListWidget;

namespace cachet {

/// What was found of an interrupted write: a sentence, the units by what they hold, and the places something else has written to.
class RecoveryFindings final : public QWidget {
    Q_OBJECT

public:
    explicit RecoveryFindings(QWidget *parent = nullptr);

    void show(const cachecore::RecoveryReport &report);
    /// True when nothing foreign stands in the way, or the user said to overwrite it.
    [[nodiscard]] bool mayWrite() const;

signals:
    void goToRequested(cachecore::ByteOffset offset);
    void mayWriteChanged();

private:
    void fillCounts(const cachecore::RecoveryReport &report);
    void fillForeign(const cachecore::RecoveryReport &report);

    QLabel *m_sentence;
    QWidget *m_counts;
    QGridLayout *m_grid;
    QWidget *m_foreign;
    QLabel *m_foreignText;
    QListWidget *m_list;
    QCheckBox *m_overwrite;
};

} // namespace cachet
