// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/application.h"
#include "tests/support/temp_dir.h"

#include <QApplication>
#include <QScreen>
#include <QSettings>
#include <QTimer>
#include <QtTest>

namespace cachet_test {

/// The windows the running program opens.
class TestApplication : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void laterWindowsDoNotHideTheFirst_data();
    void laterWindowsDoNotHideTheFirst();

private:
    const TempDir m_settings;
};

void TestApplication::initTestCase()
{
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, QString::fromStdString(m_settings.path()));
}

void TestApplication::laterWindowsDoNotHideTheFirst_data()
{
    QTest::addColumn<QPoint>("remembered");
    QTest::newRow("near the corner") << QPoint(40, 50);
    QTest::newRow("where the next would leave the screen")
        << QGuiApplication::primaryScreen()->availableGeometry().center() - QPoint(10, 10);
}

void TestApplication::laterWindowsDoNotHideTheFirst()
{
    QFETCH(const QPoint, remembered);
    const TempDir directory;
    cachet::CommandLine line;
    for (const char *name : {"a.img", "b.img", "c.img"})
        line.files.push_back(directory.write(name, patternBytes(4096)));
    cachet::Application application(line);
    QWidget before;
    before.setGeometry(QRect(remembered, QSize(640, 400)));
    QSettings().setValue(QStringLiteral("window/geometry"), before.saveGeometry());

    std::vector<QPoint> places;
    QTimer::singleShot(0, &application, [&places] {
        const QWidgetList all = QApplication::topLevelWidgets();
        for (QWidget *widget : all) {
            if (!qobject_cast<cachet::MainWindow *>(widget))
                continue;
            places.push_back(widget->geometry().topLeft());
            widget->close();
        }
    });
    QCOMPARE(application.run(), 0);
    QVERIFY(application.finish());
    QCOMPARE(places.size(), std::size_t{3});
    QVERIFY(std::ranges::find(places, remembered) != places.end());
    const QRect screen = QGuiApplication::primaryScreen()->availableGeometry();
    for (std::size_t i = 0; i < places.size(); ++i) {
        QVERIFY(screen.contains(places[i]));
        for (std::size_t j = 0; j < i; ++j)
            QVERIFY(std::max(std::abs(places[i].x() - places[j].x()), std::abs(places[i].y() - places[j].y())) >= 20);
    }
}

} // namespace cachet_test

QTEST_MAIN(cachet_test::TestApplication)
#include "tst_application.moc"
