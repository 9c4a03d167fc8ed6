// SPDX-License-Identifier: MIT
#include "cachecore/write/journal/journal_format.h"

#include "cachecore/write/journal/journal_hash.h"
#include "cachecore/write/journal/journal_layout.h"

#include <new>

#include <xxhash.h>

namespace cachecore {

Hash128 saltedHash(const JournalSalt &salt, std::initializer_list<std::span<const std::byte>> parts)
{
    journal::SaltedHasher hasher(salt);
    hasher.begin();
    for (const std::span<const std::byte> part : parts)
        hasher.add(part);
    return hasher.end();
}

namespace journal {

void SaltedHasher::Free::operator()(XXH3_state_s *state) const
{
    XXH3_freeState(state);
}

SaltedHasher::SaltedHasher(const JournalSalt &salt)
    : m_state(XXH3_createState())
    , m_salt(salt)
{
    if (!m_state)
        throw std::bad_alloc();
}

void SaltedHasher::begin()
{
    XXH3_128bits_reset(m_state.get());
    XXH3_128bits_update(m_state.get(), m_salt.data(), m_salt.size());
}

void SaltedHasher::add(std::span<const std::byte> bytes)
{
    if (!bytes.empty())
        XXH3_128bits_update(m_state.get(), bytes.data(), bytes.size());
}

Hash128 SaltedHasher::end()
{
    const XXH128_hash_t hash = XXH3_128bits_digest(m_state.get());
    return {hash.low64, hash.high64};
}

Hash128 SaltedHasher::chained(const Hash128 &before, const Hash128 &record)
{
    std::array<std::byte, 2 * kHashSize> bytes;
    put(bytes.data(), before);
    put(bytes.data() + kHashSize, record);
    begin();
    add(bytes);
    return end();
}

} // namespace journal

} // namespace cachecore
