# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # the parts share their variables
#
# Which patches make which binary, and the digest that names it. Sourced by build.sh.

# Part of every digest: raise it when a change of these scripts makes old binaries wrong.
readonly RECIPE=1

readonly VARIANTS=(stock patched mutant)
declare -A digest=()

# What QEMU's configure is told. Optimisation stays at QEMU's default (-O2); debug information is left
# out because it costs build time and space and no test reads it.
readonly CONFIGURE_OPTIONS=(
    --target-list=x86_64-softmmu
    --without-default-features
    --without-default-devices
    --with-devices-x86_64=amdvi-check
    --enable-system
    --enable-tcg
    --enable-kvm
    --disable-debug-info
    --disable-docs
    --disable-tools
    --disable-guest-agent
    --disable-install-blobs
    --disable-download
)

# read_series FILE: the names in it, into REPLY_LIST. A missing file is an empty series.
read_series() {
    local file=$1 line
    REPLY_LIST=()
    [[ -e $file ]] || return 0
    [[ -r $file ]] || die 3 "$file cannot be read"
    while read -r line || [[ -n $line ]]; do
        line=${line%%#*}
        line=${line%"${line##*[![:space:]]}"}
        [[ -n $line ]] || continue
        [[ $line != */* ]] || die 3 "$file: '$line' is not a plain file name"
        REPLY_LIST+=("$line")
    done <"$file"
}

# variant_patches VARIANT: the paths of its patches in order, into REPLY_LIST.
variant_patches() {
    local variant=$1 name paths=()
    read_series "$here/series"
    for name in "${REPLY_LIST[@]}"; do
        paths+=("$here/$name")
        [[ $variant == stock ]] && break
    done
    if [[ $variant == mutant ]]; then
        read_series "$here/mutants/series"
        for name in "${REPLY_LIST[@]}"; do
            paths+=("$here/mutants/$name")
        done
    fi
    for name in "${paths[@]}"; do
        [[ -r $name ]] || die 3 "the series names ${name#"$here"/}, but that file does not exist in $here"
    done
    REPLY_LIST=("${paths[@]}")
}

# One digest per binary: what goes into it and nothing else, so that an edit of a later patch leaves
# qemu-stock as it is. Names of patches do not count, their text and order do.
compute_digests() {
    local variant sum system=unknown
    local -A os=()
    if [[ -r /etc/os-release ]]; then
        while IFS='=' read -r sum variant; do os[$sum]=${variant//\"/}; done </etc/os-release
        system="${os[ID]:-} ${os[VERSION_ID]:-}"
    fi
    for variant in "${VARIANTS[@]}"; do
        variant_patches "$variant"
        sum=$({
            printf '%s\n' "$RECIPE" "$source_id" "$system" "$HOSTTYPE" "${CONFIGURE_OPTIONS[@]}"
            cat "$here/devices.mak" "${REPLY_LIST[@]}"
        } | sha256sum)
        digest[$variant]=${sum:0:16}
    done
}

variant_path() {
    REPLY=$cache/${digest[$1]}/qemu-system-x86_64
}

is_built() {
    variant_path "$1"
    [[ -x $REPLY ]]
}

# A use makes a binary young again for prune_cache.
touch_built() {
    local variant
    for variant in "$@"; do
        touch -c "$cache/${digest[$variant]}" 2>/dev/null || true
    done
}

# Keeps the three newest sets of three, and of the trees the one in use and Debian's.
prune_cache() {
    local dir debian='' n=0
    local -A wanted=()
    for dir in "${digest[@]}"; do wanted[$dir]=1; done
    while read -r dir; do
        [[ $dir =~ ^[0-9a-f]{16}$ ]] || continue
        n=$((n + 1))
        if ((n > 9)) && [[ -z ${wanted[$dir]:-} ]]; then
            rm -rf "${cache:?}/$dir"
        fi
    done < <(ls -1t "$cache")
    [[ ! -r $cache/source ]] || debian=$cache/tree-$(sed -n 's/^id=//p' "$cache/source")
    for dir in "$cache"/tree-*; do
        [[ $dir == "$tree" || $dir == "$debian" || ! -d $dir ]] || rm -rf "$dir"
    done
}

# Every patch file belongs to a series, every name in a series is a file, and each is a mail as
# "git format-patch" writes it.
check_series_form() {
    local dir name path title
    local -A listed
    for dir in "$here" "$here/mutants"; do
        title=${dir#"${here%/*}"/}
        listed=()
        read_series "$dir/series"
        for name in "${REPLY_LIST[@]}"; do
            [[ -z ${listed[$name]:-} ]] || die 3 "$title/series names $name twice"
            listed[$name]=1
            [[ -r $dir/$name ]] || die 3 "$title/series names $name, but there is no such file"
        done
        for path in "$dir"/*.patch; do
            [[ -e $path ]] || continue
            name=${path##*/}
            [[ -n ${listed[$name]:-} ]] ||
                die 3 "$title/$name is in no series: add it to $title/series or remove it"
            patch_form_error "$path"
            [[ -z $REPLY ]] ||
                die 3 "$title/$name is not in the form of git format-patch: $REPLY"
        done
    done
}

# What is wrong with the form of a patch file, into REPLY; empty if nothing is.
patch_form_error() {
    REPLY=$(awk '
        NR == 1 { if ($0 !~ /^From [0-9a-f]+ Mon Sep 17 00:00:00 2001$/) why = "the first line is no From line of git"; next }
        !diff && /^From: ./ { from = 1 }
        !diff && /^Date: ./ { date = 1 }
        !diff && /^Subject: \[PATCH/ { subject = 1 }
        /^---$/ { rule = 1 }
        /^diff --git a\// { diff = 1 }
        { last2 = last1; last1 = $0 }
        /^-- $/ { signature = NR }
        END {
            if (why) print why
            else if (!from) print "the From: header is missing"
            else if (!date) print "the Date: header is missing"
            else if (!subject) print "the Subject: [PATCH] header is missing"
            else if (!rule) print "the --- line after the message is missing"
            else if (!diff) print "it has no diff --git part"
            else if (!signature) print "the closing \"-- \" line is missing"
        }' "$1")
}
