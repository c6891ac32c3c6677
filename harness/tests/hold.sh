#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Transfers that the harness holds, on the real emulator: they are held and let go, an emulator that stands still
# over one is ended in time, a host that only says that it holds is found out, and nothing is left behind.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check"

patched=$("$root/emulator-patches/build.sh" --print patched 2>/dev/null)
need_built "$patched"
limit_s=60

# run ID MACHINE RULES [OPTION...]: exit status in $status, seconds in $seconds, TAP and serial line in $text.
run() {
    local out=$work/$1 machine=$2 rules=$3 start=$SECONDS
    shift 3
    AMDVI_CHECK_TEST=$out timeout -k 1 "$limit_s" "$check" run --machine "$machine" --rules "$rules" --jobs 1 \
        --out "$out" "$@" >"$out.log" 2>&1 </dev/null
    status=$?
    seconds=$((SECONDS - start))
    text=$(cat "$out"/latest/results.tap "$out"/latest/boot-01/serial.log "$out"/latest/boot-01/command 2>/dev/null |
        tr -d '\r')
    left=$(left_behind "AMDVI_CHECK_TEST=$out")
    [[ -z $(find "$out" -type s 2>/dev/null) ]] || left+=$'a socket is left\n'
}

# expect NAME STATUS SECONDS PATTERN...: what the last run has to have come to, within a time.
expect() {
    local name=$1 want=$2 most=$3 pattern bad=$left
    shift 3
    ((status == want)) || bad+="exit status $status, not $want"$'\n'
    ((seconds <= most)) || bad+="it took $seconds s"$'\n'
    for pattern in "$@"; do
        if [[ $pattern == '!'* ]]; then
            ! grep -Eq -- "${pattern#!}" <<<"$text" || bad+="there is a line like: ${pattern#!}"$'\n'
        else
            grep -Eq -- "$pattern" <<<"$text" || bad+="no line like: $pattern"$'\n'
        fi
    done
    result "$name" "$bad${bad:+$text}"
}

run held patched-held-pvh 'AMDVI-INF-020'
expect 'transfers are held, failed and let go' 0 "$limit_s" '^ok 1 - AMDVI-INF-020' \
    '^driver=raw,node-name=scratch,file.driver=nbd,file.server.type=fd,file.server.str=6$' \
    'platform hold=yes ' 'host [0-9]+ hold scratch read [0-9]+ 32 goes-on ' 'host [0-9]+ arm-release goes-on ok after=' \
    'host [0-9]+ release goes-on ok ' 'host [0-9]+ release fails eio ' \
    'ctl AMDVI-INF-020 pos ok READ DMA under way' 'ctl AMDVI-INF-020 pos ok WRITE DMA under way' \
    'ctl AMDVI-INF-020 neg ok WRITE DMA that the host has failed moves nothing' '!^Bail out!'

# The rules of the test device and of the network card hold nothing of the disk's.
run file patched-pvh 'AMDVI-INF-*' --skip 'AMDVI-INF-017,AMDVI-INF-018'
expect 'a disk that is a file holds nothing, and the rules say so' 0 "$limit_s" \
    'platform hold=refused_the_disk_of_this_machine_is_a_file' '^ok 1 - AMDVI-INF-001 .* # SKIP' \
    '^ok 17 - AMDVI-INF-020 .* # SKIP' '!^not ok'

# The patched emulator lets the CPUs go on while a completion waits. One that stands still meanwhile is as good.
run drains mutant-pvh,mutant=cw-drains,served=nbd 'AMDVI-INF-00*,AMDVI-INF-010,AMDVI-INF-011'
expect 'an emulator that waits for its drives keeps the rules' 0 "$limit_s" '^1\.\.11$' '^ok 11 - AMDVI-INF-011' '!^not ok' \
    '!# (TODO|SKIP)' '!^Bail out!' 'obs AMDVI-INF-001 completion_pages=after_the_transfer' \
    'obs AMDVI-INF-006 completion_2m=after_the_transfer'
run drains-more mutant-pvh,mutant=cw-drains,served=nbd 'AMDVI-INF-01*,AMDVI-INF-050' \
    --skip 'AMDVI-INF-010,AMDVI-INF-011,AMDVI-INF-017,AMDVI-INF-018'
