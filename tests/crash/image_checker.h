// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cachet_test {

/// Bytes that a write puts at a place.
struct PlainEdit {
    std::uint64_t at = 0;
    std::vector<std::byte> bytes;
};

/// The edits of write number `index` to an image of `size` bytes, the same for the same arguments in every process: from one to 24 of them, of
/// 1 byte to 20 KB, disjoint or not.
[[nodiscard]] std::vector<PlainEdit> editsOfWrite(std::uint64_t index, std::uint64_t size, std::uint64_t seed);

/// Judges what a series of writes has left of an image, from the image before them, their edits and the file alone: it knows nothing of journals
/// nor of how the writes are made.
class ImageChecker {
public:
    ImageChecker(std::vector<std::byte> original, std::uint64_t seed);

    /// The image after the first `writes` writes.
    [[nodiscard]] const std::vector<std::byte> &after(std::uint64_t writes);
    /// What is wrong with `now`, when it must be the image after `writes` writes or after one more. Empty when nothing; `found` gets how many it holds.
    [[nodiscard]] std::string isOneOf(const std::vector<std::byte> &now, std::uint64_t writes, std::uint64_t &found);
    /// What is wrong with `now` when write number `writes` may have got anywhere: each byte must be one of before it or of after it. Empty when nothing.
    [[nodiscard]] std::string isBetween(const std::vector<std::byte> &now, std::uint64_t writes);

    /// What is wrong with `shown`, when it must be the image after `writes` writes with the first edits of the next staged over it, any number of them. Empty when
    /// nothing.
    [[nodiscard]] std::string isBegun(const std::vector<std::byte> &shown, std::uint64_t writes);

private:
    std::vector<std::vector<std::byte>> m_recent; ///< consecutive images, the first after m_first writes
    std::uint64_t m_first = 0;
    const std::uint64_t m_seed;
};

} // namespace cachet_test
