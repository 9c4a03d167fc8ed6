// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/error_text.h"

#include <QCoreApplication>
#include <QFile>
#include <QLocale>

#include <algorithm>
#include <cerrno>
#include <system_error>

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

QString systemReason(int errnoValue)
{
    return QString::fromLocal8Bit(std::generic_category().message(errnoValue).c_str());
}

bool isWrite(Operation operation)
{
    switch (operation) {
    case Operation::Write:
    case Operation::Sync:
    case Operation::Plan:
    case Operation::Compare:
    case Operation::Journal:
    case Operation::Verify:
    case Operation::RollBack:
    case Operation::Recover:
        return true;
    default:
        return false;
    }
}

QString ioReason(const cachecore::Error &error)
{
    if (error.operation == Operation::Import)
        return tr("the medium failed. Check the disk that file is on, then import it again");
    if (isWrite(error.operation))
        return tr("the medium failed. Check the disk and its cable, then try again or save a copy elsewhere");
    return tr("the medium failed. Those bytes show as unreadable; reload (F5) tries them again");
}

QString noSpaceReason(const cachecore::Error &error)
{
    if (error.systemError == EFBIG)
        return tr("the file would be larger than its file system or the limit of this process (ulimit -f) allows. Use "
                  "a place that takes larger files, then try again");
    return tr("there is no space left. Free some space, then try again");
}

QString truncatedReason(Operation operation)
{
    if (operation == Operation::Import)
        return tr("the file has become shorter since it was imported. Import it again, or discard the edit");
    if (operation == Operation::Recover)
        return tr("the file no longer reaches as far as the interrupted write did. Give it its former size again, then "
                  "recover; or leave the journal and save a copy of what is left");
    if (isWrite(operation))
        return tr("the file is shorter than it was when it was opened. Save a copy to keep everything, or discard the "
                  "edits past the end and try again");
    return tr("the file is shorter than it was when it was opened. The bytes that are left can be used; staged edits "
              "past the end are kept");
}

QString changedReason(Operation operation)
{
    switch (operation) {
    case Operation::Import:
        return tr("another program changed the file since it was imported. Import it again, or discard the edit");
    case Operation::Recover:
        return tr("another program has written there since. Look at the place, then recover again and choose to "
                  "overwrite it");
    case Operation::Verify:
        return tr("the disk gives back other bytes. Check the disk and its cable, then try again or save a copy "
                  "elsewhere");
    default:
        return tr(
            "another program changed it since you edited it. Reload (F5), look at the place, and edit it again or "
            "discard the edit");
    }
}

QString heldReason(const cachecore::Error &error)
{
    const QString holder = error.holder.empty() ? tr("another program") : displayPath(error.holder);
    return tr("it is being written to by %1; it is open for reading here. Close it there and open it again")
        .arg(holder);
}

QString systemText(const cachecore::Error &error)
{
    return error.systemError == 0 ? tr("an unexpected error occurred. Try again")
                                  : tr("the system says \"%1\" (error %2). Try again when that is mended")
                                        .arg(systemReason(error.systemError))
                                        .arg(error.systemError);
}

/// Of a value that can never work.
QString wrongValueText(const cachecore::Error &error)
{
    if (error.systemError == ENAMETOOLONG)
        return tr("the name is too long. Choose a shorter one");
    if (error.path.find('\0') != std::string::npos)
        return tr("no file can have that name. Choose another");
    // The command line refuses every other wrong size before anything is opened.
    if (error.operation == Operation::Configure)
        return tr("its blocks are larger than the pages. Choose a larger page size");
    // Only a copy asks whether it would replace what it is made of.
    if (error.operation == Operation::Open && error.systemError == 0)
        return tr("it is the very file being viewed. Choose another name for the copy");
    return tr("the value given can never work. Choose another");
}

/// Why, and what to do, without a full stop.
QString reason(const cachecore::Error &error)
{
    switch (error.code) {
    case ErrorCode::InvalidArgument:
        return wrongValueText(error);
    case ErrorCode::OutOfRange:
        return tr("it lies past the end. Choose a place inside the document");
    case ErrorCode::NotFound:
        return tr("there is no such file. Check the name");
    case ErrorCode::PermissionDenied:
        return tr("permission was refused. Ask the owner for access, or run as a user who has it");
    case ErrorCode::IsDirectory:
        return tr("it is a directory. Choose a disk image or a device in it");
    case ErrorCode::UnsupportedKind:
        return tr("it is a pipe, a socket or a character device, which has no fixed bytes to show. Choose a regular "
                  "file or a block device");
    case ErrorCode::ReadOnly:
        return tr("it is open for reading only. Save a copy and edit that");
    case ErrorCode::NoSpace:
        return noSpaceReason(error);
    case ErrorCode::Io:
        return ioReason(error);
    case ErrorCode::Truncated:
        return truncatedReason(error.operation);
    case ErrorCode::Changed:
        return changedReason(error.operation);
    case ErrorCode::Held:
        return heldReason(error);
    case ErrorCode::NeedsRecovery:
        return tr("an interrupted write must be recovered before anything else is written. Choose Recover");
    case ErrorCode::Damaged:
        return tr("it is damaged or was cut short, so it cannot be relied on. Set it aside, and compare the image with "
                  "a copy");
    case ErrorCode::NewerVersion:
        return tr("it was written by a later version of Cachet. Open the image with that version");
    case ErrorCode::Busy:
        return tr("another write of this document is still running. Wait until it has ended");
    case ErrorCode::Cancelled:
        return tr("it was cancelled. Nothing was lost; start it again when you like");
    case ErrorCode::Closed:
        return tr("the document is closed. Open it again");
    case ErrorCode::OutOfMemory:
        return tr("there is not enough memory. Close something else, then try again");
    case ErrorCode::NotSupported:
        return tr("this kind of source cannot do that. Save a copy to a regular file and use that");
    case ErrorCode::System:
        return systemText(error);
    }
    return systemText(error);
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
    return tr("%1: %2.").arg(attempt(error.operation, subject(error)), reason(error));
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
