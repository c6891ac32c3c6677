#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The comparison of "make check-os" on accounts that are made up: it has to notice each field in which they
# differ, and each thing that is missing. No emulator runs here.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

compare=$root/harness/os/compare.py

# accounts [STATEMENT]: linux.json and guest.json in $work, changed by a statement in Python: linux[NAME] and
# guest[NAME] are what is said of a fault, facts what else Linux tells.
accounts() {
    /usr/bin/python3 - "$work" "${1:-pass}" <<'PYTHON'
import json, sys

def event(code, device, domain, address, flags):
    return {"code": code, "device": device, "domain": domain, "address": address, "flags": flags, "line": ""}

def fault(access, iova, domain, *events, place=None):
    return {"device": "0000:00:1c.0", "access": access, "iova": iova, "place": place or iova, "entry": [],
            "domain": domain, "device_says": "", "events": list(events)}

def table_unreadable():
    linux["table"] = fault("write", 0x5040204618, 10,
                           {"code": "PAGE_TAB_HARDWARE_ERROR", "device": near, "pasid": "0x000a",
                            "address": "0x8000000020", "flags": "0x0220", "line": ""}, place=0x8000000020)
    guest["table"] = ("PAGE_TAB_HARDWARE_ERROR device=%s pasid=0x01a11 address=0x8000000020 flags=0x0220 "
                      "access=write iova=0x5040204618 place=0x8000000020 entry_domain=0x1a11" % near)

near = "0000:00:1c.0"
linux = {
    "write": fault("write", 0x7123456780, 10, event("IO_PAGE_FAULT", near, "0x000a", "0x7123456780", "0x0020")),
    "read": fault("read", 0x7123457104, 10, event("IO_PAGE_FAULT", near, "0x000a", "0x7123457104", "0x0000")),
    "entry": fault("write", 0x5040003514, 10,
                   {"code": "ILLEGAL_DEV_TABLE_ENTRY", "device": near, "pasid": "0x00000",
                    "address": "0x5040003514", "flags": "0x00a0", "line": ""}),
}
guest = {
    "write": "IO_PAGE_FAULT device=%s domain=0x1a11 address=0x7123456780 flags=0x0020 access=write "
             "iova=0x7123456780 place=0x7123456780 entry_domain=0x1a11" % near,
    "read": "IO_PAGE_FAULT device=%s domain=0x1a11 address=0x7123457104 flags=0x0000 access=read "
            "iova=0x7123457104 place=0x7123457104 entry_domain=0x1a11" % near,
    "entry": "ILLEGAL_DEV_TABLE_ENTRY device=%s pasid=0x00000 address=0x5040003514 flags=0x00a0 access=write "
             "iova=0x5040003514 place=0x5040003514 entry_domain=0x1a11" % near,
}
facts = {"linux": "6.1", "log": ["AMD-Vi: Interrupt remapping enabled"], "groups": {near: "DMA"},
         "checks": {"moves": True}, "stray": [], "disk_read": "1", "disk_holds": "1", "disk_written": True}
verdict = "pass"
exec(sys.argv[2])
with open(sys.argv[1] + "/linux.json", "w", encoding="utf-8") as file:
    json.dump({"facts": facts, "faults": [dict(said, name=name) for name, said in linux.items()]}, file)
with open(sys.argv[1] + "/guest.json", "w", encoding="utf-8") as file:
    json.dump({"rules": [{"rule": "AMDVI-EVT-026", "verdict": verdict, "obs": guest}]}, file)
PYTHON
}

