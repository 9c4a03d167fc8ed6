// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/inspector_model.h"

#include "ui/inspector/value_text.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QGuiApplication>
#include <QPalette>

#include <algorithm>

namespace cachet {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;

namespace {

constexpr int kRetryMs = 250;

bool isKnown(ByteCondition condition)
{
    return condition == ByteCondition::Loaded || condition == ByteCondition::Staged;
}

ValueKind kindOf(int row)
{
    return static_cast<ValueKind>(row);
}

} // namespace

InspectorModel::InspectorModel(QObject *parent)
    : QAbstractTableModel(parent)
    , m_theme(Theme::of(QGuiApplication::palette()))
{
    setObjectName(QStringLiteral("inspectorModel"));
    m_retry.setSingleShot(true);
    m_retry.setInterval(kRetryMs);
    connect(&m_retry, &QTimer::timeout, this, &InspectorModel::refresh);
}

void InspectorModel::setSession(DocumentSession *session, std::shared_ptr<cachecore::Executor> loads)
{
    beginResetModel();
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_loads = std::move(loads);
    m_caret = ByteOffset(0);
    if (session) {
        connect(session, &DocumentSession::pagesChanged, this, &InspectorModel::refresh);
        connect(session, &DocumentSession::editsChanged, this, &InspectorModel::refresh);
        connect(session, &DocumentSession::sizeChanged, this, &InspectorModel::refresh);
    }
    m_seen = unseen();
    endResetModel();
    refresh();
}

void InspectorModel::setCaret(ByteOffset caret)
{
    if (m_caret == caret)
        return;
    m_caret = caret;
    emit caretMoved();
    refresh();
}

void InspectorModel::setShown(bool shown)
{
    m_shown = shown;
    refresh();
}

void InspectorModel::setFormat(const ValueFormat &format)
{
    m_format = format;
    tellChanged();
}

void InspectorModel::setTheme(const Theme &theme)
{
    m_theme = theme;
    tellChanged();
}

void InspectorModel::tellChanged()
{
    emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

void InspectorModel::refresh()
{
    m_retry.stop();
    if (!m_shown) {
        m_seen = unseen();
        return;
    }
    Seen seen = look();
    if (request(seen)) {
        seen = look();
        m_retry.start();
    }
    if (seen == m_seen)
        return;
    m_seen = seen;
    tellChanged();
}

InspectorModel::Seen InspectorModel::unseen()
{
    Seen seen;
    seen.conditions.fill(ByteCondition::NotLoaded);
    return seen;
}

InspectorModel::Seen InspectorModel::look() const
{
    Seen seen;
    seen.conditions.fill(ByteCondition::PastEnd);
    if (!m_session)
        return seen;
    const cachecore::Document &document = m_session->document();
    const std::uint64_t size = document.size();
    if (m_caret.value() >= size)
        return seen;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kMostValueBytes, size - m_caret.value()));
    const auto conditions = std::span(seen.conditions).first(count);
    std::ranges::fill(conditions, ByteCondition::NotLoaded); // what a closed document leaves as it is
    document.peek(m_caret, std::span(seen.bytes).first(count), conditions);
    const auto states = document.pageStates();
    for (std::size_t i = 0; i < count; ++i)
        seen.loading[i] = conditions[i] == ByteCondition::NotLoaded && states
            && states->state({(m_caret.value() + i) / document.pageSize()}) == cachecore::PageState::Loading;
    return seen;
}

/// Asks for pages of which a byte is missing, those that are being loaded aside. True when one is missing.
bool InspectorModel::request(const Seen &seen) const
{
    bool missing = false;
    std::uint64_t asked = cachecore::kMaxSourceSize; // no page has this number
    for (std::size_t i = 0; i < kMostValueBytes; ++i) {
        missing = missing || seen.conditions[i] == ByteCondition::StagedNotLoaded;
        if (seen.conditions[i] != ByteCondition::NotLoaded)
            continue;
        missing = true;
        const ByteOffset at = m_caret + i;
        const std::uint64_t page = at.value() / m_session->document().pageSize();
        if (seen.loading[i] || page == asked || !m_loads)
            continue;
        asked = page;
        // Its arrival is told to the session as that of any other page.
        (void)m_session->document().cached().loadAsync(at, m_loads, [](const auto &) { }, cachecore::Intent::Jump);
    }
    return missing;
}

