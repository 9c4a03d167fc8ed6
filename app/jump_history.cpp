// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/jump_history.h"

namespace cachet {

namespace {

void push(std::vector<cachecore::ByteOffset> &places, cachecore::ByteOffset place)
{
    if (places.size() == JumpHistory::kMost)
        places.erase(places.begin());
    places.push_back(place);
}

std::optional<cachecore::ByteOffset> move(std::vector<cachecore::ByteOffset> &from,
                                          std::vector<cachecore::ByteOffset> &to, cachecore::ByteOffset here)
{
    if (from.empty())
        return std::nullopt;
    const cachecore::ByteOffset place = from.back();
    from.pop_back();
    push(to, here);
    return place;
}

} // namespace

void JumpHistory::jumped(cachecore::ByteOffset from)
{
    m_ahead.clear();
    if (m_behind.empty() || m_behind.back() != from)
        push(m_behind, from);
}

std::optional<cachecore::ByteOffset> JumpHistory::back(cachecore::ByteOffset here)
{
    return move(m_behind, m_ahead, here);
}

std::optional<cachecore::ByteOffset> JumpHistory::forward(cachecore::ByteOffset here)
{
    return move(m_ahead, m_behind, here);
}

} // namespace cachet
