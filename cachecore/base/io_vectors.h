// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/uio.h>

namespace cachecore {

/// At most IOV_MAX buffers in the system's form; the rest is left for the caller's next call, as with any short transfer.
struct IoVectors {
    std::array<struct iovec, 64> few; ///< as many of them are set as there are buffers
    std::vector<struct iovec> many;
    int count = 0;
    std::uint64_t bytes = 0;

    template <typename Byte>
    explicit IoVectors(std::span<const std::span<Byte>> buffers)
    {
        const std::size_t used = std::min<std::size_t>(buffers.size(), IOV_MAX);
        if (used > few.size())
            many.resize(used);
        struct iovec *const to = data();
        for (std::size_t i = 0; i < used; ++i) {
            // iovec has no const; pwritev does not write through it.
            to[i].iov_base = const_cast<std::byte *>(buffers[i].data());
            to[i].iov_len = buffers[i].size();
            bytes += buffers[i].size();
        }
        count = static_cast<int>(used);
    }

    struct iovec *data() { return many.empty() ? few.data() : many.data(); }
};

} // namespace cachecore
