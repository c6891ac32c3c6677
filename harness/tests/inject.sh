#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hardware errors on request: what the properties x-inject and x-injected of the bundled emulator's amd-iommu
# take, refuse and tell, by QMP and by the monitor; and the trace events for events that are logged and dropped.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check"

emulator=$("$root/emulator-patches/build.sh" --print patched 2>/dev/null)
need_built "$emulator"

readonly ANSWER_S=10

# A machine that is never started: QMP serves it all the same. It has all features, IOTLBs among them.
coproc QEMU { exec "$emulator" -L /usr/share/seabios -L /usr/share/qemu -M q35 -nodefaults -display none -S \
    -device amd-iommu,id=iommu,x-stock-efr=on -qmp stdio 2>"$work/stderr"; }
# shellcheck disable=SC2153 # named by coproc
qemu=$QEMU_PID to=${QEMU[1]} from=${QEMU[0]}
trap 'kill "$qemu" 2>/dev/null; rm -rf "$work"' EXIT

# hear PATTERN: lines up to one that matches, which becomes $line. False if none comes.
hear() {
    while IFS= read -r -t "$ANSWER_S" line <&"$from"; do
        [[ $line =~ $1 ]] && return 0
    done
    line='no answer'
    return 1
}

# ask COMMAND [ARGUMENTS]: by QMP; the answer becomes $line.
ask() {
    printf '{"execute": "%s"%s}\n' "$1" "${2:+, \"arguments\": $2}" >&"$to"
    hear '^\{"(return|error)"'
}

# expect NAME PATTERN: $line has to match.
expect() {
    local bad=''
    [[ $line =~ $2 ]] || bad="expected: $2"$'\n'"actual: $line"
    result "$1" "$bad"
}

arm() { ask qom-set "{\"path\": \"iommu\", \"property\": \"x-inject\", \"value\": $1}"; }
show() { ask qom-get '{"path": "iommu", "property": "x-injected"}'; }

# refuse VALUE PATTERN: refused with this sentence.
refuse() {
    arm "$1"
    expect "refused: $1" "\"desc\": \"$2"
}

hear '"QMP"'
ask qmp_capabilities
expect 'QMP answers' '^\{"return": \{\}\}'
show
expect 'nothing is armed at first' '^\{"return": \[\]\}'
for value in '{"kind": "dev-tab", "device": "00:1c.0", "count": 2}' \
    '{"kind": "page-tab", "device": "ff:1f.7", "count": 4294967295, "type": "data-error"}' \
    '{"kind": "irt", "device": "00:1C.0", "count": 0}' \
    '{"kind": "command", "count": 1, "type": "target-abort"}' \
    '{"kind": "iotlb-timeout", "device": "01:00.0", "count": 1}' \
    '{"kind": "dev-tab", "device": "00:1c.0", "count": 7, "type": "master-abort"}'; do
    arm "$value"
    expect "taken: $value" '^\{"return": \{\}\}'
done
refuse '"dev-tab"' 'Invalid parameter type'
refuse '{}' "Parameter 'x-inject.kind' is missing"
refuse '{"kind": "dev-tab", "device": "00:1c.0"}' "Parameter 'x-inject.count' is missing"
refuse '{"kind": "flood", "count": 1}' "Parameter 'kind' does not accept value 'flood'"
refuse '{"kind": "irt", "count": 1}' "Parameter 'device' is missing"
for device in '' 1c.0 00:20.0 00:1c.8 000:1c.0 00-1c.0 00:1c:0 ' 0:1c.0' 0x:1c.0; do
    refuse "{\"kind\": \"irt\", \"count\": 1, \"device\": \"$device\"}" "Parameter 'device' expects BUS:SLOT.FUNCTION"
