// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/gui/window_part.h"
#include "tests/support/gate.h"

#include <QtTest>

#include <memory>
#include <utility>

namespace cachet_test {

/// A window whose commit of one byte waits at the gate, before it is written.
struct GatedCommit {
    explicit GatedCommit(SourceOp op, WindowSetup setup = {})
        : f(std::move(setup))
    {
        ready = f.openFile(1 << 20) && QTest::qWaitFor([this] { return f.settled(); }) && f.stage(0x10, {0xA5});
        if (!ready)
            return;
        f.source->setGate(op, gate);
        ready = f.commit() && gate->waitForWaiting(1);
    }

    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    WindowFixture f;
    bool ready = false;
};

} // namespace cachet_test
