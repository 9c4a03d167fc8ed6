// SPDX-License-Identifier: MIT
#include "cachecore/scan/data_runs.h"

#include "cachecore/base/bytes.h"

#include <algorithm>
#include <vector>

namespace cachecore {

namespace {

constexpr std::uint64_t kChunk = std::uint64_t{1} << 20;
static_assert(kChunk % kDataRunBlock == 0);

using Found = Result<std::optional<ByteOffset>>;

/// Bytes that cannot be read, as opposed to a reading that ended for another reason.
bool concernsTheMedium(const Error &error)
{
    return error.code != ErrorCode::Cancelled && error.code != ErrorCode::Closed
        && error.code != ErrorCode::OutOfMemory;
}

ByteOffset blockBegin(ByteOffset at)
{
    return ByteOffset(at.value() - at.value() % kDataRunBlock);
}

/// The first of the bytes of a block (at `at`) that is not zero; nothing when all are.
std::optional<ByteOffset> firstData(ByteOffset at, std::span<const std::byte> block)
{
    if (allZero(block))
        return std::nullopt;
    const auto found = std::ranges::find_if(block, [](std::byte b) { return b != std::byte{0}; });
    return at + static_cast<std::uint64_t>(found - block.begin());
}

/// One walk over a snapshot.
class Walk {
public:
    Walk(const Snapshot &snapshot, const DataRunProgress &progress, std::stop_token stop)
        : m_snapshot(snapshot)
        , m_progress(progress)
        , m_stop(std::move(stop))
        , m_buffer(static_cast<std::size_t>(std::min(kChunk, snapshot.size())))
    {
    }

    [[nodiscard]] Found forward(ByteOffset from);
    [[nodiscard]] Found backward(ByteOffset from);

private:
    [[nodiscard]] Result<std::span<const std::byte>> read(ByteRange range);
    [[nodiscard]] Result<bool> isHole(ByteRange range) const;
    [[nodiscard]] Result<ByteOffset> beginOfHole(ByteOffset end) const;
    [[nodiscard]] Result<void> pass(ByteOffset at) const;
    [[nodiscard]] ByteOffset end() const { return ByteOffset(m_snapshot.size()); }

