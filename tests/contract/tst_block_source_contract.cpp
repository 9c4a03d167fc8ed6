// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/callable_source.h"
#include "cachecore/source/file_source.h"
#include "cachecore/source/mapped_source.h"
#include "cachecore/source/memory_source.h"
#include "cachecore/source/nbd_source.h"
#include "tests/contract/block_source_contract.h"
#include "tests/support/fault_source.h"
#include "tests/support/loop_device.h"
#include "tests/support/nbd_server.h"
#include "tests/support/temp_dir.h"

#include <QTest>

#include <algorithm>
#include <string>

namespace cachet_test {

using namespace cachecore;

namespace {

int g_fileNumber = 0;

const TempDir &directory()
{
    static const TempDir dir;
    return dir;
}

std::string freshFile(const std::vector<std::byte> &content)
{
    return directory().write("disk" + std::to_string(g_fileNumber++), content);
}

std::shared_ptr<BlockSource> openFile(const std::string &path, FileSource::Access access)
{
    auto source = FileSource::open(systemEnv(), path, access);
    return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
}

SourceMaker fileMaker(std::string name, FileSource::Access access)
{
    const auto path = std::make_shared<std::string>();
    return {std::move(name),
            [=](const std::vector<std::byte> &content, std::string &) {
                *path = freshFile(content);
                return openFile(*path, access);
            },
            [=] { return openFile(*path, FileSource::Access::ReadOnly); }};
}

std::shared_ptr<BlockSource> openMapped(const std::string &path)
{
    auto source = MappedSource::open(systemEnv(), path);
    return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
}

SourceMaker mappedMaker(std::string name)
{
    const auto path = std::make_shared<std::string>();
    return {std::move(name),
            [=](const std::vector<std::byte> &content, std::string &skipReason) {
                *path = freshFile(content);
                auto source = openMapped(*path);
                skipReason = "this system does not let a file be mapped and read with a guard";
                return source;
            },
            [=] { return openMapped(*path); }};
}

using Opener = std::function<std::shared_ptr<BlockSource>(const std::string &path)>;

SourceMaker loopMaker(std::string name, LoopDevice::Access loopAccess, Opener open)
{
    const auto path = std::make_shared<std::string>();
    return {std::move(name),
            [=](const std::vector<std::byte> &content, std::string &skipReason) -> std::shared_ptr<BlockSource> {
                struct Held {
                    LoopDevice loop;
                    std::shared_ptr<BlockSource> source; // closed before the device goes
                };
                const std::shared_ptr<Held> held(new Held{LoopDevice(freshFile(content), loopAccess), nullptr});
                if (held->loop.path().empty()) {
                    skipReason = held->loop.whyNot();
                    return nullptr;
                }
                *path = held->loop.path();
                held->source = open(*path);
                skipReason = "the device could not be opened so";
                return held->source ? std::shared_ptr<BlockSource>(held, held->source.get()) : nullptr;
            },
            [=] { return openFile(*path, FileSource::Access::ReadOnly); }};
}

/// A file that nbdkit serves, through `filter` where that is no empty name.
SourceMaker nbdMaker(std::string name, NbdSource::Access access, const std::string &filter,
                     std::vector<std::string> settings)
{
    const auto uri = std::make_shared<std::string>();
    const auto open = [=](NbdSource::Access how) -> std::shared_ptr<BlockSource> {
        auto source = NbdSource::open(*uri, how);
        return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
    };
    return {std::move(name),
            [=](const std::vector<std::byte> &content, std::string &skipReason) -> std::shared_ptr<BlockSource> {
                struct Held {
                    NbdServer server;
                    std::shared_ptr<BlockSource> source; // closed before the server goes
                };
                std::vector<std::string> arguments = settings;
                arguments.insert(arguments.begin(), {"file", freshFile(content)});
                if (!filter.empty())
                    arguments.insert(arguments.begin(), "--filter=" + filter);
                const std::shared_ptr<Held> held(new Held{NbdServer(std::move(arguments)), nullptr});
                skipReason = held->server.whyNot();
                if (!skipReason.empty())
                    return nullptr;
                *uri = held->server.uri();
                held->source = open(access);
                skipReason = "the server could not be connected to";
                return held->source ? std::shared_ptr<BlockSource>(held, held->source.get()) : nullptr;
            },
            [=] { return open(NbdSource::Access::ReadOnly); }};
}

Opener fileWith(FileSource::Access access)
{
    return [access](const std::string &path) { return openFile(path, access); };
}

SourceMaker memoryMaker(std::string name, MemorySource::Access access, MemoryGeometry geometry)
{
    return {std::move(name),
            [=](const std::vector<std::byte> &content, std::string &) {
                return std::make_shared<MemorySource>(content, access, geometry);
            },
            nullptr};
}

/// Functions over plain bytes that know nothing of threads: they must be called one at a time.
SourceMaker plainFunctionsMaker(std::string name)
{
    const auto make = [](const std::vector<std::byte> &content, std::string &) -> std::shared_ptr<BlockSource> {
        const auto bytes = std::make_shared<std::vector<std::byte>>(content);
        SourceFunctions functions;
        functions.read = [bytes](ByteOffset at, std::span<std::byte> into) -> Result<std::uint64_t> {
            std::ranges::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(at.value()),
                                static_cast<std::ptrdiff_t>(into.size()), into.begin());
            return into.size();
        };
        functions.write = [bytes](ByteOffset at, std::span<const std::byte> from) -> Result<std::uint64_t> {
            std::ranges::copy(from, bytes->begin() + static_cast<std::ptrdiff_t>(at.value()));
            return from.size();
        };
        functions.size = [bytes]() -> Result<std::uint64_t> { return bytes->size(); };
        auto source = CallableSource::create(std::move(functions));
        return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
    };
    return {std::move(name), make, nullptr};
}

constexpr std::size_t kMost = 1000; // bytes of one mean function's call

/// Functions that give and take a few bytes at a time, from many threads at once.
SourceMaker meanFunctionsMaker(std::string name, CallableOptions options, bool writable)
{
    options.calls = CallableOptions::Calls::Parallel;
    const auto make = [=](const std::vector<std::byte> &content, std::string &) -> std::shared_ptr<BlockSource> {
        const auto memory = std::make_shared<MemorySource>(content);
        SourceFunctions functions;
        functions.read = [memory](ByteOffset at, std::span<std::byte> into) {
            return memory->BlockSource::readAt(at, into.first(std::min(into.size(), kMost)));
        };
        functions.size = content.size();
        if (writable) {
            functions.write = [memory](ByteOffset at, std::span<const std::byte> from) -> Result<std::uint64_t> {
                const auto some = from.first(std::min(from.size(), kMost));
                if (auto done = memory->writev(at, std::span(&some, 1)); !done)
                    return failure(done.error());
                return some.size();
            };
        }
        auto source = CallableSource::create(std::move(functions), options);
        return source ? std::shared_ptr<BlockSource>(std::move(*source)) : nullptr;
    };
    return {std::move(name), make, nullptr};
}

CallableOptions labelled(std::string label, std::uint32_t granularity)
{
    CallableOptions options;
    options.label = std::move(label);
    options.writeGranularity = granularity;
    return options;
}

} // namespace

