// SPDX-License-Identifier: GPL-3.0-or-later
#include "pack_file.h"

#include <algorithm>
#include <array>

#include <zlib.h>

namespace {

constexpr std::uint32_t kMagic = 0x5041434b; // "PACK"
constexpr unsigned kDeltaByOffset = 6;
constexpr unsigned kDeltaByName = 7;
constexpr std::uint64_t kLargestObject = std::uint64_t{1} << 30;
constexpr std::size_t kChunk = 1000; // no divisor of a page, so that pieces lie across pages

std::uint8_t byteAt(const CachedFile &file, std::uint64_t at)
{
    return file.value<std::uint8_t>(at, std::endian::little);
}

/// Ends with its scope.
struct Inflater {
    z_stream stream{};

    Inflater()
    {
        if (inflateInit(&stream) != Z_OK)
            throw ReadError("zlib does not start");
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater &) = delete;
    Inflater &operator=(const Inflater &) = delete;
};

/// The instructions of a delta, taken one after the other.
class Delta {
public:
    explicit Delta(std::span<const std::byte> bytes)
        : m_rest(bytes)
    {
    }

    [[nodiscard]] bool atEnd() const { return m_rest.empty(); }
    std::uint8_t byte()
    {
        if (m_rest.empty())
            throw ReadError("a delta ends too early");
        const auto value = static_cast<std::uint8_t>(m_rest.front());
        m_rest = m_rest.subspan(1);
        return value;
    }
    std::span<const std::byte> bytes(std::size_t count)
    {
        if (count > m_rest.size())
            throw ReadError("a delta ends too early");
        const auto taken = m_rest.first(count);
        m_rest = m_rest.subspan(count);
        return taken;
    }
    /// Seven bits a byte, the lowest first.
    std::uint64_t size()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = byte();
            value |= std::uint64_t{next & 0x7fU} << shift;
            if ((next & 0x80U) == 0)
                return value;
        }
        throw ReadError("a size in a delta is too long");
    }
    /// Of the `count` bytes of a number those that `mask` has bits for, the lowest first.
    std::uint32_t number(unsigned mask, unsigned count)
    {
        std::uint32_t value = 0;
        for (unsigned i = 0; i < count; ++i) {
            if ((mask >> i & 1U) != 0)
                value |= std::uint32_t{byte()} << (8 * i);
        }
        return value;
    }

private:
    std::span<const std::byte> m_rest;
};

std::vector<std::byte> applied(const std::vector<std::byte> &base, std::span<const std::byte> instructions)
{
    Delta delta(instructions);
    if (delta.size() != base.size())
        throw ReadError("a delta is on another object");
    const std::uint64_t size = delta.size();
    std::vector<std::byte> result;
    while (!delta.atEnd()) {
        const std::uint8_t code = delta.byte();
        if (code == 0)
            throw ReadError("a delta has an unknown instruction");
        if ((code & 0x80U) == 0) {
            const auto literal = delta.bytes(code);
            result.insert(result.end(), literal.begin(), literal.end());
            continue;
        }
        const std::uint32_t from = delta.number(code & 0xfU, 4);
        const std::uint32_t told = delta.number(code >> 4U & 7U, 3);
        const std::uint32_t count = told == 0 ? 0x10000 : told;
        if (from > base.size() || count > base.size() - from)
            throw ReadError("a delta copies what is not there");
        result.insert(result.end(), base.begin() + from, base.begin() + from + count);
    }
    if (result.size() != size)
        throw ReadError("a delta makes another size than it says");
    return result;
}

std::string typeName(unsigned kind)
{
    static const std::array<std::string, 5> kNames{"", "commit", "tree", "blob", "tag"};
    if (kind == 0 || kind >= kNames.size())
        throw ReadError("an object of an unknown kind");
    return kNames[kind];
}

} // namespace

PackFile::PackFile(const CachedFile &file, const PackIndex &index)
    : m_file(file)
    , m_index(index)
{
    if (m_file.value<std::uint32_t>(0, std::endian::big) != kMagic
        || m_file.value<std::uint32_t>(4, std::endian::big) != 2 || m_file.size() < kFirstObject + 20)
        throw ReadError("not a pack of version 2");
    m_count = m_file.value<std::uint32_t>(8, std::endian::big);
}

