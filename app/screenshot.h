// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

#include <string>

namespace cachet {

class MainWindow;

/// Saves a picture of a window once what it shows has settled: every visible page loaded or failed and none on its way, or the bound
/// gone by. A document that has not opened within the bound is a failure.
/// Thread: GUI.
class Screenshot final : public QObject {
    Q_OBJECT

public:
    static constexpr int kBoundMs = 10'000;

    /// Of `window` into the PNG file `path` (bytes), within `boundMs` for opening and again for settling. The time starts now.
    Screenshot(MainWindow &window, std::string path, QObject *parent, int boundMs = kBoundMs);

    /// The window has its document, or needs none: take the picture as soon as it has settled.
    void begin();

signals:
    /// `sentence` says where the picture is and what it shows, or why there is none.
    void finished(bool saved, const QString &sentence);

private:
    void check();
    void timeOut();
    void take();
    [[nodiscard]] bool settled() const;
    [[nodiscard]] QString description() const;

    MainWindow &m_window;
    const std::string m_path;
    QTimer m_bound;
    bool m_begun = false;
    bool m_taken = false;
};

} // namespace cachet
