// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHash>
#include <QString>
#include <QStringList>

namespace cachet_test {

/// How a program ended and what it said.
struct Ended {
    int exitCode = -1; ///< -1: it did not start, did not end in time or was killed by a signal
    QByteArray out;
    QByteArray err;

    /// All of it in one text, for messages of tests.
    [[nodiscard]] QByteArray said() const;
};

/// What a program is started with beside its arguments.
struct Surroundings {
    QHash<QString, QString> environment; ///< set over what the test has; a null string unsets
    QString directory;                   ///< empty: the test's own
};

/// Runs a program to its end, at most `timeoutMs`. Blocking.
[[nodiscard]] Ended runProgram(const QString &program, const QStringList &arguments,
                               const Surroundings &surroundings = {}, int timeoutMs = 60'000);

/// Where a tool of the system lies, also among those of the administrator; empty when it is not installed.
[[nodiscard]] QString toolPath(const QString &name);

/// Writes an executable script. Blocking.
void writeScript(const QString &path, const QByteArray &text);

} // namespace cachet_test
