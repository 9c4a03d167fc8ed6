// SPDX-License-Identifier: MIT
#include "cachecore/source/sample_hash.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <xxhash.h>

namespace cachecore {

namespace {

constexpr std::uint64_t kSampleBytes = 4096;
constexpr std::uint64_t kSamples = 8;

struct FreeState {
    void operator()(XXH3_state_t *state) const { XXH3_freeState(state); }
};

} // namespace

Result<std::uint64_t> sampleHash(BlockSource &source, std::uint64_t size)
{
    const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
    if (!state)
        return failure(ErrorCode::OutOfMemory, Operation::Read);
    XXH3_64bits_reset(state.get());
    std::vector<std::byte> buffer(kSampleBytes);
    const bool whole = size <= kSamples * kSampleBytes;
    const std::uint64_t samples = whole ? (size + kSampleBytes - 1) / kSampleBytes : kSamples;
    const std::uint64_t step = whole ? kSampleBytes : (size - kSampleBytes) / (kSamples - 1);
    for (std::uint64_t i = 0; i < samples; ++i) {
        // The last sample ends with the source, whatever the division left over.
        const std::uint64_t at = !whole && i + 1 == samples ? size - kSampleBytes : i * step;
        const auto wanted = static_cast<std::size_t>(std::min(kSampleBytes, size - at));
        const auto got = source.readAt(ByteOffset(at), std::span(buffer).first(wanted));
        if (!got && got.error().code != ErrorCode::Io)
            return failure(got.error());
        const std::uint64_t length = got ? *got : ~std::uint64_t{0};
        XXH3_64bits_update(state.get(), &length, sizeof length);
        if (got)
            XXH3_64bits_update(state.get(), buffer.data(), static_cast<std::size_t>(*got));
    }
    return XXH3_64bits_digest(state.get());
}

} // namespace cachecore
