// SPDX-License-Identifier: GPL-3.0-or-later
// Reading without memory: the Nth allocation fails, once or for good, N counted up until a run is clean. This program's operators new are counted_memory.cpp's.
#include "cachecore/cache/chunks.h"
#include "cachecore/cache/cursor.h"
#include "tests/support/act_rows.h"
#include "tests/unit/starved_scene.h"

#include <QTest>

#include <optional>
#include <vector>

using namespace cachecore;
using namespace cachet_test;
using namespace cachet_test::starved;

namespace {

using Outcome = std::optional<ErrorCode>;

const ByteRange kSome = rangeAt(3 * kPage + 7, 5 * kPage);
const ByteRange kOverBad = rangeAt(18 * kPage, 5 * kPage);

int oneCall(Scene &)
{
    return 1;
}

/// The first page is held.
int keepFirst(Scene &scene)
{
    scene.kept = scene.cached->tryGet(ByteOffset(0));
    return 0;
}

auto seen(ByteRange range, Intent intent)
{
    return [range, intent](Scene &scene) {
        auto window = view(*scene.cached, range, intent);
        scene.calls.right = !window || (window->range == range && scene.same(range, window->bytes));
        return codeOf(window);
    };
}

auto walked(ByteRange range, Intent intent)
{
    return [range, intent](Scene &scene) -> Outcome {
        ByteOffset next = range.begin();
        for (const Result<ByteWindow> &chunk : Chunks(*scene.cached, range, intent)) {
            if (!chunk)
                return chunk.error().code;
            scene.calls.right
                = scene.calls.right && chunk->range.begin() == next && scene.same(chunk->range, chunk->bytes);
            next = chunk->range.end();
        }
        scene.calls.right = scene.calls.right && next == range.end();
        return {};
    };
}

/// Another cache, over more bytes.
int growLong(Scene &scene)
{
    scene.source->resize(kAllOrNothing + kPage);
    auto made = scene.cached->clone();
    if (made)
        scene.other = std::move(*made);
    return 0;
}

/// More bytes than come all or not at all, up to one that is bad.
Outcome spelledUpToTheBadOne(Scene &scene)
{
    std::uint64_t count = 0;
    const auto done = forEachByte(*scene.other, ByteRange::whole(kAllOrNothing + 1), [&](std::byte) { ++count; });
    scene.calls.right = count <= kBad * kPage;
    return codeOf(done);
}

/// Every byte of a range that is short enough for all or nothing; `into` has room for them.
auto spelled(ByteRange range)
{
    return [range](Scene &scene) {
        std::size_t count = 0;
        const auto done
            = forEachByte(*scene.cached, range, [&](std::byte byte) { scene.into[count++] = byte; }, Intent::Jump);
        scene.calls.right = done ? count == range.length() && scene.same(range, scene.into) : count == 0;
        return codeOf(done);
    };
}

bool holds(const Scene &scene, ByteRange range, const std::vector<PageHandle> &pages)
{
    return !pages.empty() && pages.front().page().range().contains(range.begin())
        && pages.back().page().range().contains(ByteOffset(range.end().value() - 1))
        && std::ranges::all_of(pages, [&](const PageHandle &page) {
               return page.page().damage() || scene.same(page.page().range(), page.bytes());
           });
}

auto pinned(ByteRange range, Intent intent, CachedSource::Hidden hidden = {})
{
    return [range, intent, hidden = std::move(hidden)](Scene &scene) {
        const auto pages = scene.cached->pin(range, intent, {}, hidden);
        scene.calls.right = !pages || holds(scene, range, *pages);
        return codeOf(pages);
    };
}

Outcome pinnedLater(Scene &scene)
{
    const auto done = [&scene](const Result<std::vector<PageHandle>> &pages) {
        ++scene.calls.made;
        scene.calls.right = !pages || holds(scene, kSome, *pages);
        scene.calls.error = codeOf(pages);
    };
    if (const auto here = scene.cached->pinAsync(kSome, scene.loads, done, Intent::Jump)) {
        ++scene.calls.made;
        scene.calls.right = holds(scene, kSome, *here);
    }
    scene.finish();
    return scene.calls.error;
}

Outcome followed(Scene &scene)
{
    const auto page = scene.cached->next(scene.kept);
    scene.calls.right = !page || (*page && scene.same(rangeAt(kPage, kPage), page->bytes()));
    return codeOf(page);
}

Outcome followedLater(Scene &scene)
{
    if (scene.cached->nextAsync(scene.kept, scene.loads, scene.page()))
        ++scene.calls.made;
    scene.finish();
    return scene.calls.error;
}

/// Pages 2 to 9 are here, some of them pinned, and the source holds other bytes in three of them.
int writeBeside(Scene &scene)
{
    std::vector<std::byte> into(8 * kPage);
    (void)scene.cached->read(ByteOffset(2 * kPage), into);
    scene.kept = scene.cached->tryGet(ByteOffset(4 * kPage));
    scene.write(rangeAt(3 * kPage + 10, 2 * kPage), std::byte{0x5a});
    return 0;
}

/// What is still here afterwards is what was written.
Outcome refreshed(Scene &scene)
{
    const ByteRange written = rangeAt(3 * kPage + 10, 2 * kPage);
    scene.cached->refresh(written, [written](ByteRange page) { return page.intersects(written); });
    for (std::uint64_t page = 2; page < 10; ++page) {
        const PageHandle here = scene.cached->tryGet(ByteOffset(page * kPage));
        scene.calls.right = scene.calls.right && (!here || scene.same(here.page().range(), here.bytes()));
    }
    return {};
}

Outcome valued(Scene &scene)
{
    Cursor cursor(*scene.cached);
    const auto value = cursor.read<std::uint64_t>(ByteOffset(6 * kPage - 3)); // on two pages
    if (value)
        scene.calls.right = scene.same(rangeAt(6 * kPage - 3, 8), std::as_bytes(std::span(&*value, 1)));
    return codeOf(value);
}

/// A string of the letter Z that ends on another page.
int writeString(Scene &scene)
{
    scene.write(rangeAt(5 * kPage + 100, kPage), std::byte{'Z'});
    scene.write(rangeAt(6 * kPage + 100, 1), std::byte{0});
    return 0;
}

Outcome spelledOut(Scene &scene)
{
    Cursor cursor(*scene.cached);
    const auto text = cursor.readString(ByteOffset(5 * kPage + 100), 2 * kPage);
    scene.calls.right = !text || (text->size() == kPage && std::ranges::count(*text, 'Z') == std::ssize(*text));
    return codeOf(text);
}

Outcome created(Scene &scene)
{
    auto made = CachedSource::create(scene.source, Scene::options(), scene.executor(), scene.env);
    if (made)
        scene.other = std::move(*made);
    return codeOf(made);
}

Outcome createdWrongly(Scene &scene)
{
    return codeOf(CachedSource::create(scene.source, {3, std::uint64_t{1} << 20}, scene.executor(), scene.env));
}

Outcome cloned(Scene &scene)
{
    auto made = scene.cached->clone();
    scene.calls.right = !made || (*made)->statistics().residentBytes == 0;
    if (made)
        scene.other = std::move(*made);
    return codeOf(made);
}

std::vector<Act> acts()
{
    const auto all = [](ByteRange) { return true; };
    return {
        {"create", nothing, created, {}, Workers::Running},
        {"create with a page size that cannot be", nothing, createdWrongly, ErrorCode::InvalidArgument,
         Workers::Running},
        {"clone", nothing, cloned, {}, Workers::Running},
        {"view a page", nothing, seen(rangeAt(30 * kPage + 5, 100), Intent::Jump), {}, Workers::Running},
        {"view pages", nothing, seen(kSome, Intent::Jump), {}, Workers::Running},
        {"view pages for a scan", nothing, seen(kSome, Intent::Scan), {}, Workers::Running},
        {"view what is bad", nothing, seen(kOverBad, Intent::Jump), ErrorCode::Io, Workers::Running},
        {"view what is past the end", nothing, seen(rangeAt(kSize - 1, 2), Intent::Jump), ErrorCode::OutOfRange,
         Workers::Running},
        {"walk in chunks", nothing, walked(kSome, Intent::Jump), {}, Workers::Running},
        {"walk in chunks for a scan", nothing, walked(kSome, Intent::Scan), {}, Workers::Running},
        {"walk over what is bad", nothing, walked(kOverBad, Intent::Jump), ErrorCode::Io, Workers::Running},
        {"walk past the end", nothing, walked(rangeAt(kSize - 1, 2), Intent::Jump), ErrorCode::OutOfRange,
         Workers::Running},
        {"call for every byte", buffer(kSome.length(), 0), spelled(kSome), {}, Workers::Running},
        {"call for every byte of what is bad", buffer(kOverBad.length(), 0), spelled(kOverBad), ErrorCode::Io,
         Workers::Running},
        {"call for very many bytes", growLong, spelledUpToTheBadOne, ErrorCode::Io, Workers::Running},
        {"pin", nothing, pinned(kSome, Intent::Jump), {}, Workers::Running},
        {"pin for a scan", nothing, pinned(kSome, Intent::Scan), {}, Workers::Running},
        {"pin what is bad", nothing, pinned(kOverBad, Intent::Edit), ErrorCode::Io, Workers::Running},
        {"pin what is bad and hidden", nothing, pinned(kOverBad, Intent::Edit, all), {}, Workers::Running},
        {"pin later", oneCall, pinnedLater, {}},
        {"go to the next page", keepFirst, followed, {}, Workers::Running},
        {"go to the next page later",
         [](Scene &scene) {
             (void)keepFirst(scene);
             return 1;
         },
         followedLater,
         {}},
        {"refresh", writeBeside, refreshed, {}, Workers::Running},
        {"read a value on two pages", nothing, valued, {}, Workers::Running},
        {"read a string on two pages", writeString, spelledOut, {}, Workers::Running},
    };
}

} // namespace

class TestReadMemory : public QObject {
    Q_OBJECT

private slots:
    void endsInAnErrorForThatCallAlone_data();
    void endsInAnErrorForThatCallAlone();
};

void TestReadMemory::endsInAnErrorForThatCallAlone_data()
{
    addActRows(acts());
}

void TestReadMemory::endsInAnErrorForThatCallAlone()
{
    QFETCH(int, act);
    QFETCH(bool, forGood);
    failEveryAllocation(acts()[static_cast<std::size_t>(act)], forGood);
}

QTEST_GUILESS_MAIN(TestReadMemory)
#include "tst_read_memory.moc"
