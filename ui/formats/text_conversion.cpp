// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/text_conversion.h"

#include <algorithm>
#include <new>

namespace cachet {

namespace {

constexpr qsizetype kPart = qsizetype{64} << 10;

/// About as many bytes as a text of `characters` makes, so that they need not be moved while they grow.
std::uint64_t expectedBytes(TextFormat format, std::uint64_t characters)
{
    switch (format) {
    case TextFormat::HexText:
        return characters / 2;
    case TextFormat::Base64:
        return characters / 4 * 3 + 3;
    case TextFormat::Utf16Text:
        return characters * 2;
    case TextFormat::Utf8Text:
        return characters;
    case TextFormat::HexDump:
    case TextFormat::Array:
        break;
    }
    return characters / 4;
}

void keep(TextConversion &result, std::vector<std::byte> &part, std::uint64_t room)
{
    const std::uint64_t free = room - std::min<std::uint64_t>(room, result.bytes.size());
    const auto fits = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(free, part.size()));
    result.bytes.insert(result.bytes.end(), part.begin(), part.begin() + fits);
    result.total += part.size();
    part.clear();
}

void convert(TextConversion &result, QStringView text, TextFormat format, std::uint64_t room,
             const std::function<void(std::uint64_t, std::uint64_t)> &progress, const std::stop_token &stop)
{
    const auto length = static_cast<std::uint64_t>(text.size());
    result.bytes.reserve(static_cast<std::size_t>(std::min(room, expectedBytes(format, length))));
    const auto decoder = makeDecoder(format);
    std::vector<std::byte> part;
    TextDecoder::Step step;
    for (qsizetype at = 0; step && at < text.size(); at += kPart) {
        if (stop.stop_requested()) {
            result.stopped = true;
            return;
        }
        step = decoder->feed(text.sliced(at, std::min(kPart, text.size() - at)), part);
        keep(result, part, room);
        if (progress)
            progress(std::min(static_cast<std::uint64_t>(at + kPart), length), length);
    }
    if (step)
        step = decoder->finish(part);
    keep(result, part, room);
    if (!step)
        result.error = step.error();
}

} // namespace

TextConversion convertText(QStringView text, TextFormat format, std::uint64_t room,
                           const std::function<void(std::uint64_t, std::uint64_t)> &progress,
                           const std::stop_token &stop)
{
    TextConversion result;
    try {
        convert(result, text, format, room, progress, stop);
    } catch (const std::bad_alloc &) {
        result = {};
        result.outOfMemory = true;
    }
    return result;
}

} // namespace cachet