done
refuse '{"kind": "command", "count": 1, "device": "00:1c.0"}' "A command has no 'device'"
refuse '{"kind": "irt", "count": -1, "device": "00:1c.0"}' "Parameter 'count' expects"
refuse '{"kind": "irt", "count": 4294967296, "device": "00:1c.0"}' "Parameter 'count' expects"
refuse '{"kind": "irt", "count": 1, "device": "00:1c.0", "type": "none"}' "Parameter 'type' does not go"
refuse '{"kind": "irt", "count": 1, "device": "00:1c.0", "type": "3"}' "Parameter 'type' does not accept"
refuse '{"kind": "iotlb-timeout", "count": 1, "device": "00:1c.0", "type": "data-error"}' "Parameter 'type' does not go"
refuse '{"kind": "irt", "count": 1, "device": "00:1c.0", "more": 1}' "Parameter 'x-inject.more' is unexpected"

show
# The order of members is the emulator's affair.
told=$(/usr/bin/python3 -c '
import json, sys
for one in json.loads(sys.argv[1])["return"]:
    print(*(f"{key}={one[key]}" for key in sorted(one)), sep=",")' "$line" 2>&1)
wanted='count=7,device=00:1c.0,kind=dev-tab,type=master-abort,used=0
count=4294967295,device=ff:1f.7,kind=page-tab,type=data-error,used=0
count=0,device=00:1c.0,kind=irt,type=master-abort,used=0
count=1,kind=command,type=target-abort,used=0
count=1,device=01:00.0,kind=iotlb-timeout,type=none,used=0'
bad=''
[[ $told == "$wanted" ]] || bad=$told
result 'x-injected tells what was taken, and nothing of what was refused' "$bad"

ask human-monitor-command \
    '{"command-line": "qom-set -j iommu x-inject {\"kind\":\"command\",\"count\":9}"}'
expect 'the monitor takes JSON' '^\{"return": ""\}'
ask human-monitor-command '{"command-line": "qom-get iommu x-injected"}'
expect 'and tells' '\\"count\\": 9,'
ask system_reset
for _ in {1..50}; do
    show
    [[ $line != *'{"return": []}'* ]] || break
    sleep 0.1
done
expect 'a reset disarms' '^\{"return": \[\]\}'
ask quit
wait "$qemu"
result 'the emulator ends well' "$(cat "$work/stderr")"

# Where no device has an IOTLB none can be late.
coproc QEMU { exec "$emulator" -L /usr/share/seabios -L /usr/share/qemu -M q35 -nodefaults -display none -S \
    -device amd-iommu,id=iommu -qmp stdio 2>"$work/stderr"; }
# shellcheck disable=SC2153 # named by coproc
qemu=$QEMU_PID to=${QEMU[1]} from=${QEMU[0]}
hear '"QMP"'
ask qmp_capabilities
refuse '{"kind": "iotlb-timeout", "device": "01:00.0", "count": 1}' 'IotlbSup is 0'
show
expect 'and nothing is armed' '^\{"return": \[\]\}'
ask quit
wait "$qemu"

# A guest whose faults are suppressed, not logged, overflow the log, and are logged.
"$check" run --machine patched-pvh --rules 'AMDVI-DTE-010,AMDVI-EVT-004,AMDVI-EVT-008,AMDVI-EVT-023' \
    --jobs 1 --device-args "-trace amdvi_event_* -trace amdvi_inject_*" --out "$work/out" \
    >"$work/run.log" 2>&1 </dev/null
status=$?
bad=''
((status == 0)) || bad="exit status $status"$'\n'"$(tail -n 5 "$work/run.log")"
log=$work/out/latest/boot-01/emulator.log
for pattern in 'amdvi_event_logged at offset 0x[0-9a-f]+: 0x2[0-9a-f]{15} ' \
    'amdvi_event_logged at offset 0x[0-9a-f]+: 0x3[0-9a-f]{15} ' \
    'amdvi_event_dropped log off: 0x2' 'amdvi_event_dropped log full: 0x2' \
    'amdvi_event_dropped since an overflow: 0x2' 'amdvi_event_suppressed page fault of devid 0xe0 ' \
    'amdvi_inject_armed dev-tab, devid 0xe0: 3 errors to come' 'amdvi_inject_used dev-tab, devid 0xe0: an error, 2 left'; do
    grep -Eq -- "$pattern" "$log" 2>/dev/null || bad+="no trace like: $pattern"$'\n'
done
result 'the trace tells of each event, and why one was dropped' "$bad"

finish_tests
