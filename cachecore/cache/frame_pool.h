// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace cachecore {

/// Memory for pages: frames of one size, cut from slabs that are asked of the system one at a time and given back when the last frame in them is free.
///
/// Frames are aligned to their size, as unbuffered reads demand, and a frame of 512 bytes takes no more than that. At most one empty slab is kept for the next
/// frame.
/// Thread: any. Short lock; a slab is mapped and unmapped under it.
class FramePool {
public:
    /// `frameBytes`: power of two.
    explicit FramePool(std::size_t frameBytes);
    FramePool(const FramePool &) = delete;
    FramePool &operator=(const FramePool &) = delete;
    /// All frames must be free.
    ~FramePool();

    [[nodiscard]] std::size_t frameBytes() const { return m_frameBytes; }
    /// A frame; what is in it means nothing. Throws std::bad_alloc.
    [[nodiscard]] std::byte *take();
    /// Gives one back.
    void giveBack(std::byte *frame) noexcept;
    /// Bytes of all slabs.
    [[nodiscard]] std::uint64_t reservedBytes() const;

private:
    struct Slab;

    Slab &slabWithRoom();
    void link(Slab &slab) noexcept;
    void unlink(Slab &slab) noexcept;

    const std::size_t m_frameBytes;
    const std::size_t m_slabBytes;
    mutable std::mutex m_mutex;                              ///< guards the rest
    std::map<std::uintptr_t, std::unique_ptr<Slab>> m_slabs; ///< by address
    Slab *m_withRoom = nullptr;                              ///< list of the slabs that have a free frame
    Slab *m_empty = nullptr;                                 ///< one of them with nothing but free frames, if any
};

} // namespace cachecore
