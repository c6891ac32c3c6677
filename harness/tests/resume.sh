#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A run that is stopped at any moment leaves nothing, or results that say that they are partial; --resume
# finishes it, and only under the conditions under which it began.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"
fool=$build/guest/fool/amdvi-fool.elf

# start OUT MODE [OPTION...]: becomes a run of four rules in two boots, 0.75 s and 0.25 s long with the mode slow.
start() {
    local out=$1 mode=$2
    shift 2
    exec env "AMDVI_CHECK_TEST=$out" "$check" run --machine "$tests/fake.conf,mode=$mode" --emulator "$fake" \
        --jobs 1 --kernel "$tests/fake.rules" --rules-list "$tests/fake.rules" --seed 7 --out "$out" "$@" \
        >"$out.log" 2>&1 </dev/null
}

# look FOLDER COMPLETE STATUS: what results.json, .tap and .xml have to agree on.
look() {
    /usr/bin/python3 - "$@" 2>&1 <<'PYTHON' | tail -n 1
import json, os, sys, xml.etree.ElementTree as tree
folder, complete, status = sys.argv[1], sys.argv[2] == "True", int(sys.argv[3])
results = json.load(open(folder + "/results.json"))
assert results["complete"] is complete, "complete is %s" % results["complete"]
assert results["exit"] == status, "exit is %d" % results["exit"]
assert len(results["rules"]) == 4, "not all rules are there"
finished = [rule["finished"] for rule in results["rules"]]
assert all(finished) is complete, "finished: %s" % finished
for rule in results["rules"]:
    want = "pass" if rule["finished"] else "error"
    assert rule["verdict"] == want, "%s: %s" % (rule["rule"], rule["verdict"])
numbers = [boot["number"] for boot in results["boots"]]
assert numbers == sorted(set(numbers)), "boots: %s" % numbers
leftover = [name for name in os.listdir(folder) if name.startswith("results.json.")]
assert not leftover, "half-written: %s" % leftover
if len(sys.argv) > 4:
    sys.exit()
tap = open(folder + "/results.tap").read()
assert tap.startswith("TAP version 13\n1..4\n"), "the plan of results.tap"
assert ("\nBail out! " in tap) is not complete, "Bail out!"
suite = tree.parse(folder + "/results.xml").getroot()[0]
assert int(suite.get("tests")) == 4 + (not complete), "tests in results.xml"
assert (int(suite.get("errors")) == 0) is complete, "errors in results.xml"
PYTHON
}

# moment DELAY SIGNAL: stops a run, looks, resumes it, looks again. What is wrong goes to a file.
moment() {
    local out=$work/$1-$2 pid status bad='' folder
    start "$out" slow &
    pid=$!
    sleep "$1"
    kill "-$2" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    status=$?
    bad+=$(left_behind "AMDVI_CHECK_TEST=$out")
    folder=$(find "$out" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)
    if [[ -z $folder ]]; then
        # Stopped while it still looked at its options: nothing was made.
        ((status > 128)) || bad+="no results, but exit status $status"$'\n'
    else
        case $status in
        0) bad+=$(look "$folder" True 0) ;;
        3) bad+=$(look "$folder" False 3) ;;
        137) [[ ! -s $folder/results.json ]] || bad+=$(look "$folder" False 3 json | grep -v 'half-written') ;;
        *) bad+="exit status $status"$'\n' ;;
        esac
    fi
    if [[ -s $folder/results.json ]]; then
        timeout -k 1 20 "$check" run --resume "$folder" >>"$out.log" 2>&1 </dev/null
        status=$?
        ((status == 0)) || bad+="resumed: exit status $status"$'\n'
        bad+=$(look "$folder" True 0)
        [[ -z $(find "$folder" -name disk.raw) ]] || bad+=$'resumed: a scratch disk is left\n'
    fi
    [[ -z $bad ]] || printf '%s\n' "$bad" "$(tail -n 3 "$out.log")" >"$out.bad"
}

