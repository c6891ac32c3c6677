#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything that must hold, in one go: sets the machine up, runs every test and ends with the one line
# "N passed, N failed". A step that fails does not stop those after it.

set -uo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 3
readonly here
readonly build=$here/build
readonly logs=$here/build/check
readonly results=$here/results

passed=0 failed=0 skipped=0
child='' step_number=0

usage() {
    cat <<'EOF'
Usage: harness/check.sh [--lint] [--help]

Installs what is missing, builds everything and runs every test: the patch series, the unit tests, the
suite on the patched and on the stock emulator, and the tests of the harness itself.

  --lint  look at the formatting of C files and shell scripts instead, and run nothing

Exit status: 0 all tests passed, 1 a test failed, 2 bad usage, 3 a tool for --lint is missing.
EOF
}

# ---- counting ----------------------------------------------------------------------------------------

# Each counter reads the output of a step and sets p, f and s.
p=0 f=0 s=0

# TAP: what the plan promises and no line delivers has failed; a TODO is a failure that a profile lists.
count_tap() {
    read -r p f s < <(awk '
        /^1\.\.[0-9]+/ { plan = substr($1, 4) + 0 }
        /^Bail out!/ { bail = 1 }
        /^(not )?ok([ \t]|$)/ {
            if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) s++
            else if ($0 ~ /^ok/ || $0 ~ /# *TODO/) p++
            else f++
        }
        END {
            if (plan > p + f + s) f += plan - p - f - s
            else if (bail) f++
            print p + 0, f + 0, s + 0
        }' "$1")
}

# The log of "meson test": one JSON object a line.
count_meson() {
    local log=$build/meson-logs/testlog.json
    p=0 f=0 s=0
    # An older one says nothing about this run.
    [[ $log -nt $1.start ]] || return
    read -r p f s < <(/usr/bin/python3 - "$log" <<'EOF'
import json, sys

passed = failed = skipped = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        result = json.loads(line)["result"]
        if result in ("OK", "EXPECTEDFAIL"):
            passed += 1
        elif result == "SKIP":
            skipped += 1
        else:
            failed += 1
print(passed, failed, skipped)
EOF
    )
}

# A script that is one test in itself, unless it prints TAP.
count_script() {
    local log=$1 status=$2
    count_tap "$log"
    ((p + f + s == 0)) || return
    case $status in
    0) p=1 ;;
    77) s=1 ;;
    *) f=1 ;;
    esac
}

# ---- steps -------------------------------------------------------------------------------------------

finish() {
    # Not the last word of make or a shell: this line is what other programs read.
    ((skipped == 0)) || printf '%s skipped\n' "$skipped"
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0 && passed > 0)) || exit 1
    exit 0
}

interrupted() {
    trap '' HUP INT TERM
    [[ -z $child ]] || kill -TERM "$child" 2>/dev/null
    [[ -z $side ]] || kill -TERM "$side" 2>/dev/null
    wait
    printf 'check: interrupted\n'
    failed=$((failed + 1))
    finish
}

