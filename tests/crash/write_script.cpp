// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/write_script.h"

#include "tests/support/temp_dir.h"

#include <algorithm>
#include <random>
#include <utility>

namespace cachet_test {

namespace {

using Act = ScriptStep::Act;

constexpr std::uint64_t kImportSize = 300'001;

std::uint64_t splitMix64(std::uint64_t x)
{
    std::uint64_t z = x + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// Makes up the steps of one round.
class Author {
public:
    Author(std::uint64_t round, std::uint64_t size, std::uint64_t seed)
        : m_numbers(seed + round * 0x9e3779b97f4a7c15U)
        , m_size(size)
    {
    }

    std::vector<ScriptStep> write(ScriptKind kind)
    {
        switch (kind) {
        case ScriptKind::Literals:
            stageSome(24, {Act::Literal});
            break;
        case ScriptKind::Persists:
            stageSome(12, {Act::Literal, Act::Fill});
            persist();
            stageSome(4, {Act::Literal, Act::Import});
            persist();
            break;
        case ScriptKind::Repeats:
            stageSome(8, {Act::Fill, Act::Random, Act::Increment});
            break;
        case ScriptKind::Imports:
            stageSome(6, {Act::Import, Act::Literal});
            break;
        case ScriptKind::Undos:
            undoAndRedo();
            break;
        case ScriptKind::Mixed:
            mix();
            break;
        }
        commit();
        return std::move(m_steps);
    }

private:
    std::uint64_t below(std::uint64_t bound) { return m_numbers() % bound; }

    void add(ScriptStep step) { m_steps.push_back(std::move(step)); }
    void commit() { add({.act = Act::Commit}); }

    void stage(Act act)
    {
        const bool small = act == Act::Literal;
        ScriptStep step{.act = act};
        step.length = std::min(1 + (below(small ? 20'000 : 60'000) >> below(small ? 15 : 6)), m_size);
        step.at = below(m_size - step.length + 1);
        step.number = act == Act::Import ? below(kImportSize - step.length + 1) : m_numbers();
        step.step = act == Act::Increment ? m_numbers() : 0;
        step.width = static_cast<std::uint8_t>(1U << below(4));
        if (act == Act::Literal || act == Act::Fill)
            step.bytes.resize(small ? step.length : 1 + below(300));
        for (std::byte &byte : step.bytes)
            byte = static_cast<std::byte>(m_numbers() & 0xff);
        m_undone = 0;
        m_staged.push_back(step.at + step.length / 2);
        add(std::move(step));
    }

    void stageSome(std::uint64_t most, const std::vector<Act> &acts)
    {
        for (std::uint64_t count = 1 + below(most); count > 0; --count)
            stage(acts[below(acts.size())]);
    }

    /// From the middle of something staged on.
    void persist()
    {
        const std::uint64_t from = m_staged[below(m_staged.size())];
        add({.act = Act::Persist, .at = from, .length = std::min(1 + below(300'000), m_size - from)});
    }

    /// Never takes the first of the round's steps back.
    void undo()
    {
        if (m_staged.size() < 2)
            return;
        m_staged.pop_back();
        ++m_undone;
        add({.act = Act::Undo});
    }

    void redo()
    {
        if (m_undone == 0)
            return;
        --m_undone;
        m_staged.push_back(m_staged.back()); // somewhere that is staged
        add({.act = Act::Redo});
    }

    void undoAndRedo()
    {
        stageSome(8, {Act::Literal, Act::Fill, Act::Import});
        stage(Act::Literal);
        undo();
        undo();
        redo();
        commit();
        redo(); // across the write
        undo();
        undo();
        stage(Act::Random);
    }

    void mix()
    {
        const std::vector<Act> acts{Act::Literal, Act::Fill, Act::Random, Act::Increment, Act::Import};
        for (std::uint64_t writes = 2 + below(2); writes > 0; --writes) {
            stageSome(4, acts);
            if (below(2) == 0)
                undo();
            if (below(2) == 0)
                redo();
            if (below(3) != 0)
                persist();
            else
                commit();
        }
        undo();
        stage(Act::Literal);
    }

    std::mt19937_64 m_numbers;
    const std::uint64_t m_size;
    std::vector<ScriptStep> m_steps;
    std::vector<std::uint64_t> m_staged; ///< for each step that can be undone, a place in it
    std::uint64_t m_undone = 0;
};

} // namespace

ScriptKind kindOfRound(std::uint64_t round, std::uint64_t seed)
{
    return static_cast<ScriptKind>((round / kRoundsOfOne + round % kRoundsOfOne + seed) % kScriptKinds);
}

std::vector<ScriptStep> roundOfWrites(std::uint64_t round, std::uint64_t size, std::uint64_t seed)
{
    return Author(round, size, seed).write(kindOfRound(round, seed));
}

const std::vector<std::byte> &importedBytes()
{
    static const std::vector<std::byte> bytes = patternBytes(kImportSize, 7);
    return bytes;
}

std::vector<std::byte> bytesStagedBy(const ScriptStep &step)
{
    std::vector<std::byte> bytes(static_cast<std::size_t>(step.length));
    for (std::uint64_t i = 0; i < step.length; ++i) {
        std::byte &byte = bytes[static_cast<std::size_t>(i)];
        if (step.act == Act::Import)
            byte = importedBytes()[static_cast<std::size_t>(step.number + i)];
        else if (step.act == Act::Random)
            byte = static_cast<std::byte>(splitMix64(step.number + i / 8 * 0x9e3779b97f4a7c15U) >> i % 8 * 8);
        else if (step.act == Act::Increment)
            byte = static_cast<std::byte>((step.number + i / step.width * step.step) >> i % step.width * 8);
        else
            byte = step.bytes[static_cast<std::size_t>(i % step.bytes.size())];
    }
    return bytes;
}

} // namespace cachet_test
