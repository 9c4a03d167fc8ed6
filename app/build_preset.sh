# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build_preset ROOT PRESET [TARGET...]: configures PRESET of the project in ROOT where needed and builds TARGETs (all
# when none is named). Quiet but for one line; the build's own output is shown when it fails, and 1 returned.
# Two builds of one preset wait for each other. For sourcing.

build_preset()
{
    local root=$1 preset=$2
    shift 2
    local dir=$root/build/$preset log jobs
    log=$dir.log
    mkdir -p "$dir" || return 1
    jobs=$(nproc)
    [ -e "$dir/build.ninja" ] || echo "Building the $preset preset; the first time this takes some minutes." >&2
    (
        flock 9
        : >"$log" || exit 1
        if [ ! -e "$dir/build.ninja" ] || [ "$root/CMakePresets.json" -nt "$dir/build.ninja" ]; then
            # A tree configured by another place or compiler cannot be taken over: start it afresh.
            cmake -S "$root" --preset "$preset" >>"$log" 2>&1 \
                || cmake -S "$root" --preset "$preset" --fresh >"$log" 2>&1 || exit 1
        fi
        cmake --build "$dir" --parallel "$jobs" ${1+--target "$@"} >>"$log" 2>&1
    ) 9>"$dir.lock" && return 0
    cat "$log" >&2
    echo "The $preset preset could not be built; the messages above say why." >&2
    return 1
}
