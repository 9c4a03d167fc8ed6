// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/source/block_source.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>
#include <vector>

namespace cachet_test {

/// Bytes in memory that do not keep what BlockSource promises: sectors fail, single reads fail or lie about what they brought, the end moves. It remembers what errors
/// it has given cause for. Thread: one at a time.
class UnrulySource final : public cachecore::BlockSource {
public:
    static constexpr std::uint64_t kSector = 512;
    enum class Act : std::uint8_t { Fails, SaysNothing, SaysLess, SaysMore, SaysFarMore, Behaves, Count_ };

    /// `unit`: what a failure may cost at once, bytes; a multiple of kSector.
    UnrulySource(std::vector<std::byte> bytes, std::uint64_t unit)
        : m_bytes(std::move(bytes))
        , m_unit(unit)
        , m_lowestEnd(m_bytes.size())
    {
    }

    /// What one of the reads to come does, after those told before.
    void tell(Act act) { m_acts.push_back(act); }
    void setBad(std::uint64_t sector) { m_bad.insert(sector); }
    void fill(cachecore::ByteRange range, std::byte value)
    {
        const auto begin = m_bytes.begin() + static_cast<std::ptrdiff_t>(range.begin().value());
        std::fill_n(begin, range.length(), value);
    }
    /// Cuts it, or extends it with zeros.
    void resize(std::uint64_t size)
    {
        m_bytes.resize(static_cast<std::size_t>(size));
        m_lowestEnd = std::min<std::uint64_t>(m_lowestEnd, size);
    }
    /// From now on it behaves, and a cache that has asked for the size and waited has nothing to complain about.
    void settle()
    {
        m_acts.clear();
        m_bad.clear();
        m_failed.clear();
        m_lowestEnd = m_bytes.size();
    }

    /// Whether it has given cause for `error` since it was settled.
    [[nodiscard]] bool explains(const cachecore::Error &error) const
    {
        if (!error.range || error.range->empty())
            return false;
        if (error.code == cachecore::ErrorCode::Truncated)
            return error.range->end().value() > m_lowestEnd;
        return error.code == cachecore::ErrorCode::Io
            && std::ranges::any_of(m_failed,
                                   [&](cachecore::ByteRange failed) { return failed.intersects(*error.range); });
    }
    [[nodiscard]] bool hasGivenCause() const { return !m_failed.empty() || m_lowestEnd < m_bytes.size(); }

    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override
    {
        std::uint64_t asked = 0;
        for (const std::span<std::byte> part : into)
            asked += part.size();
        const std::uint64_t there
            = std::min(asked, m_bytes.size() - std::min<std::uint64_t>(at.value(), m_bytes.size()));
        const std::uint64_t said = saidOf(at.value(), asked, there);
        give(at.value(), said > asked ? 0 : std::min(said, there), into);
        if (asked > 0 && said == 0)
            m_lowestEnd = std::min(m_lowestEnd, at.value());
        if (said == kFailed || said > asked)
            m_failed.emplace_back(at.alignedDown(m_unit), (at + asked).alignedUp(m_unit));
        if (said == kFailed)
            return cachecore::failure(cachecore::Error::fromErrno(EIO, cachecore::Operation::Read));
        return said;
    }
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>>) override
    {
        return cachecore::failure(cachecore::ErrorCode::ReadOnly, cachecore::Operation::Write,
                                  cachecore::ByteRange(at, at));
    }
    cachecore::Result<void> sync() override { return {}; }
    cachecore::Result<std::uint64_t> size() override { return m_bytes.size(); }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override
    {
        return cachecore::SourceFingerprint{m_bytes.size(), 0, 0, 0};
    }
    cachecore::Result<void> checkStillNamed() override { return {}; }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override
    {
        const cachecore::ByteOffset end(m_bytes.size());
        return cachecore::ByteRange(std::min(from, end), end);
    }
    std::uint32_t blockSize() const override { return kSector; }
    cachecore::SourceIdentity identity() const override { return {"unruly", 1, 0}; }
    std::string path() const override { return "unruly"; }
    bool writable() const override { return false; }
    cachecore::Error readOnlyReason() const override { return {}; }

private:
    static constexpr std::uint64_t kFailed = ~std::uint64_t{0} - 1;

    /// What it says it brought of `asked` bytes, of which there are `there`.
    std::uint64_t saidOf(std::uint64_t at, std::uint64_t asked, std::uint64_t there)
    {
        Act act = Act::Behaves;
        if (!m_acts.empty()) {
            act = m_acts.front();
            m_acts.pop_front();
        }
        const auto bad = m_bad.lower_bound(at / kSector);
        if (act == Act::Fails || (bad != m_bad.end() && *bad * kSector < at + there))
            return kFailed;
        switch (act) {
        case Act::SaysNothing:
            return 0;
        case Act::SaysLess:
            return there / 2;
        case Act::SaysMore:
            return asked + 1;
        case Act::SaysFarMore:
            return ~std::uint64_t{0};
        default:
            return there;
        }
    }
    /// What it does not say it brought, or says wrongly, is rubbish.
    void give(std::uint64_t at, std::uint64_t count, std::span<const std::span<std::byte>> into) const
    {
        for (const std::span<std::byte> part : into) {
            const auto right = static_cast<std::size_t>(std::min<std::uint64_t>(count, part.size()));
            if (right > 0)
                std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(at), right, part.begin());
            std::fill(part.begin() + static_cast<std::ptrdiff_t>(right), part.end(), std::byte{0xee});
            count -= right;
            at += right;
        }
    }
    std::vector<std::byte> m_bytes;
    const std::uint64_t m_unit;
    std::deque<Act> m_acts;
    std::set<std::uint64_t> m_bad;              ///< sectors
    std::vector<cachecore::ByteRange> m_failed; ///< reads that brought nothing to use
    std::uint64_t m_lowestEnd;                  ///< where a read may have met the end
};

} // namespace cachet_test
