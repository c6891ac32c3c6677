#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU's record/replay: a boot in which the disk moves data and completions wait for the test device is recorded,
# and replayed. The replay has to come to its end, with the same bytes on the serial line, time stamps among them.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check"

# INF-017 and -018 have completions that wait; what ends the waiting is an event of the record.
readonly RULES='AMDVI-CMD-001,AMDVI-CMD-013,AMDVI-DTE-002,AMDVI-EVT-001,AMDVI-INF-017,AMDVI-INF-018,IDE-BM-001,IDE-BM-006,IDE-BM-010'
# Seconds for one of the two: the record takes about 5 s, the replay 15 s.
readonly LIMIT=180

# boot MODE: its results are in $work/MODE.
boot() {
    local status=0
    timeout -k 5 "$LIMIT" "$check" run --machine "$tests/replay.conf,rr=$1,log=$work/log" --rules "$RULES" --seed 1 \
        --device-args '-trace amdvi_cmdbuf_stall -trace amdvi_cmdbuf_resume' --jobs 1 --out "$work/$1" \
        >"$work/$1.log" 2>&1 </dev/null || status=$?
    failure=''
    ((status == 0)) || failure=$(printf 'exit status %d\n' "$status" && tail -n 8 "$work/$1.log")
}

# waits MODE EVENT: how often.
waits() {
    grep -c "amdvi_cmdbuf_$2 " "$work/$1/latest/boot-01/emulator.log"
}

boot record
result 'a boot is recorded' "$failure"
[[ -z $failure ]] || finish_tests
(($(waits record stall) > 0 && $(waits record resume) > 0)) ||
    failure='no completion has waited, or none has gone on'
result 'completions wait in it' "$failure"

boot replay
result 'its replay comes to an end' "$failure"
failure=$(cmp "$work/record/latest/boot-01/serial.log" "$work/replay/latest/boot-01/serial.log" 2>&1)
result 'with the same bytes on the serial line' "$failure"
failure=''
for event in stall resume; do
    (($(waits record "$event") == $(waits replay "$event"))) ||
        failure+="$event: $(waits record "$event") times in the record, $(waits replay "$event") in the replay"$'\n'
done
result 'and as many completions that wait' "$failure"
finish_tests
