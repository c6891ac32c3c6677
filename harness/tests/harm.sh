#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Harm done to the real emulator and to the disk while a run is under way: a main loop that stands still, a
# signal that kills, an emulator that fills the disk or never stops talking, a rule that takes the stock
# emulator down. Each case demands its verdicts, a limit on the time, and that nothing is left behind.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

kernel=$build/guest/fool/amdvi-fool.elf
limit_s=60
need_built "$check"
emulator=(${AMDVI_CHECK_EMULATOR:+--emulator "$AMDVI_CHECK_EMULATOR"})
trap 'umount "$work"/small-* 2>/dev/null; rm -rf "$work"' EXIT

# run OUT MODE [OPTION...]: becomes the harness.
run() {
    local out=$1 mode=$2
    shift 2
    exec env "AMDVI_CHECK_TEST=$out" timeout -k 1 "$limit_s" "$check" run --jobs 2 --kernel "$kernel" \
        --machine "$tests/fool.conf,mode=$mode,rules=FOOL-001+FOOL-002+FOOL-003" "${emulator[@]}" \
        --out "$out" "$@" </dev/null
}

# judge ID STATUS WANT [PATTERN...]: what is wrong goes to ID.bad.
judge() {
    local id=$1 status=$2 want=$3 text pattern bad='' out=$work/$1
    shift 3
    ((status == want)) || bad+="exit status $status, not $want"$'\n'
    bad+=$(left_behind "AMDVI_CHECK_TEST=$out")
    [[ -z $(find "$out" -type s 2>/dev/null) ]] || bad+=$'a socket is left\n'
    text=$(cat "$out"/latest/results.tap "$out.err" 2>/dev/null)
    for pattern in "$@"; do
        if [[ $pattern == '!'* ]]; then
            ! grep -Eq -- "${pattern#!}" <<<"$text" || bad+="there is a line like: ${pattern#!}"$'\n'
        else
            grep -Eq -- "$pattern" <<<"$text" || bad+="no line like: $pattern"$'\n'
        fi
    done
    printf '%s' "$bad${bad:+$text}" >"$out.bad"
}

one='^ok 1 - FOOL-001 fool_before$'
two='^ok 2 - FOOL-002 fool_victim$'
three='^ok 3 - FOOL-003 fool_after$'
not2='^not ok 2 - FOOL-002 fool_victim$'
clean='!^Bail out!'

