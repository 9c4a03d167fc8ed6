// SPDX-License-Identifier: GPL-3.0-or-later
#include "cached_file.h"

#include <algorithm>
#include <array>
#include <utility>

using namespace cachecore;

namespace {

// A small cache, so that a pack does not fit and pages come and go.
constexpr std::uint32_t kPageSize = 4096;
constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 20;

} // namespace

CachedFile::CachedFile(const std::string &path)
{
    auto source = FileSource::open(systemEnv(), path, FileSource::Access::ReadOnly);
    if (!source)
        fail(source.error());
    DocumentOptions options;
    options.pageSize = kPageSize;
    options.cacheBytes = kCacheBytes;
    const DocumentExecutors executors{std::make_shared<ThreadExecutor>(2), std::make_shared<ThreadExecutor>(1)};
    auto document = Document::create(std::move(*source), options, executors, systemEnv());
    if (!document)
        fail(document.error());
    m_document = std::move(*document);
}

std::uint64_t CachedFile::size() const
{
    return m_document->size();
}

std::vector<std::byte> CachedFile::bytes(std::uint64_t at, std::uint64_t count) const
{
    if (count > size())
        throw ReadError("more bytes are named than the file has");
    std::vector<std::byte> bytes(static_cast<std::size_t>(count));
    const auto read = m_document->read(offset(at), bytes);
    if (!read)
        fail(read.error());
    return bytes;
}

std::size_t CachedFile::readSome(std::uint64_t at, std::span<std::byte> into) const
{
    const std::uint64_t there = at < size() ? size() - at : 0;
    const std::span<std::byte> some = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), there)));
    const auto read = m_document->read(offset(at), some);
    if (!read)
        fail(read.error());
    return some.size();
}

std::string CachedFile::string(std::uint64_t at, std::uint64_t end) const
{
    std::string text;
    std::array<std::byte, 32> some{};
    while (at < end) {
        const std::size_t count
            = readSome(at,
                       std::span(some).first(static_cast<std::size_t>(std::min<std::uint64_t>(some.size(), end - at))));
        if (count == 0)
            break;
        for (const std::byte byte : std::span(some).first(count)) {
            if (byte == std::byte{0})
                return text;
            text += static_cast<char>(byte);
        }
        at += count;
    }
    throw ReadError("a string does not end");
}

std::string CachedFile::statistics() const
{
    const CacheStatistics found = m_document->statistics();
    return "hits " + std::to_string(found.hits) + " misses " + std::to_string(found.misses) + " loads "
        + std::to_string(found.loads) + " evictions " + std::to_string(found.evictions) + " resident "
        + std::to_string(found.residentBytes) + " budget " + std::to_string(found.budgetBytes);
}

ByteOffset CachedFile::offset(std::uint64_t at)
{
    const auto offset = ByteOffset::from(at);
    if (!offset)
        throw ReadError("a place no file can have");
    return *offset;
}

void CachedFile::fail(const Error &error)
{
    std::string text = "cachecore error " + std::to_string(static_cast<int>(error.code));
    if (error.range)
        text += " at " + std::to_string(error.range->begin().value()) + ", " + std::to_string(error.range->length())
            + " bytes";
    throw ReadError(text + " " + error.path);
}
