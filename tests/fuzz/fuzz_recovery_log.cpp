// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads any bytes as a recovery log. The first byte of an input says how:
//
//     even   the rest is the log
//     odd    the rest are records, each a byte for the kind, two for the bytes of its payload, and the payload; they are given a
//            header, their places and the hashes they ought to have, so that what is behind those is reached
//
// Beside not crashing, what is read keeps the invariants of staged edits, can be looked at, and written again it reads the same.

#include "cachecore/write/log/recovery_log_decoder.h"
#include "cachecore/write/log/recovery_log_encoder.h"
#include "cachecore/write/log/recovery_log_reader.h"
#include "tests/fuzz/bytes_file.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace cachecore;
using namespace cachecore::recovery_log;
using cachet_test::BytesFile;

namespace {

using Bytes = std::vector<std::byte>;

void require(bool condition)
{
    if (!condition)
        std::abort();
}

/// A log of the records that `input` describes.
Bytes logOf(std::span<const std::byte> input)
{
    const RecoveryLogHeader header;
    Bytes log = encodeHeader(header);
    RecordPlace place;
    while (input.size() >= 3) {
        const auto kind = static_cast<RecordKind>(1 + std::to_integer<unsigned>(input[0]) % 12);
        const std::size_t wanted
            = std::to_integer<std::size_t>(input[1]) | std::to_integer<std::size_t>(input[2]) << 8U;
        input = input.subspan(3);
        const auto payload = input.first(std::min(wanted, input.size()));
        input = input.subspan(payload.size());
        Bytes record(kRecordHead);
        record.insert(record.end(), payload.begin(), payload.end());
        closeRecord(record, kind, place, header.salt);
        log.insert(log.end(), record.begin(), record.end());
        ++place.number;
        place.state += kind == RecordKind::State ? 1 : 0;
    }
    return log;
}

struct Read {
    StagedEdits edits;
    bool opened = false;
};

Read readAll(const Bytes &log)
{
    BytesFile file(log);
    RecordReader reader(file, "fuzzed");
    Read result;
    result.opened = reader.open().has_value();
    if (!result.opened)
        return result;
    Decoder decoder;
    for (;;) {
        const auto record = reader.next({});
        require(record.has_value());
        if (!*record || !decoder.apply(**record))
            break;
    }
    result.edits = decoder.edits();
    return result;
}

/// A file that only grows.
class GrowingFile final : public EnvFile {
public:
    explicit GrowingFile(Bytes &bytes)
        : m_bytes(bytes)
    {
    }
    Result<std::size_t> pwritev(ByteOffset at, std::span<const std::span<const std::byte>> from) override
    {
        require(at.value() == m_bytes.size());
        for (const auto part : from)
            m_bytes.insert(m_bytes.end(), part.begin(), part.end());
        return m_bytes.size() - static_cast<std::size_t>(at.value());
    }
    Result<std::size_t> preadv(ByteOffset, std::span<const std::span<std::byte>>) override { return refused(); }
    Result<FileStatus> status() override { return refused(); }
    Result<void> dataSync() override { return refused(); }
    Result<void> sync() override { return refused(); }
    Result<void> truncate(std::uint64_t) override { return refused(); }
    Result<void> setMode(std::uint32_t) override { return refused(); }
    Result<std::uint64_t> deviceSize() override { return refused(); }
    Result<std::uint32_t> deviceBlockSize() override { return refused(); }
    Result<std::uint32_t> devicePhysicalBlockSize() override { return refused(); }
    Result<ByteRange> nextData(ByteOffset) override { return refused(); }
    Result<void> reserve(std::uint64_t) override { return refused(); }
    Result<void> dropCached(ByteRange) override { return refused(); }
    Result<std::optional<std::string>> lockForWriting() override { return refused(); }

private:
    static std::unexpected<Error> refused() { return failure(ErrorCode::NotSupported, Operation::Write); }

    Bytes &m_bytes;
};

/// The same bytes and bases wherever anything begins or ends.
void requireSame(const StagedEdits &a, const StagedEdits &b)
{
    require(a.byteCount() == b.byteCount() && a.extentCount() == b.extentCount());
    a.forEachPiece(a.span(), [&](ByteRange range, const Piece &piece) {
        std::array<std::byte, 32> expected{};
        std::array<std::byte, 32> got{};
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(range.length(), expected.size()));
        if (piece.peekTo(0, std::span(expected).first(length))) {
            b.overlay(range.begin(), std::span(got).first(length));
            require(expected == got);
        }
        return true;
    });
    std::vector<Base::Kind> kinds;
    const auto note = [&](ByteRange, const Base &base) {
        kinds.push_back(base.kind);
        return true;
    };
    a.forEachBase(a.span(), note);
    const auto first = std::exchange(kinds, {});
    b.forEachBase(b.span(), note);
    require(kinds == first);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    Bytes input(size - 1);
    if (!input.empty())
        std::memcpy(input.data(), data + 1, input.size());
    const Read read = readAll((data[0] & 1U) != 0 ? logOf(input) : input);
    if (!read.opened)
        return 0;
    require(read.edits.invariantsHold());

    RecoveryLogHeader header;
    header.salt.fill(std::byte{7});
    Bytes again = encodeHeader(header);
    GrowingFile file(again);
    Sink sink(&file, again.size(), std::uint64_t{1} << 30);
    require(Encoder(*systemEnv(), header.salt).state(sink, {}, read.edits, {}).has_value());
    requireSame(read.edits, readAll(again).edits);
    return 0;
}
