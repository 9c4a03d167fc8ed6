// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/recovery.h"
#include "ui/session/document_session.h"

#include <QDialog>
#include <QPointer>
#include <QTimer>

#include <optional>
#include <string>

class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;

namespace cachet {

class RecoveryFindings;

/// Says what an interrupted write has left on the disk and lets it be finished, rolled back or left, one journal after the other. Its
/// default, and Escape, is to leave everything as it is. Window-modal: use open().
///
///     Looking --looked--> Choosing --Finish, Roll Back, Set Aside--> Settling --settled--> Looking (at the next), Ended
///        |  ^                ^                                          |
///        |  '--Look Again----|------- Failed <--error---- Looking       |
///        '-------------------'------------------------------- error: Looking again, the sentence stays
///
/// Thread: GUI. Nothing here blocks.
class RecoveryDialog final : public QDialog {
    Q_OBJECT

public:
    enum class Stage : std::uint8_t { Looking, Choosing, Failed, Settling, Ended };

    /// `session` has at least one unsettled journal; it may end before the dialog, which then closes.
    explicit RecoveryDialog(DocumentSession &session, QWidget *parent);

    [[nodiscard]] Stage stage() const { return m_stage; }
    void reject() override;

signals:
    void goToRequested(cachecore::ByteOffset offset);
    /// A journal is settled or set aside; the sentence says how.
    void settled(const QString &sentence);

private:
    void buildWidgets();
    void buildButtons();
    [[nodiscard]] QLabel *addRow(QGridLayout &grid, const char *name, const QString &label);
    static void setRow(QLabel &row, const QString &text);
    void nextJournal();
    void startLook();
    void stop();
    void lookFinished(const cachecore::Result<cachecore::RecoveryReport> &result);
    void settle(cachecore::RecoveryChoice choice);
    void settleFinished(const cachecore::Result<cachecore::RecoveryReport> &result);
    void setAside();
    void setAsideFinished(const cachecore::Result<cachecore::JournalAside> &aside);
    void started(const cachecore::Result<void> &result);
    void journalSettled(const QString &sentence);
    void tell(const QString &sentence, bool problem);
    void enter(Stage stage);
    void refreshButtons();
    void refreshLeave();
    [[nodiscard]] QString whyNotStop() const;
    void refreshProgress();

    const QPointer<DocumentSession> m_session;
    Stage m_stage = Stage::Looking;
    std::string m_journal; ///< bytes
    std::optional<cachecore::RecoveryReport> m_report;
    cachecore::RecoveryChoice m_choice = cachecore::RecoveryChoice::RollBack;
    std::optional<cachecore::Error> m_failure; ///< of the last look
    bool m_asked = false;                      ///< a look of this dialog is under way
    bool m_stopping = false;                   ///< the work under way was asked to stop
    QTimer m_timer;                            ///< runs while the writer works for this dialog

    QLabel *m_title = nullptr;
    QLabel *m_said = nullptr; ///< what was done, or what went wrong
    QLabel *m_image = nullptr;
    QLabel *m_journalName = nullptr;
    QLabel *m_began = nullptr;
    QWidget *m_busy = nullptr;
    QLabel *m_busyText = nullptr;
    QProgressBar *m_bar = nullptr;
    QPushButton *m_stop = nullptr;
    RecoveryFindings *m_findings = nullptr;
    QPushButton *m_finish = nullptr;
    QPushButton *m_rollBack = nullptr;
    QPushButton *m_setAside = nullptr;
    QPushButton *m_again = nullptr;
    QPushButton *m_leave = nullptr;
};

} // namespace cachet
