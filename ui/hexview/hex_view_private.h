// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/hexview/hex_cursor.h"
#include "ui/hexview/hex_font.h"
#include "ui/hexview/hex_layout.h"
#include "ui/hexview/hex_painter.h"
#include "ui/hexview/hex_snapshot.h"
#include "ui/hexview/hex_view.h"
#include "ui/hexview/scroll_mapper.h"
#include "ui/session/document_session.h"
#include "ui/theme/theme.h"

#include <QPointer>
#include <QTimer>

#include <optional>

namespace cachet {

/// The state of a HexView. The truth about the place is topRow and cursor, both 64-bit; scroll bars only follow.
class HexView::Private {
public:
    explicit Private(HexView &view);

    // --- the document --------------------------------------------------------------
    [[nodiscard]] cachecore::Document *document() const;
    [[nodiscard]] std::uint64_t size() const;
    [[nodiscard]] CursorSpace space() const;
    void attach(DocumentSession *newSession);

    // --- geometry and scrolling ----------------------------------------------------
    /// Fits layout, scroll bars and snapshot to document, font, viewport and the screen's ratio.
    void relayout(cachecore::Intent intent);
    void setTop(std::uint64_t row, cachecore::Intent intent);
    void scrollRows(std::int64_t rows);
    void scrollBarAction(int action);
    /// The viewport in the pixels of the device, those that show in part included. All of layout is in these.
    [[nodiscard]] QSize room() const;
    /// Of `pixels` of the window.
    [[nodiscard]] int devicePixels(int pixels) const;
    /// The pixels of the viewport that show a part of `device`, which is relative to its corner.
    [[nodiscard]] QRect windowRect(const QRect &device) const;
    [[nodiscard]] std::uint64_t rowOf(std::uint64_t at) const;
    [[nodiscard]] bool rowShowsWholly(std::uint64_t row) const;
    void reveal(std::uint64_t at);
    /// The caret's cell in the active pane, in content pixels.
    [[nodiscard]] QRect caretCell() const;
    /// True when that cell shows wholly in a viewport of `width` device pixels; rows aside.
    [[nodiscard]] bool caretColumnShows(int width) const;
    /// Scrolls sideways, no farther than it takes, until the caret shows in the active pane.
    void revealColumn();
    void jumpTo(std::uint64_t at);
    [[nodiscard]] cachecore::ByteRange visibleRange() const;
    void resetShown();
    void zoomTo(int points);

    // --- what shows ----------------------------------------------------------------
    /// Tells the document what shows now, and the world when that is something else than before.
    void announceVisible(cachecore::Intent intent);
    /// Asks again later for pages that show but are absent or failed.
    void watchVisiblePages();
    /// Repaints the rows that are no longer as they were painted.
    void refreshRows();
    void updateRow(std::uint64_t row);
    void paint(QPainter &qpainter, const QRect &exposed);
    void paintEmpty(QPainter &qpainter, const QString &text) const;
    void describeCaret();

    // --- caret ---------------------------------------------------------------------
    enum class Typed : bool { No, Yes };
    /// Takes over a caret and selection, repaints and tells. Anything but typing drops a pending digit and ends a run of typing.
    void setCursor(const CursorState &next, Typed typed = Typed::No);
    void move(CursorMove how, bool extend);
    [[nodiscard]] bool moveByKey(QKeyEvent *event);
    [[nodiscard]] bool commandByKey(QKeyEvent *event);
    [[nodiscard]] bool typeByKey(const QString &text);
    void placeByMouse(const HexLayout::Hit &hit, bool extend);
    void dragTo(QPoint position);
    void dragScroll();
    [[nodiscard]] cachecore::ByteRange wordAt(const HexLayout::Hit &hit) const;
    [[nodiscard]] std::uint64_t byteAt(const HexLayout::Hit &hit) const;
    /// A position in the viewport in the layout's pixels.
    [[nodiscard]] QPoint toContent(QPoint position) const;

    // --- editing -------------------------------------------------------------------
    /// The caret ready to be typed at; false, with editRefused sent, when nothing can be typed.
    [[nodiscard]] bool readyToType();
    void typeDigit(int digit);
    void typeCharacter(char16_t character);
    /// Stages one typed byte at the caret; false, with editRefused sent, when refused.
    [[nodiscard]] bool stageTyped(std::byte value);
    void refuse(cachecore::ErrorCode code);

    HexView &q;
    QPointer<DocumentSession> session;
    int zoom = 0;
    HexFont font;
    HexLayout layout;
    ScrollMapper mapper;
    Theme theme;
    HexPainter painter;
    HexSnapshot shown; ///< rows as they were last painted
    HexSnapshot fresh; ///< scratch for comparing
    std::uint64_t topRow = 0;
    CursorState cursor;
    std::optional<int> pendingDigit;
    bool continuesTyping = false; ///< the caret is where the last typed byte left it
    bool overlay = true;
    QString emptyText; ///< what is said without a session; empty: how to begin
    std::optional<cachecore::ByteRange> announced;
    QTimer retry;     ///< single shot; runs while a page that shows is absent or failed
    QTimer dragTimer; ///< runs while a drag is held above or below the rows
    bool dragging = false;
    QPoint dragPosition;
    Pane dragPane = Pane::Hex;
    int wheelAngle = 0;  ///< eighths of a degree not yet worth a row
    int wheelPixels = 0; ///< device pixels not yet worth a row
};

} // namespace cachet
