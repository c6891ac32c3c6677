#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From a fresh Debian machine to a verdict table: installs what is missing, builds everything, boots the
# suite on an emulator. See --help.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
readonly build=$here/build

# What building and running needs, beyond what every Debian machine has.
readonly PACKAGES=(
    # compilers and build tools
    gcc libc6-dev binutils nasm gnu-efi make meson ninja-build pkg-config python3 python3-venv
    # libraries of the harness and the emulator
    libglib2.0-dev libjson-glib-dev libpixman-1-dev libfdt-dev zlib1g-dev
    # source package and patches of the emulator
    dpkg-dev xz-utils git
    # the boot image
    grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools
    # firmware for the machines, and option ROMs for QEMU's own tests
    seabios ovmf qemu-system-data ipxe-qemu
)

usage() {
    cat <<'EOF'
Usage: ./run-tests.sh [--quick] [--emulator patched|stock|PATH] [--rules GLOB]... [--jobs N]
                      [--accel tcg|kvm] [--no-install] [--out DIR] [--help]

Installs what is missing (it says what, first), builds emulator, guest, harness and boot image, boots
the test suite and prints for each rule whether the emulator keeps it.

  --quick          boot the kernel directly (PVH) instead of the ISO image under SeaBIOS
  --emulator WHAT  patched: the bundled emulator with all patches (default)
                   stock: the bundled emulator with the test device alone
                   PATH: another QEMU binary
  --rules GLOB     run only the rules that match, e.g. 'AMDVI-CMD-*'; may be repeated
  --jobs N         start at most N emulators at a time
  --accel WHAT     tcg (default) or kvm
  --no-install     install nothing; if packages are missing, name them and stop
  --out DIR        write the results there instead of results/<time>-<machine>
  --setup-only     install and build, then stop
  --help           print this text

Root, or sudo, is used for the installation of packages alone.
Exit status: 0 all as expected, 1 a rule is broken, 2 bad usage, 3 trouble.
EOF
}

say() {
    printf 'run-tests: %s\n' "$*"
}

# die STATUS SENTENCE
die() {
    local status=$1
    shift
    trap - EXIT
    printf 'run-tests: %s\n' "$*" >&2
    exit "$status"
}

# ---- arguments ---------------------------------------------------------------------------------------

quick=false emulator=patched accel='' jobs='' install=true setup_only=false out=''
rules=()

# value OPTION [VALUE]: checks that there is one.
value() {
    [[ -n ${2:-} ]] || die 2 "option $1 needs a value, see ./run-tests.sh --help"
}

parse() {
    while (($# > 0)); do
        # --option=value is the same as --option value.
        if [[ $1 == --*=* ]]; then
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
        fi
        case $1 in
        --quick) quick=true ;;
        --no-install) install=false ;;
        --setup-only) setup_only=true ;;
        --help | -h)
            usage
            exit 0
            ;;
        --emulator | --rules | --jobs | --accel | --out)
            value "$@"
            case $1 in
            --emulator) emulator=$2 ;;
            --rules) rules+=(--rules "$2") ;;
            --jobs) jobs=$2 ;;
            --accel) accel=$2 ;;
            --out) out=$2 ;;
            esac
            shift
            ;;
        *) die 2 "unknown option '$1', see ./run-tests.sh --help" ;;
        esac
        shift
    done

    [[ -z $jobs || $jobs =~ ^[1-9][0-9]{0,2}$ ]] ||
        die 2 "option --jobs: '$jobs' is not a number from 1 to 999"
    case $accel in
    '' | tcg | kvm) ;;
    *) die 2 "option --accel: '$accel' is neither tcg nor kvm" ;;
    esac
    case $emulator in
    patched | stock) ;;
    */*)
        [[ -e $emulator ]] || die 3 "option --emulator: $emulator does not exist"
        [[ -f $emulator && -x $emulator ]] || die 3 "option --emulator: $emulator is not an executable file"
        emulator=$(realpath -- "$emulator")
        ;;
    *) die 2 "option --emulator: '$emulator' is neither patched nor stock nor a path with a slash" ;;
    esac
}

# ---- packages ----------------------------------------------------------------------------------------

# The packages that are missing, into the array of that name.
find_missing() {
    local name state
    local -A have=()
    command -v dpkg-query >/dev/null 2>&1 ||
        die 3 "this is not a Debian machine (no dpkg-query): see CONTRIBUTING.md for what is needed elsewhere"
    while read -r name state; do
        [[ $state == installed ]] && have[$name]=1
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null)
    missing=()
    for name in "${PACKAGES[@]}"; do
        [[ -n ${have[$name]:-} ]] || missing+=("$name")
    done
}

install_packages() {
    local missing as_root=() apt try
    find_missing
    ((${#missing[@]} > 0)) || return 0
    apt="apt-get install -y --no-install-recommends ${missing[*]}"
    $install || die 3 "packages are missing and --no-install was given; install them with: $apt"
    if ((EUID != 0)); then
        if command -v sudo >/dev/null 2>&1 && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            die 3 "packages are missing and neither root nor sudo is at hand; as root run: $apt"
        fi
    fi
    say "Debian packages are missing and will be installed now (${#missing[@]}): ${missing[*]}"
    say "command: ${as_root[*]:+${as_root[*]} }$apt"
    for try in 1 2; do
        timeout 300 "${as_root[@]}" apt-get -qq -o Acquire::http::Timeout=30 update >&2 || true
        if timeout 1800 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 \
            install --no-install-recommends "${missing[@]}" >&2 </dev/null; then
            find_missing
            ((${#missing[@]} == 0)) && return 0
        fi
        ((try == 2)) || say "the installation failed, trying once more"
    done
    die 3 "these packages could not be installed (see apt's words above): ${missing[*]}"
}

# ---- build -------------------------------------------------------------------------------------------

build_emulators() {
    local variants=(--only stock --only patched)
    [[ $emulator == */* ]] && return
    $setup_only && variants=()
    "$here/emulator-patches/build.sh" "${variants[@]}" || exit $?
}

