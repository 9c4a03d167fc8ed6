// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/base/thread_executor.h"
#include "cachecore/document.h"
#include "tests/crash/crash_explorer.h"
#include "tests/crash/error_text.h"
#include "tests/support/edits.h"

#include <QTest>

#include <functional>
#include <memory>

using namespace cachecore;

namespace cachet_test {

namespace {

#ifdef CACHET_SANITIZED
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

std::vector<std::byte> contentOf(Document &document)
{
    std::vector<std::byte> bytes(static_cast<std::size_t>(document.size()));
    return document.read(ByteOffset(0), bytes) ? bytes : std::vector<std::byte>{};
}

/// A document on a simulated machine. Members are destroyed last to first.
struct SimulatedDocument {
    explicit SimulatedDocument(const CrashScene &scene)
        : env(std::make_shared<SimulatedEnv>(scene.disk, 3, [](std::size_t) { return std::size_t{0}; }))
    {
        auto source = FileSource::open(env, CrashScene::kTarget, FileSource::Access::WriteIfPermitted);
        if (!source)
            return;
        DocumentOptions options;
        options.pageSize = 4096;
        options.cacheBytes = std::uint64_t{1} << 20;
        options.journals = scene.places;
        auto created = Document::create(std::move(*source), options, {loads, writes, {}}, env);
        if (created)
            document = std::move(*created);
    }

    std::shared_ptr<SimulatedEnv> env;
    std::shared_ptr<ThreadExecutor> loads = std::make_shared<ThreadExecutor>(2);
    std::shared_ptr<ThreadExecutor> writes = std::make_shared<ThreadExecutor>(1);
    std::shared_ptr<Document> document;
};

/// Commits what is staged, or what of it lies in `range`, while the power is cut before each operation and after the last; the image must become what
/// `expected` says. Empty when all went well.
std::string commitCuttingPower(const SimulatedDocument &machine, CrashExplorer &explorer, ByteRange range,
                               const Image &old, const Image &expected)
{
    struct Moment {
        SimulatedDisk disk;
        std::string how;
        bool written;
    };
    std::vector<Moment> moments;
    bool written = false;
    machine.env->setBeforeEach([&](const SimulatedDisk &disk, const DiskOperation &next) {
        moments.push_back({disk, "before " + next.text(), written});
        written = written || (next.kind == DiskOperation::Kind::Write && next.path == CrashScene::kTarget);
    });
    const WriteOutcome outcome = machine.document->persist(range);
    machine.env->setBeforeEach({});
    if (!outcome.succeeded())
        return errorText(outcome.error());
    for (Moment &moment : moments)
        explorer.cut(std::move(moment.disk), {old, expected, !moment.written, moment.written, true},
                     std::move(moment.how));
    explorer.cut(machine.env->disk(), {old, expected, false, true, false}, "after the write");
    return {};
}

Image imageOf(std::vector<std::byte> bytes)
{
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

} // namespace

/// The document writes, undoes, persists a part, and loses its power everywhere.
class DocumentPowerCutTest : public QObject {
    Q_OBJECT

private slots:
    void leavesEachWriteWholeThroughAnEditingSession();
};

void DocumentPowerCutTest::leavesEachWriteWholeThroughAnEditingSession()
{
    const CrashScene scene({});
    SimulatedDocument machine(scene);
    QVERIFY(machine.document != nullptr);
    Document &document = *machine.document;
    CrashExplorer explorer(scene, {.recoveryIsCutToo = !kSlow});
    Image now = scene.original;
    const auto commit = [&](ByteRange range) {
        // What the image must be: what the document shows in the range, and what was on the disk elsewhere.
        const std::vector<std::byte> shown = contentOf(document);
        std::vector<std::byte> next = *now;
        std::copy(shown.begin() + static_cast<std::ptrdiff_t>(range.begin().value()),
                  shown.begin() + static_cast<std::ptrdiff_t>(range.end().value()),
                  next.begin() + static_cast<std::ptrdiff_t>(range.begin().value()));
        const Image expected = imageOf(std::move(next));
        const std::string wrong = commitCuttingPower(machine, explorer, range, now, expected);
        QVERIFY2(wrong.empty(), wrong.c_str());
        QVERIFY(machine.env->disk().bytes(CrashScene::kTarget, [](std::size_t) { return std::size_t{0}; })
                == *expected);
        QCOMPARE(contentOf(document), shown);
        now = expected;
    };
    const ByteRange all = ByteRange::whole(scene.machine.size);

    QVERIFY(document.stage(ByteOffset(100), bytesOf({1, 2, 3})).has_value());
    commit(all);
    QVERIFY(document.undo().has_value());
    commit(all);
    QVERIFY(document.stageFill(rangeAt(4000, 200), bytesOf({0xaa})).has_value());
    commit(rangeAt(4050, 20)); // in the middle of the fill, in one unit of two
    QVERIFY(document.stage(ByteOffset(9000), bytesOf({5})).has_value());
    commit(all);
    QVERIFY(document.staged().empty());
    QCOMPARE(QString::fromStdString(explorer.run()), QString());
    QVERIFY(explorer.counts().exhausted());
    qInfo("%s", explorer.counts().text().c_str());
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::DocumentPowerCutTest)
#include "tst_document_power_cut.moc"
