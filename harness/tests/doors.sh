#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole suite by every door of the kernel: the ISO under SeaBIOS and under OVMF, the EFI application,
# and PVH through SeaBIOS and qboot. Prints the TAP lines of the runs, one for each door and rule, then
# demands that the kernel says that it came by that door, and that all doors give each rule the same verdict.
#
# --out DIR keeps the results; what follows -- goes to "amdvi-check run".

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

out=$work/out options=()
while (($# > 0)); do
    case $1 in
    --out) out=${2:?--out needs a folder} && shift ;;
    --) shift && options+=("$@") && break ;;
    *) printf 'usage: doors.sh [--out DIR] [-- OPTION-OF-RUN...]\n' >&2 && exit 2 ;;
    esac
    shift
done
need_built "$check"

# Machine, and the door that the kernel has to name. OVMF takes longest to start, so it comes first.
readonly DOORS=(
    patched-uefi=multiboot2 patched-efi=efi patched-iso=multiboot2 patched-pvh=pvh patched-qboot=pvh
)
readonly BASE=patched-iso

machines=()
for door in "${DOORS[@]}"; do
    machines+=(--machine "${door%%=*}")
done
"$check" run --tap --out "$out" "${machines[@]}" "${options[@]}" >"$work/tap" 2>"$work/stderr"
status=$?
# The plan comes at the end.
grep -v -e '^TAP version' -e '^1\.\.' "$work/tap"
number=$(grep -cE '^(not )?ok ' "$work/tap")
failures=$(grep '^not ok ' "$work/tap" | grep -vc '# *TODO')
failure=''
((status == 0)) || failure=$(printf 'exit status %d\n' "$status" && grep -v '^# patched-' "$work/stderr")
result 'the run by all doors' "$failure"
((number > 1)) || finish_tests

# results MACHINE: where its results are.
results() {
    printf '%s/latest-%s/results.json' "$out" "$1"
}

# compare BASE OTHER: a line for each rule whose verdict differs.
compare() {
    /usr/bin/python3 - "$@" <<'EOF'
import json, sys

def verdicts(path):
    with open(path, encoding="utf-8") as f:
        return {rule["rule"]: (rule["verdict"], rule["reason"]) for rule in json.load(f)["rules"]}

base, other = map(verdicts, sys.argv[1:3])
if not base:
    print("no rule at all")
for rule in sorted(base.keys() | other.keys()):
    one, two = (side.get(rule, ("absent", "")) for side in (base, other))
    if one[0] != two[0]:
        print(f"{rule}: {one[0]} {one[1]!r}, here {two[0]} {two[1]!r}")
EOF
}

# door MACHINE: what the kernel says of how it came in.
door() {
    /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["platform"].get("door"))' "$1"
}

for entry in "${DOORS[@]}"; do
    machine=${entry%%=*}
    seen=$(door "$(results "$machine")" 2>&1)
    failure=''
    [[ $seen == "${entry#*=}" ]] || failure="the kernel says: $seen"
    result "$machine comes by ${entry#*=}" "$failure"
    [[ $machine != "$BASE" ]] || continue
    result "$machine gives the verdicts of $BASE" "$(compare "$(results "$BASE")" "$(results "$machine")" 2>&1)"
done

# A comparison that sees nothing would be content with anything.
sed '0,/"verdict" : "pass"/s//"verdict" : "skip"/' "$(results "$BASE")" >"$work/changed.json"
failure=''
[[ $(compare "$(results "$BASE")" "$work/changed.json" | wc -l) == 1 ]] || failure='a changed verdict is not seen'
result 'a difference is seen' "$failure"

# The same application as GRUB starts it from the ISO: one rule, as the way to it is all that differs.
failure=''
"$check" run --machine patched-uefi --device-args '-smbios type=11,value=amdvi-check=efi' \
    --rules AMDVI-CAP-001 --out "$work/chain" >"$work/stdout" 2>&1 || failure=$(cat "$work/stdout")
[[ $(door "$work/chain/latest/results.json" 2>&1) == efi ]] || failure+=$'\nthe kernel did not come by efi'
result 'the EFI application from the ISO' "$failure"
finish_tests
