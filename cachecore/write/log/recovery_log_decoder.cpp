// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_decoder.h"

#include <algorithm>
#include <utility>

namespace cachecore::recovery_log {

namespace {

bool isWidth(std::uint8_t width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

} // namespace

bool Decoder::apply(const Record &record)
{
    const Unpacker payload(record.payload);
    switch (record.kind) {
    case RecordKind::Erase: {
        Unpacker unpacker = payload;
        const ByteRange range = unpacker.range();
        m_building = m_building.without(range);
        return unpacker.atEnd();
    }
    case RecordKind::Literal:
        return literal(payload);
    case RecordKind::Blob:
        return blob(payload);
    case RecordKind::Pattern:
        return pattern(payload);
    case RecordKind::Generated:
        return generated(payload);
    case RecordKind::File:
        return file(payload);
    case RecordKind::Imported:
        return imported(payload);
    case RecordKind::BaseUnseen:
    case RecordKind::BaseBytes:
    case RecordKind::BaseHashes:
        return base(record.kind, payload);
    case RecordKind::Committed:
        return committedTransaction(payload);
    case RecordKind::State:
        return state(payload);
    }
    return false;
}

void Decoder::stage(ByteRange range, Piece piece)
{
    piece.stamp = Piece::newStamp();
    m_building = m_building.with(range, std::move(piece), {});
}

bool Decoder::literal(Unpacker payload)
{
    const ByteRange range = payload.range();
    const auto bytes = payload.rest();
    if (payload.failed() || bytes.size() != range.length())
        return false;
    stage(range, Piece::literalCopyOf(bytes));
    return true;
}

// The memory grows with what is there, not with what is announced.
bool Decoder::blob(Unpacker payload)
{
    const auto id = payload.number<std::uint64_t>();
    const auto size = payload.number<std::uint64_t>();
    const auto at = payload.number<std::uint64_t>();
    const auto bytes = payload.rest();
    if (payload.failed() || bytes.empty() || at > size || bytes.size() > size - at || m_files.contains(id))
        return false;
    Blob &blob = m_blobs[id];
    if (blob.complete || blob.building.size() != at || (at > 0 && blob.size != size))
        return false;
    blob.size = size;
    blob.building.insert(blob.building.end(), bytes.begin(), bytes.end());
    if (blob.building.size() == size)
        blob.complete = std::make_shared<const std::vector<std::byte>>(std::exchange(blob.building, {}));
    return true;
}

bool Decoder::pattern(Unpacker payload)
{
    const ByteRange range = payload.range();
    const auto id = payload.number<std::uint64_t>();
    const auto phase = payload.number<std::uint64_t>();
    const auto blob = m_blobs.find(id);
    if (!payload.atEnd() || blob == m_blobs.end() || !blob->second.complete || phase >= blob->second.size)
        return false;
    Piece piece = Piece::patternOf(blob->second.complete);
    piece.phase = phase;
    stage(range, std::move(piece));
    return true;
}

bool Decoder::generated(Unpacker payload)
{
    const ByteRange range = payload.range();
    const auto phase = payload.number<std::uint64_t>();
    Generator generator;
    generator.seed = payload.number<std::uint64_t>();
    generator.step = payload.number<std::uint64_t>();
    const auto kind = payload.number<std::uint8_t>();
    generator.width = payload.number<std::uint8_t>();
    if (!payload.atEnd() || kind > static_cast<std::uint8_t>(Generator::Kind::Increment) || !isWidth(generator.width)
        || phase > ~std::uint64_t{0} - range.length())
        return false;
    generator.kind = static_cast<Generator::Kind>(kind);
    Piece piece = Piece::generatedBy(generator);
    piece.phase = phase;
    stage(range, std::move(piece));
    return true;
}

bool Decoder::file(Unpacker payload)
{
    const auto id = payload.number<std::uint64_t>();
    ExternalOrigin origin;
    origin.fingerprint = payload.fingerprint();
    const auto path = payload.rest();
    if (payload.failed() || path.empty() || path.size() > kMostName || m_blobs.contains(id) || m_files.contains(id))
        return false;
    origin.path.assign(reinterpret_cast<const char *>(path.data()), path.size());
    m_files[id] = std::make_shared<const NamedFile>(std::move(origin));
    return true;
}

bool Decoder::imported(Unpacker payload)
{
    const ByteRange range = payload.range();
    const auto id = payload.number<std::uint64_t>();
    const auto at = payload.number<std::uint64_t>();
    const auto file = m_files.find(id);
    if (!payload.atEnd() || file == m_files.end() || at > file->second->size()
        || range.length() > file->second->size() - at)
        return false;
    stage(range, Piece::externalFrom(file->second, at));
    return true;
}

bool Decoder::base(RecordKind kind, Unpacker payload)
{
    const ByteRange range = payload.range();
    Base base;
    if (kind == RecordKind::BaseBytes) {
        const auto bytes = payload.rest();
        if (bytes.size() != range.length())
            return false;
        base = Base::ofCopyOf(bytes);
    } else if (kind == RecordKind::BaseHashes && !payload.failed()) {
        const std::uint64_t blocks
            = (range.end() - range.begin().alignedDown(Base::kBaseBlock) + Base::kBaseBlock - 1) / Base::kBaseBlock;
        if (blocks > kMostBytes / kHashSize)
            return false;
        std::vector<Hash128> hashes(static_cast<std::size_t>(blocks));
        for (Hash128 &hash : hashes)
            hash = payload.hash();
        base = Base::ofHashes(std::make_shared<const std::vector<Hash128>>(std::move(hashes)));
        base.skip = range.begin().value() % Base::kBaseBlock;
    }
    if (!payload.atEnd() || m_building.byteCountIn(range) != range.length())
        return false;
    m_building = m_building.withBase(range, std::move(base));
    return true;
}

bool Decoder::committedTransaction(Unpacker payload)
{
    CommittedTransaction transaction;
    std::ranges::copy(payload.bytes(transaction.id.size()), transaction.id.begin());
    transaction.fingerprint = payload.fingerprint();
    m_committedBuilding = transaction;
    return payload.atEnd();
}

bool Decoder::state(Unpacker payload)
{
    const auto bytes = payload.number<std::uint64_t>();
    if (!payload.atEnd() || bytes != m_building.byteCount())
        return false;
    m_state = m_building;
    m_committed = m_committedBuilding;
    ++m_states;
    return true;
}

} // namespace cachecore::recovery_log
