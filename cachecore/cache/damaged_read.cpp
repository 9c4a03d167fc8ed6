// SPDX-License-Identifier: MIT
#include "cachecore/cache/damaged_read.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cachecore {

namespace {

/// What `read(done)`, which reads what is left of `range`, brings until all is there or nothing more comes.
template <typename Read>
Result<std::uint64_t> repeated(const BlockSource &source, ByteRange range, const Read &read)
{
    std::uint64_t done = 0;
    while (done < range.length()) {
        auto got = read(done);
        if (!got)
            return got;
        if (*got > range.length() - done)
            return failure(Error{ErrorCode::Io, EPROTO, Operation::Read, range, source.path()});
        if (*got == 0)
            break;
        done += *got;
    }
    return done;
}

/// Reads range after range, the first one first; of those that fail the halves come next.
class Splitter {
public:
    Splitter(BlockSource &source, ByteRange whole, std::span<std::byte> into, SearchTime time)
        : m_source(source)
        , m_whole(whole)
        , m_into(into)
        , m_time(time)
    {
    }

    void readWhole()
    {
        ++m_found.reads;
        const auto got = readToTheEnd(m_source, m_whole.begin(), m_into);
        if (!got)
            splitWhole(got.error());
        else if (*got < m_whole.length())
            endAt(m_whole, *got);
    }

    /// After a read of the whole has failed. What the system keeps in memory it reads in pages, so the medium may have a unit that just failed.
    void splitWhole(Error error)
    {
        if (halfOf(m_whole) == 0 && m_source.directIoAlignment() != 0)
            readDirect(m_whole);
        else
            fail(m_whole, std::move(error));
        readRest();
    }

    void goOn(DamagedRead before)
    {
        m_found.bad = std::move(before.bad);
        m_found.error = std::move(before.error);
        m_found.endsAt = before.endsAt;
        m_todo.assign(before.untried.rbegin(), before.untried.rend());
        if (!m_todo.empty())
            readNext();
        readRest();
    }

    DamagedRead take()
    {
        m_found.untried.assign(m_todo.rbegin(), m_todo.rend());
        if (m_found.bad.empty() && m_todo.empty())
            m_found.error.reset(); // a failure that did not come again
        return std::move(m_found);
    }

private:
    void readRest()
    {
        while (!m_todo.empty() && !m_time.over())
            readNext();
    }

    void readNext()
    {
        const ByteRange range = m_todo.back();
        m_todo.pop_back();
        readDirect(range);
    }

    void readDirect(ByteRange range)
    {
        if (m_found.endsAt && range.begin().value() >= *m_found.endsAt) {
            markBad(range);
            return;
        }
        ++m_found.reads;
        const auto got = repeated(m_source, range, [&](std::uint64_t done) {
            const auto skip = static_cast<std::size_t>(range.begin() - m_whole.begin() + done);
            return m_source.readDirect(range.begin() + done,
                                       m_into.subspan(skip, static_cast<std::size_t>(range.length() - done)));
        });
        if (!got)
            fail(range, got.error());
        else if (*got < range.length())
            endAt(range, *got);
    }

    void fail(ByteRange range, Error error)
    {
        if (!m_found.error)
            m_found.error = std::move(error);
        const std::uint64_t half = halfOf(range);
        if (half == 0) {
            m_found.failedBytes += range.length();
            markBad(range);
            return;
        }
        const ByteOffset middle = range.begin() + half;
        m_todo.push_back({middle, range.end()});
        m_todo.push_back({range.begin(), middle});
    }

    /// Where to split `range`, whose begin is a multiple of the unit; 0 when it is one unit. The unit may grow while reading.
    std::uint64_t halfOf(ByteRange range) const
    {
        const std::uint64_t unit = std::max(m_source.blockSize(), m_source.directIoAlignment());
        const std::uint64_t units = (range.length() + unit - 1) / unit;
        return units / 2 * unit;
    }

    void endAt(ByteRange range, std::uint64_t got)
    {
        const ByteOffset end = range.begin() + got;
        m_found.endsAt = end.value();
        if (!m_found.error)
            m_found.error
                = Error::of(ErrorCode::Truncated, Operation::Read, ByteRange(end, range.end()), m_source.path());
        markBad({end, range.end()});
    }

    void markBad(ByteRange range)
    {
        if (!m_found.bad.empty() && m_found.bad.back().end() == range.begin())
            m_found.bad.back() = {m_found.bad.back().begin(), range.end()};
        else
            m_found.bad.push_back(range);
    }

    BlockSource &m_source;
    const ByteRange m_whole;
    const std::span<std::byte> m_into;
    const SearchTime m_time;
    DamagedRead m_found;
    std::vector<ByteRange> m_todo; ///< to be read, the next one last
};

} // namespace

Result<std::uint64_t> readToTheEnd(BlockSource &source, ByteOffset at, std::span<std::byte> into)
{
    return repeated(source, clippedRange(at, into.size()), [&](std::uint64_t done) {
        return source.readAt(at + done, into.subspan(static_cast<std::size_t>(done)));
    });
}

DamagedRead readAroundDamage(BlockSource &source, ByteRange range, std::span<std::byte> into,
                             std::optional<Error> failed, SearchTime time)
{
    Splitter splitter(source, range, into, time);
    if (failed)
        splitter.splitWhole(std::move(*failed));
    else
        splitter.readWhole();
    return splitter.take();
}

DamagedRead readUntried(BlockSource &source, ByteRange range, std::span<std::byte> into, DamagedRead before,
                        SearchTime time)
{
    Splitter splitter(source, range, into, time);
    splitter.goOn(std::move(before));
    return splitter.take();
}

} // namespace cachecore
