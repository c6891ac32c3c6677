#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --accel kvm: our kernel by -kernel after a probe that really runs, or one sentence that says why not.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"
list=$tests/fake.rules

# skip NAME REASON
skip() {
    number=$((number + 1))
    printf 'ok %d - %s # SKIP %s\n' "$number" "$1" "$2"
}

# probe ID MODE OPTION...: a run on the fake emulator. It ends before anything is written.
probe() {
    local out=$work/$1 mode=$2
    shift 2
    env "AMDVI_CHECK_TEST=$out" "TMPDIR=$out.tmp" timeout -k 1 30 "$check" run --accel kvm "$@" \
        --machine "$tests/fake.conf,mode=$mode" --emulator "$fake" --kernel "$list" --rules-list "$list" \
        --out "$out" >"$out.log" 2>"$out.err" </dev/null
}

# refused NAME ID STATUS PATTERN
refused() {
    local out=$work/$2 bad=''
    (($3 == 3)) || bad+="exit status $3, not 3"$'\n'
    [[ ! -s $out.log ]] || bad+=$'something on standard output\n'
    [[ $(wc -l <"$out.err") == 1 ]] || bad+=$'not one line on standard error\n'
    grep -Eq -- "$4" "$out.err" || bad+="no '$4'"$'\n'
    [[ ! -e $out ]] || bad+=$'the output folder was made\n'
    [[ -z $(find "$out.tmp" -mindepth 1) ]] || bad+=$'something is left in the temporary folder\n'
    bad+=$(left_behind "AMDVI_CHECK_TEST=$out")
    result "$1" "$bad${bad:+$(cat "$out.err")}"
}

mkdir "$work"/{none,dies,silent,stopped}.tmp
if [[ ! -e /dev/kvm ]] || ! : 3<>/dev/kvm 2>/dev/null; then
    probe none good
    refused 'without KVM: one sentence' none $? '^amdvi-check run: KVM cannot be used: /dev/kvm: '
    skip 'the suite under KVM' 'there is no /dev/kvm that can be opened'
    finish_tests
fi

# In the meantime the real one, if the probe lets it.
out=$work/real
timeout -k 1 300 "$check" run --machine patched-iso --accel kvm --rules 'AMDVI-PT-007' --jobs 1 --tap \
    ${AMDVI_CHECK_EMULATOR:+--emulator "$AMDVI_CHECK_EMULATOR"} --out "$out" >"$out.log" 2>"$out.err" </dev/null &
real=$!

probe dies exit-at-once
refused 'an emulator that ends at once' dies $? 'KVM cannot be used: the emulator ends with status 0 before the kernel has said'
probe silent silent --timeout 1.5
refused 'a kernel that says nothing' silent $? 'KVM cannot be used: the kernel says nothing within 1.5 s'

(
    exec env "AMDVI_CHECK_TEST=$work/stopped" "TMPDIR=$work/stopped.tmp" "$check" run --accel kvm --machine "$tests/fake.conf,mode=silent" \
        --emulator "$fake" --kernel "$list" --rules-list "$list" --out "$work/stopped" --timeout 50
) >"$work/stopped.log" 2>"$work/stopped.err" </dev/null &
pid=$!
for ((i = 0; i < 50; i++)); do
    [[ -n $(find "$work/stopped.tmp" -mindepth 1) ]] && break
    sleep 0.1
done
kill -TERM "$pid"
wait "$pid"
refused 'a signal during the probe' stopped $? 'stopped while KVM was tried'

wait "$real"
status=$?
bad=''
if grep -q '^amdvi-check run: KVM cannot be used: ' "$out.err"; then
    ((status == 3)) || bad+="exit status $status, not 3"$'\n'
    [[ ! -e $out ]] || bad+=$'the output folder was made\n'
    if [[ -n $bad ]]; then
        result 'the suite under KVM' "$bad"
    else
        skip 'the suite under KVM' "$(sed 's/.*KVM cannot/KVM cannot/' "$out.err")"
    fi
else
    ((status == 0)) || bad+="exit status $status, not 0"$'\n'
    grep -q '^ok 1 - AMDVI-PT-007 ' "$out.log" || bad+=$'the rule does not pass\n'
    grep -q 'is booted by -kernel and not from the ISO' "$out.err" || bad+=$'no word of the door\n'
    for pattern in 'kernel-irqchip=split' '^kvm$' '^-kernel$'; do
        grep -q -- "$pattern" "$out/latest/boot-01/command" || bad+="the command line has no $pattern"$'\n'
    done
    grep -q '"accel" : "kvm"' "$out/latest/results.json" || bad+=$'the results do not say kvm\n'
    result 'the suite under KVM' "$bad${bad:+$(cat "$out.log" "$out.err")}"
fi
finish_tests
