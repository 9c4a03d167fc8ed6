// SPDX-License-Identifier: MIT
#include "cachecore/source/nbd_status.h"

#include <algorithm>
#include <optional>

namespace cachecore {

namespace {

// One question covers so much, and so many look for the next data.
constexpr std::uint64_t kStep = std::uint64_t{1} << 31;
constexpr unsigned kMostSteps = 1024;

/// What has been answered so far: the first run of data.
struct Answer {
    std::optional<ByteRange> data;
    bool closed = false;   ///< a hole follows on `data`
    std::uint64_t end = 0; ///< of what was answered
};

int take(void *user, const char *, std::uint64_t offset, std::uint32_t *entries, std::size_t count, int *)
{
    auto &answer = *static_cast<Answer *>(user);
    answer.end = offset;
    for (std::size_t i = 0; i + 1 < count && !answer.closed; i += 2) {
        const ByteRange run(ByteOffset(answer.end), ByteOffset(answer.end + entries[i]));
        answer.end = run.end().value();
        const bool zeros = (entries[i + 1] & LIBNBD_STATE_ZERO) != 0;
        if (zeros)
            answer.closed = answer.data.has_value();
        else
            answer.data = answer.data ? ByteRange(answer.data->begin(), run.end()) : run;
    }
    return 0;
}

} // namespace

Result<ByteRange> nbdNextData(NbdConnections &connections, const NbdExport &target, ByteOffset from)
{
    const ByteOffset end(connections.size());
    const ByteOffset begin = std::min(from, end);
    std::uint64_t at = begin.value() / target.minimumBlock * target.minimumBlock;
    Answer answer;
    for (unsigned step = 0; target.tellsStatus && step < kMostSteps && at < end.value() && !answer.closed; ++step) {
        answer.end = at;
        const auto told = connections.run([&](NbdConnection &connection) {
            return nbd_block_status(connection.handle.get(), std::min(end.value() - at, kStep), at,
                                    {.callback = take, .user_data = &answer, .free = nullptr}, 0);
        });
        if (!told)
            return failure(told.error());
        if (answer.end <= at)
            break; // no answer is no hole
        at = answer.end;
    }
    if (answer.data)
        return ByteRange(std::max(answer.data->begin(), begin), std::min(answer.data->end(), end));
    return ByteRange(std::max(ByteOffset(at), begin), end);
}

} // namespace cachecore
