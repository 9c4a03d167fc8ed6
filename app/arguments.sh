# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# read_arguments "$@": finds out what the arguments of app/run ask for, by the rules of the program's own command line.
# For sourcing. Sets
#   has_file        true when a FILE is among them
#   has_screenshot  true when --screenshot is
#   only_tells      true when the program will only tell something (--help, --version) and open nothing
#   incomplete      true when the last option lacks its value: the program will say so
#   ended           true when `--` ended the options, so that all that follows is a FILE

# shellcheck disable=SC2034 # the results are for the caller
read_arguments()
{
    has_file=false has_screenshot=false only_tells=false incomplete=false ended=false
    while [ $# -gt 0 ]; do
        if $ended; then
            has_file=true
            shift
            continue
        fi
        case $1 in
            --) ended=true ;;
            --help | -help | -h | --version | -version | -v) only_tells=true ;;
            --screenshot=* | -screenshot=*) has_screenshot=true ;;
            --screenshot | --goto | --select | --page-size | --cache-size | \
                -screenshot | -goto | -select | -page-size | -cache-size)
                case $1 in *-screenshot) has_screenshot=true ;; esac
                if [ $# -eq 1 ]; then
                    incomplete=true
                else
                    shift
                fi
                ;;
            -?*) ;;
            *) has_file=true ;;
        esac
        shift
    done
}
