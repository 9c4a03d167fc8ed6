// SPDX-License-Identifier: MIT
#include "cachecore/edit/piece.h"

#include "cachecore/base/bytes.h"
#include "cachecore/edit/external_bytes.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace cachecore {

std::uint64_t Piece::newStamp()
{
    static std::atomic<std::uint64_t> next{1};
    return next.fetch_add(1, std::memory_order_relaxed);
}

Piece Piece::literalOf(SharedBytes bytes)
{
    Piece piece;
    piece.m_matter = std::move(bytes);
    return piece;
}

Piece Piece::literalCopyOf(std::span<const std::byte> bytes)
{
    if (bytes.size() > ShortBytes::kMost)
        return literalOf(sharedCopyOf(bytes));
    Piece piece;
    piece.m_matter = ShortBytes(bytes);
    return piece;
}

Piece Piece::patternOf(SharedBytes bytes)
{
    assert(!bytes->empty());
    Piece piece = literalOf(std::move(bytes));
    piece.kind = Kind::Pattern;
    return piece;
}

Piece Piece::generatedBy(const Generator &generator)
{
    return generatedOf(std::make_shared<const Generator>(generator));
}

Piece Piece::generatedOf(SharedGenerator generator)
{
    Piece piece;
    piece.kind = Kind::Generated;
    piece.m_matter = std::move(generator);
    return piece;
}

Piece Piece::externalFrom(SharedExternal external, std::uint64_t at)
{
    Piece piece;
    piece.kind = Kind::External;
    piece.phase = at;
    piece.m_matter = std::move(external);
    return piece;
}

Piece Piece::slice(std::uint64_t skip) const
{
    Piece rest = *this;
    rest.phase += skip;
    if (kind == Kind::Pattern)
        rest.phase %= bytes()->size();
    return rest;
}

namespace {

/// What a repetition copies at once, so that what it copies from stays in the processor's cache.
constexpr std::size_t kRepeatedAtOnce = std::size_t{32} << 10;

void repeat(std::span<const std::byte> pattern, std::uint64_t start, std::span<std::byte> into)
{
    if (pattern.size() == 1) {
        std::memset(into.data(), std::to_integer<int>(pattern.front()), into.size());
        return;
    }
    const auto turn = static_cast<std::size_t>(start % pattern.size());
    const std::size_t head = std::min(into.size(), pattern.size() - turn);
    std::memcpy(into.data(), pattern.data() + turn, head);
    const std::size_t period = std::min(into.size(), pattern.size());
    if (period > head)
        std::memcpy(into.data() + head, pattern.data(), period - head);
    // One period stands; whole periods are copied behind each other until the rest is filled.
    std::size_t whole = period;
    for (std::size_t done = period; done < into.size();) {
        const std::size_t step = std::min(whole, into.size() - done);
        std::memcpy(into.data() + done, into.data(), step);
        done += step;
        if (whole < kRepeatedAtOnce && done == 2 * whole)
            whole = done;
    }
}

constexpr std::uint64_t kWord = 8;

/// Word number `index` of a stream as it lies in memory: its first byte in the lowest bits.
class RandomWords {
public:
    RandomWords(const Generator &generator, std::uint64_t index)
        : m_state(generator.seed + index * kGamma)
    {
    }
    std::uint64_t next()
    {
        m_state += kGamma;
        std::uint64_t z = m_state;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

private:
    static constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15U;
    std::uint64_t m_state;
};

/// The counter's values side by side in a word, advanced all at once: each sum is made without its highest bit, so that it carries
/// nothing into its neighbour, and that bit is put in after.
class CounterWords {
public:
    CounterWords(const Generator &generator, std::uint64_t index)
        : m_highest(spread(std::uint64_t{1} << (8U * generator.width - 1U), generator.width))
    {
        const std::uint64_t lanes = kWord / generator.width;
        for (std::uint64_t lane = 0; lane < lanes; ++lane) {
            const std::uint64_t value = generator.seed + (index * lanes + lane) * generator.step;
            m_word |= (value & laneMask(generator.width)) << (8U * generator.width * lane);
        }
        m_advance = spread(lanes * generator.step & laneMask(generator.width), generator.width);
    }
    std::uint64_t next()
    {
        const std::uint64_t word = m_word;
        m_word = ((m_word & ~m_highest) + (m_advance & ~m_highest)) ^ ((m_word ^ m_advance) & m_highest);
        return word;
    }

private:
    static std::uint64_t laneMask(unsigned width) { return ~std::uint64_t{0} >> (64U - 8U * width); }
    /// `value` in every lane.
    static std::uint64_t spread(std::uint64_t value, unsigned width)
    {
        std::uint64_t word = 0;
        for (unsigned at = 0; at < 64U; at += 8U * width)
            word |= value << at;
        return word;
    }

