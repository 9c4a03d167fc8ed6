// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"

#include <QAbstractScrollArea>

namespace cachet {

class DocumentSession;

/// The hex view: offset column with the page gutter, hex pane, text pane, over a document of any size. Holds no bytes: each
/// paint peeks what it shows; missing pages are requested and painted when they arrive.
/// Thread: GUI only. Nothing here blocks.
class HexView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit HexView(QWidget *parent = nullptr);
    ~HexView() override;

    /// Shows `session` (not owned; null shows an empty view that says what it is for).
    void setSession(DocumentSession *session);
    [[nodiscard]] DocumentSession *session() const;

    [[nodiscard]] cachecore::ByteOffset caret() const;
    /// The selected bytes; empty when nothing is selected.
    [[nodiscard]] cachecore::ByteRange selection() const;
    /// Bytes of the rows on the screen now, clipped to the document.
    [[nodiscard]] cachecore::ByteRange visibleRange() const;

    /// Moves the caret to `offset` (at most the size) and scrolls so that it is seen, a jump: a third from the top.
    void goTo(cachecore::ByteOffset offset);
    /// Selects `range` (clipped to the document), caret at its end, and scrolls to its begin.
    void select(cachecore::ByteRange range);
    void selectAll();

    [[nodiscard]] bool overlayVisible() const;
    void setOverlayVisible(bool visible);

signals:
    void caretMoved(cachecore::ByteOffset caret);
    void selectionChanged(cachecore::ByteRange selection);
    void visibleRangeChanged(cachecore::ByteRange range);
    /// An edit was refused (read-only, past the end, byte not loaded): nothing was staged.
    void editRefused(const cachecore::Error &error);
    /// The caret byte's first hex digit was typed while the byte was not loaded; a second digit completes it.
    void waitingForSecondDigit(cachecore::ByteOffset offset);

private:
    class Private;
    const std::unique_ptr<Private> d;
};

} // namespace cachet
