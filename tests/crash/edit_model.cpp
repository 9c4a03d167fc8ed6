// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/edit_model.h"

#include <algorithm>
#include <utility>

namespace cachet_test {

using namespace cachecore;

namespace {

constexpr std::uint64_t kBlock = 4096; ///< what a base may speak of as a whole

bool sameBlock(const std::vector<std::byte> &a, const std::vector<std::byte> &b, std::uint64_t at)
{
    const std::size_t begin = static_cast<std::size_t>(at / kBlock * kBlock);
    const std::size_t end = std::min({begin + kBlock, a.size(), b.size()});
    return std::equal(a.begin() + static_cast<std::ptrdiff_t>(begin), a.begin() + static_cast<std::ptrdiff_t>(end),
                      b.begin() + static_cast<std::ptrdiff_t>(begin));
}

} // namespace

std::string judge(const Restored &restored, const Outcome &outcome)
{
    if (restored.image != *outcome.image)
        return "the image is another";
    std::vector<std::byte> shown = restored.image;
    restored.staged.overlay(ByteOffset(0), shown);
    for (std::uint64_t at = 0; at < shown.size(); ++at) {
        const auto wanted = outcome.staged->find(at);
        const std::byte now = shown[static_cast<std::size_t>(at)];
        if (wanted == outcome.staged->end()) {
            if (restored.staged.anyIn(ByteRange(ByteOffset(at), ByteOffset(at + 1))))
                return "staged though it was not: " + std::to_string(at);
            continue;
        }
        if (now == wanted->second.value)
            continue;
        const bool apart
            = std::ranges::any_of(restored.changed, [&](ByteRange range) { return range.contains(ByteOffset(at)); });
        if (!apart)
            return "neither staged nor on the disk: " + std::to_string(at);
        if (sameBlock(*wanted->second.base, restored.image, at))
            return "listed apart though nothing has changed under it: " + std::to_string(at);
    }
    return {};
}

EditModel::EditModel(Image image)
    : m_image(std::move(image))
    , m_states{std::make_shared<const StagedBytes>()}
{
}

void EditModel::keep(StagedBytes staged)
{
    m_states.push_back(std::make_shared<const StagedBytes>(std::move(staged)));
    ++m_actions;
}

std::vector<std::byte> EditModel::shown() const
{
    std::vector<std::byte> bytes = *m_image;
    for (const auto &[at, byte] : now())
        bytes[static_cast<std::size_t>(at)] = byte.value;
    return bytes;
}

void EditModel::stage(std::uint64_t at, const std::vector<std::byte> &bytes)
{
    const std::vector<std::byte> before = shown();
    const auto begin = before.begin() + static_cast<std::ptrdiff_t>(at);
    const std::uint64_t end = at + bytes.size();
    StagedBytes staged = now();
    m_steps.push_back({at,
                       {begin, begin + static_cast<std::ptrdiff_t>(bytes.size())},
                       {staged.lower_bound(at), staged.lower_bound(end)},
                       m_image});
    for (std::uint64_t i = 0; i < bytes.size(); ++i) {
        const auto former = staged.find(at + i);
        staged[at + i] = {bytes[static_cast<std::size_t>(i)], former == staged.end() ? m_image : former->second.base,
                          m_actions + 1};
    }
    keep(std::move(staged));
}

void EditModel::discard(std::uint64_t at, std::uint64_t length)
{
    StagedBytes staged = now();
    staged.erase(staged.lower_bound(at), staged.lower_bound(at + length));
    m_steps.clear(); // undoing it is not told
    keep(std::move(staged));
}

void EditModel::undo()
{
    const Step step = std::move(m_steps.back());
    m_steps.pop_back();
    StagedBytes staged = now();
    for (std::uint64_t i = 0; i < step.shown.size(); ++i) {
        const std::uint64_t at = step.at + i;
        const std::byte was = step.shown[static_cast<std::size_t>(i)];
        const auto former = step.staged.find(at);
        if (m_image != step.image)
            staged[at] = {was, m_image, m_actions + 1};
        else if (former != step.staged.end())
            staged[at] = {was, former->second.base, m_actions + 1};
        else
            staged.erase(at);
    }
    keep(std::move(staged));
}

Image EditModel::afterWriting(ByteRange range) const
{
    std::vector<std::byte> bytes = *m_image;
    for (const auto &[at, byte] : now()) {
        if (range.contains(ByteOffset(at)))
            bytes[static_cast<std::size_t>(at)] = byte.value;
    }
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

void EditModel::written(ByteRange range, std::uint64_t last, Image image)
{
    m_image = std::move(image);
    StagedBytes staged = now();
    std::erase_if(staged, [&](const auto &entry) {
        return entry.second.action <= last && range.contains(ByteOffset(entry.first));
    });
    for (auto &[at, byte] : staged)
        byte.base = m_image;
    keep(std::move(staged));
}

} // namespace cachet_test
