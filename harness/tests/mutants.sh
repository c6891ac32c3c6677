#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A rule that cannot fail proves nothing. For each line "MUTANT RULE[,RULE...]" of
# emulator-patches/mutants/list, runs these rules on an emulator with that one defect and demands that every
# one of them fails: neither passes nor ends in an error. MUTANT is the value of the property x-mutant of
# amd-iommu, or DEVICE:VALUE for another device; VALUE,efr=on is for a defect of an optional feature,
# VALUE,served=nbd for one of transfers under way.
#
# All mutants run in one harness process, --jobs at a time (option -j N, default: the harness's).

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

list=$root/emulator-patches/mutants/list
profile='mutant-pvh'
options=()
while (($# > 0)); do
    case $1 in
    -j) options+=(--jobs "${2:?-j needs a number}") && shift ;;
    --list) list=${2:?--list needs a file} && shift ;;
    --profile) profile=${2:?--profile needs a profile} && shift ;;
    --) shift && options+=("$@") && break ;;
    *) printf 'usage: mutants.sh [-j N] [--list FILE] [--profile NAME|FILE] [-- OPTION-OF-RUN...]\n' >&2 && exit 2 ;;
    esac
    shift
done
need_built "$check"

if [[ ! -r $list ]]; then
    result 'the list of mutants' "cannot read $list"
    finish_tests
fi

declare -a wanted=()
while read -r mutant rules rest; do
    [[ -n $mutant && $mutant != '#'* ]] || continue
    if [[ -z $rules || -n $rest ]]; then
        result "mutant $mutant" "$list: not of the form MUTANT RULE[,RULE...]: $mutant $rules $rest"
        continue
    fi
    settings=mutant=${mutant##*:}
    [[ $mutant != *:* ]] || settings=device=${mutant%%:*},$settings
    options+=(--machine "$profile,$settings,rules=${rules//,/+},expect=fail")
    for rule in ${rules//,/ }; do
        wanted+=("$profile,$settings $rule")
    done
done <"$list"
if ((${#wanted[@]} == 0)); then
    result 'the list of mutants' "$list names none"
    finish_tests
fi

"$check" run --tap --out "$work/out" "${options[@]}" >"$work/tap" 2>"$work/stderr"
status=$?
if [[ ! -s $work/tap ]]; then
    result 'the run' "$(cat "$work/stderr")"
    finish_tests
fi

# The line for a machine and a rule, and the comments beneath it. A known failure is what is wanted: the
# machine is expected to fail, and an error is never taken for a failure.
lines_for() {
    awk -v wanted="$1" '
        /^(not )?ok / {
            text = $0
            sub(/^(not )?ok [0-9]+ - /, "", text)
            # A single machine is not named in the lines.
            show = index(text, wanted " ") == 1 || (single != "" && index(text, single " ") == 1)
        }
        show' single="$2" "$work/tap"
}

machines=$(printf '%s\n' "${options[@]}" | grep -c '^--machine$')
for entry in "${wanted[@]}"; do
    single=''
    ((machines > 1)) || single=${entry#* }
    lines=$(lines_for "$(basename "${entry%% *}" .conf | sed 's/\.conf,/,/') ${entry#* }" "$single")
    failure=''
    [[ $lines == 'not ok '*' # TODO '* ]] || failure=${lines:-$(cat "$work/stderr")}
    settings=${entry%% *}
    result "${settings#*,} breaks ${entry#* }" "$failure"
done
failure=''
((status == 0)) || failure=$(printf 'exit status %d\n' "$status" && grep '^Bail out!' "$work/tap")
result 'the run as a whole' "$failure"
finish_tests
