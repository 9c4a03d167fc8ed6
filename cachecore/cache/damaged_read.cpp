// SPDX-License-Identifier: MIT
#include "cachecore/cache/damaged_read.h"

namespace cachecore {

namespace {

class Splitter {
public:
    Splitter(BlockSource &source, ByteRange whole, std::span<std::byte> into)
        : m_source(source)
        , m_whole(whole)
        , m_into(into)
    {
    }

    void read(ByteRange range)
    {
        if (m_found.endsAt && range.begin().value() >= *m_found.endsAt) {
            markBad(range);
            return;
        }
        const auto skip = static_cast<std::size_t>(range.begin() - m_whole.begin());
        const auto got = m_source.readAt(range.begin(), m_into.subspan(skip, static_cast<std::size_t>(range.length())));
        if (got) {
            if (*got < range.length())
                endAt(range, *got);
            return;
        }
        if (!m_found.error)
            m_found.error = got.error();
        ++m_failures;
        const std::uint64_t half = range.length() / 2 / m_source.blockSize() * m_source.blockSize();
        if (half == 0 || m_failures >= kMostFailures) {
            markBad(range);
            return;
        }
        const ByteOffset middle = range.begin() + half;
        read({range.begin(), middle});
        read({middle, range.end()});
    }

    DamagedRead take() { return std::move(m_found); }

private:
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
    DamagedRead m_found;
    unsigned m_failures = 0;
};

} // namespace

DamagedRead readAroundDamage(BlockSource &source, ByteRange range, std::span<std::byte> into)
{
    Splitter splitter(source, range, into);
    splitter.read(range);
    return splitter.take();
}

} // namespace cachecore
