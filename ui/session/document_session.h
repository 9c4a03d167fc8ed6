// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"

#include <QObject>
#include <QTimer>

#include <memory>

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

    /// Starts writing everything staged (or what is staged in `range`). The end is told by writeFinished.
    void commit();
    void persist(cachecore::ByteRange range);

signals:
    void pagesChanged(); ///< pages became ready, failed or absent
    void editsChanged(); ///< staged bytes or undo history
    void sizeChanged();  ///< document().size() or sourceSize()
    void writeStarted();
    void writeFinished(const cachecore::Result<cachecore::WriteReport> &result);

private:
    class Relay; ///< outlives this object in the engine's hands, so that a late notification finds no dangling pointer

    void wake();
    void frame();

    const std::shared_ptr<cachecore::Document> m_document;
    const std::shared_ptr<Relay> m_relay;
    QTimer m_frame; ///< single shot, runs while a notification waits for the next frame
};

} // namespace cachet
