// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/screenshot.h"

#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/screenshot_file.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"
#include "ui/session/error_text.h"

#include <QBuffer>
#include <QPixmap>

#include <algorithm>
#include <vector>

namespace cachet {

namespace {

constexpr int kLastPaintsMs = 50; // three frames: parts of the window hear of a page at most one frame after it came
constexpr std::uint64_t kMostVisible = std::uint64_t{1} << 20; ///< more bytes than any screen shows

} // namespace

Screenshot::Screenshot(MainWindow &window, std::string path, QObject *parent, int boundMs)
    : QObject(parent)
    , m_window(window)
    , m_path(std::move(path))
{
    setObjectName(QStringLiteral("screenshot"));
    m_bound.setSingleShot(true);
    m_bound.setInterval(boundMs);
    connect(&m_bound, &QTimer::timeout, this, &Screenshot::timeOut);
    m_bound.start();
}

void Screenshot::begin()
{
    m_begun = true;
    m_bound.start();
    if (DocumentSession *session = m_window.session()) {
        connect(session, &DocumentSession::pagesChanged, this, &Screenshot::check);
        connect(&m_window.view(), &HexView::visibleRangeChanged, this, &Screenshot::check);
    }
    QMetaObject::invokeMethod(this, &Screenshot::check, Qt::QueuedConnection);
}

bool Screenshot::settled() const
{
    const DocumentSession *session = m_window.session();
    if (!session || session->document().size() == 0)
        return true;
    if (session->document().pageStates()->total().loading > 0)
        return false; // read ahead: its cell of the map will change
    const cachecore::ByteRange visible = m_window.view().visibleRange();
    const auto length = static_cast<std::size_t>(std::min(visible.length(), kMostVisible));
    if (length == 0)
        return false; // not laid out yet
    std::vector<std::byte> bytes(length);
    std::vector<cachecore::ByteCondition> conditions(length);
    session->document().peek(visible.begin(), bytes, conditions);
    return std::ranges::none_of(conditions, [](cachecore::ByteCondition condition) {
        return condition == cachecore::ByteCondition::NotLoaded
            || condition == cachecore::ByteCondition::StagedNotLoaded;
    });
}

void Screenshot::check()
{
    if (!m_taken && settled()) {
        m_bound.stop();
        QTimer::singleShot(kLastPaintsMs, this, &Screenshot::take);
        disconnect(&m_window.view(), nullptr, this, nullptr);
        if (m_window.session())
            disconnect(m_window.session(), nullptr, this, nullptr);
    }
}

void Screenshot::timeOut()
{
    if (m_begun)
        take();
    else if (!std::exchange(m_taken, true))
        emit finished(false,
                      tr("The file has not answered in time, so no picture was taken. Check the disk it is on."));
}

void Screenshot::take()
{
    if (std::exchange(m_taken, true))
        return;
    const QPixmap picture = m_window.grab();
    QBuffer png;
    const bool made = png.open(QIODevice::WriteOnly) && picture.save(&png, "PNG");
    // Asked again: what has come to be there since the start is not replaced either.
    if (const auto refusal = pictureRefusal(m_path, {}))
        emit finished(false, refusal->sentence);
    else if (made && savePicture(m_path, png.data()))
        emit finished(true, tr("Saved %1: %2").arg(displayPath(m_path), description()));
    else
        emit finished(
            false,
            tr("The picture could not be saved as %1. Check that its directory exists, can be written and has "
               "space left.")
                .arg(displayPath(m_path)));
}

QString Screenshot::description() const
{
    const DocumentSession *session = m_window.session();
    if (!session)
        return tr("the window without a document, %1 by %2 pixels.").arg(m_window.width()).arg(m_window.height());
    const cachecore::Document &document = session->document();
    const QString name = displayName(document.source().path());
    if (document.size() == 0)
        return tr("%1, which is empty.").arg(name);
    return tr("%1, %2, showing %3%4%5.")
        .arg(name, sizeText(document.size()), rangeText(m_window.view().visibleRange()),
             document.source().writable() ? QString() : tr(", read only"),
             settled() ? QString() : tr(", some of it still loading"));
}

} // namespace cachet
