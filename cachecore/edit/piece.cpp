// SPDX-License-Identifier: MIT
#include "cachecore/edit/piece.h"

#include "cachecore/edit/external_bytes.h"

#include <algorithm>
#include <atomic>
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
    piece.bytes = std::move(bytes);
    return piece;
}

Piece Piece::patternOf(SharedBytes bytes)
{
    assert(!bytes->empty());
    Piece piece;
    piece.kind = Kind::Pattern;
    piece.bytes = std::move(bytes);
    return piece;
}

Piece Piece::generatedBy(const Generator &generator)
{
    Piece piece;
    piece.kind = Kind::Generated;
    piece.generator = std::make_shared<const Generator>(generator);
    return piece;
}

Piece Piece::externalFrom(std::shared_ptr<const ExternalBytes> external, std::uint64_t at)
{
    Piece piece;
    piece.kind = Kind::External;
    piece.phase = at;
    piece.external = std::move(external);
    return piece;
}

Piece Piece::slice(std::uint64_t skip) const
{
    Piece rest = *this;
    rest.phase += skip;
    if (kind == Kind::Pattern)
        rest.phase %= bytes->size();
    return rest;
}

namespace {

void repeat(std::span<const std::byte> pattern, std::uint64_t start, std::span<std::byte> into)
{
    const std::size_t lead = std::min(into.size(), pattern.size());
    for (std::size_t i = 0; i < lead; ++i)
        into[i] = pattern[static_cast<std::size_t>((start + i) % pattern.size())];
    // One period stands; double it until the rest is filled.
    for (std::size_t done = lead; done < into.size();) {
        const std::size_t step = std::min(done, into.size() - done);
        std::memcpy(into.data() + done, into.data(), step);
        done += step;
    }
}

std::uint64_t splitMix64(std::uint64_t state)
{
    std::uint64_t z = state + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

} // namespace

bool Piece::peekTo(std::uint64_t skip, std::span<std::byte> into) const
{
    if (into.empty())
        return true;
    switch (kind) {
    case Kind::Literal:
        std::ranges::copy(literal(skip, into.size()), into.begin());
        return true;
    case Kind::Pattern:
        repeat(*bytes, phase + skip % bytes->size(), into);
        return true;
    case Kind::Generated:
        generate(*generator, phase + skip, into);
        return true;
    case Kind::External:
        return external->peek(phase + skip, into);
    }
    return false;
}

Result<void> Piece::readTo(std::uint64_t skip, std::span<std::byte> into) const
{
    if (kind == Kind::External)
        return external->read(phase + skip, into);
    (void)peekTo(skip, into);
    return {};
}

std::span<const std::byte> Piece::literal(std::uint64_t skip, std::uint64_t length) const
{
    assert(kind == Kind::Literal && phase + skip + length <= bytes->size());
    return std::span(*bytes).subspan(static_cast<std::size_t>(phase + skip), static_cast<std::size_t>(length));
}

std::uint64_t Piece::payload() const
{
    return bytes ? bytes->size() : 0;
}

void generate(const Generator &generator, std::uint64_t at, std::span<std::byte> into)
{
    const std::uint64_t width = generator.kind == Generator::Kind::Random ? 8 : generator.width;
    for (std::size_t done = 0; done < into.size();) {
        const std::uint64_t number = (at + done) / width;
        const std::uint64_t skip = (at + done) % width;
        const std::uint64_t value = generator.kind == Generator::Kind::Random
            ? splitMix64(generator.seed + number * 0x9e3779b97f4a7c15U)
            : generator.seed + number * generator.step;
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(width - skip, into.size() - done));
        for (std::size_t i = 0; i < step; ++i)
            into[done + i] = static_cast<std::byte>(value >> (8 * (skip + i)));
        done += step;
    }
}

} // namespace cachecore
