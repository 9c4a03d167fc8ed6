// SPDX-License-Identifier: MIT
#include "cachecore/cache/frame_pool.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <new>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace cachecore {

namespace {

constexpr std::size_t kSlabBytes = std::size_t{2} << 20; ///< what a processor maps by one large page
constexpr std::size_t kFramesPerSlab = 4;                ///< at least
constexpr std::size_t kWordBits = 64;

/// `bytes`, a power of two, of fresh memory aligned to their own number.
std::byte *mapAligned(std::size_t bytes)
{
    void *const raw = ::mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED)
        throw std::bad_alloc();
    auto *const begin = static_cast<std::byte *>(raw);
    const std::size_t skipped = (bytes - reinterpret_cast<std::uintptr_t>(begin) % bytes) % bytes;
    if (skipped > 0)
        ::munmap(begin, skipped);
    ::munmap(begin + skipped + bytes, bytes - skipped);
    ::madvise(begin + skipped, bytes, MADV_HUGEPAGE); // advice only
    return begin + skipped;
}

} // namespace

struct FramePool::Slab {
    Slab(std::size_t bytes, std::size_t frames)
        : size(bytes)
        , free((frames + kWordBits - 1) / kWordBits, ~std::uint64_t{0})
        , freeFrames(frames)
        , memory(mapAligned(bytes))
    {
        if (frames % kWordBits != 0)
            free.back() = (std::uint64_t{1} << (frames % kWordBits)) - 1;
        ASAN_POISON_MEMORY_REGION(memory, size);
    }
    ~Slab()
    {
        ASAN_UNPOISON_MEMORY_REGION(memory, size);
        ::munmap(memory, size);
    }
    Slab(const Slab &) = delete;
    Slab &operator=(const Slab &) = delete;

    /// The number of a free frame, which is free no more.
    std::size_t takeFrame()
    {
        const auto word = std::ranges::find_if(free, [](std::uint64_t bits) { return bits != 0; });
        const auto bit = static_cast<std::size_t>(std::countr_zero(*word));
        *word &= *word - 1;
        --freeFrames;
        return static_cast<std::size_t>(word - free.begin()) * kWordBits + bit;
    }

    const std::size_t size;
    std::vector<std::uint64_t> free; ///< a bit for each frame
    std::size_t freeFrames;
    std::byte *const memory;
    Slab *previous = nullptr; ///< in the list of those with room
    Slab *next = nullptr;
};

FramePool::FramePool(std::size_t frameBytes)
    : m_frameBytes(frameBytes)
    , m_slabBytes(std::max(kSlabBytes, kFramesPerSlab * frameBytes))
{
    assert(std::has_single_bit(frameBytes));
}

FramePool::~FramePool() = default;

void FramePool::link(Slab &slab) noexcept
{
    slab.previous = nullptr;
    slab.next = m_withRoom;
    if (m_withRoom)
        m_withRoom->previous = &slab;
    m_withRoom = &slab;
}

void FramePool::unlink(Slab &slab) noexcept
{
    (slab.previous ? slab.previous->next : m_withRoom) = slab.next;
    if (slab.next)
        slab.next->previous = slab.previous;
}

FramePool::Slab &FramePool::slabWithRoom()
{
    if (!m_withRoom) {
        auto slab = std::make_unique<Slab>(m_slabBytes, m_slabBytes / m_frameBytes);
        Slab &added = *slab;
        m_slabs.emplace(reinterpret_cast<std::uintptr_t>(added.memory), std::move(slab));
        link(added);
    }
    return *m_withRoom;
}

std::byte *FramePool::take()
{
    const std::lock_guard lock(m_mutex);
    Slab &slab = slabWithRoom();
    std::byte *const frame = slab.memory + slab.takeFrame() * m_frameBytes;
    if (&slab == m_empty)
        m_empty = nullptr;
    if (slab.freeFrames == 0)
        unlink(slab);
    ASAN_UNPOISON_MEMORY_REGION(frame, m_frameBytes);
    return frame;
}

void FramePool::giveBack(std::byte *frame) noexcept
{
    ASAN_POISON_MEMORY_REGION(frame, m_frameBytes);
    const std::lock_guard lock(m_mutex);
    const auto address = reinterpret_cast<std::uintptr_t>(frame);
    const auto found = m_slabs.find(address - address % m_slabBytes);
    assert(found != m_slabs.end());
    Slab &slab = *found->second;
    const std::size_t number = static_cast<std::size_t>(frame - slab.memory) / m_frameBytes;
    slab.free[number / kWordBits] |= std::uint64_t{1} << (number % kWordBits);
    if (slab.freeFrames++ == 0)
        link(slab);
    if (slab.freeFrames < m_slabBytes / m_frameBytes)
        return;
    if (!m_empty) {
        m_empty = &slab;
        return;
    }
    unlink(slab);
    m_slabs.erase(found);
}

std::uint64_t FramePool::reservedBytes() const
{
    const std::lock_guard lock(m_mutex);
    return std::uint64_t{m_slabs.size()} * m_slabBytes;
}

} // namespace cachecore
