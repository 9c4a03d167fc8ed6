// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/gui/window_part.h"
#include "ui/dialogs/recovery_dialog.h"

#include <QFile>
#include <QPointer>

#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

inline constexpr std::uint64_t kFirst = 0x10;
inline constexpr std::uint64_t kSecond = 0x9000;
inline constexpr std::uint64_t kSize = std::uint64_t{64} << 10;

/// A window whose commit of two edits was interrupted between them.
struct Interrupted {
    explicit Interrupted(WindowSetup setup = {})
        : f(std::move(setup))
    {
        ready = f.openFile(kSize) && QTest::qWaitFor([this] { return f.settled(); }) && f.stage(kFirst, {0xA5})
            && f.stage(kSecond, {0xB6});
        if (!ready)
            return;
        // The second edit, and all that would put the first back.
        f.source->fail(SourceOp::Write, 1, EIO, Repeat::ForGood);
        ready = f.commit() && QTest::qWaitFor([this] { return !f.message("recovery").isEmpty(); }) && f.waitForWrite()
            && QTest::qWaitFor([this] { return !f.message("write").isEmpty(); });
        f.source->clearFailures();
        journal = f.directory.file(".disk.img.cachet-journal");
        finished = f.original;
        finished[kFirst] = std::byte{0xA5};
        mixed = finished;
        finished[kSecond] = std::byte{0xB6};
    }

    [[nodiscard]] QPointer<cachet::RecoveryDialog> dialog() const
    {
        return f.window ? f.window->findChild<cachet::RecoveryDialog *>(QStringLiteral("recoveryDialog")) : nullptr;
    }
    [[nodiscard]] bool at(cachet::RecoveryDialog::Stage stage) const { return dialog() && dialog()->stage() == stage; }
    /// Opens the dialog by the message's button and waits until it has looked.
    [[nodiscard]] bool choose() const
    {
        click(f, "messageAction-recovery");
        return QTest::qWaitFor([this] { return at(cachet::RecoveryDialog::Stage::Choosing); }, 10'000);
    }
    [[nodiscard]] bool journalExists() const { return QFile::exists(QString::fromStdString(journal)); }

    WindowFixture f;
    std::string journal;
    std::vector<std::byte> finished;
    std::vector<std::byte> mixed;
    bool ready = false;
};

/// What an interrupted write leaves for a window that opens the file later.
struct Left {
    Left()
    {
        Interrupted i;
        ready = i.ready;
        original = i.f.original;
        finished = i.finished;
        mixed = i.mixed;
        // The very file: its journal names it.
        path = i.f.path;
        kept = readFile(i.journal);
        directory = std::make_unique<TempDir>();
        moved = directory->file("disk.img");
        journal = directory->file(".disk.img.cachet-journal");
        ready = ready && QFile::rename(QString::fromStdString(i.f.path), QString::fromStdString(moved))
            && QFile::rename(QString::fromStdString(i.journal), QString::fromStdString(journal));
    }

    std::unique_ptr<TempDir> directory;
    std::string path;
    std::string moved;
    std::string journal;
    std::vector<std::byte> kept;
    std::vector<std::byte> original;
    std::vector<std::byte> finished;
    std::vector<std::byte> mixed;
    bool ready = false;
};

/// Waits until the dialog has reached `stage`.
[[nodiscard]] inline bool waitForDialog(const WindowFixture &f, cachet::RecoveryDialog::Stage stage)
{
    return QTest::qWaitFor(
        [&f, stage] {
            const auto *dialog = f.window->findChild<cachet::RecoveryDialog *>(QStringLiteral("recoveryDialog"));
            return dialog && dialog->stage() == stage;
        },
        10'000);
}

/// Writes past the window, as another program does.
inline void overwrite(const std::string &path, std::uint64_t at, std::byte value)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(value));
}

} // namespace cachet_test
