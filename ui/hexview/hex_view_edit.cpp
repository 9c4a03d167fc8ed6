// SPDX-License-Identifier: GPL-3.0-or-later
// Typing, taking back and copying in the hex view.
#include "ui/hexview/hex_view_private.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>

#include <algorithm>
#include <array>
#include <vector>

namespace cachet {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::Operation;

namespace {

bool isKnown(ByteCondition condition)
{
    return condition == ByteCondition::Loaded || condition == ByteCondition::Staged;
}

QString hexTextOf(const std::vector<std::byte> &bytes)
{
    static constexpr char kDigits[] = "0123456789ABCDEF";
    QByteArray text(static_cast<qsizetype>(bytes.size()) * 3 - 1, ' ');
    char *out = text.data();
    for (const std::byte byte : bytes) {
        out[0] = kDigits[std::to_integer<unsigned>(byte) >> 4];
        out[1] = kDigits[std::to_integer<unsigned>(byte) & 0xF];
        out += 3;
    }
    return QString::fromLatin1(text);
}

// Printable characters and the usual white space as they are, everything else as the dot the pane shows.
QString plainTextOf(const std::vector<std::byte> &bytes)
{
    QByteArray text(static_cast<qsizetype>(bytes.size()), '.');
    std::ranges::transform(bytes, text.begin(), [](std::byte byte) {
        const bool space = byte == std::byte{'\t'} || byte == std::byte{'\n'} || byte == std::byte{'\r'};
        return space ? static_cast<char>(byte) : textOf(byte);
    });
    return QString::fromLatin1(text);
}

} // namespace

void HexView::Private::refuse(ErrorCode code)
{
    const ByteOffset at(cursor.caret);
    const ByteRange range = cursor.place == CaretPlace::AfterLast || size() == 0
        ? ByteRange(ByteOffset(size()), ByteOffset(size()))
        : ByteRange(at, at + 1);
    emit q.editRefused(Error::of(code, Operation::Stage, range));
}

bool HexView::Private::readyToType()
{
    if (!session->document().source().writable()) {
        Error error = session->document().source().readOnlyReason();
        error.range = ByteRange(ByteOffset(cursor.caret), ByteOffset(std::min(cursor.caret + 1, size())));
        emit q.editRefused(error);
        return false;
    }
    if (cursor.place == CaretPlace::AfterLast || size() == 0) {
        refuse(ErrorCode::OutOfRange);
        return false;
    }
    if (cursor.selecting)
        setCursor(placed(cursor, selectionOf(cursor, space()).begin().value(), CaretPlace::First, false, space()));
    return true;
}

bool HexView::Private::stageTyped(std::byte value)
{
    const auto result
        = session->document().stage(ByteOffset(cursor.caret), {&value, 1}, cachecore::EditKind::Type, continuesTyping);
    if (!result) {
        emit q.editRefused(result.error());
        return false;
    }
    pendingDigit.reset();
    continuesTyping = true;
    return true;
}

void HexView::Private::typeDigit(int digit)
{
    if (!readyToType())
        return;
    std::byte old{0};
    ByteCondition condition = ByteCondition::NotLoaded;
    session->document().peek(ByteOffset(cursor.caret), {&old, 1}, {&condition, 1});
    const bool second = cursor.place == CaretPlace::Second;
    if (!isKnown(condition) && !pendingDigit) {
        // Half of a byte that nobody knows cannot be kept: wait for the whole of it.
        pendingDigit = digit;
        CursorState next = cursor;
        next.place = CaretPlace::Second;
        setCursor(next, Typed::Yes);
        reveal(cursor.caret);
        emit q.waitingForSecondDigit(ByteOffset(cursor.caret));
        return;
    }
    const auto low = static_cast<std::byte>(digit);
    std::byte value = second ? (old & std::byte{0xF0}) | low : (low << 4) | (old & std::byte{0x0F});
    if (pendingDigit)
        value = (static_cast<std::byte>(*pendingDigit) << 4) | low;
    if (!stageTyped(value))
        return;
    CursorState next = cursor;
    next.place = CaretPlace::Second;
    setCursor(second ? advanced(cursor, space()) : next, Typed::Yes);
    refreshRows();
    reveal(cursor.caret);
}

void HexView::Private::typeCharacter(char16_t character)
{
    if (!readyToType())
        return;
    if (character > 0x7E) {
        refuse(ErrorCode::InvalidArgument);
        return;
    }
    if (!stageTyped(static_cast<std::byte>(character)))
        return;
    setCursor(advanced(cursor, space()), Typed::Yes);
    refreshRows();
    reveal(cursor.caret);
}

void HexView::discardStaged()
{
    if (d->size() == 0)
        return;
    const ByteRange chosen = selection();
    const ByteOffset at = caret();
    const auto result = d->session->document().discard(chosen.empty() ? ByteRange(at, at + 1) : chosen);
    if (!result) {
        emit editRefused(result.error());
        return;
    }
    CursorState next = d->cursor;
    next.place = CaretPlace::First;
    d->setCursor(next);
    d->refreshRows();
}

void HexView::copySelection()
{
    const ByteRange range = selection();
    if (range.empty())
        return;
    if (range.length() > kMaxCopyBytes) {
        emit copyRefused(CopyRefusal::TooLong, range);
        return;
    }
    std::vector<std::byte> bytes(range.length());
    std::vector<ByteCondition> conditions(range.length(), ByteCondition::NotLoaded);
    d->session->document().peek(range.begin(), bytes, conditions);
    const auto bad = std::ranges::find_if_not(conditions, isKnown);
    if (bad != conditions.end()) {
        const ByteOffset at = range.begin() + static_cast<std::uint64_t>(bad - conditions.begin());
        emit copyRefused(*bad == ByteCondition::Unreadable ? CopyRefusal::Unreadable : CopyRefusal::NotLoaded,
                         ByteRange(at, at + 1));
        return;
    }
    QGuiApplication::clipboard()->setText(d->cursor.pane == Pane::Hex ? hexTextOf(bytes) : plainTextOf(bytes));
}

} // namespace cachet
