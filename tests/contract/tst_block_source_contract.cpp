// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "cachecore/source/mapped_source.h"
#include "cachecore/source/memory_source.h"
#include "tests/contract/block_source_contract.h"
#include "tests/support/fault_source.h"
#include "tests/support/loop_device.h"
#include "tests/support/temp_dir.h"

#include <QTest>

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
    };
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::BlockSourceContract)