# The emulator that a run has started, once its serial line has shown a text.
emulator_of() {
    local out=$1 text=$2 i pid
    for ((i = 0; i < 200; i++)); do
        if grep -qs -- "$text" "$out"/*/boot-01/serial.log; then
            for pid in $(grep -alzx -- "AMDVI_CHECK_TEST=$out" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'); do
                # Of those with the mark only the emulator has the serial line on a socket of its parent's.
                grep -aq -- 'chardev:serial' "/proc/$pid/cmdline" 2>/dev/null && echo "$pid" && return
            done
        fi
        sleep 0.05
    done
}

# strike ID MODE TEXT SIGNAL STATUS PATTERN...: the signal goes to the emulator itself.
strike() {
    local id=$1 mode=$2 text=$3 signal=$4 want=$5 out=$work/$1 job pid
    shift 5
    (run "$out" "$mode") >"$out.log" 2>"$out.err" &
    job=$!
    pid=$(emulator_of "$out" "$text")
    [[ -n $pid ]] && kill "-$signal" "$pid"
    wait "$job"
    judge "$id" $? "$want" "$@"
    [[ -n $pid ]] || echo 'no emulator was found' >>"$out.bad"
}

strike stop-inside hang-inside 'begin FOOL-002' STOP 1 "$one" "$not2" '^# emulator hung: no verdict within 3 s' "$three" "$clean" &
strike stop-after hang-after 'end FOOL-002' STOP 3 "$one" "$two" "$three" '^Bail out!.*emulator hung: nothing on the serial line' &
strike segv-inside hang-inside 'begin FOOL-002' SEGV 1 "$one" "$not2" '^# emulator crashed \(signal 11, SIGSEGV\)' "$three" "$clean" &
strike segv-after hang-after 'end FOOL-002' SEGV 3 "$one" "$two" "$three" '^Bail out!.*emulator crashed \(signal 11, SIGSEGV\), outside a rule' &
strike kill-inside spin-inside 'begin FOOL-002' KILL 1 "$one" "$not2" '^# emulator crashed \(signal 9, SIGKILL\)' "$three" "$clean" &
# It ends in good order when asked to: the machine is off, and nobody crashed.
strike term-inside hang-inside 'begin FOOL-002' TERM 3 "$one" "$not2" '^# error: no verdict: the machine was switched off' "$three" &

# Only of the kernel, which lies at 1 MiB: firmware would take too long.
trace='-d exec,nochain -dfilter 0x100000+0x100000'

# An emulator that reports every block of code that it runs: far more than anybody wants to keep.
chatter() {
    local out=$work/chatter size
    (run "$out" spin-inside --device-args "$trace") >"$out.log" 2>"$out.err"
    judge chatter $? 3 "$one" "$not2" '^# error: guest hung: no verdict within 3 s' "$three"
    size=$(stat -c %s "$out/latest/boot-01/emulator.log")
    ((size == 4 << 20)) || echo "emulator.log has $size bytes, not 4 MiB" >>"$out.bad"
}
chatter &

# ---- the rule that may kill --------------------------------------------------------------------------

killer() {
    local out=$work/killer
    env "AMDVI_CHECK_TEST=$out" timeout -k 1 "$limit_s" "$check" run --machine stock-pvh --jobs 2 \
        --rules 'AMDVI-PT-003,AMDVI-PT-011,AMDVI-PT-012' ${AMDVI_CHECK_STOCK:+--emulator "$AMDVI_CHECK_STOCK"} \
        --out "$out" >"$out.log" 2>"$out.err" </dev/null
    judge killer $? 0 '^ok 1 - AMDVI-PT-003 ' '^not ok 2 - AMDVI-PT-011 .* # TODO docs/findings/AMDVI-PT-011.md' \
        '^# emulator hung: no verdict within 5 s' '^not ok 3 - AMDVI-PT-012 .* # TODO' "$clean"
}
killer &

# ---- a disk that fills up ----------------------------------------------------------------------------

# valid FOLDER: what is there is whole, and resumable.
valid() {
    /usr/bin/python3 - "$1" 2>&1 <<'PYTHON' | tail -n 1
import json, os, sys
folder = sys.argv[1]
results = json.load(open(folder + "/results.json"))
assert len(results["rules"]) == 3, "rules"
names = [name for name in os.listdir(folder) if name.startswith("results.")]
assert set(names) <= {"results.json", "results.tap", "results.xml"}, names
PYTHON
}

# one_sentence ID PATTERN: on standard error, and nothing else.
one_sentence() {
    local out=$work/$1
    [[ $(wc -l <"$out.err") == 1 ]] || printf 'not one sentence on standard error: %s\n' "$(cat "$out.err")" >>"$out.bad"
    grep -Eq -- "$2" "$out.err" || printf 'no %s in: %s\n' "$2" "$(cat "$out.err")" >>"$out.bad"
}

# A limit on the size of files stands for a disk that fills up where no small one can be mounted. At 256 KiB
# the scratch disk does not fit; at 1 KiB nothing does.
limited() {
    local out=$work/limited-$1
    (
        ulimit -f "$1"
        run "$out" none
    ) >"$out.log" 2>"$out.err"
    case $1 in
    1)
        judge limited-1 $? 3 '^amdvi-check run: cannot write .*/results.json'
        [[ -z $(find "$out" -mindepth 1) ]] || echo 'something was left behind' >>"$out.bad"
        one_sentence limited-1 'results.json: '
        ;;
    *)
        judge "limited-$1" $? 3 '^not ok 1 ' '^not ok 3 ' '^Bail out!.*cannot fill the scratch disk .*File too large'
        [[ ! -s $out.err ]] || echo 'something on standard error' >>"$out.bad"
        valid "$out/latest" >>"$out.bad"
        # With room again it goes on where it stood.
        if "$check" run --resume "$out/latest" >"$out.log" 2>&1; then
            grep -q 'cannot fill' "$out/latest/results.json" && echo 'the old error is still there' >>"$out.bad"
        else
            echo "resumed: exit status $?" >>"$out.bad"
        fi
        ;;
    esac
}
limited 1 &
limited 256 &

