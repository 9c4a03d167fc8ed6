// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/thread_executor.h"
#include "cachecore/cache/cached_source.h"
#include "cachecore/source/file_source.h"
#include "tests/support/edits.h"
#include "tests/support/gate.h"
#include "tests/support/temp_dir.h"

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace cachet_test {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kFile = 512 * kMiB; ///< stays in the system's memory, and in no processor's cache
inline constexpr std::uint64_t kPage = cachecore::kDefaultPageSize;

/// One file for all rows.
struct BenchFile {
    BenchFile()
        : path(directory.write("image", patternBytes(kMiB)))
        , file(std::move(cachecore::systemEnv()->open(path, cachecore::OpenMode::ReadWrite).value()))
    {
        const std::vector<std::byte> chunk = patternBytes(kMiB);
        const std::array<std::span<const std::byte>, 1> buffers{std::span(chunk)};
        for (std::uint64_t at = 0; at < kFile; at += kMiB)
            complete = complete && file->pwritev(cachecore::ByteOffset(at), buffers) == kMiB;
    }
    static BenchFile &instance()
    {
        static BenchFile file;
        return file;
    }

    const TempDir directory;
    const std::string path;
    const std::unique_ptr<cachecore::EnvFile> file;
    bool complete = true;
};

inline std::shared_ptr<cachecore::CachedSource> cachedFile(std::uint64_t budget, std::uint32_t pageSize = kPage,
                                                           std::shared_ptr<cachecore::Executor> loads = nullptr)
{
    using namespace cachecore;
    auto source = FileSource::open(systemEnv(), BenchFile::instance().path, FileSource::Access::ReadOnly);
    if (!source || !BenchFile::instance().complete)
        return nullptr;
    auto cached = CachedSource::create(std::shared_ptr<BlockSource>(std::move(*source)),
                                       {pageSize, budget, loads ? WaitingReads::OnExecutor : WaitingReads::OnCaller},
                                       loads ? std::move(loads) : std::make_shared<ThreadExecutor>(2));
    return cached ? *cached : nullptr;
}

/// Another thread, without which locks and counts of references are cheaper than in any program that uses them.
class Company {
public:
    ~Company() { m_gate->open(); }

private:
    std::shared_ptr<Gate> m_gate = std::make_shared<Gate>();
    std::jthread m_thread{[gate = m_gate] { gate->pass(); }};
};

} // namespace cachet_test
