#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What stands on the screen: the guest's lines on the VGA text screen under SeaBIOS, and on a framebuffer
# where UEFI firmware leaves no text mode, as GRUB hands it on and as the firmware itself does. All rows are
# read back from the adapter and compared with what the serial line got.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

limit_s=120
screen=$tests/screen.py
font=$build/guest/font_8x16.c
kernel=$build/guest/amdvi-check.elf
application=$build/guest/efi/amdvi-check.efi
iso=$build/images/amdvi-check.iso
need_built "$check"
for file in "$font" "$kernel" "$application" "$iso"; do
    [[ -r $file ]] && continue
    result "$file is built" 'it is not there: build first with make'
    finish_tests
done
emulator=${AMDVI_CHECK_EMULATOR:-$("$root/emulator-patches/build.sh" --print patched)}

machine=(-machine q35 -accel tcg -m 192M -nodefaults -no-user-config -no-reboot -display none
    -device 'amd-iommu,intremap=on' -device VGA
    # It halts at its end, so that the screen can be looked at.
    -fw_cfg 'name=opt/org.amdvi-check/cmdline,string=run=AMDVI-CAP-* exit=halt seed=1')
seabios=(-L /usr/share/seabios -L /usr/share/qemu)
ovmf=(-L /usr/share/qemu -L /usr/share/seabios
    -drive 'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'
    -drive 'if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd')
cd=(-drive "if=none,id=cd,media=cdrom,format=raw,readonly=on,file=$iso" -device 'ide-cd,bus=ide.2,drive=cd')

mark=AMDVI_CHECK_TEST=$work

trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# look ID QEMU-ARGUMENT...: becomes what makes ID.screen and ID.log.
look() {
    local id=$work/$1
    shift
    exec env "$mark" timeout -k 1 "$((limit_s + 10))" "$screen" look "$id.screen" "$id.log" "$limit_s" -- \
        "$emulator" "${machine[@]}" -serial "file:$id.log" "$@" >"$id.out" 2>&1 </dev/null
}

# judge NAME ID KIND: what kind of screen it is, all its rows, and a few lines by name.
judge() {
    local name=$1 id=$work/$2 want=$3 kind=text bad='' line
    [[ -r $id.screen ]] || bad=$(cat "$id.out")
    if [[ -z $bad ]]; then
        [[ $(head -c 2 "$id.screen" | tr -d '\0') != P6 ]] || kind=framebuffer
        [[ $kind == "$want" ]] || bad="it is a $kind screen"$'\n'
        bad+=$("$screen" compare "$id.screen" "$font" "$id.log" 2>&1 >/dev/null)
        for line in 'begin AMDVI-CAP-[0-9]+ A' 'end AMDVI-CAP-[0-9]+ pass' 'done'; do
            "$screen" read "$id.screen" "$font" 2>/dev/null | tr -d '\0' | grep -Eq "^AVC1 [0-9]+ $line " ||
                bad+=$'\n'"no line on the screen says: $line"
        done
    fi
    result "$name" "$bad"
}

look uefi "${ovmf[@]}" "${cd[@]}" &
look efi "${ovmf[@]}" -kernel "$application" &
(look pvh "${seabios[@]}" -kernel "$kernel")
(look iso "${seabios[@]}" "${cd[@]}")
wait

judge 'the text screen, by -kernel under SeaBIOS' pvh text
judge 'the text screen, by GRUB under SeaBIOS' iso text
judge 'the framebuffer, by GRUB under UEFI firmware' uefi framebuffer
judge 'the framebuffer, by the EFI application' efi framebuffer

# ---- the glyphs, by eye: the table above is the kernel's own --------------------------------------------

pass='................................
................................
................................
................................
................................
................................
.#.###....####....####....####..
.##...#..#....#..#....#..#....#.
.#....#.......#..#.......#......
.#....#...#####...##......##....
.#....#..#....#.....##......##..
.#....#..#....#.......#.......#.
.##...#..#...##..#....#..#....#.
.#.###....###.#...####....####..
.#..............................
.#..............................'
bad=''
actual=$("$screen" draw "$work/efi.screen" "$font" pass 2>&1)
[[ $actual == "$pass" ]] || bad=$actual
result 'the word "pass" is drawn as it is written' "$bad"

# ---- that it would be seen -------------------------------------------------------------------------------

# refused NAME SCREEN LOG: the comparison has to fail.
refused() {
    local bad=''
    ! "$screen" compare "$2" "$font" "$3" >"$work/said" 2>&1 || bad=$(cat "$work/said")
    grep -q 'expected .* actual ' "$work/said" || bad+=$(cat "$work/said")
    result "$1" "$bad"
}

sed 's/ done / gone /' "$work/efi.log" >"$work/other.log"
refused 'another word on a framebuffer is noticed' "$work/efi.screen" "$work/other.log"
sed 's/ done / gone /' "$work/pvh.log" >"$work/other.log"
refused 'another word on a text screen is noticed' "$work/pvh.screen" "$work/other.log"
tac "$work/efi.log" | sed '0,/ begin /{/ begin /d}' | tac >"$work/other.log"
refused 'a line too many is noticed' "$work/efi.screen" "$work/other.log"
# The first pixel that is on, red; blue and green stay.
/usr/bin/python3 - "$work/efi.screen" "$work/pixel.screen" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[data.index(b"\xaa\xaa\xaa")] = 0
open(sys.argv[2], "wb").write(data)
PYTHON
refused 'one pixel is noticed' "$work/pixel.screen" "$work/efi.log"

bad=$(left_behind "$mark")
result 'no process is left behind' "$bad"
finish_tests
