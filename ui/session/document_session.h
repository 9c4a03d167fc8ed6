// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <string>

namespace cachet {

/// One open document as the window sees it: turns the engine's notifications, which come from any thread, into
/// signals on the GUI thread, at most one of each kind per frame.
/// Thread: the GUI thread only. Nothing here blocks.
class DocumentSession final : public QObject {
    Q_OBJECT

public:
    explicit DocumentSession(std::shared_ptr<cachecore::Document> document, QObject *parent = nullptr);
    ~DocumentSession() override;

    [[nodiscard]] cachecore::Document &document() const { return *m_document; }
    [[nodiscard]] std::shared_ptr<cachecore::Document> sharedDocument() const { return m_document; }

    /// What this session has the writer doing.
    enum class Work : std::uint8_t {
        None,
        Write,   ///< a commit or persist
        Look,    ///< at an interrupted write
        Settle,  ///< an interrupted write, or its journal
        Restore, ///< edits of an earlier session
        Forget,  ///< them
    };
    [[nodiscard]] Work work() const { return m_work; }

    /// Starts writing everything staged (or what is staged in `range`). The end is told by writeFinished.
    void commit();
    void persist(cachecore::ByteRange range);

    /// Looks at the journal of an interrupted write. The end is told by lookFinished, unless this returns an error (Busy, Closed).
    [[nodiscard]] cachecore::Result<void> look(const std::string &journalPath);
    /// Settles it; told by settleFinished.
    [[nodiscard]] cachecore::Result<void> settle(const std::string &journalPath, cachecore::RecoveryChoice choice,
                                                 const cachecore::ForeignUnits &foreign);
    /// Gives it another name; told by setAsideFinished. InvalidArgument for a path that is no journal's.
    [[nodiscard]] cachecore::Result<void> setAside(const std::string &journalPath);
    /// Stages the edits of a recovery log again; told by restoreFinished.
    [[nodiscard]] cachecore::Result<void> restore(const std::string &logPath,
                                                  cachecore::Document::ChangedBases changed);
    /// Removes a recovery log; told by forgetFinished.
    [[nodiscard]] cachecore::Result<void> forget(const std::string &logPath);

    /// True when every change there was has been told by a signal.
    [[nodiscard]] bool upToDate() const;

signals:
    void pagesChanged();    ///< pages became ready, failed or absent
    void editsChanged();    ///< staged bytes or undo history
    void sizeChanged();     ///< document().size() or sourceSize()
    void recoveryChanged(); ///< document().unsettled(), leftEdits() or logTrouble()
    void workChanged();     ///< work(); after the signal that tells an end
    void writeStarted();
    void writeFinished(const cachecore::WriteOutcome &outcome);
    void lookFinished(const cachecore::Result<cachecore::RecoveryReport> &result);
    void settleFinished(const cachecore::Result<cachecore::RecoveryReport> &result);
    void setAsideFinished(const cachecore::Result<cachecore::JournalAside> &aside);
    void restoreFinished(const cachecore::Result<cachecore::RestoreReport> &result);
    void forgetFinished(const cachecore::Result<void> &result);

private:
    class Relay; ///< outlives this object in the engine's hands, so that a late notification finds no dangling pointer

    void wake();
    void frame();
    void setWork(Work work);
    template <typename Result>
    void ended(void (DocumentSession::*signal)(const Result &), const Result &result);
    [[nodiscard]] cachecore::Result<void> started(Work work, cachecore::Result<void> result);
    [[nodiscard]] cachecore::Result<void> checkFree(const std::string &path) const;
    void tellUnlessStarted(cachecore::Result<void> result);

    const std::shared_ptr<cachecore::Document> m_document;
    const std::shared_ptr<Relay> m_relay;
    Work m_work = Work::None;
    QTimer m_frame; ///< single shot, runs while a notification waits for the next frame
};

} // namespace cachet
