// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/edits.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace cachet_test {

/// A document over memory with faults to inject, its pages 4 KiB unless asked otherwise.
/// Members are destroyed last to first: the document before the pools that run its jobs.
struct DocumentFixture {
    explicit DocumentFixture(std::vector<std::byte> bytes, cachecore::DocumentOptions options = smallPages(),
                             cachecore::MemorySource::Access access = cachecore::MemorySource::Access::ReadWrite)
        : memory(std::make_shared<cachecore::MemorySource>(std::move(bytes), access))
        , source(std::make_shared<FaultSource>(memory))
        , loads(std::make_shared<cachecore::ThreadExecutor>(4))
        , writes(std::make_shared<cachecore::ThreadExecutor>(1))
    {
        auto created = cachecore::Document::create(source, options, {loads, writes}, cachecore::systemEnv());
        if (created)
            document = *created;
    }

    static cachecore::DocumentOptions smallPages()
    {
        cachecore::DocumentOptions options;
        options.pageSize = 4096;
        options.cacheBytes = std::uint64_t{1} << 20;
        return options;
    }

    cachecore::Document *operator->() const { return document.get(); }

    std::shared_ptr<cachecore::MemorySource> memory;
    std::shared_ptr<FaultSource> source;
    std::shared_ptr<cachecore::ThreadExecutor> loads;
    std::shared_ptr<cachecore::ThreadExecutor> writes;
    std::shared_ptr<cachecore::Document> document;
};

/// Bytes and conditions of one peek.
struct Peeked {
    std::vector<std::byte> bytes;
    std::vector<cachecore::ByteCondition> conditions;

    [[nodiscard]] bool all(cachecore::ByteCondition condition) const
    {
        return conditions == std::vector<cachecore::ByteCondition>(conditions.size(), condition);
    }
};

[[nodiscard]] inline Peeked peek(const cachecore::Document &document, std::uint64_t at, std::size_t count)
{
    Peeked peeked{std::vector<std::byte>(count), std::vector<cachecore::ByteCondition>(count)};
    document.peek(cachecore::ByteOffset(at), peeked.bytes, peeked.conditions);
    return peeked;
}

[[nodiscard]] inline Peeked peekSource(const cachecore::Document &document, std::uint64_t at, std::size_t count)
{
    Peeked peeked{std::vector<std::byte>(count), std::vector<cachecore::ByteCondition>(count)};
    document.peekSource(cachecore::ByteOffset(at), peeked.bytes, peeked.conditions);
    return peeked;
}

/// What a read gives, or nothing when it fails.
[[nodiscard]] inline std::optional<std::vector<std::byte>> readBytes(cachecore::Document &document, std::uint64_t at,
                                                                     std::size_t count,
                                                                     cachecore::Intent intent = cachecore::Intent::Jump)
{
    std::vector<std::byte> bytes(count);
    if (!document.read(cachecore::ByteOffset(at), bytes, intent))
        return std::nullopt;
    return bytes;
}

/// `bytes` with `piece` put over them at `at`.
[[nodiscard]] inline std::vector<std::byte> with(std::vector<std::byte> bytes, std::size_t at,
                                                 const std::vector<std::byte> &piece)
{
    for (std::size_t i = 0; i < piece.size(); ++i)
        bytes[at + i] = piece[i];
    return bytes;
}

} // namespace cachet_test
