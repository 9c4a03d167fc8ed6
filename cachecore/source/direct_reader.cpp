// SPDX-License-Identifier: MIT
#include "cachecore/source/direct_reader.h"

#include "cachecore/base/retried_call.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

namespace cachecore {

namespace {

constexpr std::uint32_t kSmallestUnit = 512;
constexpr std::uint32_t kLargestUnit = 64 * 1024;
constexpr std::uint32_t kPage = 4096;
constexpr std::uint64_t kBufferBytes = std::uint64_t{1} << 20; // of one read; a multiple of every unit

/// Memory that every device takes.
class AlignedBuffer {
public:
    AlignedBuffer(std::size_t size, std::uint32_t alignment)
        : m_alignment(std::align_val_t{alignment})
        , m_bytes(static_cast<std::byte *>(::operator new(size, m_alignment, std::nothrow)))
        , m_size(m_bytes ? size : 0)
    {
    }
    AlignedBuffer(const AlignedBuffer &) = delete;
    AlignedBuffer &operator=(const AlignedBuffer &) = delete;
    ~AlignedBuffer() { ::operator delete(m_bytes, m_alignment); }

    [[nodiscard]] std::span<std::byte> bytes() const { return {m_bytes, m_size}; }

private:
    const std::align_val_t m_alignment;
    std::byte *const m_bytes;
    const std::size_t m_size;
};

std::uint32_t usableUnit(std::uint32_t told)
{
    const bool usable = std::has_single_bit(told) && told <= kLargestUnit;
    return usable ? std::max(told, kSmallestUnit) : 0;
}

bool isAligned(ByteOffset at, std::span<const std::byte> into, std::uint32_t unit, std::uint32_t memory)
{
    return at.value() % unit == 0 && into.size() % unit == 0
        && reinterpret_cast<std::uintptr_t>(into.data()) % memory == 0;
}

/// Copies what [from, from + bytes) has of the range that `into` is to hold from `at` on.
void deliver(std::span<const std::byte> bytes, ByteOffset from, ByteOffset at, std::span<std::byte> into)
{
    const ByteRange wanted(at, at + into.size());
    const ByteRange here = wanted.intersection(clippedRange(from, bytes.size()));
    if (!here.empty())
        std::memcpy(into.data() + (here.begin() - at), bytes.data() + (here.begin() - from),
                    static_cast<std::size_t>(here.length()));
}

} // namespace

DirectReader::DirectReader(std::optional<DirectAlignment> told, std::uint32_t guess)
    : m_unit(usableUnit(told ? told->offset : guess))
    , m_memory(std::max(kPage, told && std::has_single_bit(told->memory) ? told->memory : kPage))
{
}

Result<std::optional<std::uint64_t>> DirectReader::read(EnvFile &file, ByteOffset at, std::span<std::byte> into)
{
    if (into.empty())
        return std::optional<std::uint64_t>(0);
    for (;;) {
        const std::uint32_t tried = unit();
        // The last bytes before the largest offset belong to a unit that would end past it.
        if (tried == 0 || (at + into.size()).alignedUp(tried).value() % tried != 0)
            return std::optional<std::uint64_t>();
        const auto got = readUnits(file, at, into, tried);
        if (got)
            return std::optional(*got);
        if (got.error().code == ErrorCode::NotSupported)
            return std::optional<std::uint64_t>();
        if (got.error().systemError != EINVAL)
            return failure(got.error());
        demandMoreThan(tried);
    }
}

/// Reads the units around [at, at + into.size()); how many bytes of `into` were filled.
Result<std::uint64_t> DirectReader::readUnits(EnvFile &file, ByteOffset at, std::span<std::byte> into,
                                              std::uint32_t unit) const
{
    const ByteRange units(at.alignedDown(unit), (at + into.size()).alignedUp(unit));
    const bool inPlace = isAligned(at, into, unit, m_memory);
    const auto longest = static_cast<std::size_t>(std::min(units.length(), kBufferBytes));
    const AlignedBuffer buffer(inPlace ? 0 : longest, m_memory);
    if (!inPlace && buffer.bytes().empty())
        return failure(ErrorCode::OutOfMemory, Operation::Read);
    ByteOffset position = units.begin();
    while (position < units.end()) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(units.end() - position, longest));
        const auto to
            = inPlace ? into.subspan(static_cast<std::size_t>(position - at), wanted) : buffer.bytes().first(wanted);
        const auto got = retriedWhenInterrupted([&] { return file.preadDirect(position, to); });
        if (!got)
            return failure(got.error());
        if (!inPlace)
            deliver(to.first(*got), position, at, into);
        position = position + *got;
        if (*got % unit != 0 || *got == 0) // a whole unit or none, except where the file ends
            break;
    }
    return std::min<std::uint64_t>(into.size(), position > at ? position - at : 0);
}

void DirectReader::demandMoreThan(std::uint32_t unit)
{
    const std::uint32_t next = unit < kPage ? kPage : 0;
    m_unit.compare_exchange_strong(unit, next, std::memory_order_relaxed);
}

} // namespace cachecore
