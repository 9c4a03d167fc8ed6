// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/versioned_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::uint32_t kSector = VersionedDisk::kSector;
constexpr std::size_t kStampEvery = 64;
constexpr std::size_t kStamp = 8; ///< bytes: where it is, then the version
using SectorBytes = std::array<std::byte, kSector>;

/// Bytes that differ from place to place, with a stamp at each multiple of kStampEvery.
SectorBytes sectorOf(std::uint64_t sector, std::uint32_t version)
{
    static const SectorBytes plain = [] {
        SectorBytes bytes;
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(i * 0x9e3779b1U >> 13U);
        return bytes;
    }();
    SectorBytes bytes = plain;
    for (std::size_t at = 0; at < kSector; at += kStampEvery) {
        const std::array<std::uint32_t, 2> stamp{static_cast<std::uint32_t>((sector * kSector + at) / kStampEvery),
                                                 version};
        std::memcpy(bytes.data() + at, stamp.data(), kStamp);
    }
    return bytes;
}

std::uint64_t sectorsIn(ByteRange range)
{
    return range.empty() ? 0 : (range.end().value() - 1) / kSector - range.begin().value() / kSector + 1;
}

/// Calls `use(sector, place in the sector, bytes)` for the parts of `bytes`, which begin at `at`, until it returns false; then false.
template <typename Byte, typename Use>
bool forEachSector(std::uint64_t at, std::span<Byte> bytes, const Use &use)
{
    while (!bytes.empty()) {
        const std::size_t skip = static_cast<std::size_t>(at % kSector);
        const std::size_t count = std::min<std::size_t>(bytes.size(), kSector - skip);
        if (!use(at / kSector, skip, bytes.first(count)))
            return false;
        bytes = bytes.subspan(count);
        at += count;
    }
    return true;
}

} // namespace

VersionedDisk::VersionedDisk(std::uint64_t sectors)
    : m_sectors(static_cast<std::size_t>(sectors))
{
}

VersionedDisk::Written VersionedDisk::write(ByteRange range)
{
    Written written;
    const ByteRange inside = range.intersection(ByteRange::whole(bytes()));
    written.first = inside.begin().value() / kSector;
    for (std::uint64_t i = 0; i < sectorsIn(inside); ++i)
        written.versions.push_back(m_sectors[written.first + i].version.fetch_add(1) + 1);
    return written;
}

void VersionedDisk::settle(const Written &written)
{
    for (std::size_t i = 0; i < written.versions.size(); ++i) {
        Sector &sector = m_sectors[written.first + i];
        std::uint32_t before = sector.oldest;
        while (before < written.versions[i] && !sector.oldest.compare_exchange_weak(before, written.versions[i])) { }
        sector.mayFail = sector.bad.load();
    }
}

void VersionedDisk::setBad(std::uint64_t sector, bool bad)
{
    Sector &changed = m_sectors[sector];
    if (bad) {
        ++changed.timesBad;
        changed.mayFail = true;
    }
    changed.bad = bad;
}

void VersionedDisk::settleFailures()
{
    for (Sector &sector : m_sectors)
        sector.mayFail = sector.bad.load();
}

VersionedDisk::Expectation VersionedDisk::expect(ByteRange range) const
{
    Expectation expected;
    expected.m_range = range.intersection(ByteRange::whole(bytes()));
    expected.m_first = expected.m_range.begin().value() / kSector;
    for (std::uint64_t i = 0; i < sectorsIn(expected.m_range); ++i) {
        const Sector &sector = m_sectors[expected.m_first + i];
        expected.m_sectors.push_back({sector.oldest, sector.timesBad, sector.mayFail});
    }
    return expected;
}

bool VersionedDisk::explains(const Expectation &expected, ByteRange range, std::span<const std::byte> bytes) const
{
    if (range.length() != bytes.size() || !expected.m_range.contains(range))
        return false;
    return forEachSector(range.begin().value(), bytes,
                         [&](std::uint64_t sector, std::size_t skip, std::span<const std::byte> part) {
                             const auto &known = expected.m_sectors[sector - expected.m_first];
                             return isBetween(sector, known.oldest, skip, part);
                         });
}

bool VersionedDisk::explains(const Expectation &expected, const Error &error) const
{
    if (error.code != ErrorCode::Io || !error.range || error.range->empty() || !expected.m_range.contains(*error.range))
        return false;
    const std::uint64_t first = error.range->begin().value() / kSector;
    for (std::uint64_t i = 0; i < sectorsIn(*error.range); ++i) {
        const auto &known = expected.m_sectors[first + i - expected.m_first];
        if (!known.mayFail && m_sectors[first + i].timesBad == known.timesBad)
            return false;
    }
    return true;
}

bool VersionedDisk::isVersion(std::uint64_t sector, std::uint32_t version, std::size_t skip,
                              std::span<const std::byte> bytes) const
{
    return std::memcmp(sectorOf(sector, version).data() + skip, bytes.data(), bytes.size()) == 0;
}

bool VersionedDisk::isBetween(std::uint64_t sector, std::uint32_t oldest, std::size_t skip,
                              std::span<const std::byte> bytes) const
{
    const std::uint32_t newest = m_sectors[sector].version;
    // The first version that is there whole says which one to compare with.
    constexpr std::size_t kInStamp = kStamp / 2;
    const std::size_t before = skip <= kInStamp ? 0 : (skip - kInStamp + kStampEvery - 1) / kStampEvery;
    const std::size_t whole = before * kStampEvery + kInStamp;
    if (whole + kInStamp <= skip + bytes.size()) {
        std::uint32_t said = 0;
        std::memcpy(&said, bytes.data() + (whole - skip), sizeof said);
        return said >= oldest && said <= newest && isVersion(sector, said, skip, bytes);
    }
    for (std::uint32_t version = oldest; version <= newest; ++version) {
        if (isVersion(sector, version, skip, bytes))
            return true;
    }
    return false;
}

Result<std::uint64_t> VersionedDisk::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    ++m_reads;
    std::uint64_t done = 0;
    std::optional<std::uint64_t> bad;
    for (const std::span<std::byte> buffer : into) {
        const std::uint64_t from = std::min(at.value() + done, bytes());
        const auto inside
            = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes() - from)));
        forEachSector(from, inside, [&](std::uint64_t sector, std::size_t skip, std::span<std::byte> part) {
            if (m_sectors[sector].bad)
                bad = sector;
            std::memcpy(part.data(), sectorOf(sector, m_sectors[sector].version).data() + skip, part.size());
            return true;
        });
        done += inside.size();
    }
    if (m_hook)
        m_hook();
    if (bad)
        return failure(Error::fromErrno(EIO, Operation::Read, clippedRange(at, done)));
    return done;
}

Result<void> VersionedDisk::writev(ByteOffset at, std::span<const std::span<const std::byte>> from)
{
    return from.empty() ? Result<void>() : failure(ErrorCode::ReadOnly, Operation::Write, clippedRange(at, 1));
}

Result<SourceFingerprint> VersionedDisk::fingerprint()
{
    return SourceFingerprint{bytes(), 0, 0, 0};
}

Result<ByteRange> VersionedDisk::nextData(ByteOffset from)
{
    return ByteRange(std::min(from, ByteOffset(bytes())), ByteOffset(bytes()));
}

Error VersionedDisk::readOnlyReason() const
{
    return Error::of(ErrorCode::ReadOnly, Operation::Open);
}

} // namespace cachet_test
