# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # the parts share their variables
#
# The source tree and the patches. Sourced by build.sh.
#
#   tree/src       the source in the state of the variant that was built last
#   tree/orig      pristine copies of those files that a patch has ever touched
#   tree/absent    empty files named like those that a patch has ever created
#   tree/build     QEMU's build folder
#
# A variant is prepared in a scratch folder that holds only the files in question. Then the files that
# differ are moved over: untouched files keep their time stamps and ninja compiles what has changed. The
# pristine copy is saved before a file is touched, so that a run that is killed at any point leaves
# nothing that the next one cannot set right.

readonly DEVICES_FILE=configs/devices/x86_64-softmmu/amdvi-check.mak

drop_scratch() {
    [[ -z $scratch ]] || rm -rf "$scratch"
    scratch=''
}

# git without the user's settings, and blind to a repository that the cache may lie in.
plain_git() {
    env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE GIT_CEILING_DIRECTORIES="$cache" \
        GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git -c core.autocrlf=false "$@"
}

# The files that patches touch, old and new names.
patch_files() {
    (($# == 0)) || sed -n 's,^diff --git a/\([^ ]*\) b/\([^ ]*\)$,\1\n\2,p' "$@"
}

# put_pristine FILE: its unpatched state into the scratch folder.
put_pristine() {
    local file=$1 from=$tree/src/$1
    [[ -e $tree/orig/$file ]] && from=$tree/orig/$file
    [[ -e $from && ! -e $tree/absent/$file ]] || return 0
    mkdir -p "$scratch/$(dirname "$file")"
    cp -p "$from" "$scratch/$file"
}

# prepare_scratch VARIANT PATCH...: the files of that variant, patched.
prepare_scratch() {
    local variant=$1 file patch name out
    shift
    need_tool git git
    scratch=$cache/scratch.part
    rm -rf "$scratch"
    mkdir -p "$scratch"
    scratch_files=()
    while read -r file; do
        [[ $file != /* && /$file/ != */../* ]] || die 3 "a patch of the series names a file outside the source: $file"
        scratch_files+=("$file")
        put_pristine "$file"
    done < <({
        patch_files "$@"
        [[ ! -d $tree/orig ]] || find "$tree/orig" "$tree/absent" -type f -printf '%P\n'
    } | grep -vx "$DEVICES_FILE" | sort -u)

    for patch in "$@"; do
        name=${patch#"$here"/}
        # Unlike patch(1), git never applies a hunk whose context differs, and all of a patch or nothing.
        if ! out=$(cd "$scratch" && plain_git apply --whitespace=nowarn "$patch" 2>&1); then
            printf '%s\n' "$out" >>"$log" || true
            disk_is_full && die 3 "the disk is full in $cache; make room and run it again"
            out=${out%%$'\n'*}
            die 3 "patch $name does not apply to QEMU $source_label (${out#error: }): bring the patch up to date, or set QEMU_SRC to the source that the series was made with ($base_seen)"
        fi
    done

    mkdir -p "$scratch/${DEVICES_FILE%/*}"
    {
        cat "$here/devices.mak"
        (($# == 0)) || sed -n 's/^+config \([A-Z0-9_][A-Z0-9_]*\)$/CONFIG_\1=y/p' "$@"
    } >"$scratch/$DEVICES_FILE"
    scratch_files+=("$DEVICES_FILE")
    printf 'prepared %s: %s patches, %s files\n' "$variant" "$#" "${#scratch_files[@]}" >>"$log"
}

# Moves what differs from the scratch folder into the source tree.
install_scratch() {
    local file
    mkdir -p "$tree/orig" "$tree/absent"
    for file in "${scratch_files[@]}"; do
        save_pristine "$file"
        if [[ ! -e $scratch/$file ]]; then
            rm -f "$tree/src/$file"
        elif ! cmp -s "$scratch/$file" "$tree/src/$file"; then
            mkdir -p "$tree/src/$(dirname "$file")"
            # A new time stamp also when the file goes back to an older state.
            touch "$scratch/$file"
            mv -f "$scratch/$file" "$tree/src/$file"
        fi
    done
    drop_scratch
}

save_pristine() {
    local file=$1
    [[ ! -e $tree/orig/$file && ! -e $tree/absent/$file ]] || return 0
    if [[ -e $tree/src/$file ]]; then
        mkdir -p "$tree/orig/$(dirname "$file")"
        cp -p "$tree/src/$file" "$tree/saved.part"
        mv "$tree/saved.part" "$tree/orig/$file"
    else
        mkdir -p "$tree/absent/$(dirname "$file")"
        : >"$tree/absent/$file"
    fi
}
