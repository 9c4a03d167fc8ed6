// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does what any bytes say to a source read through its cache, and compares every byte that comes out with a flat array. The first bytes of an input choose the size
// and the page size; then each operation takes a byte for its kind and some for what it is done to. Loads run on an executor that is stepped by the input, so that
// they end in any order, or between two operations, or never. The source fails, lies, shrinks and grows as the input says.
//
// Every change of the source's bytes is followed by an invalidation or a refresh, so that what is read at once is what the array holds; what was asked for before a
// change may hold what was there then. Errors must have a cause in what the source did.

#include "cachecore/base/bytes.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/page_cache.h"
#include "tests/fuzz/awaited_bytes.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/unruly_source.h"
#include "tests/support/clock_env.h"
#include "tests/support/manual_executor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

using namespace cachecore;
using cachet_test::AwaitedBytes;
using cachet_test::ClockEnv;
using cachet_test::Input;
using cachet_test::ManualExecutor;
using cachet_test::require;
using cachet_test::UnrulySource;

namespace {

constexpr std::size_t kMostPins = 8;
constexpr std::uint64_t kMostSize = 3 << 20; ///< three times the smallest budget
constexpr std::array kIntents{Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scan};

/// A cached source next to the flat array that it is to be.
class Rig {
public:
    explicit Rig(Input &input)
        : m_input(input)
        , m_flat(pattern(static_cast<std::size_t>(input.below(kMostSize) >> input.below(8))))
        , m_pageSize(std::uint32_t{512} << input.below(8))
        , m_source(std::make_shared<UnrulySource>(m_flat, m_pageSize))
        , m_end(m_flat.size())
    {
        auto created
            = CachedSource::create(m_source, {m_pageSize, minimumCacheBytes(m_pageSize), WaitingReads::OnCaller},
                                   m_loads, m_env);
        require(created.has_value());
        m_cached = std::move(*created);
    }
    ~Rig()
    {
        (void)m_cached->close(std::chrono::milliseconds(0));
        m_loads->shutDown(); // what waits there holds the executor itself
    }

    void step()
    {
        static constexpr std::array kSteps{&Rig::get,      &Rig::load,   &Rig::read,  &Rig::loadAsync, &Rig::readAsync,
                                           &Rig::runLoads, &Rig::look,   &Rig::view,  &Rig::pin,       &Rig::change,
                                           &Rig::forget,   &Rig::resize, &Rig::unpin, &Rig::window,    &Rig::misbehave,
                                           &Rig::spoil,    &Rig::cut,    &Rig::grow,  &Rig::settle};
        (this->*kSteps[m_input.below(kSteps.size())])();
        const CacheStatistics statistics = m_cached->statistics();
        require(statistics.residentBytes <= statistics.budgetBytes);
        require(m_cached->size() == m_flat.size());
    }

    /// At rest everything that is resident is what the array holds, and when the source behaves again everything can be had.
    void end()
    {
        (void)m_loads->runAll();
        require(m_awaited.empty());
        for (std::uint64_t at = 0; at < m_flat.size(); at += m_pageSize) {
            if (const PageHandle page = m_cached->tryGet(ByteOffset(at)))
                requireRight(page.page().range(), page.bytes());
        }
        growTo(m_flat.size());
        settle();
        std::vector<std::byte> all(m_flat.size());
        require(m_cached->read(ByteOffset(0), all).has_value());
        require(sameBytes(all, m_flat));
    }

private:
    using Awaited = std::list<AwaitedBytes>::iterator;

