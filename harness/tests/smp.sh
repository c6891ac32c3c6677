#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From 1 to 288 CPUs: each has to run a function and to say by it which one it is, an exception on one of
# them must not end the run, and where there is no second one the rules that need it skip and say so.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check"

# run_with CPUS EXTENDED RULE: one boot; its TAP goes to $work/tap, its serial log to $work/serial.
run_with() {
    local out=$work/$1-$2-$3
    timeout -k 5 240 "$check" run --machine "$tests/smp.conf,cpus=$1,extended=$2" --rules "$3" --tap \
        --out "$out" >"$work/tap" 2>"$work/stderr" </dev/null
    status=$?
    tr -d '\r' <"$out/latest/boot-01/serial.log" >"$work/serial" 2>/dev/null
}

# platform KEY VALUE: says so if the record is another one, or missing.
platform() {
    grep -Eq -- "^AVC1 [0-9]+ platform $1=$2 \*" "$work/serial" ||
        printf 'expected %s=%s, actual: %s\n' "$1" "$2" "$(grep -Eo -- " platform $1=[^ ]*" "$work/serial")"
}

# case_of CPUS EXTENDED MODE RULE
case_of() {
    local failure
    run_with "$1" "$2" "$4"
    failure=$(
        ((status == 0)) || { printf 'exit status %d\n' "$status" && cat "$work/tap" "$work/stderr"; }
        platform cpus "$1"
        platform cpus_started "$1"
        platform apic "$3"
        (($1 == 1)) || platform cpu_faults contained
        ! grep -E 'platform cpus_(missing|trouble)=' "$work/serial"
    )
    result "$1 CPUs, $3, $4" "$failure"
}

case_of 1 off xapic AMDVI-INT-001
case_of 2 off xapic AMDVI-INT-004
case_of 2 on x2apic 'AMDVI-INT-*'
case_of 8 off xapic AMDVI-INT-004
case_of 288 on x2apic AMDVI-INT-004

run_with 1 off AMDVI-INT-004
failure=$(grep -q '^# unexpected skip: needs cpus2: a second CPU does not run' "$work/tap" || cat "$work/tap")
result 'a rule for two CPUs skips on one' "$failure"
finish_tests