bool InspectorModel::rowHasByteOrder(int row) const
{
    return hasByteOrder(kindOf(row), m_format.characterSet);
}

ValueFormat InspectorModel::formatOf(int column) const
{
    ValueFormat format = m_format;
    format.order = column == LittleColumn ? ByteOrder::Little : ByteOrder::Big;
    return format;
}

InspectorModel::Cell InspectorModel::cellOf(const QModelIndex &index) const
{
    const auto firstMissing = std::ranges::find_if_not(m_seen.conditions, isKnown);
    const auto known = static_cast<std::size_t>(firstMissing - m_seen.conditions.begin());
    const auto bytes = std::span(m_seen.bytes).first(known);
    if (auto read = readValue(kindOf(index.row()), bytes, formatOf(index.column())))
        return {.known = true, .read = std::move(*read)};
    return missingCell(kindOf(index.row()), known);
}

InspectorModel::Cell InspectorModel::missingCell(ValueKind kind, std::size_t known) const
{
    const std::size_t length = fixedLength(kind);
    const auto needed = std::span(m_seen.conditions).subspan(known, length > known ? length - known : 1);
    const auto has = [needed](ByteCondition condition) { return std::ranges::find(needed, condition) != needed.end(); };
    Cell cell{.read = {.length = length, .isValue = false}};
    for (const ByteCondition worst : {ByteCondition::PastEnd, ByteCondition::Unreadable, ByteCondition::NotLoaded,
                                      ByteCondition::StagedNotLoaded}) {
        if (has(worst)) {
            cell.missing = worst;
            break;
        }
    }
    const auto loading = std::span(m_seen.loading).subspan(known, needed.size());
    switch (cell.missing) {
    case ByteCondition::PastEnd:
        cell.read.text = tr("past the end");
        break;
    case ByteCondition::Unreadable:
        cell.read.text = tr("cannot be read");
        break;
    case ByteCondition::StagedNotLoaded:
        cell.read.text = tr("staged, not loaded yet");
        break;
    default:
        cell.read.text = std::ranges::find(loading, true) != loading.end() ? tr("loading…") : tr("not loaded yet");
        break;
    }
    return cell;
}

QString InspectorModel::readOnlySentence() const
{
    const cachecore::BlockSource &source = m_session->document().source();
    cachecore::Error error = source.readOnlyReason();
    if (error.path.empty())
        error.path = source.path();
    return errorText(error);
}

QString InspectorModel::whyNotEditable(const QModelIndex &index) const
{
    if (!m_session)
        return tr("No document is open.");
    if (!m_session->document().source().writable())
        return readOnlySentence();
    const Cell cell = cellOf(index);
    if (cell.missing == ByteCondition::PastEnd)
        return tr("It would reach past the end of the document.");
    if (cell.read.length == 0)
        return tr("How many bytes it takes is not known before they are loaded.");
    return {};
}

std::expected<void, QString> InspectorModel::stage(const QModelIndex &index, const QString &text)
{
    refresh(); // an edit of this moment may not have been told yet
    if (QString why = whyNotEditable(index); !why.isEmpty())
        return std::unexpected(std::move(why));
    const Cell cell = cellOf(index);
    const Writing bytes = writeValue(kindOf(index.row()), text, cell.read.length, formatOf(index.column()));
    if (!bytes)
        return std::unexpected(bytes.error());
    if (cell.known && std::ranges::equal(*bytes, std::span(m_seen.bytes).first(cell.read.length)))
        return {};
    const auto done = m_session->document().stage(m_caret, *bytes, cachecore::EditKind::Set);
    if (!done) {
        cachecore::Error error = done.error();
        if (error.path.empty())
            error.path = m_session->document().source().path();
        return std::unexpected(errorText(error));
    }
    refresh();
    return {};
}

bool InspectorModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    return role == Qt::EditRole && checkIndex(index, CheckIndexOption::IndexIsValid)
        && stage(index, value.toString()).has_value();
}

} // namespace cachet
