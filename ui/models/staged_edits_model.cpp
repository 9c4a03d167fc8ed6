// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/staged_edits_model.h"

#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QFontDatabase>
#include <QStringList>

#include <algorithm>
#include <array>
#include <limits>

namespace cachet {

namespace {

constexpr std::uint64_t kShownBytes = 16;
constexpr std::uint64_t kSectorSize = 512;

using Bytes = std::array<std::byte, kShownBytes>;
using Conditions = std::array<cachecore::ByteCondition, kShownBytes>;

QString hexBytes(std::span<const std::byte> bytes, std::span<const cachecore::ByteCondition> conditions)
{
    QStringList texts;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        switch (conditions[i]) {
        case cachecore::ByteCondition::Loaded:
        case cachecore::ByteCondition::Staged:
            texts << QStringLiteral("%1").arg(std::to_integer<unsigned>(bytes[i]), 2, 16, QLatin1Char('0')).toUpper();
            break;
        case cachecore::ByteCondition::NotLoaded:
        case cachecore::ByteCondition::StagedNotLoaded:
            texts << QStringLiteral("··");
            break;
        case cachecore::ByteCondition::Unreadable:
        case cachecore::ByteCondition::PastEnd:
            texts << QStringLiteral("##");
            break;
        }
    }
    return texts.join(u' ');
}

} // namespace

StagedEditsModel::StagedEditsModel(QObject *parent)
    : QAbstractTableModel(parent)
{
    setObjectName(QStringLiteral("stagedEditsModel"));
}

void StagedEditsModel::setSession(DocumentSession *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    if (session) {
        connect(session, &DocumentSession::editsChanged, this, &StagedEditsModel::reload);
        connect(session, &DocumentSession::pagesChanged, this, &StagedEditsModel::tellBytesChanged);
    }
    reload();
}

void StagedEditsModel::reload()
{
    cachecore::StagedEdits edits = m_session ? m_session->document().staged() : cachecore::StagedEdits();
    if (edits.sameAs(m_edits))
        return;
    beginResetModel();
    m_edits = std::move(edits);
    endResetModel();
}

void StagedEditsModel::tellBytesChanged()
{
    if (const int rows = rowCount(); rows > 0)
        emit dataChanged(index(0, ChangeColumn), index(rows - 1, ChangeColumn), {Qt::DisplayRole});
}

cachecore::ByteRange StagedEditsModel::extent(int row) const
{
    return m_edits.extent(static_cast<std::uint64_t>(row));
}

int StagedEditsModel::rowCount(const QModelIndex &parent) const
{
    constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
    return parent.isValid() ? 0 : static_cast<int>(std::min(m_edits.extentCount(), kMost));
}

int StagedEditsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString StagedEditsModel::changeText(cachecore::ByteRange extent) const
{
    if (!m_session)
        return {};
    const auto count = static_cast<std::size_t>(std::min(extent.length(), kShownBytes));
    Bytes bytes{};
    Conditions conditions{};
    const std::span shown(bytes.data(), count);
    const std::span shownConditions(conditions.data(), count);
    m_session->document().peekSource(extent.begin(), shown, shownConditions);
    const QString before = hexBytes(shown, shownConditions);
    conditions.fill(cachecore::ByteCondition::Staged);
    m_edits.overlay(extent.begin(), shown, [&](cachecore::ByteRange stretch, bool inMemory) {
        const auto begin = static_cast<std::size_t>(stretch.begin() - extent.begin());
        if (!inMemory)
            std::ranges::fill(shownConditions.subspan(begin, static_cast<std::size_t>(stretch.length())),
                              cachecore::ByteCondition::StagedNotLoaded);
    });
    const QString more = extent.length() > kShownBytes ? QStringLiteral(" …") : QString();
    return tr("%1 → %2").arg(before + more, hexBytes(shown, shownConditions) + more);
}

QVariant StagedEditsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (role == Qt::FontRole && index.column() != LengthColumn)
        return QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (role == Qt::TextAlignmentRole)
        return QVariant(index.column() == ChangeColumn ? Qt::AlignLeft | Qt::AlignVCenter
                                                       : Qt::AlignRight | Qt::AlignVCenter);
    const cachecore::ByteRange range = extent(index.row());
    if (role == Qt::ToolTipRole || role == Qt::AccessibleDescriptionRole)
        return tr("%1: %2, staged and not yet on the disk").arg(rangeText(range), sizeText(range.length()));
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case OffsetColumn:
        return hexText(range.begin().value());
    case LengthColumn:
        return sizeText(range.length());
    case ChangeColumn:
        return changeText(range);
    case SectorColumn:
        return QString::number(range.begin().value() / kSectorSize);
    default:
        return {};
    }
}

QVariant StagedEditsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Vertical)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant(section == ChangeColumn ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case OffsetColumn:
        return tr("Offset");
    case LengthColumn:
        return tr("Length");
    case ChangeColumn:
        return tr("Before → After");
    case SectorColumn:
        return tr("Sector");
    default:
        return {};
    }
}

} // namespace cachet
