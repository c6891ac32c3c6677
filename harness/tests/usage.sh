#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input: one sentence that says what and where, the right exit status, and nothing half-written.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"

list=$tests/fake.rules
base=(run --kernel "$list" --rules-list "$list" --out "$work/out")

# refused NAME STATUS PATTERN ARGUMENT...
refused() {
    local name=$1 want=$2 pattern=$3 status bad=''
    shift 3
    timeout -k 1 20 "$check" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
    status=$?
    ((status == want)) || bad+="exit status $status, not $want"$'\n'
    [[ ! -s $work/stdout ]] || bad+=$'something on standard output\n'
    [[ $(wc -l <"$work/stderr") == 1 ]] || bad+=$'not one line on standard error\n'
    grep -Eq -- "$pattern" "$work/stderr" || bad+="no '$pattern' in: $(cat "$work/stderr")"$'\n'
    [[ ! -e $work/out ]] || bad+=$'the output folder was made\n'
    rm -rf "$work/out"
    result "$name" "$bad"
}

# profile TEXT...: a profile of these lines; its path is in $conf.
profile() {
    conf=$work/p$number.conf
    printf '%s\n' "$@" >"$conf"
}

run_fake=("${base[@]}" --emulator "$fake" --machine)

refused 'no command' 2 'command is missing'
refused 'an unknown command' 2 "unknown command 'fly'" fly
refused 'an unknown option' 2 '--bogus' run --bogus
refused 'an unknown option of list' 2 '--bogus' list --bogus
refused 'bench of nothing' 2 'missing: inflight' bench
refused 'bench of what is not there' 2 "unexpected argument 'warp'" bench warp
refused 'too few pairs' 2 '--pairs: must be 6 to 500' bench inflight --pairs 5
refused 'two numbers of pairs' 2 '--pairs does not go with it' bench inflight --quick --pairs 20
refused 'a stray argument' 2 "unexpected argument 'x'" run x
refused 'a bad number of jobs' 2 '--jobs' run --jobs 1000
refused 'a bad accelerator' 2 "'warp' is neither tcg nor kvm" run --accel warp
refused 'a bad order' 2 "'sideways' is neither" run --order sideways
refused 'a bad seed' 2 "'0x10' is not a decimal" run --seed 0x10
refused 'gdb without repro' 2 '--gdb' run --gdb
refused 'a glob that matches nothing' 2 "no rule matches 'XYZ-\*'" "${run_fake[@]}" "$tests/fake.conf" --rules 'AMDVI-PT-001,XYZ-*'
refused 'a skip glob that matches nothing' 2 "no rule matches 'XYZ'" "${run_fake[@]}" "$tests/fake.conf" --skip XYZ
refused 'globs that leave nothing' 2 'nothing is left' "${run_fake[@]}" "$tests/fake.conf" --skip '*'
refused 'repro of several rules' 2 'matches 3 rules' "${run_fake[@]}" "$tests/fake.conf" --repro 'AMDVI-PT-*'
refused 'timelines of two machines' 2 '--timelines draws one machine' run --machine stock-held-pvh --machine patched-held-pvh \
    --timelines "$work/svg"
refused 'timelines of a command line of its own' 2 'fake-stdio.*--timelines does not go with' "${run_fake[@]}" "$tests/fake-stdio.conf" \
    --timelines "$work/svg"
refused 'a folder for timelines that cannot be made' 3 'cannot make the folder /proc/nowhere' "${run_fake[@]}" "$tests/fake.conf" \
    --timelines /proc/nowhere
refused 'an unknown machine' 2 "no machine 'nix'; there are: .*patched-iso" "${run_fake[@]}" nix
refused 'a profile that is not there' 2 '/nowhere.conf' "${run_fake[@]}" "$work/nowhere.conf"
refused 'a setting that the profile does not have' 2 "no setting 'colour'" "${run_fake[@]}" "$tests/fake.conf,colour=red"

profile '[machine]' 'machine=q35' 'memory=1' 'colour=red'
refused 'an unknown key' 2 "$conf: \[machine\] colour: unknown key" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' '[wishes]' 'a=b'
refused 'an unknown group' 2 "$conf: unknown group \[wishes\]" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35'
refused 'a missing value' 2 "$conf: \[machine\] memory" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' 'timeout-s=soon'
refused 'a bad value' 2 "$conf: \[machine\] timeout-s: bad value" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' 'boot=floppy'
refused 'a door that is none' 2 "$conf: \[machine\] boot: bad value" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' '[expected-skip]' 'AMDVI-PT-001='
refused 'an expectation without a reason' 2 "$conf: \[expected-skip\] AMDVI-PT-001: the value is missing" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' '[expected-fail 10.0.13]' 'AMDVI-XX-001=page'
refused 'an expectation for a rule that is not there' 2 "$conf: \[expected-fail 10.0.13\] AMDVI-XX-001: the kernel has no such rule" "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' 'args=-x {colour}'
refused 'an unknown placeholder' 2 "$conf: \[machine\] args: unknown placeholder .colour." "${run_fake[@]}" "$conf"
profile '[machine]' 'machine=q35' 'memory=1' "args=-x 'open"
refused 'an open quotation mark' 2 "$conf: \[machine\] args:" "${run_fake[@]}" "$conf"
refused 'an open quotation mark in an option' 2 'run: --device-args: ' "${run_fake[@]}" "$tests/fake.conf" --device-args "'open"
profile '[machine]' "include=p$number.conf"
refused 'a profile that includes itself' 2 'include' "${run_fake[@]}" "$conf"
profile 'no group at all'
refused 'a file that is no profile' 2 "$conf" "${run_fake[@]}" "$conf"

