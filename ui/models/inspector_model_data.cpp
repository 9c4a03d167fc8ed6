// SPDX-License-Identifier: GPL-3.0-or-later
// What the cells and headers of the inspector say and look like.
#include "ui/inspector/value_text.h"
#include "ui/models/inspector_model.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <algorithm>

namespace cachet {

using cachecore::ByteCondition;

namespace {

ValueKind kindOf(int row)
{
    return static_cast<ValueKind>(row);
}

QString hexBytes(std::span<const std::byte> bytes)
{
    const auto raw
        = QByteArray::fromRawData(reinterpret_cast<const char *>(bytes.data()), static_cast<qsizetype>(bytes.size()));
    return QString::fromLatin1(raw.toHex(' ').toUpper());
}

} // namespace

bool InspectorModel::staged(const Cell &cell) const
{
    const auto own = std::span(m_seen.conditions).first(cell.read.length);
    return std::ranges::any_of(own, [](ByteCondition condition) {
        return condition == ByteCondition::Staged || condition == ByteCondition::StagedNotLoaded;
    });
}

int InspectorModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(kValueKindCount);
}

int InspectorModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

/// What the cell is, which bytes it stands for, and what can be done with it.
QString InspectorModel::describe(const QModelIndex &index, const Cell &cell) const
{
    QString name = kindTitle(kindOf(index.row()));
    if (rowHasByteOrder(index.row()))
        name = index.column() == LittleColumn ? tr("%1, little endian").arg(name) : tr("%1, big endian").arg(name);
    QStringList lines{name};
    if (cell.known) {
        const QString hex = hexBytes(std::span(m_seen.bytes).first(cell.read.length));
        const QString range = rangeText({m_caret, m_caret + cell.read.length});
        lines << (staged(cell) ? tr("%1: %2, staged").arg(range, hex) : tr("%1: %2").arg(range, hex));
    }
    const QString why = whyNotEditable(index);
    lines << (why.isEmpty() ? tr("Press Enter or double-click to change it.") : why);
    return lines.join(u'\n');
}

QVariant InspectorModel::data(const QModelIndex &index, int role) const
{
    if (!m_session || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    switch (role) {
    case Qt::DisplayRole: {
        const Cell cell = cellOf(index);
        return cell.read.note.isEmpty() ? cell.read.text : cell.read.text + QStringLiteral(" · ") + cell.read.note;
    }
    case Qt::EditRole: {
        const Cell cell = cellOf(index);
        return cell.read.isValue ? cell.read.text : QString();
    }
    case Qt::ToolTipRole:
    case Qt::AccessibleDescriptionRole:
        return describe(index, cellOf(index));
    case Qt::BackgroundRole:
        return staged(cellOf(index)) ? QVariant(m_theme.stagedBackground) : QVariant();
    case Qt::ForegroundRole: {
        const Cell cell = cellOf(index);
        if (staged(cell))
            return m_theme.stagedText;
        return cell.read.isValue ? QVariant() : QVariant(m_theme.placeholderText);
    }
    default:
        return {};
    }
}

QVariant InspectorModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Vertical) {
        if (section < 0 || section >= rowCount())
            return {};
        if (role == Qt::DisplayRole)
            return kindTitle(kindOf(section));
        return role == Qt::ToolTipRole ? QVariant(kindTip(kindOf(section))) : QVariant();
    }
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::DisplayRole)
        return section == LittleColumn ? tr("Little endian") : tr("Big endian");
    if (role == Qt::ToolTipRole)
        return section == LittleColumn ? tr("The lowest byte first.") : tr("The highest byte first.");
    return {};
}

Qt::ItemFlags InspectorModel::flags(const QModelIndex &index) const
{
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    if (index.isValid() && whyNotEditable(index).isEmpty())
        flags |= Qt::ItemIsEditable;
    return flags;
}

} // namespace cachet
