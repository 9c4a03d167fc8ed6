// SPDX-License-Identifier: MIT
#include "cachecore/document_impl.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace cachecore {

namespace {

constexpr std::uint64_t kLargestSeenBase = std::uint64_t{1} << 20; ///< longer ranges are staged Unseen
constexpr std::size_t kFewBytes = 64; ///< so many are looked at without memory of their own
constexpr int kMostLooksAtBases = 4;  ///< after so many writes that ended meanwhile an edit is staged Unseen

} // namespace

StagedEdits Document::Impl::staged() const
{
    const std::lock_guard lock(m_editMutex);
    return m_history.current();
}

Result<void> Document::Impl::checkStageable(ByteRange range) const
{
    if (!m_source->writable())
        return failure(ErrorCode::ReadOnly, Operation::Stage, range, m_source->path());
    if (range.empty())
        return failure(ErrorCode::InvalidArgument, Operation::Stage, range, m_source->path());
    if (!whole().contains(range))
        return failure(ErrorCode::OutOfRange, Operation::Stage, range, m_source->path());
    if (range.end().value() > m_cached->sourceSize())
        return failure(ErrorCode::Truncated, Operation::Stage, range, m_source->path());
    return {};
}

Result<void> Document::Impl::stage(ByteRange range, Piece piece, EditKind kind, bool continuesPrevious)
{
    if (auto allowed = checkStageable(range); !allowed)
        return allowed;
    try {
        const std::uint64_t payload = piece.payload();
        piece.stamp = Piece::newStamp();
        for (int tries = 1;; ++tries) {
            const std::uint64_t looks = looksOutdated();
            const RangeTree<Base> seen = tries < kMostLooksAtBases ? seenBases(range) : RangeTree<Base>();
            const std::lock_guard lock(m_editMutex);
            if (m_closed)
                return failure(ErrorCode::Closed, Operation::Stage, range, m_source->path());
            // What was seen before the writer changed the disk for good may be what it replaced, or took back.
            if (!seen.empty() && m_looksOutdated != looks)
                continue;
            noteStagedDuringWrite(range);
            changeNoted([&] { m_history.stage(range, std::move(piece), seen, kind, payload, continuesPrevious); });
            break;
        }
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range);
    }
    notify({.edits = true});
    return {};
}

std::uint64_t Document::Impl::looksOutdated() const
{
    const std::lock_guard lock(m_editMutex);
    return m_looksOutdated;
}

/// What the cache holds of `range` now, as bases: hashes for whole blocks of long ranges, bytes for the rest.
RangeTree<Base> Document::Impl::seenBases(ByteRange range) const
{
    if (range.length() > kLargestSeenBase)
        return {};
    RangeTreeBuilder<Base> bases;
    const auto size = static_cast<std::size_t>(range.length());
    std::array<std::byte, kFewBytes> fewBytes;
    std::array<ByteCondition, kFewBytes> fewConditions;
    std::vector<std::byte> manyBytes(size > kFewBytes ? size : 0);
    std::vector<ByteCondition> manyConditions(manyBytes.size());
    const auto bytes = size > kFewBytes ? std::span(manyBytes) : std::span(fewBytes).first(size);
    const auto conditions = size > kFewBytes ? std::span(manyConditions) : std::span(fewConditions).first(size);
    peekSource(range.begin(), bytes, conditions);
    const bool hashing = range.length() > Base::kBaseBlock;
    for (ByteOffset at = range.begin(); at < range.end();) {
        const ByteRange block = baseBlocks({at, at + 1});
        const ByteRange part = block.intersection(range);
        const auto skip = static_cast<std::size_t>(part.begin() - range.begin());
        const auto length = static_cast<std::size_t>(part.length());
        const auto loaded = conditions.subspan(skip, length);
        if (std::ranges::all_of(loaded, [](ByteCondition c) { return c == ByteCondition::Loaded; })) {
            const auto seen = bytes.subspan(skip, length);
            bases.append(part, hashing && part == block ? Base::ofHash(hash128(seen)) : Base::ofCopyOf(seen));
        }
        at = part.end();
    }
    return bases.take();
}

/// How external bytes are loaded for showing, and who is told.
FileBytes::Loading Document::Impl::externalLoading()
{
    return {m_executors.loads, [weak = weak_from_this()] {
                if (const auto impl = weak.lock())
                    impl->notify({.edits = true});
            }};
}

Result<std::shared_ptr<const ExternalBytes>> Document::Impl::openImport(const std::string &path)
{
    return FileBytes::import(m_env, path, externalLoading());
}

Result<void> Document::Impl::discard(ByteRange range)
{
    try {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Stage, range, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Stage, range, m_source->path());
        if (!m_history.current().anyIn(range))
            return {};
        m_history.push(m_history.current().without(range), {EditKind::Discard, range}, 0, false);
        noteForLog();
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, range);
    }
    notify({.edits = true});
    return {};
}

Result<void> Document::Impl::move(bool (EditHistory::*way)())
{
    try {
        const std::lock_guard lock(m_editMutex);
        if (m_closed)
            return failure(ErrorCode::Closed, Operation::Stage, {}, m_source->path());
        if (m_writing != Writing::No)
            return failure(ErrorCode::Busy, Operation::Stage, {}, m_source->path());
        bool moved = false;
        changeNoted([&] { moved = (m_history.*way)(); });
        if (!moved)
            return {};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Stage, {});
    }
    notify({.edits = true});
    return {};
}

std::optional<EditStep> Document::Impl::nextStep(std::optional<EditStep> (EditHistory::*which)() const) const
{
    const std::lock_guard lock(m_editMutex);
    return m_writing != Writing::No ? std::nullopt : (m_history.*which)();
}

bool Document::Impl::historyWasCut() const
{
    const std::lock_guard lock(m_editMutex);
    return m_history.wasCut();
}

} // namespace cachecore
