// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/command_line.h"
#include "app/main_window.h"

#include <QObject>

namespace cachet {

/// The running program: its windows and how it ends. Needs a QApplication.
class Application final : public QObject {
    Q_OBJECT

public:
    explicit Application(CommandLine line);

    /// Opens the windows the command line asks for and runs until the last is closed. Returns the exit code.
    [[nodiscard]] int run();
    /// Waits, bounded, for documents to close. False when something was abandoned and the program must end by std::_Exit.
    [[nodiscard]] bool finish();

private:
    MainWindow *makeWindow(bool first);
    int runWindows();
    int runScreenshot();
    void quit();

    const CommandLine m_line;
    WindowServices m_services;
};

} // namespace cachet