expect 'and those of other disks and of errors' 0 "$limit_s" '^1\.\.6$' '^ok 4 - AMDVI-INF-015' '^ok 5 - AMDVI-INF-016' \
    '^ok 6 - AMDVI-INF-050' '!^not ok' '!# (TODO|SKIP)' '!^Bail out!' \
    'obs AMDVI-INF-016 completion_write=after_the_transfer' 'obs AMDVI-INF-050 completion_read=after_the_transfer'

run drains-stopped mutant-pvh,mutant=cw-drains,served=nbd \
    'AMDVI-INF-040,AMDVI-INF-041,AMDVI-INF-042,AMDVI-INF-043,AMDVI-INF-044'
expect 'and those of what is stopped over a transfer' 0 "$limit_s" '^1\.\.5$' '^ok 5 - AMDVI-INF-044' '!^not ok' \
    '!# (TODO|SKIP)' '!^Bail out!' 'obs AMDVI-INF-040 end_of_read=moved' \
    'obs AMDVI-INF-042 first_of_write=after_the_transfer' 'obs AMDVI-INF-044 completion_of_read=after_the_transfer'

run stuck "$tests/held.conf,mutant=cw-drains" 'AMDVI-INF-020'
expect 'an emulator that stands still over a held transfer is ended, and reported' 1 20 \
    '^not ok 1 - AMDVI-INF-020' '^# .*emulator hung' '!^Bail out!'

run pause mutant-pvh,mutant=cw-drains,served=nbd 'AMDVI-INF-048'
expect 'a machine is stopped for the guest' 0 "$limit_s" '^ok 1 - AMDVI-INF-048' '!# (TODO|SKIP)' '!^Bail out!' 'host [0-9]+ pause 100 '

run reset "$tests/reset.conf" 'AMDVI-INF-047'
expect 'a rule goes on after a reset, of which its firmware makes two' 0 "$limit_s" '^ok 1 - AMDVI-INF-047' \
    '!# (TODO|SKIP)' '!^Bail out!' 'host [0-9]+ reset ' 'end AMDVI-INF-047 pass '

export AMDVI_CHECK_MEDDLED=$patched
run lie patched-held-pvh 'AMDVI-INF-*' --skip 'AMDVI-INF-017,AMDVI-INF-018,AMDVI-INF-051' --emulator "$tests/meddler.py"
expect 'a host that only says that it holds makes no rule pass' 3 "$limit_s" '!^ok' '!# TODO' \
    '^not ok 1 - AMDVI-INF-001' '^not ok 11 - AMDVI-INF-011' '^not ok 15 - AMDVI-INF-015' \
    '^not ok 16 - AMDVI-INF-016' '^not ok 17 - AMDVI-INF-020' '^not ok 27 - AMDVI-INF-040' '^not ok 37 - AMDVI-INF-050' \
    'ctl AMDVI-INF-015 pos bad AHCI read under way' 'ctl AMDVI-INF-016 pos bad NVMe read under way' \
    'ctl AMDVI-INF-001 pos bad READ DMA under way' 'ctl AMDVI-INF-011 pos bad WRITE DMA under way' \
    'ctl AMDVI-INF-020 pos bad READ DMA under way' 'end AMDVI-INF-001 error ' 'end AMDVI-INF-020 error '

# The emulator dies over a held transfer, by a signal of somebody else's.
out=$work/dies
AMDVI_CHECK_TEST=$out timeout -k 1 "$limit_s" "$check" run --machine mutant-pvh,mutant=cw-drains,served=nbd \
    --rules 'AMDVI-INF-020' --jobs 1 --out "$out" >"$out.log" 2>&1 </dev/null &
running=$!
for ((i = 0; i < 200; i++)); do
    if grep -qs 'arm-release goes-on' "$out"/*/boot-01/serial.log; then
        for pid in $(grep -alzx -- "AMDVI_CHECK_TEST=$out" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'); do
            if grep -aq -- 'chardev:serial' "/proc/$pid/cmdline" 2>/dev/null; then
                kill -SEGV "$pid"
                i=200
            fi
        done
    fi
    sleep 0.05
done
wait "$running"
status=$? seconds=0 left=$(left_behind "AMDVI_CHECK_TEST=$out") text=$(cat "$out"/latest/results.tap)
expect 'an emulator that dies over a held transfer has crashed' 1 0 '^not ok 1 - AMDVI-INF-020' '^# .*emulator crashed' '!^Bail out!'

finish_tests