refused 'an emulator that is not there' 3 'no emulator at /nowhere/qemu' "${base[@]}" --machine "$tests/fake.conf" --emulator /nowhere/qemu
refused 'an emulator that is not in PATH' 3 "no emulator 'qemu-nowhere'" "${base[@]}" --machine "$tests/fake.conf" --emulator qemu-nowhere
refused 'an emulator that is not executable' 3 "$list is not an executable" "${base[@]}" --machine "$tests/fake.conf" --emulator "$list"
refused 'an emulator that is a folder' 3 'not an executable file' "${base[@]}" --machine "$tests/fake.conf" --emulator /tmp
refused 'an emulator that has no version' 3 'false --version failed' "${base[@]}" --machine "$tests/fake.conf" --emulator /bin/false
refused 'a machine without an emulator' 2 'names no emulator' "${base[@]}" --machine "$tests/fake.conf"
refused 'a kernel that is not there' 3 'cannot read the kernel /nowhere' run --kernel /nowhere --rules-list "$list" --machine "$tests/fake.conf" --emulator "$fake"
refused 'a rule list that is not there' 3 'cannot read the rule list' run --rules-list /nowhere
refused 'an output folder that cannot be made' 3 'cannot make the output folder /dev/null/x' "${base[@]}" --machine "$tests/fake.conf" --emulator "$fake" --out /dev/null/x
refused 'a JUnit file that cannot be written' 3 '--junit: cannot write /nowhere/x.xml' "${run_fake[@]}" "$tests/fake.conf" --junit /nowhere/x.xml

bad=''
"$check" --version | grep -q '^amdvi-check [0-9]' || bad+=$'--version\n'
for command in '' run list bench; do
    # shellcheck disable=SC2086
    "$check" $command --help | grep -qi '^usage:' || bad+="$command --help"$'\n'
done
"$check" list --rules-list "$list" --rules 'pt_*' | grep -q '^AMDVI-PT-002  A  pt_two' || bad+=$'list\n'
"$check" list --rules-list "$list" --json |
    /usr/bin/python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 4' || bad+=$'list --json\n'
result 'help, version and list' "$bad"

bad=''
"${check}" "${run_fake[@]}" "$tests/fake.conf,mode=fail" --repro AMDVI-PT-002 --seed 7 >"$work/stdout" 2>&1
(($? == 1)) || bad+=$'exit status\n'
for pattern in '^Again: amdvi-check run .* --repro AMDVI-PT-002 --seed 7' 'expected 0x1' 'actual   0x0' \
    'control pos ok' '^  ! fail: the reason why' 'seed=7'; do
    grep -Eq -- "$pattern" "$work/stdout" || bad+="no '$pattern'"$'\n'
done
result 'repro shows how, expected and actual' "$bad"
rm -rf "$work/out"

bad=''
"$check" "${run_fake[@]}" "$tests/fake.conf" --machine "$tests/fake-listed.conf,mode=fail" --tap --junit "$work/j.xml" \
    >"$work/stdout" 2>"$work/stderr" || bad+=$'exit status\n'
[[ $(head -n 2 "$work/stdout") == $'TAP version 13\n1..8' ]] || bad+=$'the plan\n'
grep -q '^ok 8 - fake-listed,mode=fail AMDVI-ZK-004 zk_four$' "$work/stdout" || bad+=$'the last line\n'
/usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot()
assert [suite.get("tests") for suite in suites] == ["4", "4"]
assert suites[1].get("skipped") == "1"' "$work/j.xml" || bad+=$'JUnit\n'
[[ $(readlink "$work/out/latest") == *-fake-listed-mode-fail ]] || bad+=$'latest\n'
[[ -f $work/out/latest-fake/results.json ]] || bad+=$'latest-fake\n'
[[ -z $(find "$work/out/" -name disk.raw) ]] || bad+=$'a scratch disk is left\n'
result 'two machines, TAP and JUnit' "$bad"
finish_tests
