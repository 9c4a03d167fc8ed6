// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/error_text.h"

#include <QSet>
#include <QtTest>

#include <cerrno>

using cachecore::ByteRange;
using cachecore::Error;
using cachecore::ErrorCode;
using cachecore::Operation;
using namespace cachet;

Q_DECLARE_METATYPE(cachecore::Error)

namespace cachet_test {

class TestErrorText : public QObject {
    Q_OBJECT

private slots:
    void everyErrorNamesItsRangeAndFile_data();
    void everyErrorNamesItsRangeAndFile();
    void everyCodeHasItsOwnReason();
    void saysWhatTheSystemSays();
    void wrongValuesAreToldApart();
    void newCodesSayWhatToDo_data();
    void newCodesSayWhatToDo();
    void everyOperationHasItsOwnAttempt();
    void nameThatIsNotTextIsShownWithReplacements();
    void rangesNameFirstAndLastByte();
    void sizesAreForPeople();
};

void TestErrorText::everyErrorNamesItsRangeAndFile_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("operation");
    for (int code = 0; code <= static_cast<int>(ErrorCode::System); ++code) {
        for (int operation = 0; operation <= static_cast<int>(Operation::Import); ++operation)
            QTest::addRow("code %d operation %d", code, operation) << code << operation;
    }
}

void TestErrorText::everyErrorNamesItsRangeAndFile()
{
    QFETCH(const int, code);
    QFETCH(const int, operation);
    const Error error{static_cast<ErrorCode>(code), 0, static_cast<Operation>(operation), ByteRange::make(0x400, 0x20),
                      "/some where/disk.img"};
    const QString text = errorText(error);
    // A journal without room is told by its directory and by what it needs.
    const bool noRoom = error.code == ErrorCode::NoSpace && error.operation == Operation::Journal;
    // A file is opened as a whole.
    const bool opened = error.operation == Operation::Open || error.operation == Operation::Lock;
    QVERIFY2(text.contains(noRoom       ? QStringLiteral("/some where ")
                               : opened ? QStringLiteral("open /some where/disk.img")
                                        : QStringLiteral("bytes 0x400 to 0x41F of /some where/disk.img")),
             qPrintable(text));
    QVERIFY2(text.endsWith(u'.') && !text.endsWith(QStringLiteral("..")), qPrintable(text));
    QVERIFY2(!text.contains(u'%') && !text.contains(u'\n'), qPrintable(text));
}

void TestErrorText::everyCodeHasItsOwnReason()
{
    QSet<QString> texts;
    for (int code = 0; code <= static_cast<int>(ErrorCode::System); ++code)
        texts.insert(errorText({static_cast<ErrorCode>(code), 0, Operation::Write, {}, {}}));
    QCOMPARE(texts.size(), static_cast<int>(ErrorCode::System) + 1);
}

void TestErrorText::saysWhatTheSystemSays()
{
    const QString text = errorText({ErrorCode::System, EMFILE, Operation::Open, {}, "a"});
    QVERIFY2(text.contains(QStringLiteral("Too many open files")), qPrintable(text));
    QVERIFY(text.contains(QString::number(EMFILE)));
}

void TestErrorText::wrongValuesAreToldApart()
{
    const auto wrong = [](Operation operation, int systemError, const std::string &path) {
        return errorText({ErrorCode::InvalidArgument, systemError, operation, {}, path});
    };
    const QString copy = wrong(Operation::Open, 0, "/d/disk.img");
    QVERIFY2(copy.contains(QStringLiteral("file being viewed")) && copy.contains(QStringLiteral("another name")),
             qPrintable(copy));
    const QString page = wrong(Operation::Configure, 0, "/dev/disk");
    QVERIFY2(page.contains(QStringLiteral("larger page size")) && !page.contains(QStringLiteral("cache must")),
             qPrintable(page));
    QVERIFY(wrong(Operation::Open, ENAMETOOLONG, "/d").contains(QStringLiteral("too long")));
    QVERIFY(!wrong(Operation::Open, EINVAL, "/d").contains(QStringLiteral("being viewed")));
    QVERIFY(wrong(Operation::Open, 0, std::string("a\0b", 3)).contains(QStringLiteral("no file can have that name")));
}

