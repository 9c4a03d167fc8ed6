// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"

#include <atomic>
#include <memory>
#include <utility>

namespace cachet_test {

/// An Env whose clock stands still until the test moves it; everything else is another Env's. Thread: any.
class ClockEnv final : public cachecore::Env {
public:
    explicit ClockEnv(std::shared_ptr<cachecore::Env> inner = cachecore::systemEnv())
        : m_inner(std::move(inner))
    {
    }

    void advance(std::chrono::milliseconds by) { m_passedMs += by.count(); }

    std::chrono::steady_clock::time_point now() const override
    {
        return m_start + std::chrono::milliseconds(m_passedMs.load());
    }
    std::int64_t realTimeNs() const override { return m_inner->realTimeNs(); }
    cachecore::Result<std::unique_ptr<cachecore::EnvFile>> open(const std::string &path,
                                                                cachecore::OpenMode mode) override
    {
        return m_inner->open(path, mode);
    }
    cachecore::Result<cachecore::FileStatus> status(const std::string &path) override { return m_inner->status(path); }
    cachecore::Result<void> rename(const std::string &from, const std::string &to) override
    {
        return m_inner->rename(from, to);
    }
    cachecore::Result<void> renameUnlessTaken(const std::string &from, const std::string &to) override
    {
        return m_inner->renameUnlessTaken(from, to);
    }
    cachecore::Result<void> remove(const std::string &path) override { return m_inner->remove(path); }
    cachecore::Result<void> syncDirectoryOf(const std::string &path) override { return m_inner->syncDirectoryOf(path); }
    cachecore::Result<std::unique_ptr<cachecore::EnvFile>> openAnonymous() override { return m_inner->openAnonymous(); }
    cachecore::Result<std::vector<std::string>> list(const std::string &directory) override
    {
        return m_inner->list(directory);
    }
    cachecore::Result<void> createDirectories(const std::string &path) override
    {
        return m_inner->createDirectories(path);
    }
    cachecore::Result<std::string> realPath(const std::string &path) override { return m_inner->realPath(path); }
    cachecore::Result<void> random(std::span<std::byte> into) override { return m_inner->random(into); }

private:
    const std::shared_ptr<cachecore::Env> m_inner;
    const std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    std::atomic<std::chrono::milliseconds::rep> m_passedMs = 0;
};

} // namespace cachet_test
