# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the shell tests of the harness share: TAP lines on standard output, a folder for each case.

set -uo pipefail
export LC_ALL=C NO_COLOR=1

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$tests/../.." && pwd -P)
build=${AMDVI_CHECK_BUILD:-$root/build}
check=$build/harness/amdvi-check
fake=$build/harness/tests/fake-emulator
work=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-check-test.XXXXXX") || exit 3
number=0 failures=0
trap 'rm -rf "$work"' EXIT
export tests root build check fake work

# result NAME FAILURE: one TAP line; FAILURE is empty if all is well, else lines that say what is not.
result() {
    number=$((number + 1))
    if [[ -z $2 ]]; then
        printf 'ok %d - %s\n' "$number" "$1"
    else
        failures=$((failures + 1))
        printf 'not ok %d - %s\n' "$number" "$1"
        printf '%s\n' "$2" | head -n 30 | sed 's/^/# /'
    fi
}

# left_behind NAME=VALUE: the processes, waited for up to 2 s, that have this in their environment.
left_behind() {
    local try found=''
    for try in {1..20}; do
        found=$(grep -alzx -- "$1" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n' | tr '\n' ' ')
        [[ -n $found ]] || return 0
        sleep 0.1
    done
    printf 'left behind: %s\n' "$found"
}

finish_tests() {
    printf '1..%d\n' "$number"
    ((failures == 0))
    exit
}

need_built() {
    local program
    for program in "$@"; do
        [[ -x $program ]] && continue
        result "$program is built" 'it is not there: build first with make'
        finish_tests
    done
}
