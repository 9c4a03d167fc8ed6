// SPDX-License-Identifier: MIT
#include "cachecore/write/transaction/base_check.h"

#include <algorithm>
#include <cstring>

namespace cachecore {

struct BaseCheck::Look {
    ByteRange range;
    std::span<const std::byte> disk;

    [[nodiscard]] std::span<const std::byte> at(ByteRange part) const
    {
        return disk.subspan(static_cast<std::size_t>(part.begin() - range.begin()),
                            static_cast<std::size_t>(part.length()));
    }
};

namespace {

bool same(std::span<const std::byte> a, std::span<const std::byte> b)
{
    return std::memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace

Result<std::optional<ByteRange>> BaseCheck::conflictIn(ByteRange range, std::span<const std::byte> disk)
{
    struct Visit {
        BaseCheck &check;
        const Look look;
        Result<std::optional<ByteRange>> found;
    } visit{*this, {range, disk}, {}};
    // One captured reference, so that std::function needs no memory of its own.
    m_edits.forEachBase(range, [&visit](ByteRange part, const Base &base) {
        visit.found = visit.check.compare(visit.look, part, base);
        return visit.found && !*visit.found;
    });
    return visit.found;
}

Result<std::optional<ByteRange>> BaseCheck::compare(const Look &look, ByteRange part, const Base &base)
{
    switch (base.kind) {
    case Base::Kind::Unseen:
        break;
    case Base::Kind::SeenBytes:
        return compareBytes(look, part, base);
    case Base::Kind::SeenHashes:
        return compareHashes(look, part, base);
    }
    return std::nullopt;
}

Result<std::optional<ByteRange>> BaseCheck::compareBytes(const Look &look, ByteRange part, const Base &base)
{
    const std::span<const std::byte> now = look.at(part);
    const auto seen = base.bytes().subspan(static_cast<std::size_t>(base.skip), now.size());
    if (same(now, seen))
        return std::nullopt;
    const auto staged = stagedIn(part);
    if (!staged)
        return failure(staged.error());
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != seen[i] && now[i] != (*staged)[i])
            return ByteRange(part.begin() + i, part.begin() + i + 1);
    }
    return std::nullopt;
}

Result<std::optional<ByteRange>> BaseCheck::compareHashes(const Look &look, ByteRange part, const Base &base)
{
    auto number = static_cast<std::size_t>(base.skip / Base::kBaseBlock);
    for (ByteOffset at = part.begin().alignedDown(Base::kBaseBlock); at < part.end(); ++number) {
        const ByteOffset next = (at + 1).alignedUp(Base::kBaseBlock);
        const ByteRange block = ByteRange(at, next).intersection(look.range);
        at = next;
        if (hash128(look.at(block)) == base.hashes()[number])
            continue;
        const ByteRange inside = block.intersection(part);
        const auto staged = stagedIn(inside);
        if (!staged)
            return failure(staged.error());
        if (!same(look.at(inside), *staged))
            return block;
    }
    return std::nullopt;
}

Result<std::span<const std::byte>> BaseCheck::stagedIn(ByteRange part)
{
    m_staged.resize(static_cast<std::size_t>(part.length()));
    if (auto read = m_edits.overlayReading(part.begin(), m_staged); !read)
        return failure(read.error());
    return std::span<const std::byte>(m_staged);
}

} // namespace cachecore