# small MIB: a file system of that size, or why not.
small() {
    mkdir -p "$work/small-$1"
    mount -t tmpfs -o "size=$1M" none "$work/small-$1" 2>&1
}
why_not=$(small 8 && small 20)

# No room for a scratch disk.
tiny() {
    local out=$work/tiny status
    (run "$work/small-8" none) >"$out.log" 2>"$out.err"
    status=$?
    ln -s "$work/small-8" "$out"
    judge tiny "$status" 3 '^not ok 1 ' '^Bail out!.*cannot fill the scratch disk .*No space left on device'
    valid "$work/small-8/latest" >>"$out.bad"
    [[ ! -s $out.err ]] || echo 'something on standard error' >>"$out.bad"
}

# Room for one boot, until the emulator fills the rest with a log of its own.
filled() {
    local out=$work/filled status
    (run "$work/small-20" flood-inside --device-args "$trace -D {rundir}/trace") >"$out.log" 2>"$out.err"
    status=$?
    ln -s "$work/small-20" "$out"
    # The scratch disk of the boot makes room for its results, but then there is none for another boot.
    judge filled "$status" 3 "$not2" "^# error: (guest hung: )?no verdict" '^Bail out!' \
        'the logs in .* are cut short: No space left on device'
    valid "$out/latest" >>"$out.bad"
    [[ ! -s $out.err ]] || echo 'something on standard error' >>"$out.bad"
    grep -Eq 'FOOL-002' "$out.log" || echo 'the table is not printed' >>"$out.bad"
}
if [[ -z $why_not ]]; then
    tiny &
    filled &
fi
wait

declare -A titles=(
    [stop-inside]='a main loop that stands still inside a rule fails it, the rest runs'
    [stop-after]='a main loop that stands still between rules is trouble, the rest runs'
    [segv-inside]='an emulator that dies of SIGSEGV inside a rule fails it, the rest runs'
    [segv-after]='an emulator that dies between rules is trouble, the rest runs'
    [kill-inside]='an emulator that somebody kills inside a rule fails it, the rest runs'
    [term-inside]='an emulator that ends in good order inside a rule is an error, the rest runs'
    [chatter]='an emulator that never stops talking is kept short'
    [killer]='the rule that takes the stock emulator down fails alone'
    [limited-1]='files that may not grow at all: one sentence, nothing left'
    [limited-256]='a scratch disk that may not grow: all rules are errors, and a resume goes on'
    [tiny]='a disk without room for a boot: all rules are errors, results are whole'
    [filled]='a disk that the emulator fills: the results take the room of the scratch disk'
)
for id in stop-inside stop-after segv-inside segv-after kill-inside term-inside chatter killer limited-1 limited-256; do
    result "${titles[$id]}" "$(cat "$work/$id.bad" 2>&1)"
done
for id in tiny filled; do
    if [[ -n $why_not ]]; then
        number=$((number + 1))
        printf 'ok %d - %s # SKIP no small file system: %s\n' "$number" "${titles[$id]}" "${why_not//$'\n'/ }"
    else
        result "${titles[$id]}" "$(cat "$work/$id.bad" 2>&1)"
    fi
done
finish_tests
