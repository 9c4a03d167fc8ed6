// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cachet_test {

/// What a request is for: the image, or whatever else lies in the folder.
enum class FaultPlace : std::uint8_t { Image, Other };

/// The requests that can be made to go wrong.
enum class FaultOp : std::uint8_t { Read, Write, Sync, Rename, Lock };

/// How a request goes wrong.
enum class FaultEffect : std::uint8_t {
    None,
    Fail,  ///< with the errno `value`, before it does anything
    Short, ///< a transfer of at most `value` bytes
    Drop,  ///< reports success and does nothing
    Hang,  ///< no answer until the rules are told to release it
};

/// One way in which requests go wrong. Counted are the requests it matches.
struct FaultRule {
    FaultPlace place = FaultPlace::Image;
    FaultOp op = FaultOp::Write;
    std::uint64_t skip = 0;  ///< requests that still pass
    std::uint64_t times = 1; ///< requests it then applies to; 0: all that follow
    FaultEffect effect = FaultEffect::Fail;
    std::uint64_t value = 0;                                       ///< see FaultEffect
    std::uint64_t begin = 0;                                       ///< only transfers that touch bytes from here
    std::uint64_t end = std::numeric_limits<std::uint64_t>::max(); ///< to before here
};

/// The line that tells the file system about `rule`.
[[nodiscard]] std::string lineOf(const FaultRule &rule);

/// A fault as it applies to one request.
struct Fault {
    FaultEffect effect = FaultEffect::None;
    std::uint64_t value = 0;
};

/// The rules of a file system that goes wrong as told. Thread: one.
class FaultRules {
public:
    /// Adds the rule of a line made by lineOf; false when it is none.
    [[nodiscard]] bool add(const std::string &line);
    void clear() { m_rules.clear(); }
    /// What the next request of that kind, for the bytes from `begin` to before `end`, is to do; the first rule that applies decides.
    [[nodiscard]] Fault next(FaultPlace place, FaultOp op, std::uint64_t begin, std::uint64_t end);
    /// Requests that went wrong since the beginning.
    [[nodiscard]] std::uint64_t applied() const { return m_applied; }

private:
    struct Counted {
        FaultRule rule;
        bool forGood = false;
    };
    std::vector<Counted> m_rules;
    std::uint64_t m_applied = 0;
};

} // namespace cachet_test