# compared NAME STATUS STATEMENT [OPTION...] [-- LINE...]: the exit status has to be this, each LINE in the output.
compared() {
    local name=$1 want=$2 statement=$3 options=() status failure=''
    shift 3
    while (($# > 0)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    [[ ${1:-} != -- ]] || shift
    accounts "$statement"
    /usr/bin/python3 -B "$compare" "${options[@]}" "$work/linux.json" "$work/guest.json" >"$work/out" 2>&1
    status=$?
    ((status == want)) || failure="exit status $status instead of $want"$'\n'
    while (($# > 0)); do
        grep -qF -- "$1" "$work/out" || failure+="no line has: $1"$'\n'
        shift
    done
    [[ -z $failure ]] || failure+=$(cat "$work/out")
    result "$name" "$failure"
}

write='not ok 7 - write: Linux and our guest agree'

compared 'two that agree' 0 '' -- '1..9' 'ok 7 - write' 'ok 9 - entry'
compared 'another event' 1 'linux["write"]["events"][0]["code"] = "PAGE_TAB_HARDWARE_ERROR"' -- "$write"
compared 'other flags' 1 'linux["write"]["events"][0]["flags"] = "0x0000"' -- "$write" \
    'Linux says 0x0000, our guest 0x0020'
compared 'no flags' 1 'del linux["write"]["events"][0]["flags"]' -- "$write"
compared 'another device, by both' 1 \
    'linux["write"]["events"][0]["device"] = "0000:00:02.0"; guest["write"] = guest["write"].replace("1c.0", "02.0")' \
    -- "$write" 'and it was 0000:00:1c.0'
compared 'another page, by both' 1 \
    'linux["write"]["events"][0]["address"] = "0x23456780"; guest["write"] = guest["write"].replace("address=0x71", "address=0x")' \
    -- "$write" 'Linux says 0x23456780'
compared 'another address in the page' 1 'linux["write"]["events"][0]["address"] = "0x7123456000"' -- "$write"
compared 'a domain that the entry does not have' 1 'linux["write"]["events"][0]["domain"] = "0x0002"' -- "$write" \
    "the device's entry has 0x000a"
compared 'a domain of ours that the entry does not have' 1 \
    'guest["write"] = guest["write"].replace("domain=0x1a11 address", "domain=0x0a11 address")' -- "$write"
compared 'another PASID' 1 'linux["entry"]["events"][0]["pasid"] = "0x00001"' -- 'not ok 9'
compared 'another access' 1 'linux["write"]["access"] = "read"' -- "$write"
compared 'nothing logged' 1 'linux["write"]["events"] = []' -- "$write" 'Linux has logged nothing'
compared 'two events alike' 0 'linux["write"]["events"] *= 2'
compared 'two events unlike' 1 \
    'linux["write"]["events"].append(dict(linux["write"]["events"][0], flags="0x0030"))' -- "$write"
compared 'a fault that our guest does not know' 1 'del guest["write"]' -- "$write"
compared 'a fault that Linux was not brought to' 1 'del linux["write"]' -- 'not ok 9 - write'
compared 'an entry that could not be read' 0 'table_unreadable()' -- 'ok 10 - table'
compared 'the table instead of the entry, by both' 1 \
    'table_unreadable(); linux["table"]["events"][0]["address"] = "0x8000000000"; guest["table"] = guest["table"].replace("address=0x8000000020", "address=0x8000000000")' \
    -- 'not ok 10 - table' 'and the place was 0x8000000020'
compared 'no domain for such an entry' 1 'table_unreadable(); linux["table"]["events"][0]["pasid"] = "0x0000"' \
    -- 'not ok 10 - table' "the device's entry has 0x000a"
compared 'too few kinds of faults' 1 'del linux["read"]; del guest["read"]' -- 'not ok 6'
compared 'no fault at all' 1 'linux = {}; guest = {}' -- 'not ok 6'
compared 'a device that is not translated' 1 'facts["groups"]["0000:00:02.0"] = "identity"' -- 'not ok 2'
compared 'no device' 1 'facts["groups"] = {}' -- 'not ok 2'
compared 'an IOMMU that Linux does not use' 1 'facts["log"] = []' -- 'not ok 1'
compared 'wrong data from the disk' 1 'facts["disk_read"] = "2"' -- 'not ok 3'
compared 'an event that nobody has provoked' 1 'facts["stray"] = ["IO_PAGE_FAULT"]' -- 'not ok 4'
compared 'an access that should have passed' 1 'facts["checks"]["moves"] = False' -- 'not ok 5' '# moves'
compared 'no access that passed' 1 'facts["checks"] = {}' -- 'not ok 5'
compared 'a rule of ours that fails' 3 'verdict = "fail"' -- 'has not passed'
compared 'a difference that is wanted' 0 'linux["write"]["events"][0]["flags"] = "0x0000"' --differ=flags:write
compared 'a difference that is wanted and missing' 1 '' --differ=flags:write -- 'not ok 1 - write: they differ in flags'
compared 'a difference in another field' 1 'linux["write"]["events"][0]["flags"] = "0x0000"' --differ=domain:write
compared 'a wanted difference without a field' 3 '' --differ=write
compared 'an account that is cut off' 3 'facts = {}'
finish_tests
