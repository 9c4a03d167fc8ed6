// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

namespace cachet_test {

/// What a body in a child process came to.
enum class ChildResult { Passed, Failed, Skipped };

/// Runs `body` in a forked child, for what would change the whole process (identity, limits, mounts), and returns what it
/// returned; Failed also when it died. The body must not use Qt Test; messages go to stderr. Only before other
/// threads are started.
[[nodiscard]] ChildResult runInChild(const std::function<ChildResult()> &body);

/// In a child: gives up root for good (user nobody). True when the process now has no privileges, also when it had none.
[[nodiscard]] bool dropRoot();

} // namespace cachet_test