    /// The first bytes of one pattern, made once.
    static std::vector<std::byte> pattern(std::size_t size)
    {
        static const std::vector<std::byte> whole = [] {
            std::vector<std::byte> bytes(kMostSize);
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = static_cast<std::byte>(i * 0x9e3779b1U >> 13U);
            return bytes;
        }();
        return {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    }

    struct Pin {
        PageHandle page;
        std::vector<std::byte> seen;
    };

    [[nodiscard]] Intent intent() { return kIntents[m_input.below(kIntents.size())]; }
    [[nodiscard]] std::span<const std::byte> flat(ByteRange range) const
    {
        require(range.end().value() <= m_flat.size());
        return std::span(m_flat).subspan(static_cast<std::size_t>(range.begin().value()),
                                         static_cast<std::size_t>(range.length()));
    }
    void requireRight(ByteRange range, std::span<const std::byte> bytes) const
    {
        require(sameBytes(bytes, flat(range)));
    }
    /// A place, sometimes past the end, and a length.
    [[nodiscard]] ByteRange anywhere()
    {
        const std::uint64_t at = m_input.below(m_flat.size() + m_flat.size() / 8 + 2);
        return {ByteOffset(at), ByteOffset(at + m_input.below(3 * std::uint64_t{m_pageSize}))};
    }
    [[nodiscard]] bool inside(ByteRange range) const { return range.end().value() <= m_flat.size(); }
    [[nodiscard]] ByteRange pageAt(ByteOffset at) const
    {
        const ByteOffset begin = at.alignedDown(m_pageSize);
        return {begin, ByteOffset(std::min<std::uint64_t>(begin.value() + m_pageSize, m_flat.size()))};
    }
    /// An error of what was `possible` and concerns `range`.
    void requireCause(bool possible, ByteRange range, const Error &error) const
    {
        if (!possible) {
            require(error.code == ErrorCode::OutOfRange);
            return;
        }
        require(error.range && range.contains(*error.range) && m_source->explains(error));
    }

    void get()
    {
        const ByteRange where = anywhere();
        if (const PageHandle page = m_cached->tryGet(where.begin()))
            requireRight(page.page().range(), page.bytes());
    }
    void load()
    {
        const ByteRange where = anywhere();
        const auto page = m_cached->load(where.begin(), where.length(), intent());
        const bool possible = inside(where) && where.begin().value() < m_flat.size();
        require(possible || !page);
        if (page)
            requireRight(page->page().range(), page->bytes());
        else
            requireCause(possible, possible ? pageAt(where.begin()) : where, page.error());
    }
    void read()
    {
        const ByteRange where = anywhere();
        std::vector<std::byte> into(static_cast<std::size_t>(where.length()), std::byte{0xee});
        const auto done = m_cached->read(where.begin(), into, intent());
        require(inside(where) || !done);
        if (done) {
            requireRight(where, into);
            return;
        }
        requireCause(inside(where), where, done.error());
        require(std::ranges::count(into, std::byte{0xee}) == static_cast<std::ptrdiff_t>(into.size()));
    }
    void view()
    {
        const ByteRange where = anywhere();
        const auto window = cachecore::view(*m_cached, where, intent());
        require(inside(where) || !window);
        if (window)
            requireRight(window->range, window->bytes);
        else
            requireCause(inside(where), where, window.error());
    }
    void window()
    {
        const ByteRange where = anywhere();
        const bool possible = where.begin().value() < m_flat.size();
        const auto window = m_cached->window(where.begin(), intent());
        require(possible || !window);
        if (window) {
            require(window->range.contains(where.begin()));
            requireRight(window->range, window->bytes);
        } else {
            requireCause(possible, clippedRange(where.begin(), 1), window.error());
        }
    }

    [[nodiscard]] Awaited await(ByteRange range)
    {
        ByteRange there = range.intersection(ByteRange::whole(m_flat.size()));
        if (there.empty())
            there = {};
        return m_awaited.emplace(m_awaited.end(), there, flat(there));
    }
    void requireCauseLater(bool possible, Awaited awaited, const Error &error) const
    {
        if (!possible)
            require(error.code == ErrorCode::OutOfRange);
        else
            require(awaited->mayFail || m_source->explains(error));
    }
    void loadAsync()
    {
        const ByteRange where = anywhere();
        const bool possible = where.begin().value() < m_flat.size();
        const Awaited awaited = await(possible ? pageAt(where.begin()) : ByteRange());
        const PageHandle page = m_cached->loadAsync(
            where.begin(), m_loads,
            [this, possible, awaited](const Result<PageHandle> &loaded) {
                require(possible || !loaded);
                if (loaded)
                    require(awaited->allow(loaded->page().range(), loaded->bytes()));
                else
                    requireCauseLater(possible, awaited, loaded.error());
                m_awaited.erase(awaited);
            },
            intent());
        if (!page)
            return;
        m_awaited.erase(awaited);
        requireRight(page.page().range(), page.bytes());
    }
    void readAsync()
    {
        const ByteRange where = anywhere();
        const bool possible = inside(where);
        const Awaited awaited = await(where);
        const auto into
            = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(where.length()), std::byte{0xdd});
        const bool here = m_cached->readAsync(
            where.begin(), *into, m_loads,
            [this, where, possible, awaited, into](const Result<void> &done) {
                require(possible || !done);
                if (done) {
                    require(awaited->allow(where, *into));
                } else {
                    requireCauseLater(possible, awaited, done.error());
                    require(std::ranges::count(*into, std::byte{0xdd}) == static_cast<std::ptrdiff_t>(into->size()));
                }
                m_awaited.erase(awaited);
            },
            intent());
        if (!here)
            return;
        m_awaited.erase(awaited);
        requireRight(where, *into);
    }
    void runLoads()
    {
        for (std::uint64_t i = 1 + m_input.below(8); i > 0 && m_loads->waiting() > 0; --i)
            (void)m_loads->runAt(static_cast<std::size_t>(m_input.below(m_loads->waiting())));
    }
    void look() { m_cached->setViewport(anywhere(), intent()); }
    void pin()
    {
        if (PageHandle page = m_cached->tryGet(anywhere().begin()); page && m_pins.size() < kMostPins) {
            const std::vector<std::byte> seen(page.bytes().begin(), page.bytes().end());
            m_pins.push_back({std::move(page), seen});
        }
    }
    void unpin()
    {
        if (m_pins.empty())
            return;
        const auto pin = m_pins.begin() + static_cast<std::ptrdiff_t>(m_input.below(m_pins.size()));
        require(sameBytes(pin->page.bytes(), pin->seen));
        m_pins.erase(pin);
    }
    /// `range` is full of `value` from now on, here and there.
    void fill(ByteRange range, std::byte value)
    {
        std::fill_n(m_flat.begin() + static_cast<std::ptrdiff_t>(range.begin().value()), range.length(), value);
        for (AwaitedBytes &awaited : m_awaited)
            awaited.change(range, value);
    }
    void change()
    {
        const ByteRange where = anywhere();
        const auto value = static_cast<std::byte>(m_input.number(1));
        if (where.end().value() > m_end)
            return;
        fill(where, value);
        m_source->fill(where, value);
        if (m_input.below(2) == 0)
            m_cached->invalidate(where);
        else
            m_cached->refresh(where, [where](ByteRange page) { return page.intersects(where); });
    }
    void forget()
    {
        const ByteRange where = anywhere();
        m_cached->invalidate(where);
        require(where.empty() || !m_cached->isCached(where));
    }
    void resize()
    {
        m_cached->setBudget(m_input.below(kMostSize));
        require(m_cached->statistics().residentBytes <= m_cached->budget());
    }