void TestErrorText::newCodesSayWhatToDo_data()
{
    QTest::addColumn<Error>("error");
    QTest::addColumn<QString>("text");
    const std::string disk = "/d/disk.img";
    Error held = Error::of(ErrorCode::Held, Operation::Lock, {}, disk);
    QTest::newRow("held by nobody known")
        << held
        << "Could not open /d/disk.img for writing: it is being written to by another program; it is open for reading "
           "here. Close it there and open it again.";
    held.holder = "qemu-system-x86 (process 4711)";
    QTest::newRow("held") << held
                          << "Could not open /d/disk.img for writing: it is being written to by qemu-system-x86 "
                             "(process 4711); it is open for reading here. Close it there and open it again.";
    QTest::newRow("journal without room, size known")
        << Error::of(ErrorCode::NoSpace, Operation::Journal, ByteRange::make(0, 3 << 20), "/d/.disk.img.cachet-journal")
        << "/d is full: the journal that makes the write safe needs 3.0 MiB there. Free some "
           "space there, or write less at once with Persist Selection, then try again.";
    QTest::newRow("journal without room, size unknown")
        << Error::of(ErrorCode::NoSpace, Operation::Journal, {}, "/d/.disk.img.cachet-journal")
        << "/d is full: the journal that makes the write safe needs room there. Free some space "
           "there, or write less at once with Persist Selection, then try again.";
    QTest::newRow("journal too large for the file system")
        << Error::fromErrno(EFBIG, Operation::Journal, ByteRange::make(0, std::uint64_t{5} << 30),
                            "/fat/.disk.img.cachet-journal")
        << "/fat does not take a file that large: the journal that makes the write safe needs 5.0 GiB there. "
           "Write less at once with Persist Selection, or raise the limit of file sizes (ulimit -f), then "
           "try again.";
    QTest::newRow("file size limit")
        << Error::fromErrno(EFBIG, Operation::Write, ByteRange::make(16, 2), disk)
        << "Could not write bytes 0x10 to 0x11 of /d/disk.img: the file would be larger than its file system or the "
           "limit of this process (ulimit -f) allows. Use a place that takes larger files, then try again.";
    QTest::newRow("needs recovery") << Error::of(ErrorCode::NeedsRecovery, Operation::Plan, {}, disk)
                                    << "Could not prepare the write of /d/disk.img: an interrupted write must be "
                                       "recovered before anything else is written. Choose Recover.";
    QTest::newRow("damaged journal")
        << Error::of(ErrorCode::Damaged, Operation::Journal, ByteRange::make(4096, 32), "/d/j")
        << "Could not use the journal of the write, bytes 0x1000 to 0x101F of /d/j: it is damaged or was cut short, so "
           "it cannot be relied on. Set it aside, and compare the image with a copy.";
    QTest::newRow("newer journal") << Error::of(ErrorCode::NewerVersion, Operation::Journal, {}, "/d/j")
                                   << "Could not use the journal of the write, /d/j: it was written by a later version "
                                      "of Cachet. Open the image with that version.";
    QTest::newRow("verify")
        << Error::of(ErrorCode::Changed, Operation::Verify, ByteRange::make(0, 1), disk)
        << "What was read back is not what was written to byte 0x0 of /d/disk.img: the disk gives "
           "back other bytes. Check the disk and its cable, then try again or save a copy elsewhere.";
    QTest::newRow("rolling back") << Error::fromErrno(EIO, Operation::RollBack, ByteRange::make(0, 1), disk)
                                  << "Could not put the old bytes back in byte 0x0 of /d/disk.img: the medium failed. "
                                     "Check the disk and its cable, then try again or save a copy elsewhere.";
    QTest::newRow("foreign bytes") << Error::of(ErrorCode::Changed, Operation::Recover, ByteRange::make(0, 1), disk)
                                   << "Could not recover the interrupted write of byte 0x0 of /d/disk.img: another "
                                      "program has written there since. Look at the place, then recover again and "
                                      "choose to overwrite it.";
    QTest::newRow("replaced") << Error::of(ErrorCode::Changed, Operation::Stat, {}, disk)
                              << "/d/disk.img is no longer the file that was opened: it was replaced or deleted, so it "
                                 "cannot be written. Save a copy to keep everything, then open it again.";
    QTest::newRow("shorter than the interrupted write")
        << Error::of(ErrorCode::Truncated, Operation::Recover, {}, disk)
        << "Could not recover the interrupted write of /d/disk.img: the file no longer reaches as far as the "
           "interrupted write did. Give it its former size again, then recover; or save a copy of what is left and set "
           "the journal aside.";
    const auto medium = [&disk](Operation operation, const std::string &path) {
        return Error::fromErrno(EIO, operation, ByteRange::make(16, 2), path.empty() ? disk : path);
    };
    QTest::newRow("unreadable") << medium(Operation::Read, {})
                                << "Could not read bytes 0x10 to 0x11 of /d/disk.img: the medium failed. Those bytes "
                                   "show as unreadable; reload (F5) tries them again.";
    QTest::newRow("not synced") << medium(Operation::Sync, {})
                                << "Could not make sure that bytes 0x10 to 0x11 of /d/disk.img reached the disk: the "
                                   "medium failed. Check the disk and its cable, then try again or save a copy "
                                   "elsewhere.";
    QTest::newRow("import unreadable")
        << medium(Operation::Import, "/d/in.bin")
        << "Could not import bytes 0x10 to 0x11 of /d/in.bin: the medium failed. Check the disk that file is on, then "
           "import it again.";
    QTest::newRow("no space") << Error::fromErrno(ENOSPC, Operation::Write, ByteRange::make(16, 2), disk)
                              << "Could not write bytes 0x10 to 0x11 of /d/disk.img: there is no space left. Free some "
                                 "space, then try again.";
    QTest::newRow("shorter than what is written")
        << Error::of(ErrorCode::Truncated, Operation::Write, ByteRange::make(16, 2), disk)
        << "Could not write bytes 0x10 to 0x11 of /d/disk.img: the file is shorter than it was when it was opened. "
           "Save a copy to keep everything, or discard the edits past the end and try again.";
    QTest::newRow("shorter than what is read")
        << Error::of(ErrorCode::Truncated, Operation::Read, ByteRange::make(16, 2), disk)
        << "Could not read bytes 0x10 to 0x11 of /d/disk.img: the file is shorter than it was when it was opened. The "
           "bytes that are left can be used; staged edits past the end are kept.";
    QTest::newRow("changed under an edit")
        << Error::of(ErrorCode::Changed, Operation::Compare, ByteRange::make(16, 2), disk)
        << "Did not write bytes 0x10 to 0x11 of /d/disk.img: another program changed it since you edited it. Reload "
           "(F5), look at the place, and edit it again or discard the edit.";
    QTest::newRow("another write") << Error::of(ErrorCode::Busy, Operation::Plan, {}, disk)
                                   << "Could not prepare the write of /d/disk.img: another write of this document is "
                                      "still running. Wait until it has ended.";
    QTest::newRow("nameless") << Error::of(ErrorCode::OutOfMemory, Operation::Stage, ByteRange::make(16, 1), {})
                              << "Could not edit byte 0x10: there is not enough memory. Close something else, then try "
                                 "again.";
    QTest::newRow("import changed") << Error::of(ErrorCode::Changed, Operation::Import, {}, "/d/in.bin")
                                    << "Could not import /d/in.bin: another program changed the file since it was "
                                       "imported. Import it again, or discard the edit.";
    QTest::newRow("import shorter") << Error::of(ErrorCode::Truncated, Operation::Import, {}, "/d/in.bin")
                                    << "Could not import /d/in.bin: the file has become shorter since it was imported. "
                                       "Import it again, or discard the edit.";
}

