// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/error.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

namespace cachecore {

/// Who, beside this process, locks any byte of the file behind `descriptor`, or which loop device gives its bytes to others; of a block device only the latter
/// is looked for. Takes nothing. Locks that were taken by flock are not seen. Thread: any; blocks. Errors: what the system says.
[[nodiscard]] Result<std::optional<std::string>> otherHolder(int descriptor);

/// The advisory locks of writers that the open files of one Env take: one for each file of the system, taken with the first and given
/// back with the last of those who asked for it. Of those whose descriptor can write only one has it at a time; any number of those that only read
/// have it with that one, and hold no writer back.
///
/// Invariants: a file is locked exactly while somebody has its Token; a lock outlives the descriptor it was taken through; at most one Token of a file is a writer's.
/// Thread: any. take() and the end of a Token may block in the system, never two different files each other.
class WriteLocks {
    struct Entry;

public:
    /// A share of one file's lock, given back with the object. Move-only.
    class Token {
    public:
        Token() = default;
        Token(Token &&) noexcept = default;
        Token &operator=(Token &&other) noexcept;
        ~Token();

        [[nodiscard]] bool valid() const { return m_entry != nullptr; }

    private:
        friend class WriteLocks;
        Token(std::shared_ptr<Entry> entry, bool writes);
        void giveBack();

        std::shared_ptr<Entry> m_entry;
        bool m_writes = false;
    };

    struct Outcome {
        Token token; ///< empty when held, and for devices, which are locked by how they are opened
        std::optional<std::string> holder; ///< who has it, when another has
    };

    WriteLocks();
    ~WriteLocks();

    /// Takes the lock of the file behind `descriptor`: flock, unless another writer of this Env has it (the holder is "this program" then), another program has one or locks any byte of it as virtual machines do, or
    /// a loop device gives its bytes to others. A file system without locks grants it. For a block device only loop devices are looked for. Errors: what the
    /// system says, EINTR too.
    [[nodiscard]] Result<Outcome> take(int descriptor);

private:
    using Key = std::pair<dev_t, ino_t>;
    [[nodiscard]] std::shared_ptr<Entry> entryOf(Key key);

    std::mutex m_mutex; ///< guards m_entries
    std::map<Key, std::shared_ptr<Entry>> m_entries;
};

} // namespace cachecore
