#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real guests that misbehave on purpose (guest/fool), on the real emulator: each gets the right verdict in
# bounded time, and the rules that it has not spoilt still run. fooling.sh does the same with what no real
# emulator can be brought to do.
#
# All cases are machines of one run, so that none disturbs another.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

limit_s=150
kernel=$build/guest/fool/amdvi-fool.elf
need_built "$check"
[[ -r $kernel ]] || {
    result "$kernel is built" 'it is not there: build first with make'
    finish_tests
}

declare -a names=() modes=() exits=() patterns=() machines=()

# expect NAME MODE STATUS PATTERN...: what this machine's results have to say. A pattern with ! must not match.
expect() {
    names+=("$1")
    modes+=("$2")
    exits+=("$3")
    machines+=(--machine "$tests/fool.conf,mode=$2,rules=${rules:-FOOL-001+FOOL-002+FOOL-003}")
    shift 3
    patterns+=("$(printf '%s\n' "$@")")
}

one='^ok 1 - FOOL-001 fool_before$'
two='^ok 2 - FOOL-002 fool_victim$'
three='^ok 3 - FOOL-003 fool_after$'
not1='^not ok 1 - FOOL-001 fool_before$'
not2='^not ok 2 - FOOL-002 fool_victim$'
not3='^not ok 3 - FOOL-003 fool_after$'
clean='!^Bail out!'

rules='FOOL-*' expect 'a good guest passes, a rule that may kill has its own boot' none 0 \
    "$one" "$two" "$three" '^ok 4 - FOOL-004 fool_killer$' "$clean"
# The longest ones first.
expect 'a flood before the first line is cut off' flood-at-boot 3 "$not1" "$not3" '^Bail out!.*serial flood.*before the first line'
expect 'a flood inside a rule is an error, the rest runs' flood-inside 3 "$one" "$not2" '^# error: no verdict|^# error: guest hung' "$three"
expect 'a line without an end is an error, the rest runs' flood-endless 3 "$one" "$not2" '^# error: no verdict|^# error: guest hung' "$three"
expect 'good lines without end are an error, the rest runs' flood-records 3 "$one" "$not2" '^# error: no verdict|^# error: guest hung' "$three"
expect 'requests without end are an error, the rest runs' flood-host 3 "$one" "$not2" '^# error: no verdict|^# error: guest hung' "$three"
expect 'a silent guest is given up' silent 3 "$not1" "$not2" "$not3" '^Bail out!.*guest hung: nothing on the serial line for 4 s, before the first line'
expect 'a hang between rules is trouble, the rest runs' hang-after 3 "$one" "$two" "$three" '^Bail out!.*guest hung: nothing on the serial line for 4 s, outside a rule'
expect 'a hang with interrupts off is an error, the rest runs' hang-inside 3 "$one" "$not2" '^# error: guest hung: no verdict within 3 s' "$three"
expect 'a busy hang with interrupts off is an error, the rest runs' spin-inside 3 "$one" "$not2" '^# error: guest hung: no verdict within 3 s' "$three"
expect 'a verdict whose line has no end is none' open-line 3 "$one" "$not2" '^# error: guest hung: no verdict within 3 s' "$three"
expect 'done without an end is trouble' done-hang 3 "$one" "$two" "$three" '^Bail out!.*no exit within 1 s'
expect 'an exception at boot is trouble' exception-at-boot 3 "$not1" "$not3" '^Bail out!.*exit status 39'
expect 'a triple fault at boot is trouble' triple-fault-at-boot 3 "$not1" "$not3" '^Bail out!.*the guest reset the machine'
expect 'an exception inside a rule is an error, the rest runs' exception-inside 3 "$one" "$not2" '^# error: no verdict: the guest ended \(exit status 39\)' "$three"
expect 'an exception between rules is trouble, the rest runs' exception-after 3 "$one" "$two" "$three" '^Bail out!.*exit status 39.*outside a rule'
expect 'an exception after done is trouble' done-exception 3 "$one" "$two" "$three" '^Bail out!.*exit status 39, but .* comes to 33'
expect 'a triple fault inside a rule is an error, the rest runs' triple-fault-inside 3 "$one" "$not2" '^# error: no verdict: the guest reset the machine' "$three"
expect 'a guest that begins anew after a reset is not believed' reset-inside 3 "$one" "$not2" "$three" \
    '^Bail out!.*the sequence went back from line [0-9]+ to line 0'
