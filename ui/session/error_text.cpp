// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/error_text.h"

#include "ui/session/error_reason.h"

#include <QCoreApplication>
#include <QFile>
#include <QLocale>

#include <algorithm>
#include <cerrno>

namespace cachet {

namespace {

using cachecore::ErrorCode;
using cachecore::Operation;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::ErrorText", text);
}

/// What could not be done, without a full stop: "Could not read bytes 0x0 to 0xfff of disk.img".
QString attempt(Operation operation, const QString &what)
{
    switch (operation) {
    case Operation::Open:
        return tr("Could not open %1").arg(what);
    case Operation::Stat:
        return tr("Could not learn the size and kind of %1").arg(what);
    case Operation::Read:
        return tr("Could not read %1").arg(what);
    case Operation::Write:
        return tr("Could not write %1").arg(what);
    case Operation::Sync:
        return tr("Could not make sure that %1 reached the disk").arg(what);
    case Operation::Rename:
        return tr("Could not give the finished file its name, %1").arg(what);
    case Operation::Remove:
        return tr("Could not remove %1").arg(what);
    case Operation::Truncate:
        return tr("Could not set the size of %1").arg(what);
    case Operation::Stage:
        return tr("Could not edit %1").arg(what);
    case Operation::Plan:
        return tr("Could not prepare the write of %1").arg(what);
    case Operation::Compare:
        return tr("Did not write %1").arg(what);
    case Operation::Configure:
        return tr("Could not set up the cache for %1").arg(what);
    case Operation::Lock:
        return tr("Could not open %1 for writing").arg(what);
    case Operation::Journal:
        return tr("Could not use the journal of the write, %1").arg(what);
    case Operation::Verify:
        return tr("What was read back is not what was written to %1").arg(what);
    case Operation::RollBack:
        return tr("Could not put the old bytes back in %1").arg(what);
    case Operation::Recover:
        return tr("Could not recover the interrupted write of %1").arg(what);
    case Operation::Import:
        return tr("Could not import %1").arg(what);
    case Operation::None:
        break;
    }
    return tr("Could not work on %1").arg(what);
}

/// What the error is about: the bytes and the file, as far as they are known. A file is opened as a whole.
QString subject(const cachecore::Error &error)
{
    const QString name = error.path.empty() ? QString() : displayPath(error.path);
    const bool whole = error.operation == Operation::Open || error.operation == Operation::Lock;
    if (!whole && error.range && !error.range->empty())
        return name.isEmpty() ? rangeText(*error.range) : tr("%1 of %2").arg(rangeText(*error.range), name);
    return name.isEmpty() ? tr("the document") : name;
}

/// Of a journal that has no room: the range is of its own bytes, and its end what it needs.
QString journalSpaceText(const cachecore::Error &error)
{
    const std::size_t slash = error.path.find_last_of('/');
    const QString place
        = displayPath(slash == std::string::npos ? error.path : error.path.substr(0, std::max<std::size_t>(slash, 1)));
    const QString needs = error.range && !error.range->empty()
        ? tr("needs %1 there").arg(shortSizeText(error.range->end().value()))
        : tr("needs room there");
    const QString text = error.systemError == EFBIG
        ? tr("%1 does not take a file that large: the journal that makes the write safe %2. Write less at "
             "once with Persist Selection, or raise the limit of file sizes (ulimit -f), then try again.")
        : tr("%1 is full: the journal that makes the write safe %2. Free some space there, or write "
             "less at once with Persist Selection, then try again.");
    return text.arg(place.isEmpty() ? tr("The place of the journal") : place, needs);
}

} // namespace

QString errorText(const cachecore::Error &error)
{
    if (error.operation == Operation::Journal && error.code == ErrorCode::NoSpace)
        return journalSpaceText(error);
    if (error.operation == Operation::Stat && error.code == ErrorCode::Changed)
        return tr("%1 is no longer the file that was opened: it was replaced or deleted, so it cannot be written. Save "
                  "a copy to keep everything, then open it again.")
            .arg(subject(error));
    return tr("%1: %2.").arg(attempt(error.operation, subject(error)), errorReason(error));
}

QString displayPath(const std::string &path)
{
    return QFile::decodeName(QByteArray::fromStdString(path));
}

QString displayName(const std::string &path)
{
    const std::size_t slash = path.find_last_of('/');
    return displayPath(slash == std::string::npos || slash + 1 == path.size() ? path : path.substr(slash + 1));
}

QString hexText(std::uint64_t value)
{
    return QStringLiteral("0x") + QString::number(value, 16).toUpper();
}

QString rangeText(cachecore::ByteRange range)
{
    const std::uint64_t begin = range.begin().value();
    if (range.empty())
        return tr("no bytes at %1").arg(hexText(begin));
    if (range.length() == 1)
        return tr("byte %1").arg(hexText(begin));
    return tr("bytes %1 to %2").arg(hexText(begin), hexText(range.end().value() - 1));
}

QString shortSizeText(std::uint64_t bytes)
{
    if (bytes == 1)
        return tr("1 byte");
    if (bytes < 1024)
        return tr("%1 bytes").arg(QLocale().toString(static_cast<qulonglong>(bytes)));
    const int precision = bytes % 1024 == 0 && bytes < 1024 * 1024 ? 0 : 1;
    return QLocale().formattedDataSize(static_cast<qint64>(bytes), precision, QLocale::DataSizeIecFormat);
}

QString sizeText(std::uint64_t bytes)
{
    if (bytes < 1024)
        return shortSizeText(bytes);
    return tr("%1 (%2 bytes)").arg(shortSizeText(bytes), QLocale().toString(static_cast<qulonglong>(bytes)));
}

} // namespace cachet
