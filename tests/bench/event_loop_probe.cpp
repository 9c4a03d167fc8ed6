// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/event_loop_probe.h"

#include <QCoreApplication>
#include <QEvent>

#include <algorithm>

namespace cachet_test {

namespace {

constexpr auto kPingEvent = static_cast<QEvent::Type>(QEvent::User + 1);
constexpr std::chrono::milliseconds kBetweenPings{1};

} // namespace

EventLoopProbe::EventLoopProbe()
    : m_thread([this](const std::stop_token &stop) { post(stop); })
{
}

EventLoopProbe::~EventLoopProbe() = default;

void EventLoopProbe::post(const std::stop_token &stop)
{
    while (!stop.stop_requested()) {
        if (m_answered.exchange(false)) {
            m_posted = Clock::now().time_since_epoch().count();
            QCoreApplication::postEvent(this, new QEvent(kPingEvent), Qt::HighEventPriority);
        }
        std::this_thread::sleep_for(kBetweenPings);
    }
}

bool EventLoopProbe::event(QEvent *event)
{
    if (event->type() != kPingEvent)
        return QObject::event(event);
    note(Clock::time_point(Clock::duration(m_posted.load())));
    m_answered = true;
    return true;
}

void EventLoopProbe::note(Clock::time_point posted)
{
    m_longestMs = std::max(m_longestMs, std::chrono::duration<double, std::milli>(Clock::now() - posted).count());
}

double EventLoopProbe::takeLongestMs()
{
    if (!m_answered)
        note(Clock::time_point(Clock::duration(m_posted.load())));
    return std::exchange(m_longestMs, 0);
}

} // namespace cachet_test
