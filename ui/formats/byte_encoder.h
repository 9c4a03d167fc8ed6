// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/formats/byte_format.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace cachet {

/// Turns a stream of bytes into text, part by part: the same text wherever the parts are cut. Holds at most one row.
/// Thread: one at a time; blocks on nothing.
class ByteEncoder {
public:
    ByteEncoder() = default;
    ByteEncoder(const ByteEncoder &) = delete;
    ByteEncoder &operator=(const ByteEncoder &) = delete;
    virtual ~ByteEncoder();

    /// Appends to `out` what can be said after `bytes`, all of it ASCII but for ByteFormat::Raw.
    virtual void feed(std::span<const std::byte> bytes, std::string &out) = 0;
    /// Appends what is left; the last call.
    virtual void finish(std::string &out) = 0;
};

/// The encoder for options.length bytes in all.
[[nodiscard]] std::unique_ptr<ByteEncoder> makeEncoder(const EncodeOptions &options);

} // namespace cachet
