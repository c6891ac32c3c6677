#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# However a run ends, no process stays behind and what is written is whole.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"

# Every process of a case carries its folder in its command line: it is the name of the disk image.
processes_of() {
    # In brackets, or grep would find itself.
    grep -al -- "file[.]filename=$1/" /proc/[0-9]*/cmdline 2>/dev/null | tr -dc '0-9\n' | tr '\n' ' '
}

# wait_for SECONDS/10 COMMAND...: until it succeeds.
wait_for() {
    local left=$1
    shift
    while ((left-- > 0)); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

# shellcheck disable=SC2317 # called by wait_for
runs() { [[ -n $(processes_of "$1") ]]; }
# shellcheck disable=SC2317
is_gone() { [[ -z $(processes_of "$1") ]]; }
# shellcheck disable=SC2317
ended() { ! kill -0 "$1" 2>/dev/null; }

start() {
    local out=$1 mode=$2
    "$check" run --machine "$tests/fake.conf,mode=$mode" --emulator "$fake" --jobs 2 \
        --kernel "$tests/fake.rules" --rules-list "$tests/fake.rules" --timeout 30 \
        --out "$out" >"$out.log" 2>&1 </dev/null &
}

# stopped NAME MODE SIGNAL STATUS
stopped() {
    local name=$1 mode=$2 signal=$3 want=$4 out=$work/$number.out pid status bad=''
    start "$out" "$mode"
    pid=$!
    wait_for 50 runs "$out" || bad+=$'no emulator was started\n'
    kill "-$signal" "$pid"
    wait_for 50 ended "$pid" || bad+=$'the harness did not end\n'
    wait "$pid" 2>/dev/null
    status=$?
    ((status == want)) || bad+="exit status $status, not $want"$'\n'
    wait_for 20 is_gone "$out" || bad+="left behind: $(processes_of "$out")"$'\n'
    if [[ $signal != KILL ]]; then
        /usr/bin/python3 -c '
import json, sys
results = json.load(open(sys.argv[1]))
assert results["complete"] is False, "complete"
assert results["exit"] == 3, "exit"
assert len(results["rules"]) == 4, "rules"
' "$out/latest/results.json" 2>"$out.python" || bad+=$(tail -n 1 "$out.python")$'\n'
        [[ -z $(find "$out/" -name '*.tmp*' -o -name 'results.json.*') ]] || bad+=$'half-written files\n'
    fi
    result "$name" "$bad"
}

stopped 'SIGINT stops a hanging guest' guest-hang INT 3
stopped 'SIGTERM stops an emulator that ignores it' ignore-term TERM 3
stopped 'SIGTERM stops an emulator with children' orphan TERM 3
stopped 'the emulator dies with a killed harness' silent KILL 137

start "$work/orphan" orphan
wait "$!"
bad=''
is_gone "$work/orphan" || bad="left behind: $(processes_of "$work/orphan")"
result 'children of a dead emulator are killed' "$bad"
finish_tests
