// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/crash/write_script.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cachet_test {

/// A disk and what is staged over it, as the steps of scripts change them: plain bytes.
class ScriptedImage {
public:
    explicit ScriptedImage(std::vector<std::byte> disk);

    void apply(const ScriptStep &step);
    [[nodiscard]] const std::vector<std::byte> &disk() const { return m_disk; }
    [[nodiscard]] const std::vector<std::byte> &shown() const { return m_shown; }

private:
    struct Change {
        std::uint64_t at;
        std::vector<std::byte> before;
        std::vector<std::byte> after;
    };
    void show(std::uint64_t at, const std::vector<std::byte> &bytes);

    std::vector<std::byte> m_disk;
    std::vector<std::byte> m_shown;
    std::vector<Change> m_done;
    std::vector<Change> m_undone;
};

/// Judges what a program that ran rounds of writes has left, from the image it began with, the rounds and the file alone: it knows nothing of journals
/// nor of how writes are made.
class ImageChecker {
public:
    ImageChecker(std::vector<std::byte> original, std::uint64_t seed);

    /// A program begins on the image `now` with round `first`; it ends with that, or goes on with the rounds after it.
    void begin(std::vector<std::byte> now, std::uint64_t first, bool onlyOne);
    /// It is known to have ended `writes` of its writes. What follows speaks of the one after them.
    void advance(std::uint64_t writes);

    [[nodiscard]] const std::vector<std::byte> &before() const { return m_before; }
    [[nodiscard]] const std::vector<std::byte> &after() const { return m_after; }
    /// What is shown while that write runs.
    [[nodiscard]] const std::vector<std::byte> &staged() const { return m_shown.back(); }

    /// What is wrong with `now`, when the write must have been made or not. With `batches` it may have been made up to any place. Empty when nothing.
    [[nodiscard]] std::string isWhole(const std::vector<std::byte> &now, bool batches) const;
    /// What is wrong with `now` when the write may have got anywhere: each byte must be one of before it or of after it. Empty when nothing.
    [[nodiscard]] std::string isBetween(const std::vector<std::byte> &now) const;
    /// What is wrong with `now` when it was made from `then` by bringing some of it to one side: no byte may have gone to the other. Empty when nothing.
    [[nodiscard]] std::string movedOneWay(const std::vector<std::byte> &then, const std::vector<std::byte> &now,
                                          bool toNew) const;
    /// What is wrong with `shown`, when the disk holds `now` and some steps between the two writes may have been lost: none where the write had `begun`.
    /// Empty when nothing.
    [[nodiscard]] std::string isShown(const std::vector<std::byte> &shown, const std::vector<std::byte> &now,
                                      bool begun) const;

private:
    const std::uint64_t m_seed;
    std::vector<std::byte> m_start;
    std::uint64_t m_first = 0;
    bool m_onlyOne = true;
    std::vector<std::byte> m_before;
    std::vector<std::byte> m_after;
    std::vector<std::vector<std::byte>>
        m_shown; ///< after the last write that changed the disk and after each step since, up to the write
};

} // namespace cachet_test
