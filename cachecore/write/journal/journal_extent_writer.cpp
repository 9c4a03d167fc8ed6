// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_extent_writer.h"

#include <array>

namespace cachecore::journal {

namespace {

constexpr std::size_t kScratchBytes = std::size_t{64} << 10;

std::span<const std::byte> zeros(std::uint64_t count)
{
    static constexpr std::array<std::byte, 8> kZeros{};
    return std::span(kZeros).first(static_cast<std::size_t>(count));
}

/// The entry of a segment that stays a rule: a generator whose numbers the format can hold.
std::optional<SegmentEntry> generatedEntry(SegmentEntry entry, const Piece &piece)
{
    const Generator &generator = piece.generator();
    entry.kind = generator.kind == Generator::Kind::Random ? SegmentEntry::Kind::Random : SegmentEntry::Kind::Increment;
    entry.width = generator.width;
    entry.phase = piece.phase;
    entry.seed = generator.seed;
    entry.step = generator.step;
    return entry.plausible() ? std::optional(entry) : std::nullopt;
}

} // namespace

ExtentWriter::ExtentWriter(JournalSink &sink)
    : m_sink(sink)
{
}

void ExtentWriter::start(const JournalSalt &salt, const Hash128 &headerHash)
{
    m_scratch.resize(kScratchBytes);
    m_hasher.setSalt(salt);
    m_sums.hash = headerHash;
}

Result<std::uint64_t> ExtentWriter::write(ByteRange units, std::span<const std::byte> old,
                                          std::span<const JournalSegment> segments)
{
    Extent extent{units, old, segments};
    if (auto done = makeTable(extent); !done)
        return failure(done.error());
    ExtentHead head;
    std::uint64_t newBytes = 0;
    for (const SegmentEntry &entry : m_table) {
        head.literalLength += entry.kind == SegmentEntry::Kind::Literal ? entry.length : 0;
        newBytes += entry.length;
    }
    head.unitsBegin = units.begin().value();
    head.unitsLength = units.length();
    head.start = {RecordType::Extent, static_cast<std::uint32_t>(m_table.size()), m_sums.records, 0};
    head.start.length = head.recordLength();
    m_hasher.begin();
    m_hasher.add(old);
    head.oldHash = m_hasher.end();
    head.newHash = hashOfNew(extent);
    const std::uint64_t oldAt = m_sink.at() + head.recordLength() - paddedTo8(units.length());
    if (auto done = writeRecord(extent, head); !done)
        return failure(done.error());
    ++m_sums.extents;
    m_sums.unitBytes += units.length();
    m_sums.newBytes += newBytes;
    return oldAt;
}

/// Fills m_table and m_asLiteral, and writes the patterns that the extent needs first.
Result<void> ExtentWriter::makeTable(Extent &extent)
{
    m_table.clear();
    m_asLiteral.clear();
    for (std::uint32_t i = 0; i < extent.segments.size(); ++i) {
        if (m_table.size() > kJournalMostSegments)
            break;
        if (auto done = addEntry(extent.segments[i]); !done)
            return done;
        if (m_table.back().kind == SegmentEntry::Kind::Literal)
            m_asLiteral.push_back(i);
    }
    if (m_table.size() > kJournalMostSegments) {
        extent.flat = {extent.segments.front().range.begin(), extent.segments.back().range.end()};
        m_table.assign(1, {extent.flat.begin().value(), extent.flat.length()});
    }
    return {};
}

Result<void> ExtentWriter::addEntry(const JournalSegment &segment)
{
    const Piece &piece = segment.piece;
    SegmentEntry entry{segment.range.begin().value(), segment.range.length()};
    if (piece.kind == Piece::Kind::Pattern) {
        const auto number = patternNumber(piece, entry.length);
        if (!number)
            return failure(number.error());
        if (*number) {
            entry.kind = SegmentEntry::Kind::Pattern;
            entry.pattern = **number;
            entry.phase = piece.phase % piece.bytes()->size();
        }
    } else if (piece.kind == Piece::Kind::Generated) {
        entry = generatedEntry(entry, piece).value_or(entry);
    }
    if (entry.kind == SegmentEntry::Kind::Literal && !m_table.empty()) {
        SegmentEntry &last = m_table.back();
        if (last.kind == SegmentEntry::Kind::Literal && last.begin + last.length == entry.begin) {
            last.length += entry.length;
            return {};
        }
    }
    m_table.push_back(entry);
    return {};
}

/// The number of the piece's pattern, written now if it was not yet; nothing when it is better or has to be written as literal bytes.
Result<std::optional<std::uint32_t>> ExtentWriter::patternNumber(const Piece &piece, std::uint64_t length)
{
    if (const auto number = m_patterns.find(piece.bytes()))
        return number;
    const std::uint64_t size = piece.bytes()->size();
    if (size > kJournalMostPattern || size > length || !m_patterns.hasRoomFor(size))
        return std::optional<std::uint32_t>();
    const std::uint32_t number = m_patterns.add(piece.bytes());
    if (auto done = writePattern(number, piece.bytes()); !done)
        return failure(done.error());
    return std::optional(number);
}

Result<void> ExtentWriter::writePattern(std::uint32_t number, const SharedBytes &bytes)
{
    const std::uint64_t padding = paddedTo8(bytes->size()) - bytes->size();
    std::array<std::byte, kPatternHead> head;
    RecordStart{RecordType::Pattern, number, m_sums.records, kPatternHead + bytes->size() + padding}.encode(
        head.data());
    put(head.data() + kRecordStart, std::uint64_t{bytes->size()});
    m_hasher.begin();
    m_hasher.add(std::span(head).first(kPatternFixed));
    m_hasher.add(*bytes);
    m_hasher.add(zeros(padding));
    const Hash128 hash = m_hasher.end();
    put(head.data() + kPatternFixed, hash);
    m_sums.hash = m_hasher.chained(m_sums.hash, hash);
    ++m_sums.records;
    (void)m_sink.put(head);
    (void)m_sink.put(*bytes);
    return m_sink.put(zeros(padding));
}

Hash128 ExtentWriter::hashOfNew(const Extent &extent)
{
    std::optional<PatternHashes::Key> key;
    const SegmentEntry &first = m_table.front();
    if (first.kind == SegmentEntry::Kind::Pattern && first.length == extent.units.length()) {
        key = PatternHashes::Key{first.phase, first.length, first.pattern};
        if (const auto known = m_patternHashes.find(*key))
            return *known;
    }
    m_hasher.begin();
    forEachNewByte(extent.units, extent.units, extent.old, extent.segments, m_scratch,
                   [this](std::span<const std::byte> bytes) { m_hasher.add(bytes); });
    const Hash128 hash = m_hasher.end();
    if (key)
        m_patternHashes.remember(*key, hash);
    return hash;
}

template <typename Sink>
void ExtentWriter::forEachLiteral(const Extent &extent, Sink &&sink)
{
    if (!extent.flat.empty()) {
        forEachNewByte(extent.units, extent.flat, extent.old, extent.segments, m_scratch, sink);
        return;
    }
    for (const std::uint32_t index : m_asLiteral) {
        const JournalSegment &segment = extent.segments[index];
        forEachPieceByte(segment.piece, 0, segment.range.length(), m_scratch, sink);
    }
}

Hash128 ExtentWriter::hashOfRecord(const Extent &extent, std::span<const std::byte> fixed, std::uint64_t padding)
{
    std::array<std::byte, kSegmentSize> encoded;
    m_hasher.begin();
    m_hasher.add(fixed);
    for (const SegmentEntry &entry : m_table) {
        entry.encode(encoded.data());
        m_hasher.add(encoded);
    }
    forEachLiteral(extent, [this](std::span<const std::byte> bytes) { m_hasher.add(bytes); });
    m_hasher.add(zeros(padding));
    return m_hasher.end();
}

Result<void> ExtentWriter::writeRecord(const Extent &extent, const ExtentHead &head)
{
    std::array<std::byte, kExtentHead> fixed;
    head.encode(fixed.data());
    const std::uint64_t padding = paddedTo8(head.literalLength) - head.literalLength;
    const Hash128 hash = hashOfRecord(extent, std::span(fixed).first(kExtentFixed), padding);
    put(fixed.data() + kExtentFixed, hash);
    m_sums.hash = m_hasher.chained(m_sums.hash, hash);
    ++m_sums.records;

    // The sink keeps its first failure; what is put after it goes nowhere.
    (void)m_sink.put(fixed);
    std::array<std::byte, kSegmentSize> encoded;
    for (const SegmentEntry &entry : m_table) {
        entry.encode(encoded.data());
        (void)m_sink.put(encoded);
    }
    forEachLiteral(extent, [this](std::span<const std::byte> bytes) { (void)m_sink.put(bytes); });
    (void)m_sink.put(zeros(padding));
    (void)m_sink.put(extent.old);
    return m_sink.put(zeros(paddedTo8(extent.old.size()) - extent.old.size()));
}

} // namespace cachecore::journal
