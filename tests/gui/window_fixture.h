// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/main_window.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <QPointer>

#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

/// A window of the application over real files, with answers in place of dialogs and the source in the test's hands.
class WindowFixture {
public:
    WindowFixture();
    ~WindowFixture();

    /// Makes a file with bytes of a pattern and opens it; false when that took longer than it should.
    [[nodiscard]] bool openFile(std::uint64_t size);
    /// Opens `path` and waits until the window shows it or says why not.
    [[nodiscard]] bool open(const std::string &path);
    /// Waits until no write runs.
    [[nodiscard]] bool waitForWrite() const;
    void type(const char *text) const;
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const;
    /// The sentences of the message bar under `key`.
    [[nodiscard]] QString message(const char *key) const;
    /// What is in the file now.
    [[nodiscard]] std::vector<std::byte> fileBytes() const;

    TempDir directory;
    std::string path;
    std::vector<std::byte> original;
    std::shared_ptr<FaultSource> source; ///< of the document opened last
    std::shared_ptr<Gate> openGate;      ///< opening waits at it when set
    std::shared_ptr<cachet::DocumentCloser> closer = std::make_shared<cachet::DocumentCloser>();
    cachet::CloseAnswer answer = cachet::CloseAnswer::Cancel;
    int questions = 0; ///< asked so far
    bool openFailed = false;
    QPointer<cachet::MainWindow> window;

private:
    [[nodiscard]] cachet::WindowServices services();
};

} // namespace cachet_test
