// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/simulated_file.h"

#include <algorithm>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

Sector makeSector(std::vector<std::byte> bytes)
{
    const bool zeros = std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
    const Hash128 hash = zeros ? Hash128{} : hash128(bytes);
    return std::make_shared<const SectorBytes>(SectorBytes{std::move(bytes), hash});
}

std::vector<std::byte> bytesOf(const Sector &sector, std::size_t sectorSize)
{
    return sector ? sector->bytes : std::vector<std::byte>(sectorSize);
}

Hash128 hashOf(const Sector &sector)
{
    return sector ? sector->hash : Hash128{};
}

bool same(const Sector &a, const Sector &b)
{
    return a == b || hashOf(a) == hashOf(b);
}

void addUnlessThere(std::vector<Sector> &options, const Sector &sector)
{
    if (std::ranges::none_of(options, [&](const Sector &other) { return same(other, sector); }))
        options.push_back(sector);
}

} // namespace

const Sector &SimulatedFile::at(const std::vector<Sector> &sectors, Index index)
{
    static const Sector zeros;
    return index < sectors.size() ? sectors[index] : zeros;
}

void SimulatedFile::setSector(Index index, Sector sector)
{
    if (index >= m_live.size())
        m_live.resize(index + 1);
    m_live[index] = std::move(sector);
}

Sector SimulatedFile::cutAt(const Sector &sector, std::size_t length) const
{
    std::vector<std::byte> bytes = bytesOf(sector, m_sectorSize);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(length), bytes.end(), std::byte{0});
    return makeSector(std::move(bytes));
}

// What lies past the size that is chosen is gone, whatever happened to its sectors.
void SimulatedFile::decideSize(const Choose &choose)
{
    if (m_undecidedSizes.empty())
        return;
    m_size = m_undecidedSizes[choose(m_undecidedSizes.size())];
    m_undecidedSizes.clear();
    const Index whole = m_size / m_sectorSize;
    const std::size_t rest = m_size % m_sectorSize;
    if (rest != 0) {
        decideSector(whole, choose);
        setSector(whole, cutAt(at(m_live, whole), rest));
    }
    const Index count = whole + (rest != 0 ? 1 : 0);
    m_undecided.erase(m_undecided.lower_bound(count), m_undecided.end());
    m_live.resize(count);
    m_medium = m_live;
}

void SimulatedFile::decideSector(Index index, const Choose &choose)
{
    const auto found = m_undecided.find(index);
    if (found == m_undecided.end())
        return;
    setSector(index, found->second[choose(found->second.size())]);
    m_undecided.erase(found);
    if (index >= m_medium.size())
        m_medium.resize(index + 1);
    m_medium[index] = m_live[index];
}

std::uint64_t SimulatedFile::size(const Choose &choose)
{
    decideSize(choose);
    return m_size;
}

std::size_t SimulatedFile::read(std::uint64_t from, std::span<std::byte> into, const Choose &choose)
{
    decideSize(choose);
    if (from >= m_size)
        return 0;
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), m_size - from)));
    for (std::size_t done = 0; done < into.size();) {
        const Index index = (from + done) / m_sectorSize;
        const std::size_t skip = (from + done) % m_sectorSize;
        const std::size_t take = std::min(into.size() - done, m_sectorSize - skip);
        decideSector(index, choose);
        const Sector &sector = at(m_live, index);
        const auto to = into.begin() + static_cast<std::ptrdiff_t>(done);
        if (sector)
            std::copy_n(sector->bytes.begin() + static_cast<std::ptrdiff_t>(skip), take, to);
        else
            std::fill_n(to, take, std::byte{0});
        done += take;
    }
    return into.size();
}

