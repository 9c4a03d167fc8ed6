// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does what any bytes say to a source read through its cache, and compares every byte that comes out with a flat array. The first bytes of an input choose the size
// and the page size; then each operation takes a byte for its kind and some for what it is done to. Loads run on an executor that is stepped by the input, so that
// they end in any order, or between two operations, or never.
//
// A page that was asked for before a write of the source may hold what was there then; so bytes are compared with what the array held since the last
// invalidation of that place, which is one state: every write is followed by one.

#include "cachecore/base/bytes.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/cache/page_cache.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/manual_executor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

using namespace cachecore;
using cachet_test::ManualExecutor;

namespace {

constexpr std::size_t kMostPins = 8;
constexpr std::uint64_t kMostSize = 3 << 20; ///< three times the smallest budget
constexpr std::array kIntents{Intent::Jump, Intent::Edit, Intent::Scroll, Intent::Scan};

void require(bool condition)
{
    if (!condition)
        std::abort();
}

/// The input, taken from the front; zeros when it has ended.
class Input {
public:
    explicit Input(std::span<const std::uint8_t> bytes)
        : m_bytes(bytes)
    {
    }
    [[nodiscard]] bool ended() const { return m_bytes.empty(); }
    std::uint64_t number(std::size_t bytes)
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes && !ended(); ++i) {
            value = value << 8U | m_bytes.front();
            m_bytes = m_bytes.subspan(1);
        }
        return value;
    }
    std::uint64_t below(std::uint64_t bound) { return number(bound > 0xffff ? 3 : bound > 0xff ? 2 : 1) % bound; }

private:
    std::span<const std::uint8_t> m_bytes;
};

/// A cached source next to the flat array that it is to be.
class Rig {
public:
    explicit Rig(Input &input)
        : m_input(input)
        , m_flat(pattern(static_cast<std::size_t>(input.below(kMostSize) >> input.below(8))))
        , m_pageSize(std::uint32_t{512} << input.below(8))
    {
        m_memory = std::make_shared<MemorySource>(m_flat);
        auto created
            = CachedSource::create(m_memory, {m_pageSize, minimumCacheBytes(m_pageSize), WaitingReads::OnCaller},
                                   m_loads);
        require(created.has_value());
        m_cached = std::move(*created);
    }
    ~Rig() { (void)m_cached->close(std::chrono::milliseconds(0)); }

    void step()
    {
        static constexpr std::array kSteps{&Rig::get,      &Rig::load,   &Rig::read,  &Rig::loadAsync, &Rig::readAsync,
                                           &Rig::runLoads, &Rig::look,   &Rig::view,  &Rig::pin,       &Rig::change,
                                           &Rig::forget,   &Rig::resize, &Rig::unpin, &Rig::window};
        (this->*kSteps[m_input.below(kSteps.size())])();
        const CacheStatistics statistics = m_cached->statistics();
        require(statistics.residentBytes <= statistics.budgetBytes);
    }

    /// At rest everything that is resident is what the array holds.
    void end()
    {
        (void)m_loads->runAll();
        require(m_owed == 0);
        for (std::uint64_t at = 0; at < m_flat.size(); at += m_pageSize) {
            if (const PageHandle page = m_cached->tryGet(ByteOffset(at)))
                requireRight(page.page().range(), page.bytes());
        }
    }

private:
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
        require(page.has_value() == (inside(where) && where.begin().value() < m_flat.size()));
        if (page)
            requireRight(page->page().range(), page->bytes());
        else
            require(page.error().code == ErrorCode::OutOfRange);
    }
    void read()
    {
        const ByteRange where = anywhere();
        std::vector<std::byte> into(static_cast<std::size_t>(where.length()), std::byte{0xee});
        const auto done = m_cached->read(where.begin(), into, intent());
        require(done.has_value() == inside(where));
        if (done)
            requireRight(where, into);
        else
            require(std::ranges::count(into, std::byte{0xee}) == static_cast<std::ptrdiff_t>(into.size()));
    }
    void view()
    {
        const ByteRange where = anywhere();
        const auto window = cachecore::view(*m_cached, where, intent());
        require(window.has_value() == inside(where));
        if (window)
            requireRight(window->range, window->bytes);
    }
    void window()
    {
        const ByteRange where = anywhere();
        const auto window = m_cached->window(where.begin(), intent());
        require(window.has_value() == (where.begin().value() < m_flat.size()));
        if (window) {
            require(window->range.contains(where.begin()));
            requireRight(window->range, window->bytes);
        }
    }
    void loadAsync()
    {
        const ByteRange where = anywhere();
        ++m_owed;
        const bool possible = where.begin().value() < m_flat.size();
        const PageHandle page = m_cached->loadAsync(
            where.begin(), m_loads,
            [this, possible](const Result<PageHandle> &loaded) {
                --m_owed;
                require(loaded.has_value() == possible); // what it holds may be older than a write since
            },
            intent());
        if (!page)
            return;
        --m_owed;
        requireRight(page.page().range(), page.bytes());
    }
    void readAsync()
    {
        const ByteRange where = anywhere();
        ++m_owed;
        const bool possible = inside(where);
        const auto into = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(where.length()));
        const bool here = m_cached->readAsync(
            where.begin(), *into, m_loads,
            [this, possible, into](const Result<void> &done) {
                --m_owed;
                require(done.has_value() == possible);
            },
            intent());
        if (!here)
            return;
        --m_owed;
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
    void change()
    {
        const ByteRange where = anywhere();
        if (!inside(where))
            return;
        const std::vector<std::byte> fresh(static_cast<std::size_t>(where.length()),
                                           static_cast<std::byte>(m_input.number(1)));
        std::ranges::copy(fresh, m_flat.begin() + static_cast<std::ptrdiff_t>(where.begin().value()));
        const std::array<std::span<const std::byte>, 1> from{fresh};
        require(m_memory->writev(where.begin(), from).has_value());
        if (m_input.below(2) == 0)
            m_cached->invalidate(where);
        else
            m_cached->refresh(where, [where](ByteRange page) { return page.intersects(where); });
    }
    void forget()
    {
        const ByteRange where = anywhere();
        m_cached->invalidate(where);
        require(where.empty() || !inside(where) || !m_cached->isCached(where));
    }
    void resize()
    {
        m_cached->setBudget(m_input.below(kMostSize));
        require(m_cached->statistics().residentBytes <= m_cached->budget());
    }

    Input &m_input;
    std::vector<std::byte> m_flat;
    const std::uint32_t m_pageSize;
    const std::shared_ptr<ManualExecutor> m_loads = std::make_shared<ManualExecutor>();
    std::shared_ptr<MemorySource> m_memory;
    std::shared_ptr<CachedSource> m_cached;
    std::vector<Pin> m_pins;
    unsigned m_owed = 0; ///< calls that have not been made yet
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
