// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_extent_reader.h"

#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <utility>

namespace cachecore::journal {

namespace {

constexpr std::size_t kScratchBytes = std::size_t{64} << 10;
constexpr std::size_t kAheadOfMany = JournalWindow::kRoom;  ///< small extents come many at once, with their old bytes
constexpr std::size_t kAheadOfOld = std::size_t{128} << 10; ///< of large ones, which are hardly moved
constexpr std::size_t kAheadOfNew = 1024;                   ///< the same where their old bytes are passed over
constexpr std::uint64_t kSmallRecord = std::uint64_t{64} << 10;

SharedBytes copyOf(std::span<const std::byte> bytes)
{
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

} // namespace

ExtentReader::ExtentReader(EnvFile &file, std::string path, std::uint64_t fileSize)
    : m_window(file, path)
    , m_path(std::move(path))
    , m_fileSize(fileSize)
    , m_scratch(kScratchBytes)
    , m_literals(std::make_shared<std::vector<std::byte>>())
{
}

void ExtentReader::start(const JournalHeader &header, std::uint64_t length, const Hash128 &headerHash)
{
    m_segments.clear();
    m_patterns.clear();
    m_patternBytes = 0;
    m_patternHashes.clear();
    m_header = header;
    m_hasher.setSalt(header.salt);
    m_at = length;
    m_sequence = 0;
    m_hash = headerHash;
    m_lastEnd = ByteOffset(0);
    m_lastLength = kSmallRecord;
}

std::unexpected<Error> ExtentReader::damaged(std::uint64_t at, std::uint64_t length) const
{
    const std::uint64_t inside = std::min(length, m_fileSize - std::min(at, m_fileSize));
    return failure(ErrorCode::Damaged, Operation::Journal, ByteRange::make(at, inside), m_path);
}

/// How much to read at once for the next record: the last one tells what the others are like. Many small ones are read as a whole, because old bytes that are
/// passed over cost less than a call to pass over them.
std::size_t ExtentReader::ahead(Depth depth) const
{
    if (m_lastLength < kSmallRecord)
        return kAheadOfMany;
    return depth == Depth::NewOnly ? kAheadOfNew : kAheadOfOld;
}

Result<std::optional<JournalExtent>> ExtentReader::next(Depth depth)
{
    for (;;) {
        const std::size_t ahead = this->ahead(depth);
        const auto start = nextStart(ahead);
        if (!start)
            return failure(start.error());
        if (!*start)
            return std::optional<JournalExtent>();
        if ((*start)->type == RecordType::Extent) {
            auto extent = readExtent(**start, depth, ahead);
            if (!extent)
                return failure(extent.error());
            return std::optional(*extent);
        }
        if (auto done = readPattern(**start); !done)
            return failure(done.error());
    }
}

/// The start of the record at m_at; nothing at the end of the records: there the file ends, zeros fill up, or ARMED stands.
Result<std::optional<RecordStart>> ExtentReader::nextStart(std::size_t ahead)
{
    const std::uint64_t left = m_fileSize - std::min(m_at, m_fileSize);
    if (left < kRecordStart) {
        const auto rest = m_window.view(m_at, static_cast<std::size_t>(left), static_cast<std::size_t>(left));
        if (!rest)
            return failure(rest.error());
        if (!allZero(*rest))
            return damaged(m_at, left);
        return std::optional<RecordStart>();
    }
    const auto bytes
        = m_window.view(m_at, kRecordStart, static_cast<std::size_t>(std::min<std::uint64_t>(left, ahead)));
    if (!bytes)
        return failure(bytes.error());
    const RecordStart start = RecordStart::decode(bytes->data());
    if (start.type == RecordType::None || (start.type == RecordType::Armed && m_at % kStateSize == 0))
        return std::optional<RecordStart>();
    if ((start.type != RecordType::Pattern && start.type != RecordType::Extent) || start.sequence != m_sequence
        || start.length > left)
        return damaged(m_at,
                       start.type == RecordType::Pattern || start.type == RecordType::Extent ? start.length
                                                                                             : kRecordStart);
    return std::optional(start);
}

void ExtentReader::passed(std::uint64_t length, const Hash128 &hash)
{
    m_hash = m_hasher.chained(m_hash, hash);
    m_at += length;
    m_lastLength = length;
    ++m_sequence;
}

Result<void> ExtentReader::readPattern(const RecordStart &start)
{
    constexpr std::uint64_t kMost = kPatternHead + kJournalMostPattern;
    if (start.number != m_patterns.size() || start.number >= kJournalMostPatterns || start.length < kPatternHead
        || start.length > kMost)
        return damaged(m_at, start.length);
    const auto length = static_cast<std::size_t>(start.length);
    const auto bytes = m_window.view(m_at, length, length);
    if (!bytes)
        return failure(bytes.error());
    const auto size = get<std::uint64_t>(bytes->data() + kRecordStart);
    if (size == 0 || size > kJournalMostPattern || start.length != kPatternHead + paddedTo8(size)
        || size > kJournalMostPatternBytes - m_patternBytes)
        return damaged(m_at, start.length);
    m_hasher.begin();
    m_hasher.add(bytes->first(kPatternFixed));
    m_hasher.add(bytes->subspan(kPatternHead));
    const Hash128 hash = m_hasher.end();
    const auto content = bytes->subspan(kPatternHead);
    if ((hash != getHash(bytes->data() + kPatternFixed) && !leftOut(ProtocolStep::JournalComparesRecord))
        || !allZero(content.subspan(static_cast<std::size_t>(size))))
        return damaged(m_at, start.length);
    m_patterns.push_back(copyOf(content.first(static_cast<std::size_t>(size))));
    m_patternBytes += size;
    passed(start.length, hash);
    return {};
}

bool ExtentReader::acceptable(const ExtentHead &head) const
{
    const std::uint64_t size = m_header.before.size;
    const std::uint64_t unit = m_header.unit;
    if (head.unitsLength == 0 || head.unitsLength > kJournalMostExtent || head.unitsBegin > size
        || head.unitsLength > size - head.unitsBegin || head.unitsBegin < m_lastEnd.value()
        || head.unitsBegin % unit != 0)
        return false;
    const std::uint64_t end = head.unitsBegin + head.unitsLength;
    return (end % unit == 0 || end == size) && head.literalLength <= head.unitsLength && head.start.number > 0
        && head.start.number <= kJournalMostSegments && head.start.length == head.recordLength();
}

Result<JournalExtent> ExtentReader::readExtent(const RecordStart &start, Depth depth, std::size_t ahead)
{
    if (start.length < kExtentHead)
        return damaged(m_at, start.length);
    const auto fixed = m_window.view(m_at, kExtentHead, kExtentHead);
    if (!fixed)
        return failure(fixed.error());
    const ExtentHead head = ExtentHead::decode(fixed->data());
    if (!acceptable(head))
        return damaged(m_at, start.length);
    const auto hash = readTable(head, ahead);
    if (!hash)
        return failure(hash.error());
    const auto old = readOld(head, depth, ahead);
    if (!old)
        return failure(old.error());
    JournalExtent extent;
    extent.units = {ByteOffset(head.unitsBegin), ByteOffset(head.unitsBegin + head.unitsLength)};
    extent.old = *old;
    extent.segments = m_segments;
    extent.oldHash = head.oldHash;
    extent.newHash = head.newHash;
    if (depth == Depth::Everything && hashOfNew(extent) != head.newHash && !leftOut(ProtocolStep::JournalComparesNew))
        return damaged(m_at, start.length);
    m_lastEnd = extent.units.end();
    passed(start.length, *hash);
    return extent;
}

/// Fills m_segments and m_literals from the record's table and literal bytes, once they have the record's hash, which is returned.
Result<Hash128> ExtentReader::readTable(const ExtentHead &head, std::size_t ahead)
{
    const auto table = static_cast<std::size_t>(head.tableLength());
    const auto length = kExtentHead + table + static_cast<std::size_t>(paddedTo8(head.literalLength));
    const std::uint64_t left = m_fileSize - m_at;
    const auto bytes
        = m_window.view(m_at, length, static_cast<std::size_t>(std::min<std::uint64_t>(left, std::max(length, ahead))));
    if (!bytes)
        return failure(bytes.error());
    m_hasher.begin();
    m_hasher.add(bytes->first(kExtentFixed));
    m_hasher.add(bytes->subspan(kExtentHead));
    const Hash128 hash = m_hasher.end();
    const auto literals = bytes->subspan(kExtentHead + table);
    const auto literalLength = static_cast<std::size_t>(head.literalLength);
    if ((hash != getHash(bytes->data() + kExtentFixed) && !leftOut(ProtocolStep::JournalComparesRecord))
        || !allZero(literals.subspan(literalLength)))
        return damaged(m_at, length);
    m_segments.clear();
    if (m_literals.use_count() > 1)
        m_literals = std::make_shared<std::vector<std::byte>>();
    m_literals->assign(literals.begin(), literals.begin() + static_cast<std::ptrdiff_t>(literalLength));
    std::uint64_t literal = 0;
    for (std::size_t i = 0; i < head.start.number; ++i) {
        const SegmentEntry entry = SegmentEntry::decode(bytes->data() + kExtentHead + i * kSegmentSize);
        if (!addSegment(entry, head, literal))
            return damaged(m_at + kExtentHead + i * kSegmentSize, kSegmentSize);
    }
    if (literal != head.literalLength)
        return damaged(m_at, length);
    return hash;
}

bool ExtentReader::addSegment(const SegmentEntry &entry, const ExtentHead &head, std::uint64_t &literal)
{
    const std::uint64_t from = m_segments.empty() ? head.unitsBegin : m_segments.back().range.end().value();
    const std::uint64_t to = head.unitsBegin + head.unitsLength;
    if (!entry.plausible() || entry.length == 0 || entry.begin < from || entry.begin > to
        || entry.length > to - entry.begin)
        return false;
    Piece piece;
    switch (entry.kind) {
    case SegmentEntry::Kind::Literal:
        if (entry.length > head.literalLength - literal)
            return false;
        piece = Piece::literalOf(m_literals);
        piece.phase = literal;
        literal += entry.length;
        break;
    case SegmentEntry::Kind::Pattern:
        if (entry.pattern >= m_patterns.size() || entry.phase >= m_patterns[entry.pattern]->size())
            return false;
        piece = Piece::patternOf(m_patterns[entry.pattern]);
        piece.phase = entry.phase;
        if (m_segments.empty())
            m_coveringPattern = entry.pattern;
        break;
    case SegmentEntry::Kind::Random:
    case SegmentEntry::Kind::Increment:
        piece = Piece::generatedOf(generatorOf(entry));
        piece.phase = entry.phase;
        break;
    }
    m_segments.push_back({{ByteOffset(entry.begin), ByteOffset(entry.begin + entry.length)}, std::move(piece)});
    return true;
}

std::shared_ptr<const Generator> ExtentReader::generatorOf(const SegmentEntry &entry)
{
    const Generator generator{entry.kind == SegmentEntry::Kind::Random ? Generator::Kind::Random
                                                                       : Generator::Kind::Increment,
                              entry.width, entry.seed, entry.step};
    if (!m_lastGenerator || *m_lastGenerator != generator)
        m_lastGenerator = std::make_shared<const Generator>(generator);
    return m_lastGenerator;
}

Result<std::span<const std::byte>> ExtentReader::readOld(const ExtentHead &head, Depth depth, std::size_t ahead)
{
    if (depth == Depth::NewOnly)
        return std::span<const std::byte>();
    const std::uint64_t padded = paddedTo8(head.unitsLength);
    const std::uint64_t at = m_at + head.recordLength() - padded;
    const auto length = static_cast<std::size_t>(padded);
    const auto bytes
        = m_window.view(at, length,
                        static_cast<std::size_t>(std::min<std::uint64_t>(m_fileSize - at, std::max(length, ahead))));
    if (!bytes)
        return failure(bytes.error());
    const auto old = bytes->first(static_cast<std::size_t>(head.unitsLength));
    m_hasher.begin();
    m_hasher.add(old);
    if ((m_hasher.end() != head.oldHash && !leftOut(ProtocolStep::JournalComparesOld))
        || (depth == Depth::Everything && !allZero(bytes->subspan(static_cast<std::size_t>(head.unitsLength)))))
        return damaged(at, padded);
    return old;
}

Hash128 ExtentReader::hashOfNew(const JournalExtent &extent)
{
    std::optional<PatternHashes::Key> key;
    const JournalSegment &first = extent.segments.front();
    if (first.piece.kind == Piece::Kind::Pattern && first.range == extent.units) {
        key = PatternHashes::Key{first.piece.phase, first.range.length(), m_coveringPattern};
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

} // namespace cachecore::journal