std::vector<SourceMaker> sourceMakers()
{
    return {
        memoryMaker("MemorySource", MemorySource::Access::ReadWrite, {}),
        memoryMaker("MemorySource, read-only", MemorySource::Access::ReadOnly, {}),
        memoryMaker("MemorySource, whole sectors", MemorySource::Access::ReadWrite, {512, 4096, 512}),
        memoryMaker("MemorySource, whole large blocks", MemorySource::Access::ReadWrite, {4096, 8192, 4096}),
        {"FaultSource without faults",
         [](const std::vector<std::byte> &content, std::string &) {
             return std::make_shared<FaultSource>(std::make_shared<MemorySource>(content));
         },
         nullptr},
        fileMaker("FileSource, regular file", FileSource::Access::WriteIfPermitted),
        fileMaker("FileSource, regular file, read-only", FileSource::Access::ReadOnly),
        loopMaker("FileSource, loop device, not to be written", LoopDevice::Access::ReadWrite,
                  fileWith(FileSource::Access::WriteIfPermitted)),
        loopMaker("FileSource, loop device, written", LoopDevice::Access::ReadWrite,
                  fileWith(FileSource::Access::WriteDevice)),
        loopMaker("FileSource, read-only loop device", LoopDevice::Access::ReadOnly,
                  fileWith(FileSource::Access::WriteDevice)),
        mappedMaker("MappedSource, regular file"),
        loopMaker("MappedSource, loop device", LoopDevice::Access::ReadOnly, openMapped),
        nbdMaker("NbdSource", NbdSource::Access::WriteIfPermitted, {}, {}),
        nbdMaker("NbdSource, read-only", NbdSource::Access::ReadOnly, {}, {}),
        nbdMaker("NbdSource, one connection", NbdSource::Access::WriteIfPermitted, "multi-conn",
                 {"multi-conn-mode=disable"}),
        nbdMaker("NbdSource, whole sectors", NbdSource::Access::WriteIfPermitted, "blocksize-policy",
                 {"blocksize-minimum=512", "blocksize-preferred=4096", "blocksize-maximum=64K",
                  "blocksize-error-policy=error"}),
        plainFunctionsMaker("CallableSource, one call at a time"),
        meanFunctionsMaker("CallableSource, parallel, a little at a time", labelled("mean functions", 1), true),
        meanFunctionsMaker("CallableSource, whole sectors", labelled("whole sectors", 512), true),
        meanFunctionsMaker("CallableSource, read-only", labelled("read-only", 1), false),
    };
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::BlockSourceContract)