build_suite() {
    local log=$build/run-tests.log
    mkdir -p "$build" 2>/dev/null || die 3 "the folder $build cannot be created"
    # A second run of this script waits for the first, rather than compile into the same files.
    exec 8>"$build/lock" || die 3 "$build is not writable"
    flock -w 600 8 || die 3 "another run has been building in $build for 10 minutes; stop it or try later"
    # build.ninja is the last that meson writes: without it, or with one that belongs to another folder
    # (the sources were copied or moved), there is nothing to keep.
    if [[ ! -e $build/build.ninja ]] || ! grep -qsF "\"source\": \"$here\"" "$build/meson-info/meson-info.json"; then
        say "configuring guest, harness and boot image"
        find "$build" -mindepth 1 -maxdepth 1 ! -name lock ! -name check -exec rm -rf {} +
        meson setup "$build" "$here" >"$log" 2>&1 8>&- || build_trouble "configuring the guest and the harness"
    fi
    ninja -C "$build" >"$log" 2>&1 8>&- || build_trouble "building the guest, the harness or the boot image"
    exec 8>&-
    if grep -q '^\[' "$log"; then
        say "built guest, harness and boot image in $build"
    else
        say "guest, harness and boot image are up to date"
    fi
}

build_trouble() {
    grep -v '^\[[0-9]*/[0-9]*\]' "$build/run-tests.log" | tail -n 30 >&2 || true
    if grep -q 'No space left on device' "$build/run-tests.log"; then
        die 3 "the disk is full in $build; make room and run it again"
    fi
    die 3 "$1 failed; the log is $build/run-tests.log"
}

# ---- run ---------------------------------------------------------------------------------------------

run_suite() {
    local door=iso arguments=() status=0
    $quick && door=pvh
    case $emulator in
    */*)
        if [[ ! -e $here/harness/machines/other-$door.conf ]]; then
            say "there is no machine other-$door, using other-iso"
            door=iso
        fi
        arguments=(--machine "other-$door" --emulator "$emulator")
        ;;
    *) arguments=(--machine "$emulator-$door") ;;
    esac
    [[ -z $jobs ]] || arguments+=(--jobs "$jobs")
    [[ -z $accel ]] || arguments+=(--accel "$accel")
    [[ -z $out ]] || arguments+=(--out "$out")
    "$build/harness/amdvi-check" run "${arguments[@]}" "${rules[@]}" || status=$?
    # Above these the shell reports how a program died.
    ((status <= 3)) || die 3 "amdvi-check ended with status $status"
    return "$status"
}

main() {
    parse "$@"
    install_packages
    build_emulators
    build_suite
    $setup_only && return
    run_suite
}

main "$@"
exit
