// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "cachecore/edit/staged_edits.h"
#include "tests/crash/crash_scene.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cachet_test {

/// A byte that somebody has staged.
struct StagedByte {
    std::byte value;
    Image base;               ///< the image when it was staged, or after the last write since
    std::uint64_t action = 0; ///< number of the action that staged it
};
using StagedBytes = std::map<std::uint64_t, StagedByte>;

/// What may be there after a machine has come up again: an image, and what was staged over it.
struct Outcome {
    Image image;
    std::shared_ptr<const StagedBytes> staged;
};

/// What a session shows of an image once its edits were restored.
struct Restored {
    std::vector<std::byte> image;
    cachecore::StagedEdits staged;
    std::vector<cachecore::ByteRange> changed; ///< listed apart
};

/// What is wrong with `restored` when it should be `outcome`; empty when nothing. Every byte of the outcome is shown: staged, on the disk already, or listed
/// apart, which it may be only where the aligned 4 KiB around it are not what they were when it was staged. Nothing else is staged.
[[nodiscard]] std::string judge(const Restored &restored, const Outcome &outcome);

/// What a user sees of an image and what is staged over it, byte by byte: told of every action, it knows nothing of how edits are kept or written.
/// After each action it holds one state more.
class EditModel {
public:
    explicit EditModel(Image image);

    void stage(std::uint64_t at, const std::vector<std::byte> &bytes);
    void discard(std::uint64_t at, std::uint64_t length);
    /// Takes the last stage that was not yet undone back; what was written since is staged over.
    void undo();
    /// The image as a write of what is staged in `range` makes it.
    [[nodiscard]] Image afterWriting(cachecore::ByteRange range) const;
    [[nodiscard]] std::uint64_t actions() const { return m_actions; }
    /// The image is `now`, by a write of what had been staged in `range` up to action number `last`.
    void written(cachecore::ByteRange range, std::uint64_t last, Image now);

    [[nodiscard]] const Image &image() const { return m_image; }
    /// What was staged after each action, from the first, when nothing was.
    using States = std::vector<std::shared_ptr<const StagedBytes>>;
    [[nodiscard]] const States &states() const { return m_states; }
    /// What is shown.
    [[nodiscard]] std::vector<std::byte> shown() const;

private:
    struct Step {
        std::uint64_t at;
        std::vector<std::byte> shown; ///< before it
        StagedBytes staged;           ///< in its range before it
        Image image;                  ///< then
    };
    void keep(StagedBytes staged);
    [[nodiscard]] const StagedBytes &now() const { return *m_states.back(); }

    Image m_image;
    States m_states;
    std::vector<Step> m_steps;
    std::uint64_t m_actions = 0;
};

} // namespace cachet_test
