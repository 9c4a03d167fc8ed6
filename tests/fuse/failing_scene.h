// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/crash/disk_document.h"
#include "tests/fuse/failing_mount.h"
#include "tests/support/edits.h"

#include <QTest>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cachet_test {

using JournalPreference = cachecore::JournalPlaces::Preference;

/// An image on a FailingMount with three edits in pages of their own, and a document on it.
struct FailingScene {
    static constexpr std::size_t kSize = 12 * 4096 + 700;
    static constexpr std::size_t kPlaces[] = {10, 5 * 4096 + 4000, kSize - 300};
    static constexpr std::uint64_t kEdited = 300;

    explicit FailingScene(Caching caching, JournalPreference preference = JournalPreference::BesideTarget,
                          FailingMount::Access access = FailingMount::Access::ReadWrite)
        : mount(caching, old, access)
    {
        options.journals = {preference, state.path()};
    }

    /// Another session; the last one ends first.
    [[nodiscard]] bool open()
    {
        disk.reset();
        disk = std::make_unique<DiskDocument>(std::make_shared<FaultEnv>(), mount.image(), options);
        return disk->document != nullptr;
    }
    [[nodiscard]] bool stage() const
    {
        return std::ranges::all_of(kPlaces, [this](std::size_t at) {
            return (*disk)->stage(cachecore::ByteOffset(at), patternBytes(100, 5)).has_value();
        });
    }
    [[nodiscard]] std::string folderOfJournals() const
    {
        return options.journals.preference == JournalPreference::BesideTarget ? mount.path() : state.path();
    }
    /// No journal is left, beside the image or in the state directory.
    [[nodiscard]] bool leavesNothing() const
    {
        return mount.namesOnMedium() == std::vector<std::string>{"disk.img"} && namesIn(state.path()).empty();
    }

    static std::vector<std::byte> editedBytes(std::vector<std::byte> bytes)
    {
        for (const std::size_t at : kPlaces)
            std::ranges::copy(patternBytes(100, 5), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        return bytes;
    }

    const std::vector<std::byte> old = patternBytes(kSize, 1);
    const std::vector<std::byte> neu = editedBytes(old);
    FailingMount mount;
    TempDir state;
    cachecore::DocumentOptions options = DiskDocument::smallPages();
    std::unique_ptr<DiskDocument> disk; ///< goes before the mount
};

/// Rows for every way the kernel keeps pages, and both places of a journal.
inline void addMediumRows()
{
    QTest::addColumn<int>("caching");
    QTest::addColumn<int>("preference");
    for (const auto &[name, caching] :
         {std::pair("direct", Caching::Direct), {"cached", Caching::Cached}, {"written later", Caching::Writeback}}) {
        QTest::addRow("%s, journal beside", name) << int(caching) << int(JournalPreference::BesideTarget);
        QTest::addRow("%s, journal in the state directory", name)
            << int(caching) << int(JournalPreference::StateDirectory);
    }
}

[[nodiscard]] inline FaultRule imageFault(FaultOp op, FaultEffect effect, std::uint64_t value = 0)
{
    FaultRule rule;
    rule.op = op;
    rule.effect = effect;
    rule.value = value;
    return rule;
}

[[nodiscard]] inline FaultRule forGood(FaultRule rule)
{
    rule.times = 0;
    return rule;
}

[[nodiscard]] inline FaultRule after(std::uint64_t requests, FaultRule rule)
{
    rule.skip = requests;
    return rule;
}

/// The write failed with `code`, says why and where, and left the image as it was with every edit still staged.
inline void verifyRolledBack(const FailingScene &scene, const cachecore::WriteOutcome &outcome,
                             cachecore::ErrorCode code)
{
    QVERIFY(!outcome.succeeded());
    QVERIFY2(outcome.error().code == code, errorText(outcome.error()).c_str());
    QCOMPARE(QString::fromStdString(lacks(outcome.error())), QString());
    QVERIFY2(outcome->imageIntact, outcome->rollBackError ? errorText(*outcome->rollBackError).c_str() : "");
    QVERIFY((*scene.disk)->unsettled().empty());
    QCOMPARE((*scene.disk)->staged().byteCount(), FailingScene::kEdited);
    QVERIFY(scene.mount.medium() == scene.old);
    QVERIFY(scene.disk->bytes() == scene.neu);
    QVERIFY(scene.leavesNothing());
}

/// The write now works, and what it promised is on the medium.
inline void verifyWrites(const FailingScene &scene)
{
    const cachecore::WriteOutcome outcome = (*scene.disk)->commit();
    QVERIFY2(outcome.succeeded(), outcome.succeeded() ? "" : errorText(outcome.error()).c_str());
    QVERIFY(scene.mount.medium() == scene.neu);
    QVERIFY((*scene.disk)->staged().empty());
    QVERIFY(scene.leavesNothing());
}

} // namespace cachet_test

/// In a slot with the columns of addMediumRows: its scene, mounted, opened and staged, or the test skips with the reason.
#define CACHET_FAILING_SCENE(scene)                                                                                    \
    QFETCH(const int, caching);                                                                                        \
    QFETCH(const int, preference);                                                                                     \
    FailingScene scene(static_cast<Caching>(caching), static_cast<JournalPreference>(preference));                     \
    if (!scene.mount.whyNot().empty())                                                                                 \
        QSKIP(scene.mount.whyNot().c_str());                                                                           \
    QVERIFY(scene.open() && scene.stage())
