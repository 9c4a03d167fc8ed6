// SPDX-License-Identifier: MIT
#include "cachecore/write/target/unit_reader.h"

#include <algorithm>
#include <cstring>

namespace cachecore {

UnitReader::UnitReader(BlockSource &source, const RangeList &extents, std::uint32_t unit, Operation operation)
    : m_source(source)
    , m_extents(extents)
    , m_unit(unit)
    , m_operation(operation)
    , m_reader(source, extents, operation)
{
}

Result<UnitBytes> UnitReader::units(std::size_t index)
{
    UnitBytes units{m_extents.at(index), m_unit, {}, {}};
    const auto count = static_cast<std::size_t>((units.range.length() + m_unit - 1) / m_unit);
    if (count > m_readableSize) {
        m_readable = std::make_unique<bool[]>(count);
        m_readableSize = count;
    }
    std::fill_n(m_readable.get(), count, true);
    units.readable = std::span<const bool>(m_readable.get(), count);
    const auto bytes = m_reader.bytes(index);
    if (bytes) {
        units.bytes = *bytes;
        return units;
    }
    if (bytes.error().code != ErrorCode::Io)
        return failure(bytes.error());
    if (auto read = readEach(units); !read)
        return failure(read.error());
    units.bytes = std::span<const std::byte>(m_bytes).first(static_cast<std::size_t>(units.range.length()));
    return units;
}

Result<void> UnitReader::readEach(const UnitBytes &units)
{
    m_bytes.resize(std::max(m_bytes.size(), static_cast<std::size_t>(units.range.length())));
    for (std::size_t i = 0; i < units.count(); ++i) {
        const ByteRange unit = units.unitAt(i);
        const auto into = std::span(m_bytes).subspan(static_cast<std::size_t>(unit.begin() - units.range.begin()),
                                                     static_cast<std::size_t>(unit.length()));
        const auto got = m_source.readAt(unit.begin(), into);
        if (!got && got.error().code != ErrorCode::Io)
            return failure(got.error());
        if (got && *got < unit.length())
            return failure(ErrorCode::Truncated, m_operation, ByteRange(unit.begin() + *got, unit.end()),
                           m_source.path());
        m_readable[i] = got.has_value();
    }
    return {};
}

bool holdsForeignByte(std::span<const std::byte> now, std::span<const std::byte> old, std::span<const std::byte> meant)
{
    if (std::memcmp(now.data(), old.data(), now.size()) == 0 || std::memcmp(now.data(), meant.data(), now.size()) == 0)
        return false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != old[i] && now[i] != meant[i])
            return true;
    }
    return false;
}

namespace {

/// One search for differences in one extent.
class DifferenceSearch {
public:
    DifferenceSearch(const UnitBytes &now, std::span<const std::byte> wanted, std::uint32_t granularity,
                     std::vector<ByteRange> &into)
        : m_now(now)
        , m_wanted(wanted)
        , m_granularity(granularity)
        , m_into(into)
        , m_first(into.size())
    {
    }

    [[nodiscard]] bool differs(ByteRange part) const
    {
        return std::memcmp(m_now.of(m_now.bytes, part).data(), m_now.of(m_wanted, part).data(),
                           static_cast<std::size_t>(part.length()))
            != 0;
    }

    /// From the first to the last differing byte.
    void addSpan(ByteRange part)
    {
        const auto now = m_now.of(m_now.bytes, part);
        const auto wanted = m_now.of(m_wanted, part);
        const auto first = static_cast<std::size_t>(std::ranges::mismatch(now, wanted).in1 - now.begin());
        if (first == now.size())
            return;
        std::size_t end = now.size();
        while (now[end - 1] == wanted[end - 1])
            --end;
        add({part.begin() + first, part.begin() + end});
    }

    /// Each stretch of differing bytes.
    void addRuns(ByteRange part)
    {
        const auto now = m_now.of(m_now.bytes, part);
        const auto wanted = m_now.of(m_wanted, part);
        for (std::size_t at = 0; at < now.size();) {
            const std::size_t first = at;
            while (at < now.size() && now[at] != wanted[at])
                ++at;
            if (at > first)
                add({part.begin() + first, part.begin() + at});
            else
                ++at;
        }
    }

    void add(ByteRange range)
    {
        range = ByteRange(range.begin().alignedDown(m_granularity), range.end().alignedUp(m_granularity))
                    .intersection(m_now.range);
        if (m_into.size() > m_first && range.begin() <= m_into.back().end())
            m_into.back() = {m_into.back().begin(), std::max(range.end(), m_into.back().end())};
        else if (!range.empty())
            m_into.push_back(range);
    }

private:
    const UnitBytes &m_now;
    const std::span<const std::byte> m_wanted;
    const std::uint32_t m_granularity;
    std::vector<ByteRange> &m_into;
    const std::size_t m_first;
};

} // namespace

void findDifferences(const UnitBytes &now, std::span<const std::byte> wanted, std::span<const JournalSegment> segments,
                     bool everySegment, std::uint32_t granularity, std::vector<ByteRange> &into)
{
    DifferenceSearch search(now, wanted, granularity, into);
    auto segment = segments.begin();
    for (std::size_t i = 0; i < now.count(); ++i) {
        const ByteRange unit = now.unitAt(i);
        while (segment != segments.end() && segment->range.end() <= unit.begin())
            ++segment;
        if (!now.readable[i]) {
            search.add(unit);
            continue;
        }
        if (!everySegment && !search.differs(unit))
            continue;
        ByteOffset reached = unit.begin();
        for (auto in = segment; in != segments.end() && in->range.begin() < unit.end(); ++in) {
            const ByteRange part = in->range.intersection(unit);
            search.addRuns({reached, part.begin()});
            if (everySegment)
                search.add(part);
            else
                search.addSpan(part);
            reached = part.end();
        }
        search.addRuns({reached, unit.end()});
    }
}

} // namespace cachecore
