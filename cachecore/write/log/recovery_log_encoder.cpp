// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_encoder.h"

#include "cachecore/base/retried_call.h"

#include <algorithm>

namespace cachecore::recovery_log {

namespace {

/// Calls `each(part)` for the stretches of at most `step` bytes that `range` falls into, until it returns an error.
template <typename Each>
Result<void> inParts(ByteRange range, std::uint64_t step, const Each &each)
{
    for (ByteOffset at = range.begin(); at < range.end();) {
        const ByteOffset end = range.end() - at <= step ? range.end() : at + step;
        if (auto done = each(ByteRange(at, end)); !done)
            return done;
        at = end;
    }
    return {};
}

} // namespace

Result<void> Sink::put(std::span<const std::byte> bytes)
{
    if (bytes.size() > m_limit || m_end > m_limit - bytes.size())
        return failure(ErrorCode::NoSpace, Operation::Journal);
    m_end += bytes.size();
    if (!m_file)
        return {};
    m_buffer.insert(m_buffer.end(), bytes.begin(), bytes.end());
    return m_buffer.size() < kBuffer ? Result<void>() : flush();
}

Result<void> Sink::flush()
{
    std::span<const std::byte> rest(m_buffer);
    while (!rest.empty()) {
        const auto put = retriedWhenInterrupted(
            [&] { return m_file->pwritev(ByteOffset(m_end - rest.size()), std::span(&rest, 1)); });
        if (!put)
            return failure(put.error());
        if (*put == 0)
            return failure(ErrorCode::Io, Operation::Write);
        rest = rest.subspan(*put);
    }
    m_buffer.clear();
    return {};
}

Encoder::Encoder(Env &env, const JournalSalt &salt)
    : m_env(env)
    , m_salt(salt)
{
}

Packer Encoder::record()
{
    m_record.assign(kRecordHead, std::byte{0});
    return Packer(m_record);
}

Packer Encoder::record(ByteRange range)
{
    return record().number(range.begin().value()).number(range.length());
}

Result<void> Encoder::close(RecordKind kind)
{
    if (m_sink->counts())
        m_record.resize(static_cast<std::size_t>(recordSize(m_record.size() - kRecordHead)));
    else
        closeRecord(m_record, kind, m_place, m_salt);
    ++m_place.number;
    return m_sink->put(m_record);
}

Result<void> Encoder::state(Sink &sink, const StagedEdits &older, const StagedEdits &newer,
                            std::span<const CommittedTransaction> committed)
{
    m_sink = &sink;
    Result<void> outcome;
    newer.forEachPieceChange(older, [&](ByteRange range, const Piece *now) {
        if (!now && !m_erased.empty() && m_erased.end() == range.begin()) {
            m_erased = ByteRange(m_erased.begin(), range.end());
            return true;
        }
        outcome = erased();
        if (outcome && now)
            outcome = piece(range, *now);
        else if (outcome)
            m_erased = range;
        return outcome.has_value();
    });
    if (outcome)
        outcome = erased();
    if (!outcome)
        return outcome;
    newer.forEachBaseChange(older, [&](ByteRange range, const Base *now) {
        if (now)
            outcome = base(range, *now);
        return outcome.has_value();
    });
    for (const CommittedTransaction &transaction : committed) {
        if (!outcome)
            return outcome;
        record().bytes(transaction.id).fingerprint(transaction.fingerprint);
        outcome = close(RecordKind::Committed);
    }
    if (!outcome)
        return outcome;
    record().number(newer.byteCount());
    if (outcome = close(RecordKind::State); !outcome)
        return outcome;
    ++m_place.state;
    return sink.flush();
}

Result<void> Encoder::erased()
{
    if (m_erased.empty())
        return {};
    record(m_erased);
    m_erased = {};
    return close(RecordKind::Erase);
}

Result<void> Encoder::piece(ByteRange range, const Piece &piece)
{
    switch (piece.kind) {
    case Piece::Kind::Literal:
        return literal(range, piece);
    case Piece::Kind::Pattern:
        return pattern(range, piece);
    case Piece::Kind::Generated:
        record(range)
            .number(piece.phase)
            .number(piece.generator().seed)
            .number(piece.generator().step)
            .number(static_cast<std::uint8_t>(piece.generator().kind))
            .number(piece.generator().width);
        return close(RecordKind::Generated);
    case Piece::Kind::External:
        return external(range, piece);
    }
    return {};
}

Result<void> Encoder::literal(ByteRange range, const Piece &piece)
{
    return inParts(range, kMostBytes, [&](ByteRange part) {
        record(part).bytes(piece.literal(part.begin() - range.begin(), part.length()));
        return close(RecordKind::Literal);
    });
}

Result<void> Encoder::pattern(ByteRange range, const Piece &piece)
{
    const auto id = blobOf(piece.bytes());
    if (!id)
        return failure(id.error());
    record(range).number(*id).number(piece.phase);
    return close(RecordKind::Pattern);
}

Result<void> Encoder::external(ByteRange range, const Piece &piece)
{
    const auto origin = piece.external()->origin();
    if (!origin)
        return copied(range, piece);
    const auto id = fileOf(piece.external(), *origin);
    if (!id)
        return failure(id.error());
    record(range).number(*id).number(piece.phase);
    return close(RecordKind::Imported);
}

Result<void> Encoder::copied(ByteRange range, const Piece &piece)
{
    return inParts(range, kMostBytes, [&](ByteRange part) -> Result<void> {
        record(part);
        const std::size_t at = m_record.size();
        m_record.resize(at + static_cast<std::size_t>(part.length()));
        if (!m_sink->counts()) {
            if (auto read = piece.readTo(part.begin() - range.begin(), std::span(m_record).subspan(at)); !read)
                return read;
        }
        return close(RecordKind::Literal);
    });
}

Result<void> Encoder::base(ByteRange range, const Base &base)
{
    switch (base.kind) {
    case Base::Kind::Unseen:
        record(range);
        return close(RecordKind::BaseUnseen);
    case Base::Kind::SeenBytes:
        return seenBytes(range, base);
    case Base::Kind::SeenHashes:
        return seenHashes(range, base);
    }
    return {};
}

Result<void> Encoder::seenBytes(ByteRange range, const Base &base)
{
    return inParts(range, kMostBytes, [&](ByteRange part) {
        const std::uint64_t skip = base.skip + (part.begin() - range.begin());
        record(part).bytes(
            base.bytes().subspan(static_cast<std::size_t>(skip), static_cast<std::size_t>(part.length())));
        return close(RecordKind::BaseBytes);
    });
}

// One block less than the record has room for, because a range may begin and end inside of blocks.
Result<void> Encoder::seenHashes(ByteRange range, const Base &base)
{
    constexpr std::uint64_t kStep = (kMostBytes / kHashSize - 1) * Base::kBaseBlock;
    const ByteOffset firstBlock = range.begin().alignedDown(Base::kBaseBlock);
    const std::uint64_t firstHash = base.skip / Base::kBaseBlock;
    return inParts(range, kStep, [&](ByteRange part) {
        const ByteRange blocks = baseBlocks(part);
        Packer packer = record(part);
        for (std::uint64_t at = blocks.begin().value(); at < part.end().value(); at += Base::kBaseBlock) {
            const std::uint64_t index = firstHash + (at - firstBlock.value()) / Base::kBaseBlock;
            packer.hash(base.hashes()[static_cast<std::size_t>(index)]);
        }
        return close(RecordKind::BaseHashes);
    });
}

Result<std::uint64_t> Encoder::blobOf(const SharedBytes &bytes)
{
    auto &known = m_blobs[bytes.get()];
    if (!known.thing.expired())
        return known.id;
    const std::uint64_t id = m_nextId++;
    for (std::size_t at = 0; at < bytes->size(); at += kMostBytes) {
        record().number(id).number(std::uint64_t{bytes->size()}).number(std::uint64_t{at});
        Packer(m_record).bytes(std::span(*bytes).subspan(at, std::min(kMostBytes, bytes->size() - at)));
        if (auto done = close(RecordKind::Blob); !done)
            return failure(done.error());
    }
    known = {bytes, id};
    return id;
}

// The path is made one that holds wherever the reader is started.
Result<std::uint64_t> Encoder::fileOf(const std::shared_ptr<const ExternalBytes> &external,
                                      const ExternalOrigin &origin)
{
    auto &known = m_files[external.get()];
    if (!known.thing.expired())
        return known.id;
    const std::uint64_t id = m_nextId++;
    const auto real = m_env.realPath(origin.path);
    const std::string &path = real ? *real : origin.path;
    if (path.size() > kMostName)
        return failure(ErrorCode::InvalidArgument, Operation::Journal, {}, path);
    record().number(id).fingerprint(origin.fingerprint).text(path);
    if (auto done = close(RecordKind::File); !done)
        return failure(done.error());
    known = {external, id};
    return id;
}

} // namespace cachecore::recovery_log
