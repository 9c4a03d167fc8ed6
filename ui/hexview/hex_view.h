// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/base/error.h"

#include <QAbstractScrollArea>

#include <memory>

namespace cachet {

class DocumentSession;

/// The hex view: offset column with the page gutter, hex pane, text pane, over a document of any size. Holds no bytes: each
/// paint peeks what it shows; missing pages are requested and painted when they arrive.
///
/// The caret stands on a byte, 0..size-1 (0 in an empty document); a selection includes the byte of the caret. Typing overwrites: hex
/// digits in the hex pane, printable ASCII in the text pane, from the selection's begin when there is one. Delete takes back what is
/// staged in the selection or under the caret, Backspace only moves left. Tab switches the pane, Shift+Tab leaves the view.
/// Thread: GUI only. Nothing here blocks.
class HexView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit HexView(QWidget *parent = nullptr);
    ~HexView() override;

    /// Shows `session` (not owned; null shows an empty view that says what it is for).
    void setSession(DocumentSession *session);
    [[nodiscard]] DocumentSession *session() const;
    /// What is said while there is no session, instead of how to begin; empty: how to begin.
    void setEmptyText(const QString &text);

    [[nodiscard]] cachecore::ByteOffset caret() const;
    /// True when the caret is in the text pane.
    [[nodiscard]] bool textPaneActive() const;
    /// The selected bytes; empty when nothing is selected.
    [[nodiscard]] cachecore::ByteRange selection() const;
    /// Bytes of the rows on the screen now, clipped to the document.
    [[nodiscard]] cachecore::ByteRange visibleRange() const;

    /// Moves the caret to `offset` (at most the size; the size itself means the last byte). Where it does not show already it is
    /// scrolled to, a jump: a third from the top.
    void goTo(cachecore::ByteOffset offset);
    /// Selects `range` (clipped to the document), caret on its last byte, and scrolls to its begin.
    void select(cachecore::ByteRange range);
    void selectAll();

    [[nodiscard]] bool overlayVisible() const;
    /// Shows or hides the gutter's band and the tints of page states; never what staged, missing and unreadable bytes look like.
    void setOverlayVisible(bool visible);

    /// Copies the selected bytes to the clipboard, as hex text or as text by the caret's pane; all or nothing (copyRefused).
    void copySelection();
    /// Takes back what is staged in the selection, or under the caret without one; can be undone.
    void discardStaged();
    /// Makes the font larger (or smaller) by points; 0 goes back to the usual size.
    void zoomBy(int points);
    void resetZoom();

    /// Why nothing was copied.
    enum class CopyRefusal : std::uint8_t {
        TooLong,    ///< more than kMaxCopyBytes
        NotLoaded,  ///< a byte of the range is not loaded
        Unreadable, ///< a byte of the range cannot be read
    };
    static constexpr std::uint64_t kMaxCopyBytes = std::uint64_t{16} << 20;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    void caretMoved(cachecore::ByteOffset caret);
    void selectionChanged(cachecore::ByteRange selection);
    void visibleRangeChanged(cachecore::ByteRange range);
    /// An edit was refused (read-only, past the end, byte not loaded): nothing was staged.
    void editRefused(const cachecore::Error &error);
    /// The caret byte's first hex digit was typed while the byte was not loaded or could not be read: it is held back, and a second
    /// digit completes the byte. Escape and any movement drop it.
    void waitingForSecondDigit(cachecore::ByteOffset offset);
    /// Nothing was copied; `range` is what was asked for, or the first byte that stood in the way.
    void copyRefused(cachet::HexView::CopyRefusal why, cachecore::ByteRange range);

protected:
    bool event(QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void changeEvent(QEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    bool focusNextPrevChild(bool next) override;
    void keyPressEvent(QKeyEvent *event) override;
    void inputMethodEvent(QInputMethodEvent *event) override;
    [[nodiscard]] QVariant inputMethodQuery(Qt::InputMethodQuery query) const override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;

private:
    class Private;
    const std::unique_ptr<Private> d;
};

} // namespace cachet
