#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The workloads of amdvi-check bench, each once on both emulators: they move their data, and tell how long that took.
# How long it may take is nothing for a test. What is made of the times: test_bench.c.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
kernel=$build/guest/bench/amdvi-bench.elf
need_built "$check"
limit_s=120

# run MACHINE EMULATOR: exit status in $status, output in $text, results in $json.
run() {
    local out=$work/$2-${1%%,*}
    json=$out/latest/results.json
    text=$(timeout -k 1 "$limit_s" "$check" run --machine "$1" --emulator "$2" --kernel "$kernel" --jobs 1 --out "$out" \
        2>&1 </dev/null)
    status=$?
}

# timed JSON: how many workloads there are, and how many of them have taken times.
timed() {
    /usr/bin/python3 - "$1" <<'PYTHON'
import json, sys

rules = json.load(open(sys.argv[1]))["rules"]
good = [r for r in rules if r["verdict"] == "pass" and 0 < int(r["obs"]["quickest_us"]) * 100 <= int(r["obs"]["all_us"])]
print(len(rules), len(good))
PYTHON
}

for emulator in stock patched; do
    for machine in 'bench-iommu,rules=*-DOMAIN+*-PASS 16' 'bench-bare,rules=*-BARE 8' 'bench-held,rules=WAIT-* 2'; do
        read -r machine want <<<"$machine"
        run "$machine" "$emulator"
        bad=''
        ((status == 0)) || bad+="exit status $status"$'\n'
        [[ $(timed "$json") == "$want $want" ]] || bad+="not $want workloads with times"$'\n'
        result "$emulator: the workloads of ${machine%%,*}" "$bad${bad:+$text}"
    done
done

# A workload that is on the wrong machine says so, rather than take the time of something else.
run 'bench-bare,rules=NVME-SEQ64K-DOMAIN' patched
bad=''
((status == 1)) || bad+="exit status $status"$'\n'
grep -q 'skip .*NVME-SEQ64K-DOMAIN' <<<"$text" || bad+=$'not skipped\n'
result 'a workload that needs an IOMMU where there is none' "$bad${bad:+$text}"

finish_tests
