// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads any bytes as a journal. The first byte of an input says how:
//
//     bit 0   give everything the hashes it ought to have, so that what is behind them is reached
//     bit 1   and append ARMED
//     bit 2   and RLNG
//     bit 3   and DONE
//     bit 4   and instead of those three what the bytes behind the records say, see Hostile
//
// The rest is the journal. Beside not crashing, a journal that validates must then be read, both ways, with the sums that were said, and be in the
// state of the last record that is as it ought to be.

#include "cachecore/write/journal/journal_layout.h"
#include "cachecore/write/journal/journal_reader.h"
#include "tests/fuzz/bytes_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

using namespace cachecore;
using namespace cachecore::journal;
using cachet_test::BytesFile;

namespace {

using Bytes = std::vector<std::byte>;

void require(bool condition)
{
    if (!condition)
        std::abort();
}

/// What 16 bytes of an input make of a state record that would be right where it stands.
struct Hostile {
    enum Wrong : unsigned {
        Sequence = 1,
        Sums = 2,
        Before = 4,
        Hash = 8,
        Length = 16,
        Stray = 32,
        Number = 64,
        Cut = 128
    };
    static constexpr std::size_t kSize = 16;

    explicit Hostile(std::span<const std::byte> bytes)
        : type(get<std::uint8_t>(bytes.data()))
        , wrong(get<std::uint8_t>(bytes.data() + 1))
        , place(get<std::uint16_t>(bytes.data() + 2) % kStateSize)
        , small(get<std::uint32_t>(bytes.data() + 4))
        , large(get<std::uint64_t>(bytes.data() + 8))
    {
    }

    [[nodiscard]] RecordType recordType() const
    {
        constexpr std::array kTypes{RecordType::Armed,      RecordType::RollingBack, RecordType::Done,
                                    RecordType::RolledBack, RecordType::Extent,      RecordType::None};
        return type < 250 ? kTypes[type % kTypes.size()] : static_cast<RecordType>(small);
    }
    /// False when it is cut short: nothing comes after it.
    bool change(const JournalSalt &salt, Bytes &block) const
    {
        if ((wrong & Number) != 0)
            put(block.data() + 4, small);
        if ((wrong & Sequence) != 0)
            put(block.data() + 8, large);
        if ((wrong & Length) != 0)
            put(block.data() + 16, large);
        if ((wrong & Sums) != 0)
            put(block.data() + 24 + place % 3 * 8, large);
        if ((wrong & Before) != 0)
            put(block.data() + 48 + place % 2 * 8, large);
        if ((wrong & Stray) != 0)
            block[place] ^= static_cast<std::byte>(small);
        if ((wrong & Hash) == 0)
            put(block.data() + kStateSize - kHashSize,
                saltedHash(salt, {std::span(block).first(kStateSize - kHashSize)}));
        else
            put(block.data() + kStateSize - kHashSize + place % 2 * 8, large);
        if ((wrong & Cut) != 0)
            block.resize(place);
        return (wrong & Cut) == 0;
    }

    std::uint8_t type;
    unsigned wrong;
    std::size_t place;
    std::uint32_t small;
    std::uint64_t large;
};

/// Gives the records of a journal the hashes they ought to have.
class Sealer {
public:
    explicit Sealer(Bytes &journal)
        : m_journal(journal)
    {
    }

    /// False when not even the header can be sealed.
    bool seal(unsigned mode)
    {
        if (m_journal.size() < kHeaderFixed)
            return false;
        const auto length = headerLength(m_journal);
        if (!length || *length > m_journal.size())
            return false;
        std::copy_n(m_journal.begin() + 32, m_salt.size(), m_salt.begin());
        put(at(*length - kHashSize), saltedHash(m_salt, {part(0, *length - kHashSize)}));
        sealRecords(*length);
        putNewHashes();
        sealRecords(*length);
        if ((mode & 16U) != 0)
            appendHostileStates();
        else if ((mode & 2U) != 0)
            appendStates(mode);
        return true;
    }

    /// What the states that were appended come to; nothing when none were, or nothing that is known of them.
    [[nodiscard]] std::optional<JournalState> state() const { return m_state; }

private:
    [[nodiscard]] std::byte *at(std::size_t offset) { return m_journal.data() + offset; }
    [[nodiscard]] std::span<const std::byte> part(std::size_t from, std::size_t length) const
    {
        return std::span(m_journal).subspan(from, length);
    }

    void sealRecords(std::size_t from)
    {
        m_extents.clear();
        m_records = 0;
        m_running = getHash(at(from - kHashSize));
        m_end = from;
        while (m_journal.size() - m_end >= kPatternHead) {
            const RecordStart start = RecordStart::decode(at(m_end));
            if (start.length > m_journal.size() - m_end || start.length < kPatternHead
                || (start.type == RecordType::Extent ? !sealExtent(start)
                                                     : start.type != RecordType::Pattern || !sealPattern(start)))
                return;
            m_end += static_cast<std::size_t>(start.length);
            ++m_records;
        }
    }

    bool sealPattern(const RecordStart &start)
    {
        const Hash128 hash
            = saltedHash(m_salt,
                         {part(m_end, kPatternFixed),
                          part(m_end + kPatternHead, static_cast<std::size_t>(start.length) - kPatternHead)});
        put(at(m_end + kPatternFixed), hash);
        chain(hash);
        return true;
    }

