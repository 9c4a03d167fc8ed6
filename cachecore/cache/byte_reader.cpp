// SPDX-License-Identifier: MIT
#include "cachecore/cache/byte_reader.h"

#include "cachecore/base/allocation.h"

#include <new>
#include <utility>
#include <vector>

namespace cachecore {

ByteReader::~ByteReader() = default;

Result<ByteWindow> view(ByteReader &reader, ByteRange range, Intent intent, std::stop_token stop)
{
    if (range.end().value() > reader.size())
        return failure(ErrorCode::OutOfRange, Operation::Read, range);
    if (range.empty())
        return ByteWindow{range, {}, nullptr};
    auto window = reader.window(range.begin(), intent, stop);
    if (!window)
        return window;
    if (window->range.contains(range)) {
        const auto skipped = static_cast<std::size_t>(range.begin() - window->range.begin());
        return ByteWindow{range, window->bytes.subspan(skipped, static_cast<std::size_t>(range.length())),
                          std::move(window->pin)};
    }
    try {
        const auto copy = std::make_shared<std::vector<std::byte>>(elementCount<std::byte>(range.length()));
        if (auto done = reader.read(range.begin(), *copy, intent, std::move(stop)); !done)
            return failure(std::move(done.error()));
        return ByteWindow{range, *copy, copy};
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Read, range);
    }
}

} // namespace cachecore