void TestErrorText::newCodesSayWhatToDo()
{
    QLocale::setDefault(QLocale::c());
    QFETCH(const Error, error);
    QTEST(errorText(error), "text");
}

void TestErrorText::everyOperationHasItsOwnAttempt()
{
    QSet<QString> texts;
    for (int operation = 0; operation <= static_cast<int>(Operation::Import); ++operation)
        texts.insert(errorText({ErrorCode::OutOfMemory, 0, static_cast<Operation>(operation), {}, "d"}));
    QCOMPARE(texts.size(), static_cast<int>(Operation::Import) + 1);
}

void TestErrorText::nameThatIsNotTextIsShownWithReplacements()
{
    const QString text = errorText({ErrorCode::NotFound,
                                    0,
                                    Operation::Open,
                                    {},
                                    "a\xff"
                                    "b.img"});
    QVERIFY2(text.contains(QStringLiteral("a\uFFFDb.img")), qPrintable(text));
    QCOMPARE(displayName("/x/y/z.img"), QStringLiteral("z.img"));
    QCOMPARE(displayName("/x/y/"), QStringLiteral("/x/y/"));
    QCOMPARE(displayName("z"), QStringLiteral("z"));
}

void TestErrorText::rangesNameFirstAndLastByte()
{
    QCOMPARE(rangeText(*ByteRange::make(0x438, 1)), QStringLiteral("byte 0x438"));
    QCOMPARE(rangeText(*ByteRange::make(0x438, 2)), QStringLiteral("bytes 0x438 to 0x439"));
    QCOMPARE(rangeText(*ByteRange::make(0x438, 0)), QStringLiteral("no bytes at 0x438"));
    QCOMPARE(rangeText(ByteRange::whole(cachecore::kMaxSourceSize)), QStringLiteral("bytes 0x0 to 0x7FFFFFFFFFFFFFFE"));
}

void TestErrorText::sizesAreForPeople()
{
    QLocale::setDefault(QLocale::c());
    QCOMPARE(sizeText(1), QStringLiteral("1 byte"));
    QCOMPARE(sizeText(0), QStringLiteral("0 bytes"));
    QCOMPARE(sizeText(1023), QStringLiteral("1023 bytes"));
    QCOMPARE(shortSizeText(4096), QStringLiteral("4 KiB"));
    QCOMPARE(shortSizeText(std::uint64_t{12} << 20), QStringLiteral("12.0 MiB"));
    QVERIFY(sizeText(1572864).startsWith(QStringLiteral("1.5 MiB (")));
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    QCOMPARE(sizeText(1023), QStringLiteral("1,023 bytes"));
    QLocale::setDefault(QLocale::c());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestErrorText)
#include "tst_error_text.moc"
