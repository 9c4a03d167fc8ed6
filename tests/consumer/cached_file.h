// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <cachecore/cachecore.h>

/// Thrown by everything here: what went wrong, in words.
class ReadError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A file read through cachecore's page cache: the one place of these programs that knows the engine. Positions and lengths are in bytes; what the file does
/// not have, or the disk does not give, is a ReadError.
class CachedFile {
public:
    explicit CachedFile(const std::string &path);

    [[nodiscard]] std::uint64_t size() const;
    /// `count` bytes at `at`.
    [[nodiscard]] std::vector<std::byte> bytes(std::uint64_t at, std::uint64_t count) const;
    /// As many bytes at `at` as there are, at most as many as `into` holds; how many.
    [[nodiscard]] std::size_t readSome(std::uint64_t at, std::span<std::byte> into) const;
    /// The characters from `at` to the byte 0 before `end`.
    [[nodiscard]] std::string string(std::uint64_t at, std::uint64_t end) const;
    /// The number at `at`.
    template <cachecore::TypedValue T>
    [[nodiscard]] T value(std::uint64_t at, std::endian order) const
    {
        const auto found = m_cursor->read<T>(offset(at), order);
        if (!found)
            fail(found.error());
        return *found;
    }
    /// What the cache did, in one line.
    [[nodiscard]] std::string statistics() const;

private:
    [[nodiscard]] static cachecore::ByteOffset offset(std::uint64_t at);
    [[noreturn]] static void fail(const cachecore::Error &error);

    std::shared_ptr<cachecore::CachedSource> m_source;
    std::unique_ptr<cachecore::Cursor> m_cursor; ///< of m_source
};
