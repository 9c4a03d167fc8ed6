// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "tests/support/document_fixture.h"
#include "tests/support/endless_source.h"

#include <QTest>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace cachet_test {

inline constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

/// A cached source and a document over a source of any size.
struct Subject {
    static constexpr std::uint64_t kPage = 4096;
    static constexpr std::uint64_t kSize = 3 * kPage + 137; ///< the smaller size
    static constexpr std::uint64_t kSmall = 4 * kPage;      ///< what is no longer is really read

    explicit Subject(std::uint64_t bytes)
        : size(bytes)
        , source(std::make_shared<EndlessSource>(bytes))
    {
        if (auto made = cachecore::CachedSource::create(source, {kPage, std::uint64_t{1} << 20}, loads))
            cached = *made;
        if (auto made = cachecore::Document::create(source, DocumentFixture::smallPages(), {loads, writes},
                                                    cachecore::systemEnv()))
            document = *made;
    }
    [[nodiscard]] bool right(cachecore::ByteOffset at, std::span<const std::byte> bytes) const
    {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (bytes[i] != EndlessSource::byteAt(at.value() + i))
                return false;
        }
        return true;
    }
    /// That nothing was harmed.
    [[nodiscard]] bool well() const
    {
        std::vector<std::byte> first(std::min(size, kPage + 7));
        std::vector<std::byte> last(first.size());
        const cachecore::ByteOffset end(size - last.size());
        const bool read = cached->read(cachecore::ByteOffset(0), first) && cached->read(end, last);
        return read && right(cachecore::ByteOffset(0), first) && right(end, last) && cached->size() == size
            && document->staged().empty() && cached->statistics().failedLoads == 0;
    }

    const std::uint64_t size;
    std::shared_ptr<EndlessSource> source;
    std::shared_ptr<cachecore::ThreadExecutor> loads = std::make_shared<cachecore::ThreadExecutor>(2);
    std::shared_ptr<cachecore::ThreadExecutor> writes = std::make_shared<cachecore::ThreadExecutor>(1);
    std::shared_ptr<cachecore::CachedSource> cached;
    std::shared_ptr<cachecore::Document> document;
};

/// One row: what is asked of a source of `size` bytes.
struct Asked {
    Asked()
    {
        QFETCH(const quint64, sourceBytes);
        QFETCH(const quint64, place);
        QFETCH(const quint64, count);
        subject = std::make_unique<Subject>(sourceBytes);
        at = cachecore::ByteOffset(place);
        length = count;
        range = cachecore::clippedRange(at, length);
        inside = place <= sourceBytes && count <= sourceBytes - place;
        small = length <= Subject::kSmall;
    }
    /// A span as long as asked for. Only its beginning is memory: what does not fit must be refused before it is touched.
    [[nodiscard]] std::span<std::byte> span() { return {memory.data(), static_cast<std::size_t>(length)}; }
    [[nodiscard]] cachecore::CachedSource &cached() const { return *subject->cached; }
    /// What a read of all of it is to end with.
    [[nodiscard]] std::optional<cachecore::ErrorCode> wanted() const
    {
        if (!inside)
            return cachecore::ErrorCode::OutOfRange;
        return small ? std::nullopt : std::optional(cachecore::ErrorCode::OutOfMemory);
    }
    template <typename T>
    [[nodiscard]] bool endsAsWanted(const cachecore::Result<T> &outcome) const
    {
        if (outcome)
            return !wanted();
        return wanted() == outcome.error().code && outcome.error().range == range;
    }

    std::unique_ptr<Subject> subject;
    cachecore::ByteOffset at;
    std::uint64_t length = 0;
    cachecore::ByteRange range; ///< cut at 2^63-1
    bool inside = false;
    bool small = false;
    std::vector<std::byte> memory = std::vector<std::byte>(Subject::kSmall, std::byte{0xee});
};

/// Adds the rows that Asked takes.
inline void addPlaces()
{
    QTest::addColumn<quint64>("sourceBytes");
    QTest::addColumn<quint64>("place");
    QTest::addColumn<quint64>("count");
    for (const std::uint64_t size : {Subject::kSize, cachecore::kMaxSourceSize}) {
        const auto add = [size](const char *name, std::uint64_t at, std::uint64_t length) {
            QTest::addRow("%s of %llu", name, static_cast<unsigned long long>(size))
                << quint64{size} << quint64{at} << quint64{length};
        };
        add("nothing at the beginning", 0, 0);
        add("a byte at the beginning", 0, 1);
        add("nothing in the middle", Subject::kPage, 0);
        add("over a page's edge", Subject::kPage - 3, 7);
        add("all 2^63-1 bytes", 0, cachecore::kMaxSourceSize);
        add("2^63 bytes", 0, cachecore::kMaxSourceSize + 1);
        add("2^64-1 bytes", 5, kAll);
        add("the last byte", size - 1, 1);
        add("one byte too many", size - 1, 2);
        add("far too many at the end", size - 1, cachecore::kMaxSourceSize);
        add("nothing at the end", size, 0);
        add("a byte at the end", size, 1);
        add("overflowing at the end", size, kAll);
        add("nothing at 2^63-1", cachecore::kMaxSourceSize, 0);
        add("a byte at 2^63-1", cachecore::kMaxSourceSize, 1);
        add("over 2^63-1", cachecore::kMaxSourceSize - 5, 10);
        if (size == cachecore::kMaxSourceSize)
            continue;
        add("nothing past the end", size + 1, 0);
        add("a byte past the end", size + 1, 1);
        add("in the last page, past the end", size + 100, 8);
        add("pages past the end", size + 100 * Subject::kPage, Subject::kPage);
    }
}

} // namespace cachet_test