    void misbehave()
    {
        for (std::uint64_t count = 1 + m_input.below(4); count > 0; --count)
            m_source->tell(
                static_cast<UnrulySource::Act>(m_input.below(static_cast<std::uint64_t>(UnrulySource::Act::Count_))));
    }
    void spoil() { m_source->setBad(anywhere().begin().value() / UnrulySource::kSector); }
    /// The end moves in; the cache is told or finds out.
    void cut()
    {
        m_end = std::min(m_end, anywhere().begin().value());
        m_source->resize(m_end);
        if (m_input.below(2) == 0)
            require(m_cached->refreshSize().has_value());
    }
    void grow() { growTo(std::min(kMostSize, m_end + m_input.below(4 * std::uint64_t{m_pageSize}))); }
    void growTo(std::uint64_t size)
    {
        if (size <= m_end)
            return;
        for (AwaitedBytes &awaited : m_awaited)
            awaited.mayFail = true; // what was the last page is another one now
        m_flat.resize(static_cast<std::size_t>(std::max<std::uint64_t>(size, m_flat.size())));
        const ByteRange gained{ByteOffset(m_end), ByteOffset(size)};
        fill(gained, std::byte{0});
        m_source->resize(size);
        m_end = size;
        require(m_cached->refreshSize().has_value());
        m_cached->invalidate(gained); // it may not have seen that they were gone
    }
    /// The source behaves again, and the time for another try of everything has come.
    void settle()
    {
        for (AwaitedBytes &awaited : m_awaited)
            awaited.mayFail = awaited.mayFail || m_source->hasGivenCause();
        m_source->settle();
        m_env->advance(std::chrono::minutes(2));
        require(m_cached->refreshSize().has_value());
    }

    Input &m_input;
    std::vector<std::byte> m_flat; ///< with what a cut has taken
    const std::uint32_t m_pageSize;
    const std::shared_ptr<ManualExecutor> m_loads = std::make_shared<ManualExecutor>();
    const std::shared_ptr<ClockEnv> m_env = std::make_shared<ClockEnv>();
    const std::shared_ptr<UnrulySource> m_source;
    std::uint64_t m_end; ///< of the source
    std::shared_ptr<CachedSource> m_cached;
    std::vector<Pin> m_pins;
    std::list<AwaitedBytes> m_awaited; ///< by calls that have not been made yet
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    Input input(std::span(data, size));
    Rig rig(input);
    while (!input.ended())
        rig.step();
    rig.end();
    return 0;
}
