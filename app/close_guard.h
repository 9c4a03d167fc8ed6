// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/error.h"
#include "cachecore/write/write_report.h"

#include <QObject>
#include <QString>

#include <functional>

class QWidget;

namespace cachet {

enum class CloseAnswer { Commit, Discard, Cancel };

struct CloseQuestion {
    QString name;          ///< of the document
    QString staged;        ///< how much is staged, in words
    bool canCommit = true; ///< false while an interrupted write must be recovered first
};

/// Asks what to do with staged edits and calls the function with the answer, now or later.
using CloseAsker
    = std::function<void(QWidget *parent, const CloseQuestion &question, std::function<void(CloseAnswer)>)>;

/// Asks with a message box that does not block.
[[nodiscard]] CloseAsker messageBoxAsker();

/// Decides whether a window may close. Who makes which step:
///
///     Open --tryClose, staged--> Asking --Cancel--------------> Open
///      |                           |  \--Discard--> Discarding --discarded, tryClose--> Closing (closeNow)
///      |                           \---Commit--> Committing --writeFinished, ok---> Closing (closeNow)
///      |                                            |---------writeFinished, error-> Open
///      |                                            \---------tryClose------------> Waiting
///      |--tryClose, a write or copy runs--> Waiting --writeFinished, workEnded, copyEnded saved--> Open, tryClose again
///      |                                       |                                                       (closeNow)
///      |                                       |-----copyEnded, not saved-----------> Open
///      |                                       |-----tryClose, a copy, staged------> Asking (copyGivenUp)
///      |                                       \-----tryClose-----------------------> Closing
///      \--tryClose, nothing staged--> Closing
///
/// Thread: GUI.
class CloseGuard final : public QObject {
    Q_OBJECT

public:
    explicit CloseGuard(CloseAsker asker, QWidget *parent);

    struct Situation {
        bool staged = false;
        bool writing = false;
        bool copying = false;
        CloseQuestion question;
    };
    /// True when the window may close now. Otherwise it stays, and closeNow comes once it may.
    [[nodiscard]] bool tryClose(const Situation &situation);
    /// A commit or persist has ended.
    void writeFinished(const cachecore::WriteOutcome &outcome);
    /// The writer has nothing to do any more, whatever it was.
    void workEnded();
    /// What was to be given up is, or cannot be.
    void discarded();
    /// A copy has ended. One that was not saved keeps the window open, which says why.
    void copyEnded(bool saved);

signals:
    void closeNow();
    void commitWanted();
    /// Everything staged is to be given up; closeNow follows discarded().
    void discardWanted();
    /// A write runs: closing again will not wait for it.
    void waitingForWrite();
    /// A copy is being written: closing again gives it up.
    void waitingForCopy();
    /// The copy is not waited for any more.
    void copyGivenUp();

private:
    enum class State { Open, Asking, Committing, Discarding, Waiting, Closing };

    [[nodiscard]] bool ask(const Situation &situation);
    void answered(CloseAnswer answer);
    void tryAgain();

    const CloseAsker m_asker;
    QWidget *const m_window;
    State m_state = State::Open;
};

} // namespace cachet
