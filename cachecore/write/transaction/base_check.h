// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/edit/staged_edits.h"

#include <optional>
#include <span>
#include <vector>

namespace cachecore {

/// Compares what the disk holds with the bases edits were made on. A byte seen that is another now is a conflict, unless it is already what was staged
/// over it; a block of which only the hash is known and that is another now is one, unless its staged bytes are all there already.
/// Thread: one at a time; blocks only on a difference under a piece whose bytes are not in memory. Memory: up to what it is
/// given, on a difference.
class BaseCheck {
public:
    /// `edits` must outlive it.
    explicit BaseCheck(const StagedEdits &edits)
        : m_edits(edits)
    {
    }

    /// Looks at everything staged in `range`, of which `disk` is what the disk holds; it begins and ends at multiples of Base::kBaseBlock or at the
    /// target's end. Returns the first conflicting byte or block, if there is one. Errors: reading what was staged.
    [[nodiscard]] Result<std::optional<ByteRange>> conflictIn(ByteRange range, std::span<const std::byte> disk);

private:
    struct Look;
    [[nodiscard]] Result<std::optional<ByteRange>> compare(const Look &look, ByteRange part, const Base &base);
    [[nodiscard]] Result<std::optional<ByteRange>> compareBytes(const Look &look, ByteRange part, const Base &base);
    [[nodiscard]] Result<std::optional<ByteRange>> compareHashes(const Look &look, ByteRange part, const Base &base);
    [[nodiscard]] Result<std::span<const std::byte>> stagedIn(ByteRange part);

    const StagedEdits &m_edits;
    std::vector<std::byte> m_staged;
};

} // namespace cachecore
