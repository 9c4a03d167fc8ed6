// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/fault_rules.h"

#include <sstream>

namespace cachet_test {

std::string lineOf(const FaultRule &rule)
{
    std::ostringstream line;
    line << unsigned(rule.place) << ' ' << unsigned(rule.op) << ' ' << rule.skip << ' ' << rule.times << ' '
         << unsigned(rule.effect) << ' ' << rule.value << ' ' << rule.begin << ' ' << rule.end;
    return line.str();
}

bool FaultRules::add(const std::string &line)
{
    std::istringstream words(line);
    unsigned place = 0;
    unsigned op = 0;
    unsigned effect = 0;
    FaultRule rule;
    if (!(words >> place >> op >> rule.skip >> rule.times >> effect >> rule.value >> rule.begin >> rule.end))
        return false;
    rule.place = static_cast<FaultPlace>(place);
    rule.op = static_cast<FaultOp>(op);
    rule.effect = static_cast<FaultEffect>(effect);
    m_rules.push_back({rule, rule.times == 0});
    return true;
}

Fault FaultRules::next(FaultPlace place, FaultOp op, std::uint64_t begin, std::uint64_t end)
{
    Fault fault;
    for (Counted &counted : m_rules) {
        FaultRule &rule = counted.rule;
        if (rule.place != place || rule.op != op || end <= rule.begin || begin >= rule.end)
            continue;
        if (rule.skip > 0) {
            --rule.skip;
            continue;
        }
        if (fault.effect != FaultEffect::None || (!counted.forGood && rule.times == 0))
            continue;
        rule.times -= counted.forGood ? 0 : 1;
        fault = {rule.effect, rule.value};
        ++m_applied;
    }
    return fault;
}

} // namespace cachet_test
