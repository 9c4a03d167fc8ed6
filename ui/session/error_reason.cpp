// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/error_reason.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>

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
                  "recover; or save a copy of what is left and set the journal aside");
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
    case Operation::RollBack:
        return tr("another program has written there meanwhile, and that was left as it is. Recovering shows the place "
                  "and asks what to keep");
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
    if (error.operation == Operation::Write) // it came after the file was opened
        return tr("it is in use by %1 as well, and writing under it could damage it. Close it there, then try again")
            .arg(holder);
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

} // namespace

QString errorReason(const cachecore::Error &error)
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

} // namespace cachet
