// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/write/journal/journal_place.h"
#include "tests/crash/crash_scene.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

/// What Choose takes first.
[[nodiscard]] std::size_t firstOf(std::size_t count);

/// A scene of two extents, one machine that runs, and what happens on it.
struct StepScene {
    using Kind = DiskOperation::Kind;

    explicit StepScene(const CrashScene::Machine &machine = {});
    void start(const SimulatedDisk &disk);

    cachecore::TransactionEnd write(std::stop_token stop = {}, const std::function<void()> &before = {}) const;
    /// The write is asked to stop when `kind` of operation comes up on the target.
    cachecore::TransactionEnd writeStoppedAt(Kind kind) const;
    /// `act` is done once, before operation number `nth` (from 0) of those that `applies` to.
    using Applies = std::function<bool(const DiskOperation &)>;
    void meanwhile(const Applies &applies, const std::function<void()> &act, unsigned nth = 0) const;
    /// Whether an operation is of that kind and on the image.
    [[nodiscard]] static Applies onTarget(Kind kind);

    [[nodiscard]] std::vector<std::byte> image() const;
    /// The same, after what the system keeps in memory was let go.
    [[nodiscard]] std::vector<std::byte> imageOnMedium() const;
    [[nodiscard]] const std::vector<std::byte> &image0() const { return *scene.original; }
    /// As the first of `image0` with byte `at` as another program leaves it.
    [[nodiscard]] std::byte changed(std::uint64_t at) const;

    /// The medium damages byte `at` of the image when its sector is synced, `later` times after the next.
    void damage(std::uint64_t at, unsigned later = 0) const;
    /// Another program writes one byte of the image, durably.
    void change(std::uint64_t at) const;
    /// The same by another machine: what this one keeps in memory stays.
    void changeOnMedium(std::uint64_t at) const;
    /// Another file of the same bytes takes the image's name.
    [[nodiscard]] bool replaceTarget() const;
    /// A file, on the medium at once.
    void put(const std::string &path, const std::vector<std::byte> &bytes) const;

    [[nodiscard]] bool wroteToTarget() const;
    /// Whether a journal was begun, whatever became of it.
    [[nodiscard]] bool madeJournal() const;
    [[nodiscard]] std::unique_ptr<cachecore::FileSource> open(cachecore::FileSource::Access access
                                                              = cachecore::FileSource::Access::WriteIfPermitted) const;
    [[nodiscard]] std::vector<cachecore::FoundJournal> journals(const cachecore::BlockSource &source) const;
    /// The only journal there is.
    [[nodiscard]] std::string journal() const;
    /// The bytes of the file of that name; none when there is none.
    [[nodiscard]] std::vector<std::byte> bytes(const std::string &path) const;

    /// The machine stops, without losing anything, before operation number `nth` (from 0) of those that `applies` to, and starts again. By default in the
    /// middle of writing the image.
    void interrupt();
    void interruptBefore(const Applies &applies, unsigned nth = 0);

    CrashScene scene;
    std::shared_ptr<SimulatedEnv> env;

private:
    void meddleWithTarget(const std::function<void(SimulatedFile &)> &change) const;
};

/// What happens on journal (J write, j sync, R its rename, X its removal), directory (D) and target (T write, t sync), repetitions once.
[[nodiscard]] std::string stepsOf(const std::vector<DiskOperation> &log);

} // namespace cachet_test
