// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/theme.h"

#include <QPalette>

#include <algorithm>
#include <cmath>

namespace cachet {

namespace {

constexpr double kTextRatio = 4.5; // WCAG 2.1, 1.4.3, level AA
constexpr double kMarkRatio = 3.0; // WCAG 2.1, 1.4.11
constexpr int kReadableSteps = 40;
// The luminance at which black and white contrast equally with a colour.
constexpr double kMiddleLuminance = 0.179;

double linear(double channel)
{
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

QColor opaque(QColor color)
{
    color.setAlpha(255);
    return color.toRgb();
}

double worstContrast(const QColor &color, std::initializer_list<QColor> backgrounds)
{
    double worst = 21.0;
    for (const QColor &background : backgrounds)
        worst = std::min(worst, contrast(color, background));
    return worst;
}

} // namespace

double luminance(const QColor &color)
{
    const QColor rgb = color.toRgb();
    return 0.2126 * linear(rgb.redF()) + 0.7152 * linear(rgb.greenF()) + 0.0722 * linear(rgb.blueF());
}

double contrast(const QColor &a, const QColor &b)
{
    const auto [low, high] = std::minmax({luminance(a), luminance(b)});
    return (high + 0.05) / (low + 0.05);
}

QColor blended(const QColor &under, const QColor &over, double part)
{
    const QColor a = under.toRgb();
    const QColor b = over.toRgb();
    const auto mix = [part](int from, int to) { return static_cast<int>(std::lround(from + (to - from) * part)); };
    return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

QColor readableOn(const QColor &color, std::initializer_list<QColor> backgrounds, double ratio)
{
    const QColor start = opaque(color);
    const bool toBlack = worstContrast(Qt::black, backgrounds) > worstContrast(Qt::white, backgrounds);
    const QColor goal = toBlack ? QColor(0, 0, 0) : QColor(255, 255, 255);
    for (int step = 0; step <= kReadableSteps; ++step) {
        const QColor candidate = blended(start, goal, static_cast<double>(step) / kReadableSteps);
        if (worstContrast(candidate, backgrounds) >= ratio)
            return candidate;
    }
    return goal;
}

Theme Theme::of(const QPalette &palette)
{
    Theme theme;
    theme.base = opaque(palette.color(QPalette::Active, QPalette::Base));
    theme.dark = luminance(theme.base) < kMiddleLuminance;
    theme.text = opaque(palette.color(QPalette::Active, QPalette::Text));
    theme.accent
        = readableOn(theme.dark ? QColor(0x6c, 0xa8, 0xf0) : QColor(0x1f, 0x6f, 0xd0), {theme.base}, kMarkRatio);
    theme.setUpPages();
    theme.setUpBytes();
    theme.setUpTexts();
    return theme;
}

void Theme::setUpPages()
{
    const auto mark = [this](PageTone tone) -> QColor & { return m_marks[static_cast<std::size_t>(tone)]; };
    const QColor ink = dark ? Qt::white : Qt::black;
    mark(PageTone::Never) = blended(base, ink, dark ? 0.10 : 0.08);
    mark(PageTone::Touched) = blended(base, ink, dark ? 0.28 : 0.26);
    mark(PageTone::Cached) = dark ? QColor(0x4f, 0xae, 0xa4) : QColor(0x1d, 0x86, 0x7c);
    mark(PageTone::Loading) = dark ? QColor(0x9a, 0x92, 0xe0) : QColor(0x6f, 0x62, 0xc4);
    mark(PageTone::Staged) = dark ? QColor(0xf0, 0xa8, 0x3c) : QColor(0xc2, 0x6a, 0x00);
    mark(PageTone::Failed) = dark ? QColor(0xff, 0x6b, 0x62) : QColor(0xc6, 0x28, 0x28);
    for (const PageTone tone : {PageTone::Cached, PageTone::Loading, PageTone::Staged, PageTone::Failed})
        mark(tone) = readableOn(mark(tone), {base}, kMarkRatio);

    const auto tint = [this](PageTone tone) -> QColor & { return m_tints[static_cast<std::size_t>(tone)]; };
    tint(PageTone::Never) = base;
    tint(PageTone::Touched) = base;
    tint(PageTone::Cached) = blended(base, mark(PageTone::Cached), dark ? 0.10 : 0.07);
    tint(PageTone::Loading) = blended(base, mark(PageTone::Loading), dark ? 0.12 : 0.08);
    tint(PageTone::Staged) = blended(base, mark(PageTone::Staged), dark ? 0.11 : 0.09);
    tint(PageTone::Failed) = blended(base, mark(PageTone::Failed), dark ? 0.14 : 0.09);
}

void Theme::setUpBytes()
{
    const auto byte = [this](ByteClass kind) -> QColor & { return m_bytes[static_cast<std::size_t>(kind)]; };
    byte(ByteClass::Zero) = dark ? QColor(0x80, 0x86, 0x8c) : QColor(0x7c, 0x82, 0x88);
    byte(ByteClass::Printable) = text;
    byte(ByteClass::Control) = dark ? QColor(0x8f, 0xc1, 0x7a) : QColor(0x2e, 0x75, 0x2c);
    byte(ByteClass::High) = dark ? QColor(0x86, 0xb5, 0xf5) : QColor(0x1b, 0x5f, 0xb8);
    byte(ByteClass::Full) = dark ? QColor(0xd9, 0x9a, 0xc8) : QColor(0x9c, 0x2f, 0x7f);
    for (QColor &color : m_bytes) {
        color = readableOn(color,
                           {base, tint(PageTone::Cached), tint(PageTone::Loading), tint(PageTone::Staged),
                            tint(PageTone::Failed)},
                           kTextRatio);
    }
    text = byte(ByteClass::Printable);
    placeholderText = readableOn(dark ? QColor(0x80, 0x86, 0x8c) : QColor(0x7c, 0x82, 0x88),
                                 {base, tint(PageTone::Cached), tint(PageTone::Loading), tint(PageTone::Staged),
                                  tint(PageTone::Failed)},
                                 kTextRatio);
}

void Theme::setUpTexts()
{
    const QColor ink = dark ? Qt::white : Qt::black;
    headerBackground = blended(base, ink, dark ? 0.06 : 0.04);
    headerText = readableOn(blended(base, text, 0.6), {headerBackground}, kTextRatio);
    currentText = readableOn(text, {headerBackground}, 7.0);
    separator = blended(base, ink, dark ? 0.16 : 0.14);

    caret = accent;
    caretText = readableOn(base, {caret}, kTextRatio);
    selection = blended(base, accent, dark ? 0.38 : 0.26);
    selectedHatch = blended(selection, mark(PageTone::Failed), 0.35);
    selectionText = readableOn(text, {selection, selectedHatch}, kTextRatio);
    stagedBackground = blended(base, mark(PageTone::Staged), dark ? 0.36 : 0.30);
    stagedText = readableOn(text, {stagedBackground}, kTextRatio);
    selectedStaged = blended(base, mark(PageTone::Staged), dark ? 0.72 : 0.68);
    selectedStagedText = readableOn(text, {selectedStaged}, kTextRatio);

    unreadableBackground = blended(base, mark(PageTone::Failed), dark ? 0.20 : 0.12);
    unreadableHatch = blended(base, mark(PageTone::Failed), dark ? 0.34 : 0.28);
    unreadableText = readableOn(mark(PageTone::Failed), {unreadableBackground, unreadableHatch}, kTextRatio);
}

} // namespace cachet
