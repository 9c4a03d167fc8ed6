// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/error.h"

#include <QTest>

#include <cerrno>
#include <cstring>

using namespace cachecore;

class TstError : public QObject {
    Q_OBJECT

private slots:
    void mapsErrnoToACodeToActOn_data();
    void mapsErrnoToACodeToActOn();
    void carriesAllItWasGiven();
    void carriesNoErrnoWhenTheEngineFoundIt();
};

void TstError::mapsErrnoToACodeToActOn_data()
{
    QTest::addColumn<int>("errnoValue");
    QTest::addColumn<ErrorCode>("code");
    const auto add
        = [](int errnoValue, ErrorCode code) { QTest::addRow("%s", std::strerror(errnoValue)) << errnoValue << code; };
    add(ENOENT, ErrorCode::NotFound);
    add(ENOTDIR, ErrorCode::NotFound);
    add(EACCES, ErrorCode::PermissionDenied);
    add(EPERM, ErrorCode::PermissionDenied);
    add(EISDIR, ErrorCode::IsDirectory);
    add(EROFS, ErrorCode::ReadOnly);
    add(ENOSPC, ErrorCode::NoSpace);
    add(EDQUOT, ErrorCode::NoSpace);
    add(EFBIG, ErrorCode::NoSpace);
    add(EIO, ErrorCode::Io);
    add(ENODATA, ErrorCode::Io);
    add(ENODEV, ErrorCode::Io);
    add(ENOMEDIUM, ErrorCode::Io);
    add(ESTALE, ErrorCode::Io);
    add(ENOMEM, ErrorCode::OutOfMemory);
    add(ECANCELED, ErrorCode::Cancelled);
    add(EINVAL, ErrorCode::InvalidArgument);
    add(ENAMETOOLONG, ErrorCode::InvalidArgument);
    add(EOVERFLOW, ErrorCode::OutOfRange);
    add(EBUSY, ErrorCode::Busy);
    add(ETXTBSY, ErrorCode::Busy);
    add(ENOTTY, ErrorCode::NotSupported);
    add(ELOOP, ErrorCode::System);
    add(EMFILE, ErrorCode::System);
}

void TstError::mapsErrnoToACodeToActOn()
{
    QFETCH(int, errnoValue);
    QFETCH(ErrorCode, code);
    const Error error = Error::fromErrno(errnoValue, Operation::Read);
    QCOMPARE(error.code, code);
    QCOMPARE(error.systemError, errnoValue);
}

void TstError::carriesAllItWasGiven()
{
    const std::string path("/a\xff"
                           "b");
    const auto range = ByteRange::make(5, 6);
    const Error error = Error::fromErrno(EIO, Operation::Write, range, path);
    QCOMPARE(error.operation, Operation::Write);
    QVERIFY(error.range == range);
    QCOMPARE(error.path, path);
}

void TstError::carriesNoErrnoWhenTheEngineFoundIt()
{
    const Result<int> result = failure(ErrorCode::Busy, Operation::Stage, ByteRange::make(1, 2), "x");
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::Busy);
    QCOMPARE(result.error().systemError, 0);
    QCOMPARE(result.error().operation, Operation::Stage);
    QVERIFY(result.error().range == ByteRange::make(1, 2));
    QCOMPARE(result.error().path, std::string("x"));
}

QTEST_GUILESS_MAIN(TstError)
#include "tst_error.moc"
