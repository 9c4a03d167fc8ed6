// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/document_watch.h"

#include "app/message_bar.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"
#include "ui/session/source_watcher.h"

#include <QLocale>

#include <algorithm>
#include <array>

namespace cachet {

namespace {

using Severity = MessageBar::Severity;

const QString kReadKey = QStringLiteral("read");
const QString kSizeKey = QStringLiteral("size");
const QString kStateKey = QStringLiteral("state");

} // namespace

std::optional<cachecore::PageIndex> firstFailedPage(const cachecore::PageStates &states)
{
    std::array<cachecore::PageStateCounts, 64> counts;
    std::uint64_t first = 0;
    std::uint64_t count = states.pageCount();
    while (count > 0) {
        const std::size_t parts = static_cast<std::size_t>(std::min<std::uint64_t>(counts.size(), count));
        states.summarize({first}, count, std::span(counts.data(), parts));
        std::size_t part = 0;
        std::uint64_t before = 0;
        while (part < parts && counts[part].failed == 0)
            before += counts[part++].pages;
        if (part == parts)
            return std::nullopt; // or it has just been read after all
        first += before;
        count = counts[part].pages;
        if (count == 1)
            return cachecore::PageIndex{first};
    }
    return std::nullopt;
}

DocumentWatch::DocumentWatch(MessageBar &messages, QObject *parent)
    : QObject(parent)
    , m_messages(messages)
{
    setObjectName(QStringLiteral("documentWatch"));
}

DocumentWatch::~DocumentWatch() = default;

void DocumentWatch::setSession(DocumentSession *session)
{
    m_watcher.reset();
    m_session = session;
    m_failedPages = 0;
    if (!session)
        return;
    connect(session, &DocumentSession::pagesChanged, this, &DocumentWatch::checkReads);
    m_watcher = std::make_unique<SourceWatcher>(session->sharedDocument());
    connect(m_watcher.get(), &SourceWatcher::shrank, this, &DocumentWatch::shrank);
    connect(m_watcher.get(), &SourceWatcher::grew, this, &DocumentWatch::grew);
    connect(m_watcher.get(), &SourceWatcher::failed, this,
            [this](const cachecore::Error &error) { m_messages.show(kStateKey, Severity::Error, errorText(error)); });
    connect(m_watcher.get(), &SourceWatcher::recovered, this, [this] { m_messages.dismiss(kStateKey); });
}

void DocumentWatch::checkNow()
{
    if (m_watcher)
        m_watcher->checkNow();
}

void DocumentWatch::checkReads()
{
    if (!m_session)
        return;
    const auto states = m_session->document().pageStates();
    const std::uint64_t failed = states->total().failed;
    if (failed == m_failedPages)
        return;
    m_failedPages = failed;
    if (failed == 0) {
        m_messages.dismiss(kReadKey);
        return;
    }
    const auto first = firstFailedPage(*states);
    if (!first)
        return;
    const cachecore::ByteOffset at(first->value * m_session->document().pageSize());
    const QString sentence = failed == 1
        ? tr("Bytes of the page at %1 could not be read. They show as unreadable; Reload (F5) tries again.")
              .arg(hexText(at.value()))
        : tr("Bytes of %1 pages could not be read, the first at %2. They show as unreadable; Reload (F5) tries again.")
              .arg(QLocale().toString(static_cast<qulonglong>(failed)), hexText(at.value()));
    m_messages.show(kReadKey, Severity::Error, sentence, {tr("Go There"), [this, at] { emit goToRequested(at); }});
}

void DocumentWatch::shrank(std::uint64_t from, std::uint64_t to)
{
    m_messages.show(
        kSizeKey, Severity::Warning,
        tr("The file shrank from %1 to %2. The bytes that are gone show as unreadable; staged edits there are kept. "
           "Save a copy of what is left if you need it.")
            .arg(sizeText(from), sizeText(to)));
}

void DocumentWatch::grew(std::uint64_t from, std::uint64_t to)
{
    m_messages.show(kSizeKey, Severity::Information,
                    tr("The file grew from %1 to %2. The new bytes are shown.").arg(sizeText(from), sizeText(to)));
}

} // namespace cachet