void SimulatedFile::write(std::uint64_t to, std::span<const std::byte> from, const Choose &choose)
{
    decideSize(choose);
    if (to + from.size() > m_size)
        resize(to + from.size(), choose);
    for (std::size_t done = 0; done < from.size();) {
        const Index index = (to + done) / m_sectorSize;
        const std::size_t skip = (to + done) % m_sectorSize;
        const std::size_t take = std::min(from.size() - done, m_sectorSize - skip);
        decideSector(index, choose);
        std::vector<std::byte> bytes = bytesOf(at(m_live, index), m_sectorSize);
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(done), take,
                    bytes.begin() + static_cast<std::ptrdiff_t>(skip));
        setSector(index, makeSector(std::move(bytes)));
        m_unsynced[index].push_back(m_live[index]);
        done += take;
    }
}

void SimulatedFile::resize(std::uint64_t size, const Choose &choose)
{
    decideSize(choose);
    if (size == m_size)
        return;
    if (m_unsyncedSizes.empty())
        m_unsyncedSizes.push_back(m_size);
    m_unsyncedSizes.push_back(size);
    for (Index index = size / m_sectorSize; index * m_sectorSize < m_size && index < m_live.size(); ++index) {
        decideSector(index, choose);
        const std::uint64_t begin = index * m_sectorSize;
        setSector(index, begin < size ? cutAt(m_live[index], static_cast<std::size_t>(size - begin)) : nullptr);
        m_unsynced[index].push_back(m_live[index]);
    }
    m_size = size;
}

void SimulatedFile::sync()
{
    if (m_undecidedSizes.empty()) // otherwise nobody has touched it since the power came back
        m_unsyncedSizes.clear();
    if (m_medium.size() < m_live.size())
        m_medium.resize(m_live.size());
    for (const auto &[index, versions] : m_unsynced) {
        m_lost.erase(index);
        m_medium[index] = versions.back();
        if (m_damage && m_damage->at / m_sectorSize == index && m_damage->later-- == 0) {
            std::vector<std::byte> bytes = bytesOf(versions.back(), m_sectorSize);
            bytes[m_damage->at % m_sectorSize] ^= std::byte{1};
            m_medium[index] = makeSector(std::move(bytes));
            m_damage.reset();
        }
    }
    m_unsynced.clear();
}

void SimulatedFile::failSync()
{
    for (auto &[index, versions] : m_unsynced) {
        std::vector<Sector> &lost = m_lost[index];
        lost.insert(lost.end(), versions.begin(), versions.end());
    }
    m_unsynced.clear();
}

void SimulatedFile::changeOnMedium(std::uint64_t at)
{
    const Index index = at / m_sectorSize;
    if (index >= m_medium.size())
        m_medium.resize(index + 1);
    std::vector<std::byte> bytes = bytesOf(m_medium[index], m_sectorSize);
    bytes[at % m_sectorSize] ^= std::byte{0x80};
    m_medium[index] = makeSector(std::move(bytes));
}

void SimulatedFile::dropCached(std::uint64_t begin, std::uint64_t end, const Choose &choose)
{
    for (Index index = begin / m_sectorSize; index * m_sectorSize < end && index < m_live.size(); ++index) {
        if (const auto lost = m_lost.find(index);
            lost != m_lost.end() && !m_unsynced.contains(index) && !m_lateWrites) {
            m_undecided.insert_or_assign(index, afterPowerCut(index, lost->second));
            m_lost.erase(lost);
            decideSector(index, choose);
        }
        if (!m_unsynced.contains(index) && !m_undecided.contains(index))
            m_live[index] = at(m_medium, index);
    }
}

void SimulatedFile::cutPower()
{
    for (auto &[index, versions] : m_lost) {
        std::vector<Sector> &newer = m_unsynced[index];
        newer.insert(newer.begin(), versions.begin(), versions.end());
    }
    m_lost.clear();
    for (const auto &[index, versions] : m_unsynced) {
        std::vector<Sector> options = afterPowerCut(index, versions);
        if (options.size() > 1)
            m_undecided.insert_or_assign(index, std::move(options));
    }
    const std::uint64_t sectors = m_stale.empty() ? 0 : (m_size + m_sectorSize - 1) / m_sectorSize;
    for (Index index = 0; index < sectors; ++index) {
        if (at(m_medium, index) || !at(m_stale, index))
            continue;
        std::vector<Sector> &options = m_undecided[index];
        addUnlessThere(options, nullptr);
        addUnlessThere(options, at(m_stale, index));
    }
    m_unsynced.clear();
    m_live = m_medium;
    if (!m_unsyncedSizes.empty()) {
        m_undecidedSizes = std::exchange(m_unsyncedSizes, {});
        std::ranges::sort(m_undecidedSizes);
        const auto twice = std::ranges::unique(m_undecidedSizes);
        m_undecidedSizes.erase(twice.begin(), twice.end());
    }
    if (m_undecidedSizes.size() == 1) {
        m_size = m_undecidedSizes.front();
        m_undecidedSizes.clear();
    }
    m_damage.reset();
}

