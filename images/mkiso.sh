#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make an ISO image that boots the kernel on BIOS and UEFI machines. Needs no root. The same input gives
# the same bytes.
set -eu

usage='usage: mkiso.sh KERNEL EFI-APPLICATION OUTPUT [COMMAND LINE]
The command line is what the kernel is given on a board (default: exit=halt). QEMU can replace it:
-fw_cfg name=opt/org.amdvi-check/cmdline,string=...'

die() {
    echo "mkiso.sh: $1" >&2
    exit 3
}

if [ $# -lt 3 ] || [ $# -gt 4 ]; then
    echo "$usage" >&2
    exit 2
fi
kernel=$1
application=$2
output=$3
cmdline=${4-exit=halt}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lib=${GRUB_LIB:-/usr/lib/grub}

case $cmdline in
*[!A-Za-z0-9_=,.:*?/@%+\ -]*) die "the command line '$cmdline' holds a character that GRUB would interpret" ;;
esac
[ -r "$kernel" ] || die "the kernel $kernel is not there or not readable"
[ -r "$application" ] || die "the EFI application $application is not there or not readable"

need() {
    command -v "$1" >/dev/null 2>&1 || die "$1 is missing (Debian package $2)"
}
need grub-mkimage grub-common
need xorriso xorriso
need mformat mtools
need mcopy mtools
need objcopy binutils
[ -r "$lib/i386-pc/moddep.lst" ] || die "GRUB for BIOS is missing in $lib (Debian package grub-pc-bin)"
[ -r "$lib/x86_64-efi/moddep.lst" ] ||
    die "GRUB for UEFI is missing in $lib (Debian package grub-efi-amd64-bin)"

# One date for everything that bears one.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1704067200}
TZ=UTC
LC_ALL=C
export SOURCE_DATE_EPOCH TZ LC_ALL

work=$(mktemp -d) || die "no temporary folder can be made"
part=$output.part
trap 'rm -rf "$work" "$part"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
log=$work/log
root=$work/root
mkdir -p "$root/boot/grub/i386-pc"

run() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        die "$1 failed"
    }
}

# Names of module $1 and of all it needs.
closure() {
    awk -F': *' -v want="$1" '
        { dep[$1] = $2 }
        function visit(m, i, n, d) {
            if (m in seen)
                return
            seen[m] = 1
            n = split(dep[m], d, " ")
            for (i = 1; i <= n; i++)
                visit(d[i])
            print m
        }
        END { visit(want) }' "$lib/i386-pc/moddep.lst"
}

# Without debug information: the loader reads the file through the BIOS, block by block.
run objcopy --strip-all "$kernel" "$root/boot/amdvi-check.elf"
chmod 644 "$root/boot/amdvi-check.elf"

# What is in the boot image is unpacked by LZMA, which takes an emulated CPU longer than all the rest
# of the boot. So only what reads a CD is there; the other modules lie on the CD as they are.
for module in $(closure multiboot2); do
    cp "$lib/i386-pc/$module.mod" "$root/boot/grub/i386-pc/"
done
sed -e '/^#/d' -e "s|@CMDLINE@|$cmdline|" "$here/bios.cfg" >"$work/bios.cfg"
run grub-mkimage -d "$lib/i386-pc" -O i386-pc-eltorito -p /boot/grub -c "$work/bios.cfg" \
    -o "$root/boot/grub/eltorito.img" biosdisk iso9660

sed -e '/^#/d' "$here/efi.cfg" >"$work/efi.cfg"
sed -e '/^#/d' -e "s|@CMDLINE@|$cmdline|" "$here/uefi.cfg" >"$root/boot/grub/uefi.cfg"
run grub-mkimage -d "$lib/x86_64-efi" -O x86_64-efi -p /boot/grub -c "$work/efi.cfg" \
    -o "$work/BOOTX64.EFI" iso9660 fat search search_fs_file configfile test smbios loopback chain efi_gop multiboot2
cp "$application" "$work/CHECK.EFI"
touch -d "@$SOURCE_DATE_EPOCH" "$work/BOOTX64.EFI" "$work/CHECK.EFI"
run mformat -C -i "$root/boot/esp.img" -f 1440 -N 0 ::
run mmd -i "$root/boot/esp.img" ::/EFI ::/EFI/BOOT ::/EFI/AMDVI
run mcopy -m -i "$root/boot/esp.img" "$work/BOOTX64.EFI" ::/EFI/BOOT/BOOTX64.EFI
run mcopy -m -i "$root/boot/esp.img" "$work/CHECK.EFI" ::/EFI/AMDVI/CHECK.EFI

find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
run xorriso -as mkisofs -quiet -r -V AMDVI_CHECK -o "$part" \
    -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    -eltorito-alt-boot -e boot/esp.img -no-emul-boot "$root"
mv "$part" "$output"
