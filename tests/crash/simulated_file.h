// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/base.h"
#include "tests/crash/choices.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace cachet_test {

/// Collects numbers into one hash.
class Digest {
public:
    void add(std::uint64_t value) { m_values.push_back(value); }
    void add(const cachecore::Hash128 &hash)
    {
        add(hash[0]);
        add(hash[1]);
    }
    [[nodiscard]] cachecore::Hash128 value() const { return cachecore::hash128(std::as_bytes(std::span(m_values))); }

private:
    std::vector<std::uint64_t> m_values;
};

/// The bytes of one sector and their hash, 0 for zeros; never changes, so that states of a disk share it.
struct SectorBytes {
    std::vector<std::byte> bytes;
    cachecore::Hash128 hash;
};
using Sector = std::shared_ptr<const SectorBytes>; ///< nullptr: never written, reads as zeros

/// Where a write of a sector may be interrupted.
enum class TearRule : std::uint8_t {
    Middle, ///< in the middle of the bytes that differ
    Three,  ///< after the first of them, in their middle, and before the last
    Fixed, ///< as Middle, always where that was the first time: tearing again and again makes no more than four contents
    FixedThree, ///< as Three, always where they were the first time: no more than sixteen contents
};

/// The bytes of one file: what programs read of it, what is on the medium, and, after the power was cut, what may be there.
///
/// Model: a write changes what is read at once and reaches the medium some time before the next sync returns, sector by sector, in any
/// order; each sector may get any content it had since the last sync, or the beginning of a newer one over an older one. The size likewise. A sector that never
/// reached the medium may hold what an earlier file left there (`stale`). After `cutPower` nothing is decided yet: each sector and the size is chosen when it is first looked at,
/// which reaches exactly the images that choosing all at once would.
/// Invariant: a sector is on the medium for certain, or has unsynced or lost versions, or is undecided.
/// Thread: none of its own. A value; copies share sectors.
class SimulatedFile {
public:
    SimulatedFile(std::uint32_t sectorSize, TearRule tearRule)
        : m_sectorSize(sectorSize)
        , m_tearRule(tearRule)
    {
    }

    [[nodiscard]] std::uint64_t size(const Choose &choose);
    /// Bytes read: fewer at the end.
    [[nodiscard]] std::size_t read(std::uint64_t at, std::span<std::byte> into, const Choose &choose);
    void write(std::uint64_t at, std::span<const std::byte> from, const Choose &choose);
    void resize(std::uint64_t size, const Choose &choose);
    /// What was written is on the medium. Damage planned by damageAt strikes now.
    void sync();
    /// The sync failed: what was written may be on the medium or not, and no later sync helps; only writing it again does. Programs go on reading it,
    /// until it is dropped from memory.
    void failSync();
    /// What is clean in [begin, end) is read from the medium next time.
    void dropCached(std::uint64_t begin, std::uint64_t end, const Choose &choose);

    /// The medium will flip a bit of byte `at` when its sector is written by a sync, `later` times after the next, and say nothing.
    void damageAt(std::uint64_t at, unsigned later = 0) { m_damage = Damage{at, later}; }
    /// Somebody else changes byte `at` of the medium: another machine, or age. What the system keeps in memory stays as it was.
    void changeOnMedium(std::uint64_t at);
    /// What a failed sync was for may still come to the medium much later, as from a device that gave up waiting for an answer: until it is written again, what is
    /// read of the medium is what it was before, and a power cut decides.
    void setLateWrites(bool late) { m_lateWrites = late; }
    /// What a file that is gone has left in the places this one will take.
    void setStale(const SimulatedFile &gone) { m_stale = gone.m_live; }

    void cutPower();
    /// True when neither a sector nor the size depends on what happens to unsynced writes.
    [[nodiscard]] bool isDurable() const;
    /// Decides everything and returns all bytes.
    [[nodiscard]] std::vector<std::byte> bytes(const Choose &choose);
    void addTo(Digest &digest) const;

private:
    using Index = std::uint64_t;

    void decideSize(const Choose &choose);
    void decideSector(Index index, const Choose &choose);
    void setSector(Index index, Sector sector);
    [[nodiscard]] std::vector<Sector> afterPowerCut(Index index, const std::vector<Sector> &versions);
    [[nodiscard]] std::vector<std::size_t> tearsBetween(Index index, const Sector &older, const Sector &newer);
    [[nodiscard]] Sector cutAt(const Sector &sector, std::size_t length) const;
    [[nodiscard]] static const Sector &at(const std::vector<Sector> &sectors, Index index);

    std::uint32_t m_sectorSize;
    TearRule m_tearRule;
    std::uint64_t m_size = 0;
    std::vector<std::uint64_t>
        m_unsyncedSizes; ///< the size on the medium and those since; empty: m_size is on the medium
    std::vector<std::uint64_t> m_undecidedSizes; ///< after a power cut
    std::vector<Sector> m_live;                  ///< what programs read
    std::vector<Sector> m_medium;
    std::vector<Sector> m_stale;
    std::map<Index, std::vector<Sector>> m_unsynced; ///< versions since the last sync, oldest first
    std::map<Index, std::vector<Sector>>
        m_lost; ///< versions of which a sync failed, and that were not written again since
    std::map<Index, std::vector<Sector>> m_undecided;  ///< what may be there
    std::map<Index, std::vector<std::size_t>> m_tears; ///< of TearRule::Fixed and FixedThree
    struct Damage {
        std::uint64_t at;
        unsigned later;
    };
    std::optional<Damage> m_damage;
    bool m_lateWrites = false;
};

} // namespace cachet_test
