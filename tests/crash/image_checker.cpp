// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/image_checker.h"

#include <algorithm>
#include <utility>

namespace cachet_test {

namespace {

using Act = ScriptStep::Act;

auto placeIn(std::vector<std::byte> &bytes, std::uint64_t at)
{
    return bytes.begin() + static_cast<std::ptrdiff_t>(at);
}

std::size_t firstDifference(const std::vector<std::byte> &now, const std::vector<std::byte> &meant)
{
    return static_cast<std::size_t>(std::ranges::mismatch(now, meant).in1 - now.begin());
}

} // namespace

ScriptedImage::ScriptedImage(std::vector<std::byte> disk)
    : m_disk(std::move(disk))
    , m_shown(m_disk)
{
}

void ScriptedImage::show(std::uint64_t at, const std::vector<std::byte> &bytes)
{
    std::ranges::copy(bytes, placeIn(m_shown, at));
}

void ScriptedImage::apply(const ScriptStep &step)
{
    switch (step.act) {
    case Act::Undo:
        show(m_done.back().at, m_done.back().before);
        m_undone.push_back(std::move(m_done.back()));
        m_done.pop_back();
        return;
    case Act::Redo:
        show(m_undone.back().at, m_undone.back().after);
        m_done.push_back(std::move(m_undone.back()));
        m_undone.pop_back();
        return;
    case Act::Persist: // where nothing is staged the disk is shown
        std::copy_n(placeIn(m_shown, step.at), step.length, placeIn(m_disk, step.at));
        return;
    case Act::Commit:
        m_disk = m_shown;
        return;
    default:
        break;
    }
    const auto begin = placeIn(m_shown, step.at);
    Change change{step.at, {begin, begin + static_cast<std::ptrdiff_t>(step.length)}, bytesStagedBy(step)};
    show(change.at, change.after);
    m_done.push_back(std::move(change));
    m_undone.clear();
}

ImageChecker::ImageChecker(std::vector<std::byte> original, std::uint64_t seed)
    : m_seed(seed)
    , m_start(std::move(original))
{
}

void ImageChecker::begin(std::vector<std::byte> now, std::uint64_t first, bool onlyOne)
{
    m_start = std::move(now);
    m_first = first;
    m_onlyOne = onlyOne;
}

void ImageChecker::advance(std::uint64_t writes)
{
    ScriptedImage image(m_start);
    m_shown = {image.shown()};
    m_before = image.disk();
    std::uint64_t made = 0;
    for (std::uint64_t round = m_first; made <= writes && (round == m_first || !m_onlyOne); ++round) {
        for (const ScriptStep &step : roundOfWrites(round, m_start.size(), m_seed)) {
            if (step.writes() && made++ == writes) {
                image.apply(step);
                break;
            }
            image.apply(step);
            // A write of nothing waits for nothing, so what came before it may be lost as what comes after.
            if (step.writes() && image.disk() != m_before) {
                m_before = image.disk();
                m_shown.clear();
            }
            m_shown.push_back(image.shown());
        }
    }
    m_after = image.disk();
}

std::string ImageChecker::isWhole(const std::vector<std::byte> &now, bool batches) const
{
    if (now == m_before || now == m_after)
        return {};
    if (now.size() != m_before.size())
        return "the image's length is " + std::to_string(now.size());
    const std::size_t end = firstDifference(now, m_after);
    if (batches
        && std::equal(now.begin() + static_cast<std::ptrdiff_t>(end), now.end(),
                      m_before.begin() + static_cast<std::ptrdiff_t>(end)))
        return {};
    return "the image is neither that before the write (it differs first at "
        + std::to_string(firstDifference(now, m_before)) + ") nor that after it (first at " + std::to_string(end) + ")";
}

std::string ImageChecker::isBetween(const std::vector<std::byte> &now) const
{
    if (now.size() != m_before.size())
        return "the image's length is " + std::to_string(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != m_before[i] && now[i] != m_after[i])
            return "the image's byte " + std::to_string(i) + " is neither the old nor the new one";
    }
    return {};
}

std::string ImageChecker::movedOneWay(const std::vector<std::byte> &then, const std::vector<std::byte> &now,
                                      bool toNew) const
{
    const std::vector<std::byte> &side = toNew ? m_after : m_before;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (then[i] == side[i] && now[i] != side[i])
            return "the image's byte " + std::to_string(i) + " was right already";
    }
    return {};
}

std::string ImageChecker::isShown(const std::vector<std::byte> &shown, const std::vector<std::byte> &now,
                                  bool begun) const
{
    if (shown == staged())
        return {};
    if (begun || now != m_before)
        return "an edit is neither on the disk nor staged, first at "
            + std::to_string(firstDifference(shown, staged()));
    if (std::ranges::find(m_shown, shown) != m_shown.end())
        return {};
    return "what is shown was never shown before, first at " + std::to_string(firstDifference(shown, staged()));
}

} // namespace cachet_test
