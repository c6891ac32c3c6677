#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A second opinion on the event log: Debian's Linux and our guest are brought to the same faults on the bundled
# emulator, and what they make of the events is compared. See docs/second-opinion.md.

set -uo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 3
readonly here
readonly build=$here/build
readonly out=$build/check-os
readonly RULE=AMDVI-EVT-026

# Seconds for one Linux, from start to end: about 15 on an idle machine.
readonly LINUX_LIMIT=240
# So many emulators run at a time, two CPUs each.
readonly LANES=2

passed=0 failed=0 install=()


usage() {
    cat <<'EOT'
Usage: harness/check-os.sh [--no-install] [--help]

Boots Debian's Linux behind the IOMMU of the bundled emulator, provokes faults and compares Linux's own
decoding of the events with what our guest decodes for the same faults; then does the same on broken
emulators, where the two have to differ. Fetches the kernel and busybox once, and installs nothing but
what run-tests.sh needs.

  --no-install  install nothing; if packages are missing, name them and stop

Exit status: 0 all as it has to be, 1 not so, 2 bad usage, 3 trouble.
EOT
}

# die STATUS SENTENCE
die() {
    local status=$1
    shift
    stop_children
    printf 'check-os: %s\n' "$*" >&2
    exit "$status"
}

# Those that run: the numbers of others may belong to somebody else by now.
stop_children() {
    local pid
    for pid in $(jobs -rp); do
        kill -TERM "$pid" 2>/dev/null
    done
    wait
}

say() {
    printf 'check-os: %s\n' "$*"
}

# build_initrd PACKAGES: what Linux starts with, in $out/initrd.
build_initrd() {
    local packages=$1 tree=$out/initrd.tree
    rm -rf "$tree"
    mkdir -p "$tree/bin" "$tree/modules" || return
    cp "$packages/busybox" "$build/harness/os/provoke" "$tree/bin/" &&
        cp "$packages"/modules/* "$tree/modules/" &&
        cp "$here/harness/os/init" "$tree/init" &&
        chmod 755 "$tree/init" &&
        (cd "$tree" && find . | "$packages/busybox" cpio -o -H newc) >"$out/initrd.part" 2>"$out/initrd.log" &&
        mv "$out/initrd.part" "$out/initrd" &&
        rm -rf "$tree"
}

# ask_linux NAME EMULATOR [ARGUMENT...]: its account goes to $out/NAME/linux.json.
ask_linux() {
    local name=$1 emulator=$2 arguments=()
    shift 2
    (($# == 0)) || arguments=("${@/#/--device-arg=}")
    rm -rf "${out:?}/$name"
    mkdir -p "$out/$name"
    exec /usr/bin/python3 -B "$here/harness/os/ask_linux.py" --emulator "$emulator" "${arguments[@]}" \
        --kernel "$packages/vmlinuz" --initrd "$out/initrd" --out "$out/$name" --limit "$LINUX_LIMIT" \
        2>"$out/$name/errors"
}

# judge NAME [OPTION...]: compares, prints and counts.
judge() {
    local name=$1 status p f
    shift
    [[ -r $out/$name/linux.json ]] || die 3 "$(cat "$out/$name/errors")"
    /usr/bin/python3 -B "$here/harness/os/compare.py" "$@" "$out/$name/linux.json" "$guest" >"$out/$name/tap"
    status=$?
    cat "$out/$name/tap"
    ((status <= 1)) || die 3 "the comparison on $name came to no end"
    p=$(grep -c '^ok ' "$out/$name/tap")
    f=$(grep -c '^not ok ' "$out/$name/tap")
    ((p + f > 0)) || f=1
    passed=$((passed + p)) failed=$((failed + f))
}

emulator_of() {
    "$here/emulator-patches/build.sh" --print "$1" || die 3 "there is no emulator to run"
}

main() {
    local packages guest defect differences patched stock mutant status
    local defects=() options
    declare -A wanted=()

    trap 'die 3 interrupted' HUP INT TERM
    "$here/run-tests.sh" --setup-only "${install[@]}" || exit 3
    packages=$("$here/harness/os/packages.sh") || exit 3
    patched=$(emulator_of patched) && stock=$(emulator_of stock) && mutant=$(emulator_of mutant) || exit 3
    mkdir -p "$out" || die 3 "the folder $out cannot be created"
    build_initrd "$packages" || die 3 "the initramfs could not be put together in $out"

    say "our guest on the patched emulator"
    "$build/harness/amdvi-check" run --machine patched-pvh --rules "$RULE" --out "$out/guest" >"$out/guest.log" 2>&1
    status=$?
    ((status <= 1)) || die 3 "our guest could not be run: $(tail -n 1 "$out/guest.log")"
    guest=$out/guest/latest/results.json

    # All of them, some at a time; judged when they are done, in order.
    ask_linux patched "$patched" &
    while read -r defect differences; do
        [[ -n $defect && $defect != '#'* ]] || continue
        defects+=("$defect")
        wanted[$defect]=$differences
        while (($(jobs -rp | wc -l) >= LANES)); do
            wait -n
        done
        if [[ $defect == stock ]]; then
            ask_linux stock "$stock" &
        else
            ask_linux "$defect" "$mutant" -global "amd-iommu.x-mutant=$defect" &
        fi
        done <"$here/harness/os/controls"
    say "Linux ($(paste -s -d , "$packages/versions")) on the patched emulator and on ${#defects[@]} broken ones"
    wait

    say "the patched emulator: Linux and our guest have to agree"
    judge patched
    for defect in "${defects[@]}"; do
        say "an emulator with the defect $defect: they have to differ"
        options=()
        for differences in ${wanted[$defect]}; do
            options+=("--differ=$differences")
        done
        judge "$defect" "${options[@]}"
    done
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0 && passed > 0))
}

case $#:${1:-} in
0:) ;;
1:--no-install) install=(--no-install) ;;
1:--help | 1:-h)
    usage
    exit 0
    ;;
*) die 2 "unknown option '$1', see harness/check-os.sh --help" ;;
esac
main
exit
