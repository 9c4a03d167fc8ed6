// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/application.h"

#include "app/screenshot.h"

#include <QApplication>
#include <QIcon>

#include <cstdio>

namespace cachet {

namespace {

constexpr QSize kPictureSize(1280, 800);

QIcon programIcon()
{
    QIcon icon;
    for (const int side : {16, 32, 48, 64, 128, 256})
        icon.addFile(QStringLiteral(":/icons/cachet-%1.png").arg(side), {side, side});
    return icon;
}

} // namespace

Application::Application(CommandLine line)
    : m_line(std::move(line))
    , m_services(systemServices())
{
    setObjectName(QStringLiteral("application"));
    QApplication::setOrganizationName(QStringLiteral("cachet"));
    QApplication::setApplicationName(QStringLiteral("cachet"));
    QApplication::setApplicationDisplayName(QString());
    QApplication::setApplicationVersion(QStringLiteral(CACHET_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("org.cachet.Cachet"));
    QApplication::setWindowIcon(programIcon());
}

int Application::run()
{
    return m_line.screenshot ? runScreenshot() : runWindows();
}

bool Application::finish()
{
    return m_services.closer->finish();
}

MainWindow *Application::makeWindow(bool first)
{
    WindowOptions options;
    options.readOnly = m_line.readOnly;
    options.document = m_line.document;
    options.remember = !m_line.screenshot;
    if (first) {
        options.goTo = m_line.goTo;
        options.select = m_line.select;
    }
    auto *window = new MainWindow(m_services, options);
    connect(window, &MainWindow::quitWanted, this, &Application::quit);
    connect(window, &MainWindow::newWindowWanted, this, [this](const std::string &path) {
        MainWindow *another = makeWindow(false);
        another->show();
        another->open(path);
    });
    return window;
}

int Application::runWindows()
{
    if (m_line.files.empty())
        makeWindow(true)->show();
    for (const std::string &file : m_line.files) {
        MainWindow *window = makeWindow(true);
        window->show();
        window->open(file);
    }
    return QApplication::exec();
}

int Application::runScreenshot()
{
    QApplication::setQuitOnLastWindowClosed(false);
    MainWindow *window = makeWindow(true);
    window->resize(kPictureSize);
    auto *screenshot = new Screenshot(*window, *m_line.screenshot, this);
    const auto end = [window](int code, const QString &sentence) {
        std::fprintf(code == 0 ? stdout : stderr, "%s%s\n", code == 0 ? "" : "cachet: ", qUtf8Printable(sentence));
        window->close();
        QCoreApplication::exit(code);
    };
    connect(screenshot, &Screenshot::finished, this,
            [end](bool saved, const QString &sentence) { end(saved ? 0 : 1, sentence); });
    connect(window, &MainWindow::openFailed, this, [end](const QString &sentence) { end(1, sentence); });
    bool refused = false;
    connect(window, &MainWindow::startRefused, this, [this, end, &refused](const QString &sentence) {
        // The window is in the middle of opening; it is closed afterwards.
        if (!std::exchange(refused, true))
            QMetaObject::invokeMethod(this, [end, sentence] { end(1, sentence); }, Qt::QueuedConnection);
    });
    connect(window, &MainWindow::opened, screenshot, [screenshot, &refused] {
        if (!refused)
            screenshot->begin();
    });
    window->show();
    if (m_line.files.empty())
        screenshot->begin();
    else
        window->open(m_line.files.front());
    return QApplication::exec();
}

void Application::quit()
{
    // Each window asks for itself; one that stays open keeps the program running.
    const QWidgetList windows = QApplication::topLevelWidgets();
    for (QWidget *widget : windows) {
        if (auto *window = qobject_cast<MainWindow *>(widget))
            window->close();
    }
}

} // namespace cachet
