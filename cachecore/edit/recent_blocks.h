// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace cachecore {

/// The few blocks of a file that are in memory, wanted, being loaded or remembered as failed.
///
///     absent --want--> Wanted --takeWanted--> Loading --publish--> Ready
///        ^                                       +------fail-----> Failed --want, after a time--> Wanted
///        +--- the one not looked at for the longest, never one that is Loading, makes room for another
///
/// Invariant: at most `most` slots, each for another block; what is Loading stays until publish or fail.
/// Thread: none of its own; the owner locks. Only the constructor and nothing else allocates.
class RecentBlocks {
public:
    static constexpr std::size_t kBlock = std::size_t{64} << 10;
    struct alignas(4096) Block {
        std::array<std::byte, kBlock> bytes;
    };
    using Ref = std::shared_ptr<const Block>;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `most` is 2 at least.
    RecentBlocks(std::size_t most, std::chrono::milliseconds retryAfter);

    /// The block when it is in memory. Counts as a look at it.
    [[nodiscard]] Ref lookUp(std::uint64_t index);
    /// Asks for a block that is not in memory; one that failed only when its time has come. Counts as a look at it.
    void want(std::uint64_t index, TimePoint now);
    [[nodiscard]] bool anyWanted() const;
    /// The wanted block looked at last, from now on Loading.
    [[nodiscard]] std::optional<std::uint64_t> takeWanted();
    void publish(std::uint64_t index, Ref block);
    void fail(std::uint64_t index, TimePoint now);
    /// Every wanted block counts as failed.
    void failWanted(TimePoint now);
    /// What failed among blocks [first, last] may be loaded again at once.
    void forgetFailures(std::uint64_t first, std::uint64_t last);

private:
    enum class State : std::uint8_t { Wanted, Loading, Ready, Failed };
    struct Slot {
        std::uint64_t index = 0;
        State state = State::Wanted;
        std::uint64_t lookedAt = 0; ///< number of the last look
        Ref block;                  ///< Ready
        TimePoint failedAt;         ///< Failed
    };

    [[nodiscard]] Slot *find(std::uint64_t index);
    [[nodiscard]] Slot &slotFor(std::uint64_t index);

    const std::size_t m_most;
    const std::chrono::milliseconds m_retryAfter;
    std::vector<Slot> m_slots; ///< few: looked through one by one
    std::uint64_t m_looks = 0;
};

} // namespace cachecore
