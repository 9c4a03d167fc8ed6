// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/text_decoder.h"

#include <functional>
#include <optional>
#include <stop_token>

namespace cachet {

/// What a text became.
struct TextConversion {
    std::vector<std::byte> bytes;   ///< the first of them, as many as there is room for
    std::uint64_t total = 0;        ///< bytes of the whole text
    std::optional<TextError> error; ///< then bytes are those before it
    bool stopped = false;           ///< given up on request
    bool outOfMemory = false;       ///< then there are no bytes
};

/// Turns all of `text` into bytes and keeps the first `room` of them; what is beyond is only counted and checked. `progress` is told every 64 Ki characters
/// how many of them are done, on the thread that works. Blocks for as long as it takes; memory for the bytes kept.
[[nodiscard]] TextConversion convertText(QStringView text, TextFormat format, std::uint64_t room,
                                         const std::function<void(std::uint64_t done, std::uint64_t total)> &progress
                                         = {},
                                         const std::stop_token &stop = {});

} // namespace cachet
