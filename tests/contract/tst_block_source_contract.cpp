// SPDX-License-Identifier: GPL-3.0-or-later
#include "cachecore/source/file_source.h"
#include "cachecore/source/memory_source.h"
#include "tests/contract/block_source_contract.h"
#include "tests/support/fault_source.h"
#include "tests/support/temp_dir.h"

#include <QStandardPaths>
#include <QTest>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <unistd.h>

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

/// The first line a command prints; empty when it fails. Not by QProcess, after whose fork ThreadSanitizer refuses
/// to start threads.
std::string outputOf(const std::string &command)
{
    std::FILE *const pipe = ::popen(command.c_str(), "re");
    if (!pipe)
        return {};
    std::array<char, 256> line{};
    const bool got = std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr;
    const bool succeeded = ::pclose(pipe) == 0;
    if (!got || !succeeded)
        return {};
    const std::string_view text(line.data());
    return std::string(text.substr(0, text.find('\n')));
}

/// A loop device over a file whose path has no character special to a shell, set up and taken down with it.
class LoopDevice {
public:
    explicit LoopDevice(const std::string &file)
        : m_path(outputOf("losetup --find --show --read-only '" + file + "' 2>/dev/null"))
    {
    }
    ~LoopDevice()
    {
        if (!m_path.empty())
            (void)outputOf("losetup --detach " + m_path);
    }
    LoopDevice(const LoopDevice &) = delete;
    LoopDevice &operator=(const LoopDevice &) = delete;
    const std::string &path() const { return m_path; }

private:
    const std::string m_path;
};

SourceMaker loopMaker()
{
    const auto path = std::make_shared<std::string>();
    return {"FileSource, loop device",
            [=](const std::vector<std::byte> &content, std::string &skipReason) -> std::shared_ptr<BlockSource> {
                if (::geteuid() != 0 || QStandardPaths::findExecutable(QStringLiteral("losetup")).isEmpty()) {
                    skipReason = "a loop device needs root and losetup";
                    return nullptr;
                }
                struct Held {
                    LoopDevice loop;
                    std::shared_ptr<BlockSource> source; // closed before the device goes
                };
                const std::shared_ptr<Held> held(new Held{LoopDevice(freshFile(content)), nullptr});
                if (held->loop.path().empty()) {
                    skipReason = "losetup was refused";
                    return nullptr;
                }
                *path = held->loop.path();
                held->source = openFile(*path, FileSource::Access::WriteIfPermitted);
                return {held, held->source.get()};
            },
            [=] { return openFile(*path, FileSource::Access::ReadOnly); }};
}

} // namespace

std::vector<SourceMaker> sourceMakers()
{
    return {
        {"MemorySource",
         [](const std::vector<std::byte> &content, std::string &) { return std::make_shared<MemorySource>(content); },
         nullptr},
        {"MemorySource, read-only",
         [](const std::vector<std::byte> &content, std::string &) {
             return std::make_shared<MemorySource>(content, MemorySource::Access::ReadOnly);
         },
         nullptr},
        {"FaultSource without faults",
         [](const std::vector<std::byte> &content, std::string &) {
             return std::make_shared<FaultSource>(std::make_shared<MemorySource>(content));
         },
         nullptr},
        fileMaker("FileSource, regular file", FileSource::Access::WriteIfPermitted),
        fileMaker("FileSource, regular file, read-only", FileSource::Access::ReadOnly),
        loopMaker(),
    };
}

} // namespace cachet_test

QTEST_GUILESS_MAIN(cachet_test::BlockSourceContract)
