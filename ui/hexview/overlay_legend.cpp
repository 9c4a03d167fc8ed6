// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/overlay_legend.h"

#include "ui/hexview/page_marks.h"
#include "ui/theme/theme.h"

#include <QEvent>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace cachet {

namespace {

enum class Swatch : std::uint8_t { Page, Unreadable, StagedByte, StagedNotLoaded, ByteText };

constexpr int kGap = 5;            // pixels between swatch and name
constexpr int kDistance = 14;      // pixels between entries
constexpr int kGroupDistance = 30; // pixels between the two groups

QString hexDigits(std::byte byte)
{
    return QStringLiteral("%1").arg(std::to_integer<unsigned>(byte), 2, 16, QLatin1Char('0')).toUpper();
}

void paintDots(QPainter &painter, const QRect &box, const QColor &color)
{
    const int y = box.center().y();
    painter.fillRect(box.left() + box.width() / 3 - 1, y, 2, 2, color);
    painter.fillRect(box.left() + 2 * box.width() / 3, y, 2, 2, color);
}

} // namespace

struct OverlayLegend::Entry {
    Swatch swatch = Swatch::Page;
    PageTone tone = PageTone::Never;
    QString name;
    QString help;
    std::byte sample{0}; ///< of ByteText
};

OverlayLegend::OverlayLegend(QWidget *parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("overlayLegend"));
    setAccessibleName(tr("Legend of the hex view"));
    QStringList names;
    for (const Entry &entry : entries())
        names << entry.name;
    setAccessibleDescription(names.join(QStringLiteral(", ")));
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

std::vector<OverlayLegend::Entry> OverlayLegend::entries() const
{
    return {
        {Swatch::Page, PageTone::Cached, tr("Cached"), tr("The page is in the cache")},
        {Swatch::Page, PageTone::Loading, tr("Loading"), tr("The page is being read")},
        {Swatch::Page, PageTone::Never, tr("Not loaded"), tr("The page is not in the cache; its bytes show as dots")},
        {Swatch::Page, PageTone::Staged, tr("Staged"), tr("The page holds edits that are not on the disk yet")},
        {Swatch::Page, PageTone::Failed, tr("Failed"), tr("Some of the page could not be read")},
        {Swatch::StagedByte, PageTone::Staged, tr("Staged byte"), tr("An edit that is not on the disk yet")},
        {Swatch::StagedNotLoaded, PageTone::Staged, tr("Staged, not loaded"),
         tr("An edit whose bytes have not been read yet from the file they come from")},
        {Swatch::Unreadable, PageTone::Failed, tr("Unreadable byte"), tr("A byte that could not be read")},
        {Swatch::ByteText, PageTone::Never, tr("Zero"), tr("The byte 00"), std::byte{0x00}},
        {Swatch::ByteText, PageTone::Never, tr("Printable"), tr("A printable ASCII character: 20 to 7E"),
         std::byte{0x41}},
        {Swatch::ByteText, PageTone::Never, tr("Control"), tr("A control character: 01 to 1F, and 7F"),
         std::byte{0x0A}},
        {Swatch::ByteText, PageTone::Never, tr("High"), tr("A byte with its highest bit set: 80 to FE"),
         std::byte{0xC3}},
        {Swatch::ByteText, PageTone::Never, tr("All ones"), tr("The byte FF"), std::byte{0xFF}},
    };
}

int OverlayLegend::lineHeight() const
{
    return fontMetrics().height() + 2;
}

int OverlayLegend::swatchWidth(const Entry &entry) const
{
    if (entry.swatch != Swatch::ByteText)
        return lineHeight();
    return fontMetrics().horizontalAdvance(hexDigits(entry.sample)) + 8;
}

int OverlayLegend::entryWidth(const Entry &entry) const
{
    return swatchWidth(entry) + kGap + fontMetrics().horizontalAdvance(entry.name);
}

std::vector<QRect> OverlayLegend::places(int width) const
{
    const std::vector<Entry> all = entries();
    const auto second = std::ranges::find(all, Swatch::ByteText, &Entry::swatch);
    int groupWidth = -kDistance;
    for (auto entry = second; entry != all.end(); ++entry)
        groupWidth += entryWidth(*entry) + kDistance;
    std::vector<QRect> result;
    QPoint at(0, 0);
    for (const Entry &entry : all) {
        const int needed = entryWidth(entry);
        if (&entry == &*second) {
            at.rx() += kGroupDistance - kDistance;
            if (at.x() + groupWidth > width) // a group begins a line rather than be torn
                at = QPoint(0, at.y() + lineHeight());
        } else if (at.x() > 0 && at.x() + needed > width)
            at = QPoint(0, at.y() + lineHeight());
        result.emplace_back(at, QSize(needed, lineHeight()));
        at.rx() += needed + kDistance;
    }
    return result;
}

QSize OverlayLegend::sizeHint() const
{
    int width = 0;
    for (const Entry &entry : entries())
        width += entryWidth(entry) + kDistance;
    return {width + kGroupDistance, lineHeight()};
}

QSize OverlayLegend::minimumSizeHint() const
{
    int width = 0;
    for (const Entry &entry : entries())
        width = std::max(width, entryWidth(entry));
    return {width, lineHeight()};
}

int OverlayLegend::heightForWidth(int width) const
{
    return places(width).back().bottom() + 1;
}

void OverlayLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    const std::vector<QRect> where = places(width());
    const std::vector<Entry> what = entries();
    for (std::size_t i = 0; i < what.size(); ++i) {
        const QRect box = QRect(where[i].topLeft(), QSize(swatchWidth(what[i]), lineHeight())).adjusted(1, 2, -1, -2);
        painter.fillRect(box, theme.tint(what[i].tone));
        switch (what[i].swatch) {
        case Swatch::Page: {
            const QRect band(box.left(), box.top(), box.width() / 2, box.height());
            paintPageMark(painter, band, {.tone = what[i].tone, .itself = true}, theme);
            if (what[i].tone == PageTone::Never)
                paintDots(painter, box, theme.placeholderText);
            break;
        }
        case Swatch::StagedByte:
            painter.fillRect(box, theme.stagedBackground);
            break;
        case Swatch::StagedNotLoaded:
            painter.fillRect(box, theme.stagedBackground);
            paintDots(painter, box, theme.stagedText);
            break;
        case Swatch::Unreadable:
            paintUnreadable(painter, box, false, theme);
            break;
        case Swatch::ByteText:
            painter.setPen(theme.byteText(byteClass(what[i].sample)));
            painter.drawText(box.adjusted(0, -2, 0, 2), static_cast<int>(Qt::AlignCenter) | Qt::TextSingleLine,
                             hexDigits(what[i].sample));
            break;
        }
        painter.setPen(theme.separator);
        painter.drawRect(box.adjusted(0, 0, -1, -1));
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(where[i].adjusted(swatchWidth(what[i]) + kGap, 0, 0, 0),
                         static_cast<int>(Qt::AlignVCenter) | Qt::TextSingleLine, what[i].name);
    }
}

bool OverlayLegend::event(QEvent *event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto *help = static_cast<QHelpEvent *>(event);
    const std::vector<QRect> where = places(width());
    const std::vector<Entry> what = entries();
    for (std::size_t i = 0; i < what.size(); ++i) {
        if (where[i].contains(help->pos())) {
            QToolTip::showText(help->globalPos(), what[i].help, this);
            return true;
        }
    }
    QToolTip::hideText();
    event->ignore();
    return true;
}

} // namespace cachet