moments=(0.00 0.02 0.04 0.06 0.1 0.3 0.6 0.75 0.8 0.85 0.95 1.05)
for signal in INT TERM KILL; do
    for delay in "${moments[@]}"; do
        moment "$delay" "$signal" &
        (($(jobs -rp | wc -l) < 18)) || wait -n
    done
done
wait
for signal in INT TERM KILL; do
    bad=''
    for delay in "${moments[@]}"; do
        [[ ! -s $work/$delay-$signal.bad ]] || bad+="after $delay s: $(cat "$work/$delay-$signal.bad")"$'\n'
    done
    result "SIG$signal at ${#moments[@]} moments, then --resume" "$bad"
done
bad=$(find "$work" -maxdepth 3 -name results.json -path '*KILL*' | grep -c .)
result 'most killed runs have results' "$( ((bad > 5)) || echo "$bad of ${#moments[@]}")"

# ---- what has been found out is kept, whatever it is -------------------------------------------------

# Rule 2 crashes in boot 1, boot 2 takes the rest; then comes the end of rule 4's boot, never reached.
out=$work/kept
start "$out" slow-segv --skip 'AMDVI-ZK-*' &
pid=$!
for ((i = 0; i < 500; i++)); do
    grep -qs '"number" : 1' "$out"/*/results.json && break
    sleep 0.01
done
kill -TERM "$pid"
wait "$pid"
folder=$(find "$out" -mindepth 1 -maxdepth 1 -type d)
"$check" run --resume "$folder" >"$out.log" 2>&1
status=$?
bad=''
((status == 1)) || bad+="exit status $status"$'\n'
bad+=$(/usr/bin/python3 - "$folder" 2>&1 <<'PYTHON' | tail -n 1
import json, sys
results = json.load(open(sys.argv[1] + "/results.json"))
one, two, three = results["rules"]
assert (one["verdict"], one["boot"]) == ("pass", 1), one
assert [control["text"] for control in one["controls"]] == ["the device works", "the opposite is seen"], one
assert one["obs"] == {"value": "0x1234"}, one
assert (two["verdict"], two["status"], two["boot"]) == ("fail", None, 1), two
assert two["reason"] == "emulator crashed (signal 11, SIGSEGV)", two
assert three["verdict"] == "pass" and three["boot"] > 2, three
assert [boot["outcome"] for boot in results["boots"]] == ["crashed", "stopped", "done"], results["boots"]
assert results["platform"] == {"cpu": "fake"}
PYTHON
)
result 'a crash before the stop is kept, with all that was seen' "$bad${bad:+$(cat "$out.log")}"

# ---- the real emulator -------------------------------------------------------------------------------

if [[ -r $fool ]]; then
    out=$work/real
    env "AMDVI_CHECK_TEST=$out" "$check" run --machine "$tests/fool.conf,mode=hang-inside" --kernel "$fool" \
        --out "$out" --jobs 1 --tap ${AMDVI_CHECK_EMULATOR:+--emulator "$AMDVI_CHECK_EMULATOR"} \
        >"$out.log" 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < 100; i++)); do
        grep -qs 'begin FOOL-002' "$out"/*/boot-01/serial.log && break
        sleep 0.05
    done
    kill -INT "$pid"
    wait "$pid"
    status=$?
    bad=''
    ((status == 3)) || bad+="exit status $status"$'\n'
    bad+=$(left_behind "AMDVI_CHECK_TEST=$out")
    grep -q '^ok 1 - FOOL-001' "$out.log" || bad+=$'rule 1 is not kept\n'
    grep -q '^# error: no verdict: stopped by the user' "$out.log" || bad+=$'rule 2 was not stopped\n'
    "$check" run --resume "$out/latest" --tap >"$out.log" 2>&1
    status=$?
    ((status == 3)) || bad+="resumed: exit status $status"$'\n'
    for pattern in '^ok 1 - FOOL-001' '^# error: guest hung: no verdict' '^ok 3 - FOOL-003' '^ok 4 - FOOL-004'; do
        grep -q "$pattern" "$out.log" || bad+="resumed: no line $pattern"$'\n'
    done
    result 'a real run with a hanging guest is stopped and resumed' "$bad${bad:+$(cat "$out.log")}"
fi

# ---- other conditions --------------------------------------------------------------------------------

cp "$fake" "$work/emulator"
cp "$tests/fake.rules" "$work/rules"
cp "$tests/fake.conf" "$work/machine.conf"
base=(run --machine "$work/machine.conf,mode=slow" --emulator "$work/emulator" --kernel "$work/rules"
    --rules-list "$tests/fake.rules" --seed 7 --out "$work/part" --jobs 1)
"$check" "${base[@]}" >"$work/part.log" 2>&1 &
pid=$!
sleep 0.5
live=$(find "$work/part" -mindepth 1 -maxdepth 1 -type d)

# refused NAME PATTERN OPTION...: one sentence, exit status 2, and the results are as they were.
refused() {
    local name=$1 pattern=$2 status bad='' before
    shift 2
    before=$(cat "$live/results.json")
    timeout -k 1 20 "$check" run --resume "$live" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
    status=$?
    ((status == 2)) || bad+="exit status $status, not 2"$'\n'
    [[ ! -s $work/stdout ]] || bad+=$'something on standard output\n'
    [[ $(wc -l <"$work/stderr") == 1 ]] || bad+=$'not one line on standard error\n'
    grep -Eq -- "$pattern" "$work/stderr" || bad+="no '$pattern' in: $(cat "$work/stderr")"$'\n'
    [[ $before == "$(cat "$live/results.json")" ]] || bad+=$'the results were changed\n'
    result "$name" "$bad"
}

refused 'a run that is under way' 'another amdvi-check is at work in .*/part/'
kill -TERM "$pid"
wait "$pid"
refused 'another seed' '--seed: the run began with 7, now it is 8' --seed 8
refused 'another order' '--order: the run began with forward, now it is reverse' --order reverse
refused 'another accelerator' '--accel: the run began with tcg, now it is kvm' --accel kvm
refused 'another emulator' '--emulator: the run began with .*/emulator, now it is patched' --emulator patched
refused 'another kernel' '--kernel: the run began with .*/rules, now it is /x' --kernel /x
refused 'another limit' '--timeout: the run began with none, now it is 5' --timeout 5
refused 'other arguments' '--device-args: the run began with none, now it is -x' --device-args -x
for option in --machine --rules --skip --repro --out; do
    refused "$option" "$option does not go with it" "$option" x
done
echo '# one more line' >>"$work/rules"
refused 'a kernel that was built anew' 'digest of the kernel: the run began with [0-9a-f]{64}, now it is [0-9a-f]{64}'
cp "$tests/fake.rules" "$work/rules"
echo '# one more line' >>"$work/machine.conf"
refused 'a profile that was edited' 'digest of the profile: the run began with'
cp "$tests/fake.conf" "$work/machine.conf"
printf 'x' >>"$work/emulator"
refused 'an emulator that was built anew' 'digest of the emulator: the run began with'
cp "$fake" "$work/emulator"
whole=$live
live=$work/broken
mkdir "$live"
head -c 700 "$whole/results.json" >"$live/results.json"
refused 'results that are cut off' 'cannot read the results of a run: .*/broken/results.json'
echo '{"format": "other"}' >"$live/results.json"
refused 'a file of another format' "/broken/results.json: 'format' is"
live=$work/fresh
mkdir "$live"
: >"$live/results.json"
refused 'an empty file' 'results.json'
live=$whole

# All as it was: it goes on, from another folder, and what is complete may be resumed too.
bad=''
for again in 1 2; do
    (cd / && timeout -k 1 20 "$check" run --resume "$live" --seed 7 --order forward --emulator "$work/emulator") \
        >"$work/stdout" 2>&1 </dev/null
    status=$?
    ((status == 0)) || bad+="$again: exit status $status"$'\n'
    bad+=$(look "$live" True 0)
done
result 'the same options, from another folder, twice' "$bad${bad:+$(cat "$work/stdout")}"
finish_tests
