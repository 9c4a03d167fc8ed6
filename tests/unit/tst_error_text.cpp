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

namespace cachet_test {

class TestErrorText : public QObject {
    Q_OBJECT

private slots:
    void everyErrorNamesItsRangeAndFile_data();
    void everyErrorNamesItsRangeAndFile();
    void everyCodeHasItsOwnReason();
    void saysWhatTheSystemSays();
    void wrongValuesAreToldApart();
    void failedWriteSaysThatNothingIsLost();
    void nameThatIsNotTextIsShownWithReplacements();
    void rangesNameFirstAndLastByte();
    void sizesAreForPeople();
};

void TestErrorText::everyErrorNamesItsRangeAndFile_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("operation");
    for (int code = 0; code <= static_cast<int>(ErrorCode::System); ++code) {
        for (int operation = 0; operation <= static_cast<int>(Operation::Configure); ++operation)
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
    QVERIFY2(text.contains(QStringLiteral("bytes 0x400 to 0x41F of /some where/disk.img")), qPrintable(text));
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

void TestErrorText::failedWriteSaysThatNothingIsLost()
{
    for (const ErrorCode code : {ErrorCode::NoSpace, ErrorCode::Io, ErrorCode::Changed}) {
        const QString text = writeErrorText({code, 0, Operation::Write, ByteRange::make(0, 1), "d"});
        QVERIFY2(text.startsWith(QStringLiteral("Could not write byte 0x0 of d: ")), qPrintable(text));
        QVERIFY2(text.contains(QStringLiteral("still staged")), qPrintable(text));
        QVERIFY2(text.contains(QStringLiteral("may already be on the disk")), qPrintable(text));
        const QString before = writeErrorText({code, 0, Operation::Compare, ByteRange::make(0, 1), "d"});
        QVERIFY2(before.contains(QStringLiteral("Nothing was written; your edits are still staged")),
                 qPrintable(before));
        // A copy that fails says nothing about staged edits: they are not what failed.
        QVERIFY(!errorText({code, 0, Operation::Write, ByteRange::make(0, 1), "d"}).contains(QStringLiteral("staged")));
    }
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
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::TestErrorText)
#include "tst_error_text.moc"
