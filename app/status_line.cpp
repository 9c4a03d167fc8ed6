// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/status_line.h"

#include "cachecore/document.h"
#include "ui/session/error_text.h"

#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QStatusBar>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kProgressSteps = 1000;
constexpr int kNoteMs = 5000;
constexpr std::uint64_t kSectorSize = 512;

QString number(std::uint64_t value)
{
    return QLocale().toString(static_cast<qulonglong>(value));
}

/// A label that takes the room there is and ends in an ellipsis where that is too little.
class ElidedLabel final : public QLabel {
public:
    using QLabel::QLabel;

    [[nodiscard]] QSize minimumSizeHint() const override { return {0, QLabel::minimumSizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        const QRect room = contentsRect();
        painter.setPen(palette().color(foregroundRole()));
        painter.drawText(room, static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter) | Qt::TextSingleLine,
                         fontMetrics().elidedText(text(), Qt::ElideRight, room.width()));
    }
};

QLabel *makeNote(QStatusBar &bar)
{
    auto *label = new ElidedLabel(&bar);
    label->setObjectName(QStringLiteral("statusNote"));
    label->setAccessibleName(StatusLine::tr("Note"));
    label->setContentsMargins(4, 0, 4, 0);
    label->setTextFormat(Qt::PlainText);
    bar.addWidget(label, 1);
    return label;
}

QLabel *makeField(QStatusBar &bar, const char *name, const QString &accessibleName, bool permanent)
{
    auto *label = new QLabel(&bar);
    label->setObjectName(QString::fromLatin1(name));
    label->setAccessibleName(accessibleName);
    label->setContentsMargins(4, 0, 4, 0);
    label->setTextFormat(Qt::PlainText);
    if (permanent)
        bar.addPermanentWidget(label);
    else
        bar.addWidget(label);
    return label;
}

/// Changing a text repaints; the same text does not. An empty field stays, as the bar itself hides and shows its fields around
/// a passing remark, and one shown meanwhile would lie over it.
void setText(QLabel *label, const QString &text, const QString &tip = {})
{
    if (label->text() != text)
        label->setText(text);
    if (label->toolTip() != tip)
        label->setToolTip(tip);
}

/// Pages that hold at least one staged byte.
std::uint64_t stagedPages(const cachecore::StagedEdits &staged, std::uint32_t pageSize)
{
    // Counted for as many extents as can be without a noticeable pause; beyond it the extents are named instead.
    constexpr std::uint64_t kMostCounted = 1000;
    if (staged.extentCount() > kMostCounted)
        return 0;
    std::uint64_t pages = 0;
    std::uint64_t next = 0; // first page not counted yet
    for (std::uint64_t i = 0; i < staged.extentCount(); ++i) {
        const cachecore::ByteRange extent = staged.extent(i);
        const std::uint64_t first = std::max(extent.begin().value() / pageSize, next);
        const std::uint64_t end = (extent.end().value() - 1) / pageSize + 1;
        if (end > first)
            pages += end - first;
        next = std::max(next, end);
    }
    return pages;
}

} // namespace

StatusLine::StatusLine(QStatusBar &bar)
    : QObject(&bar)
    , m_caret(makeField(bar, "statusCaret", tr("Offset of the caret"), false))
    , m_selection(makeField(bar, "statusSelection", tr("Selection"), false))
    , m_note(makeNote(bar))
    , m_staged(makeField(bar, "statusStaged", tr("Staged edits"), true))
    , m_cache(makeField(bar, "statusCache", tr("Cache"), true))
    , m_readOnly(makeField(bar, "statusReadOnly", tr("Read only"), true))
    , m_progress(new QProgressBar(&bar))
    , m_cancel(new QPushButton(tr("Cancel"), &bar))
{
    setObjectName(QStringLiteral("statusLine"));
    bar.setObjectName(QStringLiteral("statusBar"));
    bar.setAccessibleName(tr("Status bar"));
    m_progress->setObjectName(QStringLiteral("statusProgress"));
    m_progress->setAccessibleName(tr("Progress"));
    m_progress->setRange(0, kProgressSteps);
    m_progress->setMaximumWidth(180);
    m_cancel->setObjectName(QStringLiteral("statusCancel"));
    m_cancel->setAccessibleName(tr("Cancel what is running"));
    m_cancel->setAutoDefault(false);
    bar.insertPermanentWidget(3, m_progress); // where passing remarks do not cover them
    bar.insertPermanentWidget(4, m_cancel);
    connect(m_cancel, &QPushButton::clicked, this, &StatusLine::cancelClicked);
    m_noteTimer.setSingleShot(true);
    m_noteTimer.setInterval(kNoteMs);
    connect(&m_noteTimer, &QTimer::timeout, this, &StatusLine::dropNote);
    hideProgress();
    refresh(nullptr, {}, {});
}

