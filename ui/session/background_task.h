// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/session/pool_executor.h"

#include <QObject>
#include <QTimer>

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

namespace cachet {

/// One piece of long work at a time on a worker of its own, with progress and a stop. What the work makes it keeps in what it
/// captures; the worker may outlive this object when the disk does not answer.
/// Thread: GUI. Nothing here blocks.
class BackgroundTask final : public QObject {
    Q_OBJECT

public:
    /// What the work sees of its task. Worker.
    class Context {
    public:
        Context() = default;
        Context(const Context &) = delete;
        Context &operator=(const Context &) = delete;
        virtual ~Context();
        [[nodiscard]] virtual std::stop_token stop() const = 0;
        /// Tells how far it is; costs little, and wakes the GUI thread only when it has shown the last one.
        virtual void progress(std::uint64_t done, std::uint64_t total) = 0;
    };
    using Work = std::function<void(Context &)>;
    enum class End : std::uint8_t {
        Finished, ///< the work has returned
        GivenUp,  ///< it was asked to stop and did not; what it writes is still being written
    };
    using Ended = std::function<void(End)>;

    /// `name` is that of the thread in debuggers.
    BackgroundTask(QString name, QObject *parent);
    ~BackgroundTask() override;

    /// Runs `work` on the worker, then `ended` here, unless it was forgotten meanwhile. False, and nothing happens, while another
    /// runs, and when the system gives no thread.
    [[nodiscard]] bool start(Work work, Ended ended);
    enum class Patience : std::uint8_t {
        Bounded, ///< work that does not answer within kPatienceMs is given up; it must do nothing that shows once it does
        Endless,
    };
    static constexpr int kPatienceMs = 1000;
    /// Asks the work to stop; it still ends.
    void cancel(Patience patience = Patience::Bounded);
    /// Asks it to stop, and hears nothing of it any more.
    void forget();
    [[nodiscard]] bool running() const { return m_job != nullptr; }
    [[nodiscard]] std::uint64_t done() const;
    [[nodiscard]] std::uint64_t total() const;

signals:
    /// done() or total() have changed.
    void progressed();

private:
    class Job;
    void jobProgressed();
    void jobEnded();
    void giveUp();
    void end(End how);

    const QString m_name;
    Ended m_ended;
    QTimer m_patience; ///< single shot; runs while a cancelled job has not ended
    std::shared_ptr<Job> m_job;
    std::unique_ptr<PoolExecutor> m_pool;
};

} // namespace cachet
