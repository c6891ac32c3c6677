#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs QEMU's own tests of what the series touches on qemu-patched, by QEMU's own runner. They have a copy of the
# source and a build folder of their own in the cache, so the binaries that build.sh makes cost no more after it.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here

speaker=qtest
# shellcheck source-path=SCRIPTDIR
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/variant.sh
. "$here/lib/variant.sh"
# shellcheck source=lib/source.sh
. "$here/lib/source.sh"
# shellcheck source=lib/tree.sh
. "$here/lib/tree.sh"
# shellcheck source=lib/compile.sh
. "$here/lib/compile.sh"

# qos-test holds those of nvme, virtio, e1000, e1000e, igb and megasas.
readonly TESTS=(
    amd-iommu-test amdvi-testdev-test intel-iommu-test
    ide-test ahci-test rtl8139-test qos-test
    cdrom-test drive_del-test hd-geo-test q35-test
    fuzz-e1000e-test fuzz-lsi53c895a-test fuzz-megasas-test fuzz-virtio-scsi-test
    device-introspect-test qom-test
)
# What cannot be built, and why.
readonly ABSENT=(
    "bios-tables-test=it needs images of edk2 in QEMU's source, which Debian leaves out"
)

# ahci-test makes disks with qemu-img.
more_options=(--enable-tools)

# Firmware and option ROMs, which are not in Debian's source either: FILE PACKAGE.
readonly FIRMWARE=(
    '/usr/share/seabios/*.bin seabios'
    '/usr/share/qemu/*.bin qemu-system-data'
    '/usr/lib/ipxe/qemu/*.rom ipxe-qemu'
)

# QEMU gives each test a limit of 60 s to 12 minutes; a loaded machine may take so many times as long.
readonly PATIENCE=3
# For all of them, in seconds.
readonly RUN_LIMIT=3600

usage() {
    cat <<'EOT'
Usage: qtest.sh [--only NAME]... | --list | --help

Builds QEMU's own tests of what the patch series touches, with the whole series applied, and runs them by
QEMU's own runner. Prints a table.

  --only NAME  run this test alone; may be repeated
  --list       print the names of the tests
  --help       print this text

The environment is that of build.sh.
Exit status: 0 all passed, 1 a test failed, 2 bad usage, 3 trouble; with one sentence on standard error.
EOT
}

# Takes the folder in which tests are built, with the source as it is without patches, and its lock. The lock of
# the cache is held only as long as others' files are looked at.
enter_tree() {
    local source dir file
    lock_cache
    begin_log
    ensure_source false
    ensure_build_tools
    source=$tree
    tree=$cache/qtest-$source_id
    if [[ ! -e $tree/unpacked ]]; then
        ensure_space 500
        say "copying the source of QEMU $source_label"
        rm -rf "$tree" "$tree.part"
        mkdir "$tree.part"
        # Hard links will do: files are replaced and never written into.
        cp -al "$source/src" "$tree.part/src" || die 3 "the source could not be copied to $tree.part"
        if [[ -d $source/orig ]]; then
            cp -al --remove-destination "$source/orig/." "$tree.part/src/" ||
                die 3 "the source could not be copied to $tree.part"
            while read -r file; do
                rm -f "$tree.part/src/$file"
            done < <(find "$source/absent" -type f -printf '%P\n')
        fi
        : >"$tree.part/unpacked"
        mv -T "$tree.part" "$tree"
    fi
    # Of an older source, unless somebody tests with it.
    for dir in "$cache"/qtest-*; do
        if [[ $dir != "$tree" ]] && flock -n "$dir/lock" true 2>/dev/null; then
            rm -rf "$dir"
        fi
    done
    cache=$tree log=$tree/qtest.log
    lock_cache
    begin_log
}

