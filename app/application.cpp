// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/application.h"

#include "app/screenshot.h"
#include "app/state_directory.h"

#include <QApplication>
#include <QIcon>
#include <QScreen>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace cachet {

namespace {

constexpr QSize kPictureSize(1280, 800);

/// Moves a window that would lie right on another one down and to the right. Only where its place is remembered: the
/// window system places the others.
void cascade(QWidget &window)
{
    constexpr int kStep = 24;
    constexpr int kMostSteps = 100;
    if (!window.testAttribute(Qt::WA_Moved) || window.isMaximized() || window.isFullScreen())
        return;
    const QWidgetList all = QApplication::topLevelWidgets();
    const auto taken = [&window, &all](QPoint place) {
        return std::ranges::any_of(all, [&window, place](const QWidget *other) {
            const QPoint away = other->geometry().topLeft() - place;
            return other != &window && qobject_cast<const MainWindow *>(other) && other->isVisible()
                && std::max(std::abs(away.x()), std::abs(away.y())) < kStep;
        });
    };
    const QRect screen = window.screen()->availableGeometry();
    QRect place = window.geometry();
    for (int step = 0; step < kMostSteps && taken(place.topLeft()); ++step) {
        place.translate(kStep, kStep);
        // From the corner again when little of the window would be left on the screen.
        if (place.left() > screen.center().x() || place.top() > screen.center().y())
            place.moveTopLeft(screen.topLeft() + QPoint(kStep, kStep));
    }
    window.setGeometry(place);
}

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
    options.document.journals.stateDirectory = stateDirectory();
    options.remember = !m_line.screenshot;
    if (first) {
        options.goTo = m_line.goTo;
        options.select = m_line.select;
    }
    auto *window = new MainWindow(m_services, options);
    cascade(*window);
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
