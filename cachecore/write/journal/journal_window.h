// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/base/env.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>

namespace cachecore::journal {

/// A view of a journal's file that moves towards its end: what it holds already is not read again.
/// Thread: one at a time. Memory: the longest view, or what is read ahead, if that is more; at least kRoom from the first view on.
class JournalWindow {
public:
    static constexpr std::size_t kRoom = std::size_t{256} << 10;

    JournalWindow(EnvFile &file, std::string path);

    /// The `length` bytes at `at`, valid until the next call. Up to `ahead` bytes are read at once. Errors: Damaged when the file ends before, what the file
    /// says; with the range asked for. Throws std::bad_alloc. Blocking.
    [[nodiscard]] Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t length, std::size_t ahead);

private:
    static constexpr std::align_val_t kAlignment{4096};
    struct Free {
        void operator()(std::byte *bytes) const { ::operator delete(bytes, kAlignment); }
    };
    using Buffer = std::unique_ptr<std::byte[], Free>;

    [[nodiscard]] std::size_t held(std::uint64_t at) const;
    void moveTo(std::uint64_t at, std::size_t capacity);

    EnvFile &m_file;
    const std::string m_path;
    Buffer m_bytes;
    std::size_t m_capacity = 0;
    std::uint64_t m_begin = 0;
    std::size_t m_size = 0;
};

} // namespace cachecore::journal
