// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

#include <string>

namespace cachet {

class MainWindow;

/// Saves a picture of a window once what it shows has settled: every visible page loaded or failed, or ten seconds gone by.
/// Thread: GUI.
class Screenshot final : public QObject {
    Q_OBJECT

public:
    /// Of `window` into the PNG file `path` (bytes).
    Screenshot(MainWindow &window, std::string path, QObject *parent);

    /// The window has its document, or needs none: take the picture as soon as it has settled.
    void begin();

signals:
    /// `sentence` says where the picture is and what it shows, or why there is none.
    void finished(bool saved, const QString &sentence);

private:
    void check();
    void take();
    [[nodiscard]] bool settled() const;
    [[nodiscard]] QString description() const;

    MainWindow &m_window;
    const std::string m_path;
    QTimer m_bound;
    bool m_taken = false;
};

} // namespace cachet
