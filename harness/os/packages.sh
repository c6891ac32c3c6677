#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's Linux kernel and busybox in a folder of the cache: fetched by apt once, unpacked there and nowhere
# else. Nothing is installed, no script of a package is run. Prints the folder:
#
#   vmlinuz busybox    as they are in the packages
#   modules/           the modules that are needed; modules/order names them, each behind those it needs
#   versions           which packages these are

set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
here=$root/emulator-patches
readonly root here

# Modules of the kernel that are wanted, with all that they need.
readonly MODULES=(ata_piix sd_mod 8139cp vfio_iommu_type1 vfio_pci)

# Raise it when a change of this script or of the list makes old folders wrong.
readonly RECIPE=1

# The log, the lock and apt with a configuration of its own are those of the emulator's build.
speaker=linux offline_way=''
# shellcheck source-path=SCRIPTDIR/../../emulator-patches
# shellcheck source=../../emulator-patches/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=../../emulator-patches/lib/source.sh
. "$here/lib/source.sh"

drop_scratch() {
    :
}

# The folder, into REPLY; empty if it is not there yet.
ready() {
    local name=''
    REPLY=''
    [[ ! -r $cache/current ]] || read -r name <"$cache/current"
    [[ $name == *-recipe"$RECIPE" && -r $cache/$name/modules/order ]] || return 0
    REPLY=$cache/$name
}

# Debian's release of this machine, else the stable one.
release() {
    REPLY=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d '"') || true
    REPLY=${REPLY:-stable}
}

# take_module NAME: into $part/modules, behind what it needs.
declare -A module_path=() taken=()
take_module() {
    local name=${1//-/_} file path=${module_path[${1//-/_}]:-} need
    [[ -z ${taken[$name]:-} ]] || return 0
    taken[$name]=1
    if [[ -z $path ]]; then
        tr - _ <"${builtin[0]}" | grep "/$name\.ko" >/dev/null || die 3 "Debian's kernel has no module $name"
        return
    fi
    file=$name.ko
    case $path in
    *.xz) xz -dc "$path" >"$part/modules/$file" ;;
    *) cp "$path" "$part/modules/$file" ;;
    esac
    for need in $(tr '\0' '\n' <"$part/modules/$file" | sed -n 's/^depends=//p' | tr , ' '); do
        take_module "$need"
    done
    printf '%s\n' "$file" >>"$part/modules/order"
}

fetch() {
    local image deb part=$cache/new.part raw=$cache/unpacked.part name path builtin kernels version=''
    need_tool apt-get apt
    need_tool dpkg-deb dpkg
    need_tool xz xz-utils
    ensure_space 700
    release
    apt_open "$REPLY"
    image=$(apt-cache -c "$apt_dir/apt.conf" depends linux-image-amd64 2>>"$log" |
        sed -n 's/^  Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -n 1) || true
    [[ -n $image ]] || source_trouble "Debian's package linux-image-amd64 names no kernel"
    rm -rf "$part" "$raw"
    mkdir -p "$part/modules" "$raw"
    run "fetching $image and busybox-static" 900 \
        env -C "$raw" apt-get -c "$apt_dir/apt.conf" download "$image" busybox-static ||
        source_trouble "Debian's packages $image and busybox-static could not be fetched"
    apt_close
    for deb in "$raw"/*.deb; do
        dpkg-deb -f "$deb" Package Version | sed 's/^[^:]*: //' | paste -s -d ' ' >>"$part/versions"
        [[ $deb != */linux-image-* ]] || version=$(dpkg-deb -f "$deb" Version)
        run "unpacking ${deb##*/}" 300 dpkg-deb -x "$deb" "$raw/tree" ||
            source_trouble "unpacking ${deb##*/} failed"
    done

    # Debian 13 has /usr/lib/modules and compressed modules.
    builtin=("$raw"/tree/lib/modules/*/modules.builtin "$raw"/tree/usr/lib/modules/*/modules.builtin)
    [[ -r ${builtin[0]} ]] || builtin=("${builtin[1]}")
    while read -r path; do
        name=${path##*/}
        name=${name%%.ko*}
        module_path[${name//-/_}]=$path
    done < <(find "$raw/tree" -name '*.ko' -o -name '*.ko.xz')
    for name in "${MODULES[@]}"; do
        take_module "$name"
    done
    kernels=("$raw"/tree/boot/vmlinuz-*)
    [[ -r ${kernels[0]} && (-x $raw/tree/bin/busybox || -x $raw/tree/usr/bin/busybox) ]] ||
        die 3 "Debian's packages $image and busybox-static do not hold what is expected of them"
    cp "${kernels[0]}" "$part/vmlinuz"
    cp "$raw"/tree/bin/busybox "$part/busybox" 2>/dev/null || cp "$raw"/tree/usr/bin/busybox "$part/busybox"
    rm -rf "$raw"

    name=${version//[^a-zA-Z0-9.+-]/_}-recipe$RECIPE
    rm -rf "${cache:?}/$name"
    mv -T "$part" "$cache/$name"
    printf '%s\n' "$name" >"$cache/current.part"
    mv -f "$cache/current.part" "$cache/current"
}

main() {
    (($# == 0)) || die 2 "usage: harness/os/packages.sh"
    find_cache
    ready
    if [[ -z $REPLY ]]; then
        lock_cache >&2
        ready
        if [[ -z $REPLY ]]; then
            begin_log
            fetch >&2
            ready
        fi
    fi
    [[ -n $REPLY ]] || die 3 "the folder $cache does not hold what was put into it"
    printf '%s\n' "$REPLY"
}

main "$@"
