// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/status_line.h"

#include "app/elided_label.h"
#include "app/progress_part.h"
#include "cachecore/document.h"
#include "ui/session/error_text.h"

#include <QLabel>
#include <QLocale>
#include <QStatusBar>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kNoteMs = 5000;
constexpr std::uint64_t kSectorSize = 512;
constexpr const char *kWhat = "what"; // property of a label: what its text is about

QString number(std::uint64_t value)
{
    return QLocale().toString(static_cast<qulonglong>(value));
}

QLabel *makeNote(QStatusBar &bar)
{
    auto *label = new ElidedLabel(&bar);
    label->setObjectName(QStringLiteral("statusNote"));
    label->setAccessibleName(StatusLine::tr("Note"));
    label->setProperty(kWhat, label->accessibleName());
    label->setContentsMargins(4, 0, 4, 0);
    bar.addWidget(label, 1);
    return label;
}

QLabel *makeField(QStatusBar &bar, const char *name, const QString &accessibleName, bool permanent)
{
    auto *label = new QLabel(&bar);
    label->setObjectName(QString::fromLatin1(name));
    label->setAccessibleName(accessibleName);
    label->setProperty(kWhat, accessibleName);
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
    if (label->text() != text) {
        label->setText(text);
        // A screen reader is told the name in place of the text.
        const QString what = label->property(kWhat).toString();
        label->setAccessibleName(text.isEmpty() ? what : StatusLine::tr("%1: %2").arg(what, text));
    }
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
    , m_write(new ProgressPart(QStringLiteral("writeProgress"), tr("Progress of the write"), &bar))
    , m_copy(new ProgressPart(QStringLiteral("copyProgress"), tr("Progress of the copy"), &bar))
    , m_look(new ProgressPart(QStringLiteral("lookProgress"), tr("Progress of looking for a place"), &bar))
    , m_clipboard(
          new ProgressPart(QStringLiteral("clipboardProgress"), tr("Progress of work with the clipboard"), &bar))
{
    setObjectName(QStringLiteral("statusLine"));
    bar.setObjectName(QStringLiteral("statusBar"));
    bar.setAccessibleName(tr("Status bar"));
    // Where passing remarks do not cover them; the words of the write get the room a note has otherwise.
    constexpr int kMoreThanTheNote = 100;
    bar.insertPermanentWidget(3, m_write, kMoreThanTheNote);
    bar.insertPermanentWidget(4, m_copy);
    bar.insertPermanentWidget(5, m_look);
    bar.insertPermanentWidget(6, m_clipboard);
    for (ProgressPart *part : {m_write, m_copy, m_look, m_clipboard}) {
        part->hide(); // the bar shows what it is given
        connect(part, &ProgressPart::shownChanged, this, &StatusLine::giveRoom);
    }
    m_noteTimer.setSingleShot(true);
    m_noteTimer.setInterval(kNoteMs);
    connect(&m_noteTimer, &QTimer::timeout, this, &StatusLine::dropNote);
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

    refreshState(document);
}

/// What keeps anything from being written.
void StatusLine::refreshState(const cachecore::Document &document)
{
    QStringList texts;
    QStringList tips;
    const cachecore::BlockSource &source = document.source();
    if (!source.writable()) {
        const cachecore::Error why = source.readOnlyReason();
        texts << (why.code == cachecore::ErrorCode::Held ? tr("Read only: in use") : tr("Read only"));
        tips << errorText(why);
    }
    if (!document.unsettled().empty()) {
        texts << tr("Needs recovery");
        tips << tr("A write was interrupted; nothing is written until it is recovered (File, Recover).");
    }
    setText(m_readOnly, texts.join(QStringLiteral(", ")), tips.join(u'\n'));
}

void StatusLine::showNote(const QString &text)
{
    setText(m_note, text, text);
    m_noteTimer.start();
    giveRoom();
}

void StatusLine::dropNote()
{
    m_noteTimer.stop();
    setText(m_note, {});
    giveRoom();
}

/// These change least and take most: their room goes to a note and to progress while there is any.
void StatusLine::giveRoom()
{
    const bool progress = m_write->shown() || m_copy->shown() || m_clipboard->shown();
    const bool needed = progress || m_noteTimer.isActive();
    m_staged->setHidden(needed);
    m_cache->setHidden(needed);
    m_readOnly->setHidden(m_write->shown());
}

} // namespace cachet
