// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/session/open_document.h"

#include <chrono>
#include <memory>

namespace cachet {

/// Closes documents behind the window's back: the window is gone at once, the document gets a bounded time.
/// Thread: any.
class DocumentCloser final {
public:
    /// How long a document may take to end what it is doing before its workers are left alone.
    static constexpr std::chrono::milliseconds kCloseBound{500};

    DocumentCloser();
    /// Waits for nothing.
    ~DocumentCloser();
    DocumentCloser(const DocumentCloser &) = delete;
    DocumentCloser &operator=(const DocumentCloser &) = delete;

    /// Closes `document` on a thread of its own. Returns at once.
    void close(OpenDocument document);

    /// Waits, at most a little longer than kCloseBound, until all closes have ended. False when something was
    /// abandoned: then the program must end by std::_Exit, as a normal end would wait for it for ever. Blocking.
    [[nodiscard]] bool finish();

private:
    struct State;
    const std::shared_ptr<State> m_state; ///< shared with the threads, which may outlive this object
};

} // namespace cachet
