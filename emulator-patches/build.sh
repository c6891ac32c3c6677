#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the bundled emulator: QEMU from Debian's source package in three variants.
#
#   qemu-stock    the base plus the first patch of the series (the DMA test device)
#   qemu-patched  the base plus the whole series
#   qemu-mutant   the whole series plus the deliberate defects of mutants/
#
# Everything lives in a cache folder and nothing outside it is changed. See README.md.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here

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

usage() {
    cat <<'EOF'
Usage: build.sh [--only VARIANT]... [--update]
       build.sh --print VARIANT | --info | --check | --help

Builds the emulator binaries stock, patched and mutant into the cache folder. What is already
built is not built again, and once the source is in the cache no network is used.

  --only VARIANT   build this variant alone: stock, patched or mutant; may be repeated
  --update         ask Debian for a newer point release of the base first
  --print VARIANT  print the path of the built binary and build nothing
  --info           print versions, digests and paths as key=value lines
  --check          verify that the series applies without fuzz and that no patch file is stray
  --help           print this text

Environment:
  QEMU_SRC             folder or tarball of a QEMU source to use instead of Debian's
  AMDVI_CHECK_CACHE    cache folder, default ${XDG_CACHE_HOME:-~/.cache}/amdvi-check
  AMDVI_CHECK_MIRROR   base URI of a Debian mirror, default: the one this machine is configured for

Exit status: 0 done, 2 bad usage, 3 trouble; with one sentence on standard error.
EOF
}

need_value() {
    (($# > 1)) || die 2 "option $1 needs a variant: stock, patched or mutant"
    case $2 in
    stock | patched | mutant) ;;
    *) die 2 "option $1: '$2' is not a variant, use stock, patched or mutant" ;;
    esac
}

print_path() {
    local variant=$1
    source_known || die 3 "qemu-$variant is not built: run ${here##*/}/build.sh first"
    compute_digests
    is_built "$variant" || die 3 "qemu-$variant is not built: run ${here##*/}/build.sh first"
    variant_path "$variant"
    printf '%s\n' "$REPLY"
}

print_info() {
    local variant
    printf 'package=%s\nseries=%s\nseen=%s\n' "$base_package" "$base_series" "$base_seen"
    printf 'cache=%s\nlog=%s\n' "$cache" "$log"
    if ! source_known; then
        printf 'source=none\n'
        return
    fi
    compute_digests
    printf 'version=%s\npackage_version=%s\nsource=%s\ntree=%s\n' \
        "$source_version" "$source_label" "$source_id" "$tree"
    for variant in "${VARIANTS[@]}"; do
        variant_path "$variant"
        printf 'digest_%s=%s\npath_%s=%s\n' "$variant" "${digest[$variant]}" "$variant" "$REPLY"
        if is_built "$variant"; then
            printf 'built_%s=yes\n' "$variant"
        else
            printf 'built_%s=no\n' "$variant"
        fi
    done
}

build_all() {
    local update=$1 variant todo=()
    shift
    if ! $update && source_known; then
        compute_digests
        for variant in "$@"; do
            is_built "$variant" || todo+=("$variant")
        done
        if ((${#todo[@]} == 0)); then
            touch_built "$@"
            say "up to date: QEMU $source_label, $*"
            return
        fi
    fi

    lock_cache
    begin_log
    ensure_source "$update"
    compute_digests
    todo=()
    for variant in "$@"; do
        is_built "$variant" || todo+=("$variant")
    done
    if ((${#todo[@]} > 0)); then
        ensure_build_tools
        ensure_space "$(space_for_build)"
        for variant in "${todo[@]}"; do
            # An equal digest may have been built a moment ago under another name.
            is_built "$variant" || build_variant "$variant"
        done
    fi
    touch_built "$@"
    prune_cache
    say "ready: QEMU $source_label, $* in $cache"
}

check_series() {
    lock_cache
    begin_log
    ensure_source false
    check_series_form
    local variant
    for variant in "${VARIANTS[@]}"; do
        variant_patches "$variant"
        prepare_scratch "$variant" "${REPLY_LIST[@]}"
        drop_scratch
        say "qemu-$variant: ${#REPLY_LIST[@]} patches apply to QEMU $source_label without fuzz"
    done
}

main() {
    local mode=build update=false variant='' only='' name variants=()
    while (($# > 0)); do
        case $1 in
        --help | -h)
            usage
            exit 0
            ;;
        --print)
            need_value "$@"
            mode=print variant=$2
            shift
            ;;
        --only)
            need_value "$@"
            only+=" $2 "
            shift
            ;;
        --info) mode=info ;;
        --check) mode=check ;;
        --update) update=true ;;
        *) die 2 "unknown option '$1', see ${here##*/}/build.sh --help" ;;
        esac
        shift
    done

    # Always in the order in which one tree serves them best.
    for name in "${VARIANTS[@]}"; do
        [[ -n $only && $only != *" $name "* ]] || variants+=("$name")
    done
    read_base
    find_cache
    case $mode in
    print) print_path "$variant" ;;
    info) print_info ;;
    check) check_series ;;
    build) build_all "$update" "${variants[@]}" ;;
    esac
}

main "$@"
exit