    const std::uint64_t m_highest;
    std::uint64_t m_word = 0;
    std::uint64_t m_advance = 0;
};

std::uint64_t littleEndian(std::uint64_t word)
{
    return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

template <typename Words>
void fillWords(const Generator &generator, std::uint64_t at, std::span<std::byte> into)
{
    Words words(generator, at / kWord);
    const auto put = [&](std::size_t done, std::size_t skip, std::size_t length) {
        const std::uint64_t word = littleEndian(words.next());
        std::memcpy(into.data() + done, reinterpret_cast<const char *>(&word) + skip, length);
    };
    const auto skip = static_cast<std::size_t>(at % kWord);
    std::size_t done = std::min<std::size_t>(into.size(), (kWord - skip) % kWord);
    if (done > 0)
        put(0, skip, done);
    for (; into.size() - done >= kWord; done += kWord)
        put(done, 0, kWord);
    if (done < into.size())
        put(done, 0, into.size() - done);
}

} // namespace

bool Piece::peekTo(std::uint64_t skip, std::span<std::byte> into) const
{
    if (into.empty())
        return true;
    switch (kind) {
    case Kind::Literal:
        copyBytes(literal(skip, into.size()), into);
        return true;
    case Kind::Pattern:
        repeat(*bytes(), phase + skip % bytes()->size(), into);
        return true;
    case Kind::Generated:
        generate(generator(), phase + skip, into);
        return true;
    case Kind::External:
        return external()->peek(phase + skip, into);
    }
    return false;
}

Result<void> Piece::readTo(std::uint64_t skip, std::span<std::byte> into) const
{
    if (kind == Kind::External)
        return external()->read(phase + skip, into);
    (void)peekTo(skip, into);
    return {};
}

std::span<const std::byte> Piece::literal(std::uint64_t skip, std::uint64_t length) const &
{
    const std::span<const std::byte> matter = shortBytes() ? shortBytes()->span() : std::span(*bytes());
    assert(kind == Kind::Literal && phase + skip + length <= matter.size());
    return matter.subspan(static_cast<std::size_t>(phase + skip), static_cast<std::size_t>(length));
}

bool Piece::sameMatterAs(const Piece &other) const
{
    return kind == other.kind && phase == other.phase && m_matter == other.m_matter
        && (!shortBytes() || stamp == other.stamp);
}

std::uint64_t Piece::payload() const
{
    switch (kind) {
    case Kind::Literal:
        return shortBytes() ? shortBytes()->span().size() : bytes()->size();
    case Kind::Pattern:
        return bytes()->size();
    case Kind::Generated:
        return sizeof(Generator);
    case Kind::External:
        return kExternalPayload;
    }
    return 0;
}

void generate(const Generator &generator, std::uint64_t at, std::span<std::byte> into)
{
    if (generator.kind == Generator::Kind::Random)
        fillWords<RandomWords>(generator, at, into);
    else
        fillWords<CounterWords>(generator, at, into);
}

} // namespace cachecore