PackedObject PackFile::headerAt(std::uint64_t offset) const
{
    PackedObject object;
    object.offset = offset;
    std::uint8_t next = byteAt(m_file, offset++);
    object.kind = next >> 4U & 7U;
    object.size = next & 0xfU;
    for (unsigned shift = 4; (next & 0x80U) != 0; shift += 7) {
        if (shift > 57)
            throw ReadError("a size is too long");
        next = byteAt(m_file, offset++);
        object.size |= std::uint64_t{next & 0x7fU} << shift;
    }
    object.data = offset;
    if (object.kind == kDeltaByOffset)
        object.base = baseBefore(object);
    else if (object.kind == kDeltaByName)
        object.base = baseNamed(object);
    return object;
}

/// The base of a delta as a distance back: seven bits a byte, the highest first, one added at each step.
std::uint64_t PackFile::baseBefore(PackedObject &object) const
{
    std::uint8_t next = byteAt(m_file, object.data++);
    std::uint64_t distance = next & 0x7fU;
    while ((next & 0x80U) != 0) {
        if (distance >= kMagic * (std::uint64_t{1} << 20))
            throw ReadError("a distance is too long");
        next = byteAt(m_file, object.data++);
        distance = (distance + 1) << 7U | (next & 0x7fU);
    }
    if (distance == 0 || distance > object.offset - kFirstObject)
        throw ReadError("a delta is on nothing");
    return object.offset - distance;
}

std::uint64_t PackFile::baseNamed(PackedObject &object) const
{
    ObjectName name{};
    std::ranges::copy(m_file.bytes(object.data, name.size()), name.begin());
    object.data += name.size();
    const auto base = m_index.offsetOf(name);
    if (!base || *base == object.offset)
        throw ReadError("a delta is on an object the pack does not have");
    return *base;
}

PackedObject PackFile::inflate(std::uint64_t offset, std::vector<std::byte> &content) const
{
    PackedObject object = headerAt(offset);
    if (object.size > kLargestObject)
        throw ReadError("an object is too large");
    content.resize(static_cast<std::size_t>(object.size));
    std::byte nothing{};
    Inflater inflater;
    z_stream &stream = inflater.stream;
    stream.next_out = reinterpret_cast<Bytef *>(content.empty() ? &nothing : content.data());
    stream.avail_out = static_cast<uInt>(content.size());
    std::array<std::byte, kChunk> chunk{};
    std::uint64_t at = object.data;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        const std::size_t count = m_file.readSome(at, chunk);
        stream.next_in = reinterpret_cast<Bytef *>(chunk.data());
        stream.avail_in = static_cast<uInt>(count);
        state = ::inflate(&stream, Z_NO_FLUSH);
        at += count - stream.avail_in;
        const bool stuck = stream.avail_in == count;
        if ((state != Z_OK && state != Z_STREAM_END) || (state == Z_OK && stuck))
            throw ReadError("an object does not inflate");
    }
    if (stream.avail_out != 0)
        throw ReadError("an object is shorter than it says");
    object.end = at;
    return object;
}

std::shared_ptr<const WholeObject> PackFile::whole(std::uint64_t offset)
{
    // The chain is walked down to what is no delta, then the deltas are applied on the way back.
    std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> deltas;
    std::shared_ptr<const WholeObject> object;
    while (!object) {
        if (const auto known = m_known.find(offset); known != m_known.end()) {
            object = known->second;
            break;
        }
        if (deltas.size() > m_count)
            throw ReadError("deltas go in a circle");
        std::vector<std::byte> content;
        const PackedObject packed = inflate(offset, content);
        if (packed.kind == kDeltaByOffset || packed.kind == kDeltaByName) {
            deltas.emplace_back(offset, std::move(content));
            offset = packed.base;
            continue;
        }
        object = std::make_shared<const WholeObject>(WholeObject{typeName(packed.kind), std::move(content), 0});
        m_known[offset] = object;
    }
    for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
        object = std::make_shared<const WholeObject>(
            WholeObject{object->type, applied(object->content, delta->second), object->depth + 1});
        m_known[delta->first] = object;
    }
    return object;
}

std::uint32_t PackFile::checksum(std::uint64_t begin, std::uint64_t end) const
{
    uLong sum = ::crc32(0, nullptr, 0);
    std::array<std::byte, kChunk> chunk{};
    while (begin < end) {
        const std::size_t count = m_file.readSome(
            begin, std::span(chunk).first(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, end - begin))));
        if (count == 0)
            throw ReadError("the pack ends too early");
        sum = ::crc32(sum, reinterpret_cast<const Bytef *>(chunk.data()), static_cast<uInt>(count));
        begin += count;
    }
    return static_cast<std::uint32_t>(sum);
}
