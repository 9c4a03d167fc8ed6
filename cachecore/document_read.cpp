// SPDX-License-Identifier: MIT
#include "cachecore/base/bytes.h"
#include "cachecore/base/executor_call.h"
#include "cachecore/document_impl.h"

#include <algorithm>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// True when bytes staged in `range` come from outside of memory.
bool holdsExternal(const StagedEdits &edits, ByteRange range)
{
    bool found = false;
    edits.forEachPiece(range, [&found](ByteRange, const Piece &piece) {
        found = piece.kind == Piece::Kind::External;
        return !found;
    });
    return found;
}

/// Bad bytes do not matter where all of them are staged over.
CachedSource::Hidden hiddenBy(const StagedEdits &edits)
{
    return [edits](ByteRange bad) { return edits.byteCountIn(bad) == bad.length(); };
}

/// Copies `range` to `into`, staged bytes over those of the pages: all, or nothing and an error.
Result<void> compose(std::span<const PageHandle> pages, const StagedEdits &edits, ByteRange range,
                     std::span<std::byte> into)
{
    // What has to be read from a file can fail, so that comes first.
    std::vector<std::byte> staged;
    if (holdsExternal(edits, range)) {
        staged.resize(into.size());
        if (auto filled = edits.overlayReading(range.begin(), staged); !filled)
            return filled;
    }
    copyPages(pages, range, into);
    if (staged.empty()) {
        edits.overlay(range.begin(), into);
        return {};
    }
    edits.forEachPiece(range, [&](ByteRange part, const Piece &) {
        copyBytes(partOf(std::span(staged), range.begin(), part), partOf(into, range.begin(), part));
        return true;
    });
    return {};
}

/// The bytes around `at` between bad ones that are not staged over; `bad` is ascending.
ByteRange goodAround(ByteOffset at, ByteRange page, std::span<const ByteRange> bad, const StagedEdits &edits)
{
    ByteOffset begin = page.begin();
    ByteOffset end = page.end();
    const auto exclude = [&](ByteRange hole) {
        if (hole.end() <= at)
            begin = std::max(begin, hole.end());
        else if (!hole.empty())
            end = std::min(end, std::max(hole.begin(), at));
    };
    for (const ByteRange damaged : bad) {
        const ByteRange within = damaged.intersection(page);
        ByteOffset next = within.begin();
        edits.forEachPiece(within, [&](ByteRange staged, const Piece &) {
            exclude({next, std::max(next, staged.begin())});
            next = staged.end();
            return true;
        });
        exclude({std::min(next, within.end()), within.end()});
    }
    return {begin, end};
}

} // namespace

Result<void> Document::Impl::read(const StagedEdits &edits, ByteOffset at, std::span<std::byte> into, Intent intent,
                                  std::stop_token stop)
{
    const auto range = ByteRange::make(at, into.size());
    if (!range || !whole().contains(*range))
        return failure(ErrorCode::OutOfRange, Operation::Read, clippedRange(at, into.size()), m_source->path());
    try {
        const auto pages = m_cached->pin(*range, intent, std::move(stop), hiddenBy(edits));
        if (!pages)
            return failure(pages.error());
        return compose(*pages, edits, *range, into);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, *range);
    }
}

bool Document::Impl::readAsync(ByteOffset at, std::span<std::byte> into, std::shared_ptr<Executor> on, ReadDone done,
                               Intent intent)
{
    const auto call = ExecutorCall<Result<void>>::make(on, done);
    if (!call)
        return false;
    const ByteRange range = clippedRange(at, into.size());
    if (range.length() < into.size()) { // past 2^63-1
        call->post(failure(ErrorCode::OutOfRange, Operation::Read, range, m_source->path()));
        return false;
    }
    try {
        const StagedEdits edits = staged();
        const auto finish = [edits, range, into](std::span<const PageHandle> pages) -> Result<void> {
            try {
                return compose(pages, edits, range, into);
            } catch (const std::bad_alloc &) {
                return failure(ErrorCode::OutOfMemory, Operation::Read, range);
            }
        };
        auto here = m_cached->pinAsync(
            range, on,
            [finish, call](Result<std::vector<PageHandle>> pages) {
                call->runHere(pages ? finish(*pages) : failure(std::move(pages.error())));
            },
            intent, hiddenBy(edits));
        if (!here)
            return false;
        if (!holdsExternal(edits, range) && finish(*here))
            return true;
        // Bytes of a file have to be read, which this call must not wait for.
        (void)on->post([finish, call, pages = std::move(*here)] { call->runHere(finish(pages)); });
    } catch (const std::bad_alloc &) {
        call->post(failure(ErrorCode::OutOfMemory, Operation::Read, range));
    }
    return false;
}

Result<ByteWindow> Document::Impl::window(ByteOffset at, Intent intent, std::stop_token stop)
{
    try {
        const StagedEdits edits = staged();
        auto plain = m_cached->window(at, intent, stop);
        if (plain && !edits.anyIn(plain->range))
            return plain;
        const ByteRange byte = clippedRange(at, 1);
        const auto pages = m_cached->pin(byte, intent, std::move(stop), [](ByteRange) { return true; });
        if (!pages || pages->empty())
            return plain;
        const Page &page = pages->front().page();
        std::vector<ByteRange> bad;
        if (page.damage())
            page.damage()->forEachMissing([&bad](ByteRange missing) { bad.push_back(missing); });
        bad.push_back(
            page.range().intersection(ByteRange(ByteOffset(m_cached->sourceSize()), ByteOffset(kMaxSourceSize))));
        const ByteRange good = goodAround(at, page.range(), bad, edits);
        if (!good.contains(at))
            return plain;
        const auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(good.length()));
        if (auto done = compose(*pages, edits, good, *bytes); !done)
            return failure(std::move(done.error()));
        return ByteWindow{good, *bytes, bytes};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, clippedRange(at, 1));
    }
}

} // namespace cachecore
