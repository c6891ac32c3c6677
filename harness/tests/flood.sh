#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 100 MB are thrown at the harness on the serial line, as noise and as lines that are in order, as fast as it
# takes them. With the limit of a real machine it cuts the sender off, says so, and runs the other rules; with
# a limit above all of it, it takes everything. Either way it keeps its memory and its files small, ends in
# time and leaves nothing behind. fool.sh has real guests that have as much to send.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"

limit_s=60
# Measured: 14 MiB, whatever comes. One that kept what it reads would need 100 more.
memory_mib=40
sent=$((100 << 20))
slack=$((1 << 20))
declare -a names=() running=()

# Runs the harness and writes "STATUS PEAK", the peak being the largest of its and the emulator's, in MiB.
measured() {
    exec /usr/bin/python3 -c '
import resource, subprocess, sys
status = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(status, peak, file=open(sys.argv[1], "w"))' "$@"
}

# one_case ID PROFILE MODE STATUS ALL PATTERN...: ALL is 1 where the sender must get rid of everything. What is
# wrong goes to ID.bad.
one_case() {
    local id=$1 profile=$2 mode=$3 want=$4 all=$5 out=$work/$1 mark=AMDVI_CHECK_TEST=$work/$1
    local status='?' peak=999999 text log size most pattern words
    shift 5
    (measured "$out.measured" env "$mark" timeout -k 1 "$limit_s" "$check" run \
        --machine "$tests/$profile.conf,mode=$mode" --emulator "$fake" --kernel "$tests/fake.rules" \
        --rules-list "$tests/fake.rules" --skip 'AMDVI-ZK-*' --jobs 1 --out "$out") >"$out.log" 2>&1
    read -r status peak <"$out.measured"
    [[ $status == "$want" ]] || printf 'exit status %s, not %s\n' "$status" "$want" >>"$out.bad"
    ((peak <= memory_mib)) || printf '%s MiB of memory, more than %s\n' "$peak" "$memory_mib" >>"$out.bad"

    log=$out/latest/boot-01
    words=$(cat "$log/emulator.log" 2>/dev/null)
    grep -qx "fake: $sent bytes to send" <<<"$words" || printf 'the sender had nothing to send\n' >>"$out.bad"
    size=$(stat -c %s "$log/serial.log" 2>/dev/null || echo 0)
    if ((all)); then
        grep -qx 'fake: all sent' <<<"$words" || printf 'not all was taken\n' >>"$out.bad"
        ((size >= sent)) || printf 'serial.log has %s bytes\n' "$size" >>"$out.bad"
        most=$((sent + slack))
    else
        grep -qx 'fake: all sent' <<<"$words" && printf 'all was taken\n' >>"$out.bad"
        most=$(((16 << 20) + slack))
    fi
    ((size <= most)) || printf 'serial.log has %s bytes, more than %s\n' "$size" "$most" >>"$out.bad"
    size=$(cat "$out"/latest/results.* 2>/dev/null | wc -c)
    ((size <= slack)) || printf 'the results have %s bytes\n' "$size" >>"$out.bad"
    left_behind "$mark" >>"$out.bad"

    text=$(cat "$out"/latest/results.tap 2>/dev/null)
    for pattern in "$@"; do
        if [[ $pattern == '!'* ]]; then
            ! grep -Eq -- "${pattern#!}" <<<"$text" ||
                printf 'results.tap has a line like: %s\n' "${pattern#!}" >>"$out.bad"
        else
            grep -Eq -- "$pattern" <<<"$text" ||
                printf 'results.tap has no line like: %s\n' "$pattern" >>"$out.bad"
        fi
    done
    [[ ! -s $out.bad ]] || { head -n 20 <<<"$text"; tail -n 5 "$out.log"; } >>"$out.bad"
    rm -rf "$out"
}

# expect NAME PROFILE MODE STATUS ALL PATTERN...: two at a time, as each is two busy processes.
expect() {
    local id=${#names[@]}
    names+=("$1")
    shift
    one_case "$id" "$@" &
    running+=("$!")
    if ((${#running[@]} >= 2)); then
        wait "${running[0]}"
        running=("${running[@]:1}")
    fi
}

one='^ok 1 - AMDVI-PT-001 pt_one$'
two='^ok 2 - AMDVI-PT-002 pt_two$'
three='^ok 3 - AMDVI-PT-003 pt_three$'
not1='^not ok 1 - AMDVI-PT-001 pt_one$'
not2='^not ok 2 - AMDVI-PT-002 pt_two$'
not3='^not ok 3 - AMDVI-PT-003 pt_three$'
clean='!^Bail out!'
flood='^# error: no verdict: serial flood: more output than the limit'

expect 'noise without a line end is cut off' fake-flood flood-endless 3 0 "$one" "$not2" "$flood" "$three"
expect 'noise in lines is cut off' fake-flood flood-noise 3 0 "$one" "$not2" "$flood" "$three"
expect 'good diag lines are cut off' fake-flood flood-diag 3 0 "$one" "$not2" "$flood" "$three"
expect 'controls without end are cut off' fake-flood flood-ctl 3 0 "$one" "$not2" "$three" '^# error: .*serial flood' '^Bail out!.*more than 500 controls'
expect 'observations without end are cut off' fake-flood flood-obs 3 0 "$one" "$not2" "$three" '^# error: .*serial flood' '^Bail out!.*more than 500 observed values'
expect 'facts without end are cut off' fake-flood flood-platform 3 0 "$one" "$not2" "$three" '^# error: .*serial flood' '^Bail out!.*more than 500 facts'
expect 'requests without end are cut off' fake-flood flood-host 3 0 "$one" "$not2" "$flood" "$three" '^Bail out!.*takes no answers'
expect 'damaged lines without end are cut off' fake-flood flood-damaged 3 0 "$one" "$not2" "$three" '^# error: .*serial flood'
expect 'a flood before the first line is cut off' fake-flood boot-flood 3 0 "$not1" "$not2" "$not3" '^Bail out!.*serial flood.*before the first line'
expect 'all noise is taken where the limit allows it' fake-sink flood-endless 0 1 "$one" "$two" "$three" "$clean"
expect 'all diag lines are taken where the limit allows it' fake-sink flood-diag 0 1 "$one" "$two" "$three" "$clean"
wait

for id in "${!names[@]}"; do
    result "${names[id]}" "$(cat "$work/$id.bad" 2>/dev/null)"
done
finish_tests
