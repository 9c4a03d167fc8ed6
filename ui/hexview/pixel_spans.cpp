// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/pixel_spans.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <cwchar>

namespace cachet {

namespace {

constexpr int kStep = 4;       // pixels that one vector register holds on every processor in use
constexpr int kWide = 64;      // from so many pixels on the library's fill is worth its call
constexpr int kCacheLine = 16; // pixels

void copyPixels(quint32 *out, const quint32 *in, int count)
{
    if (count < kStep) {
        for (int i = 0; i < count; ++i)
            out[i] = in[i];
        return;
    }
    // The last step may overlap the one before it: fewer branches than a tail of single pixels.
    for (int i = 0; i < count - kStep; i += kStep)
        std::memcpy(out + i, in + i, kStep * sizeof(quint32));
    std::memcpy(out + count - kStep, in + count - kStep, kStep * sizeof(quint32));
}

void fillPixels(quint32 *out, quint32 color, int count)
{
    if (count < kStep) {
        for (int i = 0; i < count; ++i)
            out[i] = color;
        return;
    }
    static_assert(sizeof(wchar_t) == sizeof(quint32));
    if (count >= kWide) {
        std::wmemset(reinterpret_cast<wchar_t *>(out), static_cast<wchar_t>(color), static_cast<std::size_t>(count));
        return;
    }
    const std::array<quint32, kStep> step{color, color, color, color};
    for (int i = 0; i < count - kStep; i += kStep)
        std::memcpy(out + i, step.data(), sizeof(step));
    std::memcpy(out + count - kStep, step.data(), sizeof(step));
}

// Asks for memory that is written soon: of a large picture it is in no cache, and the narrow writes of cells would each wait for it.
void expectWrites(const quint32 *out, int count)
{
    for (int i = 0; i < count; i += kCacheLine)
        __builtin_prefetch(out + i, 1);
}

} // namespace

void SpanRow::begin(int left, int width)
{
    m_left = left;
    m_width = width;
    m_spans.clear();
}

void SpanRow::fill(int from, int to, quint32 color)
{
    const int begin = std::max(from - m_left, 0);
    const int end = std::min(to - m_left, m_width);
    if (begin < end)
        m_spans.push_back({.x = begin, .width = end - begin, .color = color});
}

void SpanRow::copy(int x, int width, const quint32 *source, int stride)
{
    const int begin = std::max(x - m_left, 0);
    const int end = std::min(x + width - m_left, m_width);
    if (begin < end)
        m_spans.push_back(
            {.x = begin, .width = end - begin, .source = source + (begin - (x - m_left)), .stride = stride});
}

void paintSpans(std::span<const PixelSpan> spans, quint32 *out, qsizetype stride, int lines)
{
    for (int line = 0; line < lines; ++line, out += stride) {
        for (const PixelSpan &span : spans) {
            if (line + 1 < lines && span.width < kWide)
                expectWrites(out + stride + span.x, span.width);
            if (span.source)
                copyPixels(out + span.x, span.source + static_cast<qsizetype>(line) * span.stride, span.width);
            else
                fillPixels(out + span.x, span.color, span.width);
        }
    }
}

} // namespace cachet
