// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace cachet {

/// What bytes are turned into when they leave the document.
enum class ByteFormat : std::uint8_t {
    Raw,         ///< the bytes themselves
    HexText,     ///< "DE AD BE EF"
    HexDump,     ///< offset, bytes and characters, as xxd prints them
    CArray,      ///< "const unsigned char data[4] = {...};", also C++
    RustArray,   ///< "pub static DATA: [u8; 4] = [...];"
    PythonBytes, ///< "data = bytes([...])"
    Base64,      ///< RFC 4648
    PlainText,   ///< printable ASCII and the usual white space as they are, all else as a dot
};

/// All of them, in the order in which they are offered.
inline constexpr std::array kByteFormats{ByteFormat::Raw,    ByteFormat::HexText,   ByteFormat::HexDump,
                                         ByteFormat::CArray, ByteFormat::RustArray, ByteFormat::PythonBytes,
                                         ByteFormat::Base64, ByteFormat::PlainText};

/// Which bytes are turned into text, and how.
struct EncodeOptions {
    ByteFormat format = ByteFormat::HexText;
    std::uint64_t begin = 0;   ///< offset of the first byte, for the hex dump
    std::uint64_t length = 0;  ///< bytes in all, for the sizes of arrays
    bool lines = true;         ///< hex text and base64 in lines, each with its end; false: one line without an end
    std::string name = "data"; ///< of arrays: a lower-case identifier of C; Rust gets it in capitals
};

/// Bytes that the encoder of `options` makes in all; 2^64-1 when it is that many or more. O(1).
[[nodiscard]] std::uint64_t encodedSize(const EncodeOptions &options);

/// True for a name that C, Rust and Python take: ASCII letters, digits and underscores, not beginning with a digit.
[[nodiscard]] bool isArrayName(const std::string &name);

} // namespace cachet
