// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/application.h"
#include "app/command_line.h"
#include "app/platform_guard.h"
#include "app/screenshot_file.h"

#include <QApplication>
#include <QLoggingCategory>

#include <csignal>
#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    // A write past the limit of file sizes (ulimit -f) is then an error like a full disk, and not the end of the program.
    std::signal(SIGXFSZ, SIG_IGN);
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const auto line = cachet::parseCommandLine(arguments);
    if (!line) {
        std::fprintf(stderr, "cachet: %s\n", qUtf8Printable(line.error()));
        return 2;
    }
    if (line->help || line->version) {
        std::fputs(qUtf8Printable(line->help ? cachet::helpText() : cachet::versionText()), stdout);
        return 0;
    }
    if (line->screenshot) {
        if (const auto refusal = cachet::pictureRefusal(*line->screenshot, line->files)) {
            std::fprintf(stderr, "cachet: %s\n", qUtf8Printable(refusal->sentence));
            return refusal->sameFile ? 2 : 1;
        }
        if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
            qputenv("QT_QPA_PLATFORM", "offscreen");
        // The offscreen platform warns about window hints it has no use for; stderr is for our own sentences.
        QLoggingCategory::setFilterRules(QStringLiteral("default.warning=false"));
    } else if (cachet::noDisplayNamed()) {
        std::fputs(cachet::noDisplaySentence(), stderr);
        return 1;
    }

    // Qt gets the program's name only: every argument has been read.
    int qtArguments = 1;
    std::optional<cachet::PlatformGuard> guard(std::in_place);
    QApplication qt(qtArguments, argv);
    guard.reset();
    cachet::Application application(*line);
    const int code = application.run();
    if (application.finish())
        return code;
    // Something never came back from the disk: the ordinary end of a program would wait for it for ever.
    std::fflush(nullptr);
    std::_Exit(code);
}
