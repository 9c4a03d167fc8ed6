// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/platform_guard.h"

#include <QString>
#include <QtGlobal>

#include <cstdio>

#include <unistd.h>

namespace cachet {

namespace {

QtMessageHandler g_previous = nullptr; // Qt's handlers are plain functions, so what they need is global

/// Qt reports a display it cannot reach, or a platform it does not know, by a fatal message while the application object is
/// made; warnings before it only say the same in other words.
void handleMessage(QtMsgType type, const QMessageLogContext &, const QString &)
{
    if (type != QtFatalMsg)
        return;
    // Platforms with a display of their own fail for its sake, when one is named at all; every other for its own.
    const QString platform = qEnvironmentVariable("QT_QPA_PLATFORM");
    const bool hasDisplay
        = platform.startsWith(QStringLiteral("xcb")) || platform.startsWith(QStringLiteral("wayland"));
    const bool displayNamed
        = !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
    const bool unknownPlatform = !platform.isEmpty() && !(hasDisplay && displayNamed);
    if (unknownPlatform)
        std::fprintf(
            stderr,
            "cachet: The platform \"%s\" named by QT_QPA_PLATFORM cannot be used. Unset it, or use offscreen.\n",
            qEnvironmentVariable("QT_QPA_PLATFORM").toLocal8Bit().constData());
    else
        std::fprintf(stderr,
                     "cachet: The display cannot be reached (DISPLAY=%s, WAYLAND_DISPLAY=%s). Check that it runs and "
                     "lets you in, or save a picture with --screenshot FILE.\n",
                     qEnvironmentVariable("DISPLAY").toLocal8Bit().constData(),
                     qEnvironmentVariable("WAYLAND_DISPLAY").toLocal8Bit().constData());
    std::fflush(nullptr);
    ::_exit(1);
}

} // namespace

bool noDisplayNamed()
{
    return qEnvironmentVariableIsEmpty("DISPLAY") && qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY")
        && qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM");
}

PlatformGuard::PlatformGuard()
{
    g_previous = qInstallMessageHandler(handleMessage);
}

PlatformGuard::~PlatformGuard()
{
    qInstallMessageHandler(g_previous);
}

const char *noDisplaySentence()
{
    return "cachet: There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Start it in a desktop session, or "
           "save "
           "a picture with --screenshot FILE.\n";
}

} // namespace cachet
