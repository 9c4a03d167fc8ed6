// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/main_window.h"
#include "tests/gui/guarded_source.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <QPointer>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

/// What a test's window has that is not as usual.
struct WindowSetup {
    bool readOnly = false;
    bool realQuestions = false; ///< asks with the program's own message box when it closes
    std::shared_ptr<cachecore::Env> env = cachecore::systemEnv();
    std::uint64_t journalLimit = cachecore::DocumentOptions().journalLimit;
    std::function<std::shared_ptr<cachecore::BlockSource>()> source
        = {}; ///< opened instead of the file of the name given
};

/// A window of the application over real files, with answers in place of dialogs and the source in the test's hands. At its
/// end the test fails if the GUI thread ever waited for the source.
class WindowFixture {
public:
    explicit WindowFixture(WindowSetup setup = {});
    ~WindowFixture();

    /// Makes a file with bytes of a pattern and opens it; false when that took longer than it should.
    [[nodiscard]] bool openFile(std::uint64_t size);
    /// Opens `path` and waits until the window shows it or says why not.
    [[nodiscard]] bool open(const std::string &path);
    /// Commits by the action, once the window has heard of the edits; false when it stays disabled.
    [[nodiscard]] bool commit() const;
    /// Waits until no write runs.
    [[nodiscard]] bool waitForWrite() const;
    void type(const char *text) const;
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const;
    /// Bytes of the document as the window shows them, when all of them are known.
    [[nodiscard]] std::vector<std::byte> shown(std::uint64_t at, std::size_t count) const;
    /// What each of the bytes there is.
    [[nodiscard]] std::vector<cachecore::ByteCondition> conditions(std::uint64_t at, std::size_t count) const;
    /// True when everything on the screen is there (or is known to be unreadable).
    [[nodiscard]] bool settled() const;
    /// Stages bytes without typing them.
    [[nodiscard]] bool stage(std::uint64_t at, std::initializer_list<int> values) const;
    [[nodiscard]] cachecore::Document &document() const;
    /// The sentences of the message bar under `key`.
    [[nodiscard]] QString message(const char *key) const;
    /// What is in the file now.
    [[nodiscard]] std::vector<std::byte> fileBytes() const;

    TempDir directory;
    std::string path;
    std::vector<std::byte> original;
    std::shared_ptr<FaultSource> source; ///< of the document opened last
    std::shared_ptr<GuardedSource> guard;
    std::shared_ptr<Gate> openGate; ///< opening waits at it when set
    std::shared_ptr<cachet::DocumentCloser> closer = std::make_shared<cachet::DocumentCloser>();
    cachet::CloseAnswer answer = cachet::CloseAnswer::Cancel;
    int questions = 0;              ///< asked so far
    cachet::CloseQuestion question; ///< the last of them
    std::string importPath;         ///< what is chosen to be imported
    std::string exportPath;         ///< where an export goes; a new file at first
    bool openFailed = false;
    QPointer<cachet::MainWindow> window;

private:
    [[nodiscard]] cachet::WindowServices services();
    [[nodiscard]] cachecore::Result<std::shared_ptr<cachecore::BlockSource>> makeSource(const std::string &name,
                                                                                        bool readOnly);

    const WindowSetup m_setup;
};

} // namespace cachet_test