void StatusLine::refresh(const cachecore::Document *document, cachecore::ByteOffset caret,
                         cachecore::ByteRange selection)
{
    if (!document) {
        setText(m_caret, m_emptyText.isEmpty() ? tr("No document") : m_emptyText);
        for (QLabel *label : {m_selection, m_staged, m_cache, m_readOnly})
            setText(label, {});
        return;
    }
    const std::uint64_t at = caret.value();
    setText(
        m_caret,
        tr("%1 (%2)  lba %3").arg(hexText(at), number(at), QString::number(at / kSectorSize)), // plain, to be pasted

        tr("Offset of the caret: hexadecimal, decimal, and the sector of 512 bytes it lies in"));
    setText(m_selection, selection.empty() ? QString() : tr("Selected %1").arg(shortSizeText(selection.length())),
            selection.empty() ? QString() : tr("%1, %2").arg(rangeText(selection), sizeText(selection.length())));
    refreshNumbers(*document);
}

void StatusLine::refreshNumbers(const cachecore::Document &document)
{
    const cachecore::StagedEdits staged = document.staged();
    QString stagedText = tr("Nothing staged");
    if (!staged.empty()) {
        const std::uint64_t pages = stagedPages(staged, document.pageSize());
        const QString where = pages == 0 ? tr("%1 places").arg(number(staged.extentCount()))
            : pages == 1                 ? tr("1 page")
                                         : tr("%1 pages").arg(number(pages));
        stagedText = tr("%1 staged in %2").arg(shortSizeText(staged.byteCount()), where);
    }
    setText(m_staged, stagedText, tr("Edits that are not on the disk yet"));

    const cachecore::CacheStatistics cache = document.statistics();
    setText(m_cache,
            tr("Cache %1 of %2, %3, %4")
                .arg(shortSizeText(cache.residentBytes), shortSizeText(cache.budgetBytes),
                     cache.hits == 1 ? tr("1 hit") : tr("%1 hits").arg(number(cache.hits)),
                     cache.misses == 1 ? tr("1 miss") : tr("%1 misses").arg(number(cache.misses))),
            tr("Bytes of pages kept in memory and the most there may be; visits of pages that found them there, and "
               "that did not"));

    const cachecore::BlockSource &source = document.source();
    setText(m_readOnly, source.writable() ? QString() : tr("Read only"),
            source.writable() ? QString() : errorText(source.readOnlyReason()));
}

void StatusLine::showNote(const QString &text)
{
    setText(m_note, text, text);
    // They change least and take most: their room goes to the note for its time.
    m_staged->hide();
    m_cache->hide();
    m_noteTimer.start();
}

void StatusLine::dropNote()
{
    m_noteTimer.stop();
    setText(m_note, {});
    m_staged->show();
    m_cache->show();
}

void StatusLine::showProgress(const QString &what, quint64 done, quint64 total)
{
    const double part = total == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(total);
    m_progress->setValue(static_cast<int>(part * kProgressSteps));
    m_progress->setFormat(tr("%1 %p%").arg(what));
    m_progress->setToolTip(tr("%1: %2 of %3").arg(what, shortSizeText(done), shortSizeText(total)));
    m_progress->show();
    m_cancel->show();
}

void StatusLine::hideProgress()
{
    m_progress->hide();
    m_cancel->hide();
}

} // namespace cachet