    bool sealExtent(const RecordStart &start)
    {
        if (start.length < kExtentHead)
            return false;
        const ExtentHead head = ExtentHead::decode(at(m_end));
        if (head.literalLength > start.length || head.unitsLength > start.length || head.recordLength() != start.length)
            return false;
        const auto old = static_cast<std::size_t>(start.length - paddedTo8(head.unitsLength));
        put(at(m_end + 48), saltedHash(m_salt, {part(m_end + old, static_cast<std::size_t>(head.unitsLength))}));
        const Hash128 hash
            = saltedHash(m_salt, {part(m_end, kExtentFixed), part(m_end + kExtentHead, old - kExtentHead)});
        put(at(m_end + kExtentFixed), hash);
        chain(hash);
        m_extents.push_back(m_end);
        return true;
    }

    void chain(const Hash128 &hash)
    {
        std::array<std::byte, 2 * kHashSize> both;
        put(both.data(), m_running);
        put(both.data() + kHashSize, hash);
        m_running = saltedHash(m_salt, {both});
    }

    /// What the units come to is known once the reader has made sense of the segments.
    void putNewHashes()
    {
        m_sums = {};
        BytesFile file(m_journal);
        auto reader = JournalReader::open(file, "sealed");
        for (const std::size_t extentAt : m_extents) {
            if (!reader)
                return;
            const auto extent = reader->next(JournalReader::Want::OldAndNew);
            if (!extent || !*extent)
                return;
            Bytes content((*extent)->old.begin(), (*extent)->old.end());
            applySegments(**extent, content);
            for (const JournalSegment &segment : (*extent)->segments)
                m_sums.newBytes += segment.range.length();
            ++m_sums.extents;
            m_sums.unitBytes += content.size();
            put(at(extentAt + 64), saltedHash(m_salt, {content}));
        }
    }

    void appendStates(unsigned mode)
    {
        m_journal.resize(m_end);
        m_journal.resize((m_end + kStateSize - 1) / kStateSize * kStateSize);
        m_sums.before = m_running;
        m_state = JournalState::Unarmed;
        append(RecordType::Armed);
        if ((mode & 4U) != 0)
            append(RecordType::RollingBack);
        if ((mode & 8U) != 0)
            append(RecordType::Done);
    }

    void appendHostileStates()
    {
        const Bytes script(m_journal.begin() + static_cast<std::ptrdiff_t>(m_end), m_journal.end());
        m_journal.resize(m_end);
        m_journal.resize((m_end + kStateSize - 1) / kStateSize * kStateSize);
        m_sums.before = m_running;
        m_state = JournalState::Unarmed;
        bool right = true;
        for (std::size_t at = 0; right && script.size() - at >= Hostile::kSize; at += Hostile::kSize) {
            const Hostile hostile(std::span(script).subspan(at, Hostile::kSize));
            right = append(hostile.recordType(), &hostile);
        }
    }

    /// False when nothing more belongs there. A record that is not as it ought to be ends the states; what is appended after it is not part of the journal.
    bool append(RecordType type, const Hostile *hostile = nullptr)
    {
        Bytes block(kStateSize);
        m_sums.type = type;
        m_sums.sequence = m_records++;
        const Hash128 hash = m_sums.encode(m_salt, std::span(block).first<kStateSize>());
        const Bytes meant = block;
        const bool whole = hostile == nullptr || hostile->change(m_salt, block);
        m_journal.insert(m_journal.end(), block.begin(), block.end());
        const auto state = stateOf(type);
        m_followed = m_followed && block == meant && state && mayFollow(*m_state, *state);
        if (m_followed)
            m_state = state;
        m_sums = {};
        m_sums.before = hash;
        return whole;
    }

    Bytes &m_journal;
    JournalSalt m_salt{};
    std::vector<std::size_t> m_extents; ///< where they begin
    std::uint64_t m_records = 0;
    std::size_t m_end = 0; ///< of the records
    Hash128 m_running{};
    StateRecord m_sums;
    std::optional<JournalState> m_state;
    bool m_followed = true; ///< each state record so far
};

/// Reads all extents; what they come to.
JournalSummary readAll(JournalReader &reader, JournalReader::Want want)
{
    JournalSummary sums;
    reader.rewind();
    for (;;) {
        const auto extent = reader.next(want);
        if (!extent || !*extent) {
            sums.state = extent ? JournalState::Done : JournalState::Unarmed;
            return sums;
        }
        const ByteRange units = (*extent)->units;
        require(!units.empty() && units.end().value() <= reader.header().before.size);
        ++sums.extents;
        sums.unitBytes += units.length();
        for (const JournalSegment &segment : (*extent)->segments) {
            require(units.contains(segment.range) && !segment.range.empty());
            sums.newBytes += segment.range.length();
        }
        if (want == JournalReader::Want::OldAndNew) {
            Bytes content((*extent)->old.begin(), (*extent)->old.end());
            require(content.size() == units.length());
            applySegments(**extent, content);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    Bytes journal(size - 1);
    if (!journal.empty())
        std::memcpy(journal.data(), data + 1, journal.size());
    const unsigned mode = data[0];
    Sealer sealer(journal);
    if ((mode & 1U) != 0 && !sealer.seal(mode))
        return 0;
    BytesFile file(journal);
    auto reader = JournalReader::open(file, "fuzzed");
    if (!reader)
        return 0;
    const auto summary = reader->validate();
    require(!summary || !sealer.state() || summary->state == *sealer.state());
    for (const auto want : {JournalReader::Want::NewOnly, JournalReader::Want::OldAndNew}) {
        const JournalSummary sums = readAll(*reader, want);
        if (!summary)
            continue;
        require(sums.state == JournalState::Done); // all of it was read
        require(sums.extents == summary->extents && sums.unitBytes == summary->unitBytes
                && sums.newBytes == summary->newBytes);
    }
    return 0;
}