    const Snapshot &m_snapshot;
    const DataRunProgress &m_progress;
    const std::stop_token m_stop;
    std::vector<std::byte> m_buffer;
};

Result<void> Walk::pass(ByteOffset at) const
{
    if (m_stop.stop_requested())
        return failure(ErrorCode::Cancelled, Operation::Read);
    if (m_progress)
        m_progress(at);
    return {};
}

/// The bytes of `range`, which begins with a block and is no longer than a chunk. Blocks that cannot be read are filled with ones.
Result<std::span<const std::byte>> Walk::read(ByteRange range)
{
    const auto bytes = std::span(m_buffer).first(static_cast<std::size_t>(range.length()));
    for (ByteOffset at = range.begin(); at < range.end();) {
        // As far as it can be read, and what cannot be right behind that.
        ByteRange part(at, range.end());
        ByteRange bad(range.end(), range.end());
        while (!part.empty()) {
            const auto into
                = bytes.subspan(static_cast<std::size_t>(at - range.begin()), static_cast<std::size_t>(part.length()));
            const auto done = m_snapshot.read(at, into, m_stop);
            if (done)
                break;
            if (!concernsTheMedium(done.error()))
                return failure(done.error());
            bad = done.error().range.value_or(part).intersection(part);
            bad = bad.empty() ? part : bad;
            part = ByteRange(at, bad.begin());
        }
        const ByteOffset from = blockBegin(bad.begin());
        const std::uint64_t blocks = (bad.end() - from + kDataRunBlock - 1) / kDataRunBlock;
        const std::uint64_t length = bad.empty() ? 0 : std::min(blocks * kDataRunBlock, range.end() - from);
        const auto first = static_cast<std::size_t>(from - range.begin());
        if (length > 0)
            std::ranges::fill(bytes.subspan(first, static_cast<std::size_t>(length)), std::byte{0xff});
        at = bad.empty() ? range.end() : from + length;
    }
    return bytes;
}

Found Walk::forward(ByteOffset from)
{
    if (from >= end())
        return std::nullopt;
    // From the block before: whether a run begins here is seen from there.
    ByteOffset at = blockBegin(from);
    at = at.value() == 0 ? at : ByteOffset(at.value() - kDataRunBlock);
    bool inRun = false;
    while (at < end()) {
        if (auto going = pass(at); !going)
            return failure(going.error());
        const auto data = m_snapshot.nextData(at);
        if (!data)
            return failure(data.error());
        if (data->empty())
            return std::nullopt;
        if (const ByteOffset begin = blockBegin(data->begin()); begin > at) {
            inRun = false;
            at = begin;
        }
        const std::uint64_t wanted = std::min(kChunk, data->end() - at);
        const std::uint64_t blocks = (wanted + kDataRunBlock - 1) / kDataRunBlock;
        const auto chunk = read(ByteRange(at, at + std::min(blocks * kDataRunBlock, end() - at)));
        if (!chunk)
            return failure(chunk.error());
        for (auto rest = *chunk; !rest.empty();) {
            const auto block = rest.first(std::min<std::size_t>(kDataRunBlock, rest.size()));
            const auto first = firstData(at, block);
            if (first && !inRun && *first > from)
                return first;
            inRun = first.has_value();
            at = at + block.size();
            rest = rest.subspan(block.size());
        }
    }
    return std::nullopt;
}

Result<bool> Walk::isHole(ByteRange range) const
{
    const auto data = m_snapshot.nextData(range.begin());
    if (!data)
        return failure(data.error());
    return data->empty() || data->begin() >= range.end();
}

/// How far holes reach back from `end`: at least so far that a chunk before it is none, or to the beginning. Looks at ever longer parts, each with one question.
Result<ByteOffset> Walk::beginOfHole(ByteOffset end) const
{
    for (std::uint64_t length = kChunk; end.value() > 0;) {
        if (m_stop.stop_requested())
            return failure(ErrorCode::Cancelled, Operation::Read);
        const ByteOffset begin(end.value() - std::min(length, end.value()));
        const auto hole = isHole(ByteRange(begin, end));
        if (!hole)
            return failure(hole.error());
        if (!*hole && length == kChunk)
            return end;
        length = *hole ? std::max(length * 2, length) : kChunk;
        end = *hole ? begin : end;
    }
    return end;
}

Found Walk::backward(ByteOffset from)
{
    std::optional<ByteOffset> begin; // of the run that is followed back
    for (ByteOffset at = std::min(from, end()); at.value() > 0;) {
        if (auto going = pass(at); !going)
            return failure(going.error());
        const auto data = beginOfHole(at);
        if (!data)
            return failure(data.error());
        if (begin && *data < at)
            return begin;
        at = *data;
        if (at.value() == 0)
            break;
        const ByteOffset last = blockBegin(ByteOffset(at.value() - 1));
        const ByteOffset first(last.value() - std::min(last.value(), kChunk - kDataRunBlock));
        const auto chunk = read(ByteRange(first, at));
        if (!chunk)
            return failure(chunk.error());
        for (auto rest = *chunk; !rest.empty();) {
            const std::size_t block = (rest.size() - 1) / kDataRunBlock * kDataRunBlock;
            const auto found = firstData(first + block, rest.subspan(block));
            if (begin && !found)
                return begin;
            begin = found;
            rest = rest.first(block);
        }
        at = first;
    }
    return begin;
}

} // namespace

Found nextDataRun(const Snapshot &snapshot, ByteOffset from, const DataRunProgress &progress, std::stop_token stop)
{
    return Walk(snapshot, progress, std::move(stop)).forward(from);
}

Found previousDataRun(const Snapshot &snapshot, ByteOffset from, const DataRunProgress &progress, std::stop_token stop)
{
    return Walk(snapshot, progress, std::move(stop)).backward(from);
}

} // namespace cachecore
