// SPDX-License-Identifier: GPL-3.0-or-later
#include "cached_file.h"

#include <algorithm>
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
    auto cached
        = CachedSource::create(std::move(*source), {kPageSize, kCacheBytes}, std::make_shared<ThreadExecutor>(2));
    if (!cached)
        fail(cached.error());
    m_source = std::move(*cached);
    m_cursor = std::make_unique<Cursor>(*m_source);
}

std::uint64_t CachedFile::size() const
{
    return m_source->size();
}

std::vector<std::byte> CachedFile::bytes(std::uint64_t at, std::uint64_t count) const
{
    if (count > size())
        throw ReadError("more bytes are named than the file has");
    std::vector<std::byte> bytes(static_cast<std::size_t>(count));
    const auto read = m_source->read(offset(at), bytes);
    if (!read)
        fail(read.error());
    return bytes;
}

std::size_t CachedFile::readSome(std::uint64_t at, std::span<std::byte> into) const
{
    const std::uint64_t there = at < size() ? size() - at : 0;
    const std::span<std::byte> some = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), there)));
    const auto read = m_source->read(offset(at), some);
    if (!read)
        fail(read.error());
    return some.size();
}

std::string CachedFile::string(std::uint64_t at, std::uint64_t end) const
{
    auto text = m_cursor->readString(offset(at), static_cast<std::size_t>(end - std::min(at, end)));
    if (!text && text.error().code == ErrorCode::NotFound)
        throw ReadError("a string does not end");
    if (!text)
        fail(text.error());
    return *text;
}

std::string CachedFile::statistics() const
{
    const CacheStatistics found = m_source->statistics();
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