/// The newest first, so that depth-first search begins with what is likely and soon turns to what is not.
std::vector<Sector> SimulatedFile::afterPowerCut(Index index, const std::vector<Sector> &versions)
{
    std::vector<Sector> all{at(m_medium, index)};
    all.insert(all.end(), versions.begin(), versions.end());
    std::vector<Sector> options;
    for (std::size_t newer = all.size(); newer-- > 0;) {
        addUnlessThere(options, all[newer]);
        for (std::size_t older = 0; older < newer; ++older) {
            std::vector<std::byte> bytes = bytesOf(all[older], m_sectorSize);
            const std::vector<std::byte> begun = bytesOf(all[newer], m_sectorSize);
            for (const std::size_t tear :
                 tearsBetween(index, all[older], all[newer])) { // each further than the one before
                std::copy_n(begun.begin(), tear, bytes.begin());
                addUnlessThere(options, makeSector(bytes));
            }
        }
    }
    return options;
}

/// Ascending, each once.
std::vector<std::size_t> SimulatedFile::tearsBetween(Index index, const Sector &older, const Sector &newer)
{
    if (same(older, newer))
        return {};
    if (const auto fixed = m_tears.find(index); fixed != m_tears.end())
        return fixed->second;
    const std::vector<std::byte> a = bytesOf(older, m_sectorSize);
    const std::vector<std::byte> b = bytesOf(newer, m_sectorSize);
    const auto first = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    std::size_t end = m_sectorSize;
    while (a[end - 1] == b[end - 1])
        --end;
    std::vector<std::size_t> tears{first + (end - first + 1) / 2};
    if (m_tearRule == TearRule::Three || m_tearRule == TearRule::FixedThree)
        tears.insert(tears.end(), {first + 1, end - 1});
    std::erase_if(tears, [=](std::size_t tear) { return tear == first; });
    std::ranges::sort(tears);
    const auto twice = std::ranges::unique(tears);
    tears.erase(twice.begin(), twice.end());
    if (m_tearRule == TearRule::Fixed || m_tearRule == TearRule::FixedThree)
        m_tears[index] = tears;
    return tears;
}

bool SimulatedFile::isDurable() const
{
    return m_unsynced.empty() && m_lost.empty() && m_undecided.empty() && m_unsyncedSizes.empty()
        && m_undecidedSizes.empty();
}

std::vector<std::byte> SimulatedFile::bytes(const Choose &choose)
{
    std::vector<std::byte> all(static_cast<std::size_t>(size(choose)));
    (void)read(0, all, choose);
    return all;
}

void SimulatedFile::addTo(Digest &digest) const
{
    digest.add(m_size);
    for (const auto &sizes : {m_unsyncedSizes, m_undecidedSizes}) {
        digest.add(sizes.size());
        for (const std::uint64_t size : sizes)
            digest.add(size);
    }
    digest.add(m_live.size());
    for (Index index = 0; index < m_live.size(); ++index) {
        digest.add(hashOf(m_live[index]));
        digest.add(hashOf(at(m_medium, index)));
    }
    for (const auto &sectors : {m_unsynced, m_lost, m_undecided}) {
        digest.add(sectors.size());
        for (const auto &[index, versions] : sectors) {
            digest.add(index);
            digest.add(versions.size());
            for (const Sector &version : versions)
                digest.add(hashOf(version));
        }
    }
}

} // namespace cachet_test