# begin NAME: the next step's number and an empty log, in $log.
begin() {
    step_number=$((step_number + 1))
    log=$logs/$(printf '%02d' "$step_number")-${1//[^a-z0-9-]/-}.log
    mkdir -p "$logs"
    : >"$log.start"
}

# judge COUNTER LIMIT NAME STATUS SECONDS: what the step whose output is $log has shown.
judge() {
    local counter=$1 limit=$2 name=$3 status=$4 seconds=$5
    printf '== %s\n' "$name"
    p=0 f=0 s=0
    "$counter" "$log" "$status"
    rm -f "$log.start"
    if ((status == 124 || status == 137)); then
        printf '   no end within %s s\n' "$limit"
    fi
    # The tests may all have passed and the program broken down afterwards.
    if ((status != 0 && status != 77 && f == 0)) || ((p + f + s == 0)); then
        f=$((f + 1))
    fi
    if ((f > 0)); then
        if grep -v '# *TODO' "$log" | grep -q '^not ok'; then
            awk '/^not ok/ && !/# *TODO/ { n = 4; print; next } /^#/ && n-- > 0 { print; next } { n = 0 }' "$log" |
                head -n 150 | sed 's/^/   /'
        else
            tail -n 20 "$log" | sed 's/^/   /'
        fi
        printf '   exit status %s, whole output in %s\n' "$status" "${log#"$here"/}"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '   %s passed, %s failed, %s skipped (%s s)\n' "$p" "$f" "$s" "$seconds"
}

# step COUNTER LIMIT NAME COMMAND...
step() {
    local counter=$1 limit=$2 name=$3 log status start=$SECONDS
    shift 3
    begin "$name"
    timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null &
    child=$!
    wait "$child"
    status=$?
    child=''
    judge "$counter" "$limit" "$name" "$status" "$((SECONDS - start))"
}

# ---- a second lane -----------------------------------------------------------------------------------
#
# The harness's own tests wait more than they compute (time-outs are what they are about), so they run beside
# the suites, one after the other, and are judged when those are done. Output stays in order.

readonly SIDE_LIMIT=900
side_scripts=() side_logs=() side=''

side_begin() {
    local script log
    for script in harness/tests/*.sh; do
        [[ $script != */doors.sh && $script != */mutants.sh ]] || continue
        begin "${script##*/}"
        side_scripts+=("$script") side_logs+=("$log")
    done
    (
        trap 'kill -TERM $! 2>/dev/null; wait; exit 1' TERM
        for i in "${!side_scripts[@]}"; do
            start=$SECONDS status=0
            timeout -k 10 "$SIDE_LIMIT" "${side_scripts[i]}" >"${side_logs[i]}" 2>&1 </dev/null &
            wait $! || status=$?
            printf '%s %s\n' "$status" "$((SECONDS - start))" >"${side_logs[i]}.end"
        done
    ) &
    side=$!
}

side_end() {
    local i log status seconds
    wait "$side"
    side=''
    for i in "${!side_scripts[@]}"; do
        log=${side_logs[i]}
        status=1 seconds='?'
        # One that left no status did not run to its end.
        [[ ! -r $log.end ]] || read -r status seconds <"$log.end"
        rm -f "$log.end"
        judge count_script "$SIDE_LIMIT" "${side_scripts[i]##*/}" "$status" "$seconds"
    done
}

suite() {
    local machine=$1
    step count_tap 900 "suite on $machine" \
        "$build/harness/amdvi-check" run --machine "$machine" --tap --out "$results/check-$machine"
}

check() {
    trap interrupted HUP INT TERM
    cd "$here" || exit 3

    step count_script 3600 'set up and build' ./run-tests.sh --setup-only
    step count_script 600 'patch series' emulator-patches/build.sh --check
    step count_meson 600 'unit tests' meson test -C "$build" --no-rebuild
    side_begin
    # The whole suite on the patched emulator, by each door.
    step count_tap 900 'suite by all doors' harness/tests/doors.sh --out "$results/check-doors"
    suite patched-optional-pvh
    suite stock-pvh
    # With transfers that are held.
    suite patched-held-pvh
    suite stock-held-pvh
    step count_script 900 'mutants.sh' harness/tests/mutants.sh
    side_end
    finish
}

# ---- lint --------------------------------------------------------------------------------------------

lint() {
    local bad=0 tool
    for tool in clang-format shellcheck; do
        command -v "$tool" >/dev/null 2>&1 || {
            printf 'check: the tool %s is missing: install the Debian package %s\n' "$tool" "$tool" >&2
            exit 3
        }
    done
    cd "$here" || exit 3
    git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' |
        xargs -0 --no-run-if-empty clang-format --dry-run -Werror || bad=1
    git ls-files -z --cached --others --exclude-standard -- '*.sh' .ci/run |
        xargs -0 --no-run-if-empty shellcheck -x -P SCRIPTDIR || bad=1
    ((bad == 0)) && printf 'lint: clean\n'
    exit "$bad"
}

case $#:${1:-} in
0:) check ;;
1:--lint) lint ;;
1:--help | 1:-h) usage ;;
*)
    printf "check: unknown option '%s', see harness/check.sh --help\n" "$1" >&2
    exit 2
    ;;
esac