link_firmware() {
    local entry file files share=$tree/build/qemu-bundle/usr/local/share/qemu
    mkdir -p "$share"
    for entry in "${FIRMWARE[@]}"; do
        files=()
        for file in ${entry% *}; do
            [[ ! -r $file ]] || files+=("$file")
        done
        ((${#files[@]} > 0)) ||
            die 3 "there is no ${entry% *}: install the Debian package ${entry#* } (apt-get install ${entry#* })"
        ln -sf "${files[@]}" "$share/"
    done
}

build_tests() {
    local status=0 targets=("${@/#/tests/qtest/}")
    variant_patches patched
    prepare_scratch patched "${REPLY_LIST[@]}"
    install_scratch
    configure_tree
    run "building tests of QEMU $source_label with ${#REPLY_LIST[@]} patches" 3600 \
        ninja -C "$tree/build" qemu-system-x86_64 qemu-img "${targets[@]}" || status=$?
    ((status == 0)) || build_trouble "building QEMU's tests failed"
    link_firmware
}

# What the runner says of each test goes to its JSON log.
run_tests() {
    local status=0 names=("${@/#/qtest-x86_64/}")
    # For sockets and images, which tests that are killed leave behind. Their paths have to be short.
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/qtest.XXXXXX") || die 3 "no temporary folder could be made"
    results=$tree/build/meson-logs/testlog.json
    rm -f "$results"
    TMPDIR=$scratch run "running ${#names[@]} of QEMU's tests" "$RUN_LIMIT" \
        "$tree/build/pyvenv/bin/meson" test -C "$tree/build" --no-rebuild \
        --timeout-multiplier "$PATIENCE" "${names[@]}" || status=$?
    drop_scratch
    ((status != 124)) || die 3 "the tests came to no end within $RUN_LIMIT s; the log is $log"
    [[ -s $results ]] || { show_log_tail 15; die 3 "QEMU's runner ran no test; the log is $log"; }
}

# The table; fails if a test did, or did not run.
tell() {
    local entry bad=0
    /usr/bin/python3 - "$results" "$@" <<'EOT' || bad=1
import json, re, sys

found = {}
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        test = json.loads(line)
        found[test["name"].split("/")[-1].split()[0]] = test
failed = 0
print(f"{'test':24}{'result':9}{'passed':>7}{'failed':>7}{'skipped':>8}{'seconds':>9}")
for name in sys.argv[2:]:
    test = found.get(name)
    if not test:
        failed += 1
        print(f"{name:24}did not run")
        continue
    lines = re.findall(r"^(not ok|ok)\b(.*)$", test.get("stdout") or "", re.M)
    skipped = [what for what in lines if re.search(r"# *SKIP", what[1], re.I)]
    bad = [what for what in lines if what[0] == "not ok"]
    good = len(lines) - len(skipped) - len(bad)
    result = {"OK": "passed", "SKIP": "skipped", "TIMEOUT": "timeout"}.get(test["result"], "failed")
    if result == "passed" and good == 0:
        result = "empty"
    # Each of them has cases that run on the emulator built here: one that skips all says nothing.
    failed += result != "passed"
    print(f"{name:24}{result:9}{good:7}{len(bad):7}{len(skipped):8}{test['duration']:9.1f}")
    if result != "passed":
        for what in bad:
            print("    not ok" + what[1])
        for line in (test.get("stderr") or "").splitlines()[-10:]:
            print("    " + line)
sys.exit(failed > 0)
EOT
    for entry in "${ABSENT[@]}"; do
        [[ -n $only ]] || printf '%-24s%-9s%s\n' "${entry%%=*}" absent "${entry#*=}"
    done
    return "$bad"
}

only='' results=''
main() {
    local name chosen=()
    while (($# > 0)); do
        case $1 in
        --help | -h)
            usage
            exit 0
            ;;
        --list)
            printf '%s\n' "${TESTS[@]}"
            exit 0
            ;;
        --only)
            (($# > 1)) || die 2 "option $1 needs the name of a test, see ${here##*/}/qtest.sh --list"
            [[ " ${TESTS[*]} " == *" $2 "* ]] ||
                die 2 "option $1: '$2' is not a test, see ${here##*/}/qtest.sh --list"
            only+=" $2 "
            shift
            ;;
        *) die 2 "unknown option '$1', see ${here##*/}/qtest.sh --help" ;;
        esac
        shift
    done
    for name in "${TESTS[@]}"; do
        [[ -n $only && $only != *" $name "* ]] || chosen+=("$name")
    done

    read_base
    speaker=emulator find_cache
    enter_tree
    build_tests "${chosen[@]}"
    run_tests "${chosen[@]}"
    tell "${chosen[@]}" || die 1 "tests failed; all that they said is in ${results%.json}.txt"
}

main "$@"
exit
