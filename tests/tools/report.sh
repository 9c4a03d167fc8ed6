# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What tests/run says about a run of ctest beside ctest's own words. For sourcing.

# hold_summary FILE: passes ctest's output on as it comes, up to its summary, which goes to FILE.
hold_summary()
{
    : >"$1"
    awk -v summary="$1" '
        /^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+$/ || /^No tests were found!!!$/ { held = 1 }
        held { print >summary; next }
        { print; fflush() }'
}

# print_skipped LOG: a line for everything the tests skipped, with its reason, from ctest's log.
print_skipped()
{
    [ -r "$1" ] || return 0
    awk '
        /^[0-9]+\/[0-9]+ Testing: / { test = $3 }
        /^SKIP   : / { sub(/^SKIP   : /, ""); print "Skipped in " test ": " $0 }' "$1"
}

# print_over_budget BUDGETS SUMMARY: warns of every label whose tests took longer than BUDGETS allows, or has no budget.
print_over_budget()
{
    awk '
        FNR == NR && !/^#/ && NF == 2 { budget[$1] = $2; next }
        FNR == NR { next }
        /^Label Time Summary:/ { times = 1; next }
        times && /sec\*proc/ {
            minutes = $3 / 60
            if ($1 == "nightly")
                next
            if (!($1 in budget))
                printf "Warning: the label %s has no budget in tests/budgets.txt\n", $1
            else if (minutes > budget[$1])
                printf "Warning: the %s tests took %.1f minutes, their budget is %s\n", $1, minutes, budget[$1]
        }' "$1" "$2"
}
