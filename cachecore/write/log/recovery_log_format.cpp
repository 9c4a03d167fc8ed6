// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovery_log_format.h"

#include "cachecore/write/journal/protocol_step.h"

#include <algorithm>
#include <cassert>

namespace cachecore::recovery_log {

namespace {

Hash128 storedHash(std::span<const std::byte> bytes)
{
    return Unpacker(bytes).hash();
}

} // namespace

Packer &Packer::fingerprint(const SourceFingerprint &fingerprint)
{
    return number(fingerprint.size)
        .number(fingerprint.modifiedNs)
        .number(fingerprint.changedNs)
        .number(fingerprint.sampleHash);
}

std::span<const std::byte> Unpacker::bytes(std::size_t count)
{
    if (count > m_rest.size()) {
        m_failed = true;
        return {};
    }
    const auto taken = m_rest.first(count);
    m_rest = m_rest.subspan(count);
    return taken;
}

Hash128 Unpacker::hash()
{
    const auto low = number<std::uint64_t>();
    return {low, number<std::uint64_t>()};
}

SourceFingerprint Unpacker::fingerprint()
{
    SourceFingerprint result;
    result.size = number<std::uint64_t>();
    result.modifiedNs = number<std::int64_t>();
    result.changedNs = number<std::int64_t>();
    result.sampleHash = number<std::uint64_t>();
    return result;
}

ByteRange Unpacker::range()
{
    const auto begin = number<std::uint64_t>();
    const auto length = number<std::uint64_t>();
    const auto range = ByteRange::make(begin, length);
    m_failed = m_failed || !range || range->empty();
    return range.value_or(ByteRange());
}

std::vector<std::byte> encodeHeader(const RecoveryLogHeader &header)
{
    assert(header.identity.kind.size() <= kMostName && header.sourcePath.size() <= kMostName);
    std::vector<std::byte> bytes;
    const std::size_t names = header.identity.kind.size() + header.sourcePath.size();
    const std::size_t padding = (8 - names % 8) % 8;
    Packer packer(bytes);
    packer.text(kMagic)
        .number(kVersion)
        .number(static_cast<std::uint32_t>(kFixedHeader + names + padding + kHashSize))
        .bytes(header.salt)
        .number(header.createdNs)
        .number(header.identity.a)
        .number(header.identity.b)
        .fingerprint(header.fingerprint)
        .number(static_cast<std::uint32_t>(header.identity.kind.size()))
        .number(static_cast<std::uint32_t>(header.sourcePath.size()))
        .text(header.identity.kind)
        .text(header.sourcePath);
    bytes.resize(bytes.size() + padding);
    packer.hash(saltedHash(header.salt, {bytes}));
    return bytes;
}

Result<DecodedHeader> decodeHeader(std::span<const std::byte> bytes)
{
    const auto damaged = failure(ErrorCode::Damaged, Operation::Journal);
    Unpacker fixed(bytes.first(std::min(bytes.size(), kFixedHeader)));
    const auto magic = fixed.bytes(kMagic.size());
    if (fixed.failed() || !std::ranges::equal(magic, std::as_bytes(std::span(kMagic))))
        return damaged;
    const auto version = fixed.number<std::uint32_t>();
    if (!fixed.failed() && version > kVersion)
        return failure(ErrorCode::NewerVersion, Operation::Journal);
    DecodedHeader result;
    result.size = fixed.number<std::uint32_t>();
    std::ranges::copy(fixed.bytes(result.header.salt.size()), result.header.salt.begin());
    result.header.createdNs = fixed.number<std::int64_t>();
    result.header.identity.a = fixed.number<std::uint64_t>();
    result.header.identity.b = fixed.number<std::uint64_t>();
    result.header.fingerprint = fixed.fingerprint();
    const std::size_t kind = fixed.number<std::uint32_t>();
    const std::size_t path = fixed.number<std::uint32_t>();
    const std::size_t names = kind + path;
    if (fixed.failed() || version != kVersion || kind > kMostName || path > kMostName
        || result.size != kFixedHeader + (names + 7) / 8 * 8 + kHashSize || result.size > bytes.size())
        return damaged;
    const std::size_t hashed = result.size - kHashSize;
    if (storedHash(bytes.subspan(hashed, kHashSize)) != saltedHash(result.header.salt, {bytes.first(hashed)}))
        return damaged;
    const auto text = [&](std::size_t at, std::size_t length) {
        return std::string(reinterpret_cast<const char *>(bytes.data() + at), length);
    };
    result.header.identity.kind = text(kFixedHeader, kind);
    result.header.sourcePath = text(kFixedHeader + kind, path);
    return result;
}

void closeRecord(std::vector<std::byte> &bytes, RecordKind kind, RecordPlace place, const JournalSalt &salt)
{
    const std::size_t payload = bytes.size() - kRecordHead;
    assert(payload <= kMostPayload);
    std::byte *const head = bytes.data();
    little_endian::put(head, static_cast<std::uint16_t>(kind));
    little_endian::put(head + 2, std::uint16_t{0});
    little_endian::put(head + 4, static_cast<std::uint32_t>(payload));
    little_endian::put(head + 8, place.state);
    little_endian::put(head + 16, place.number);
    bytes.resize(kRecordHead + (payload + 7) / 8 * 8);
    Packer(bytes).hash(saltedHash(salt, {bytes}));
}

std::optional<RecordHead> decodeHead(std::span<const std::byte> bytes)
{
    Unpacker unpacker(bytes);
    const auto kind = unpacker.number<std::uint16_t>();
    const auto zero = unpacker.number<std::uint16_t>();
    RecordHead head;
    head.payload = unpacker.number<std::uint32_t>();
    head.place.state = unpacker.number<std::uint64_t>();
    head.place.number = unpacker.number<std::uint64_t>();
    if (unpacker.failed() || kind < static_cast<std::uint16_t>(RecordKind::Erase)
        || kind > static_cast<std::uint16_t>(RecordKind::State) || zero != 0 || head.payload > kMostPayload)
        return std::nullopt;
    head.kind = static_cast<RecordKind>(kind);
    return head;
}

bool isWhole(std::span<const std::byte> record, const JournalSalt &salt)
{
    const std::size_t hashed = record.size() - kHashSize;
    return storedHash(record.subspan(hashed)) == saltedHash(salt, {record.first(hashed)})
        || leftOut(ProtocolStep::LogComparesRecord);
}

} // namespace cachecore::recovery_log