expect 'a triple fault between rules is trouble, the rest runs' triple-fault-after 3 "$one" "$two" "$three" '^Bail out!.*the guest reset the machine.*outside a rule'
expect 'a power-off inside a rule is an error, the rest runs' power-off-inside 3 "$one" "$not2" '^# error: no verdict: the machine was switched off' "$three"
expect 'an exit of success inside a rule is an error, the rest runs' exit-inside 3 "$one" "$not2" '^# error: no verdict: the guest ended \(exit status 33\)' "$three"
expect 'an exit of success between rules is trouble, the rest runs' exit-after 3 "$one" "$two" "$three" '^Bail out!.*exit status 33.*outside a rule'
expect 'a plan that is too low is an error' plan-low 3 "$one" "$two" '^Bail out!.*plans 2 rules but was asked for 3'
expect 'a plan that is too high is an error' plan-high 3 "$one" "$two" '^Bail out!.*plans 4 rules but was asked for 3'
expect 'success for rules that never ran is an error' done-at-once 3 "$not1" "$not2" "$not3" '^# error: no verdict: the guest did not run it' '^Bail out!.*counts 3 pass but 0 came'
expect 'done before the last rule is an error' done-after 3 "$one" "$two" "$not3" '^# error: no verdict: the guest did not run it' '^Bail out!.*counts 1 pass but 2 came'
expect 'counts that lie are an error' counts 3 "$one" "$two" "$three" '^Bail out!.*counts 4 pass but 3 came'
expect 'a record that comes twice spoils its rule' twice 3 "$one" "$not2" '^# error: line [0-9]+ came twice' "$three"
expect 'a verdict that comes twice is an error' verdict-twice 3 "$one" "$not2" "$three" '^Bail out!'
expect 'a record that is lost spoils its rule' lost 3 "$one" "$not2" '^# error: line [0-9]+ is missing' "$three"
expect 'a verdict that is lost spoils its rule' verdict-lost 3 "$one" "$not2" "$three" '^Bail out!'
expect 'a flipped digit of the CRC spoils its rule' wrong-crc 3 "$one" "$not2" '^# error: damaged line .*CRC is wrong' "$three"
expect 'a flipped bit of the text spoils its rule' wrong-bit 3 "$one" "$not2" '^# error: damaged line .*CRC is wrong' "$three"
expect 'no done is an error' no-done 3 "$one" "$two" "$three" '^Bail out!.*exit status 33.*outside a rule'
expect 'success and then a reset is an error' done-reset 3 "$one" "$two" "$three" '^Bail out!.*exit status 0, but .* comes to 33'
expect 'a wrong exit value is an error' wrong-exit 3 "$one" "$two" "$three" '^Bail out!.*exit status 35, but .* comes to 33'
# 2 * 55h + 1: but for the emulator's word, an emulator in trouble might have ended so.
expect 'an exit value that nobody agreed on is an error, the rest runs' exit-unknown 3 "$one" "$not2" '^# error: no verdict: the guest ended \(exit status 171\)' "$three"

mark=AMDVI_CHECK_TEST=$work
start=$SECONDS
env "$mark" timeout -k 1 "$limit_s" "$check" run "${machines[@]}" --jobs 4 --kernel "$kernel" \
    --out "$work/out" ${AMDVI_CHECK_EMULATOR:+--emulator "$AMDVI_CHECK_EMULATOR"} >"$work/log" 2>&1 </dev/null
status=$?
took=$((SECONDS - start))
bad=''
((status == 3)) || bad+="exit status $status, not 3"$'\n'
((took < limit_s)) || bad+="took $took s"$'\n'
[[ -z $bad ]] || bad+=$(tail -n 5 "$work/log")
result 'the run ends in time' "$bad"
bad=$(left_behind "$mark")
[[ -z $(find "$work/out/" -type s) ]] || bad+=$'a socket is left\n'
result 'no process and no socket is left behind' "$bad"

for i in "${!names[@]}"; do
    folder=$work/out/latest-fool-mode-${modes[i]}
    bad=''
    text=$(cat "$folder/results.tap" 2>/dev/null)
    /usr/bin/python3 - "$folder" "${exits[i]}" >"$work/python" 2>&1 <<'PYTHON' || bad+=$(tail -n 1 "$work/python")$'\n'
import json, os, sys, xml.etree.ElementTree
folder, want = sys.argv[1], int(sys.argv[2])
results = json.load(open(folder + "/results.json"))
assert results["complete"] is True, "not complete"
assert results["exit"] == want, "exit %d, not %d" % (results["exit"], want)
xml.etree.ElementTree.parse(folder + "/results.xml")
for boot in results["boots"]:
    size = os.path.getsize("%s/boot-%02d/serial.log" % (folder, boot["number"]))
    assert size <= (1 << 20) + 16384, "serial.log has %d bytes" % size
PYTHON
    while read -r pattern; do
        if [[ $pattern == '!'* ]]; then
            ! grep -Eq -- "${pattern#!}" <<<"$text" || bad+="results.tap has a line like: ${pattern#!}"$'\n'
        else
            grep -Eq -- "$pattern" <<<"$text" || bad+="results.tap has no line like: $pattern"$'\n'
        fi
    done <<<"${patterns[i]}"
    result "${names[i]}" "$bad${bad:+$text}"
done
finish_tests
