#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Are the verdicts of some rules always the same? Runs them many times beside processes that only keep the
# processors busy, forwards and in reverse in turn, and compares. See docs/reliability.md.

set -uo pipefail
export LC_ALL=C NO_COLOR=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 3
readonly here
readonly check=${AMDVI_CHECK_BUILD:-$here/build}/harness/amdvi-check
# Busy loops end by themselves after so many seconds, whatever becomes of this script.
readonly BUSY_LIMIT=86400

runs=20 load=4 limit=900 rules='AMDVI-INF-*' out=$here/results/reliability resume=false
machines=() options=()
busy=() child='' work=''

usage() {
    cat <<'EOT'
Usage: harness/reliability.sh [OPTION...] [-- OPTION-OF-RUN...]

Runs a group of rules again and again, and prints a table of how many verdicts were the same each time.
Odd runs go forwards, even ones in reverse, each with a seed of its own, beside processes that do nothing
but compute. What follows -- goes to "amdvi-check run".

  --runs N          runs on each machine (default: 20)
  --load K          busy processes beside them, 0 for none (default: 4)
  --rules GLOB,...  the rules (default: AMDVI-INF-*)
  --machine NAME    a machine, repeatable (default: patched-held-pvh and stock-held-pvh)
  --limit S         seconds for one run (default: 900)
  --out DIR         where the results of all runs go (default: results/reliability)
  --resume          go on with what was interrupted, with the same --out and rules
  --help            this text

What each run has come to is added to verdicts-MACHINE in DIR as soon as it has ended.

A verdict is what a rule came to, expected or not: a known failure is a failure. One that differs from what
the rule came to most often counts as differing, and so does each error, and each that did not come.

Exit status: 0 all verdicts equal, 1 some differ, 2 bad usage, 3 trouble.
EOT
}

# die STATUS SENTENCE
die() {
    local status=$1
    shift
    printf 'reliability: %s\n' "$*" >&2
    exit "$status"
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    trap '' HUP INT TERM
    if [[ -n $child ]]; then
        # It ends its emulators.
        kill -TERM "$child" 2>/dev/null
        wait "$child"
    fi
    if ((${#busy[@]} > 0)); then
        kill -TERM "${busy[@]}" 2>/dev/null
        wait "${busy[@]}" 2>/dev/null
    fi
    [[ -z $work ]] || rm -rf "$work"
}

# need_number OPTION VALUE LEAST
need_number() {
    if [[ ! $2 =~ ^(0|[1-9][0-9]{0,5})$ ]] || (($2 < $3)); then
        die 2 "$1 is a number from $3 on, not '$2'"
    fi
}

keep_busy() {
    local i
    trap - EXIT HUP INT TERM
    while ((SECONDS < BUSY_LIMIT)) && kill -0 "$$" 2>/dev/null; do
        for ((i = 0; i < 20000; i++)); do :; done
    done
}

# TAP of one run to lines "RULE VERDICT".
verdicts() {
    awk '
        function tell() { if (rule != "") print rule, verdict; rule = "" }
        /^(not )?ok / {
            tell()
            rule = $1 == "ok" ? $4 : $5
            verdict = / # SKIP / ? "skip" : $1 == "ok" ? "pass" : / # TODO / ? "fail" : "?"
            next
        }
        verdict == "?" && /^# error: / { verdict = "error" }
        verdict == "?" && /^# fail/ { verdict = "fail" }
        verdict == "?" && /^# unexpected pass/ { verdict = "pass" }
        verdict == "?" && /^# unexpected skip/ { verdict = "skip" }
        END { tell() }' "$1"
}

# run MACHINE NUMBER: its verdicts are added to those of the machine, all at once, as "NUMBER RULE VERDICT".
run() {
    local machine=$1 number=$2 order=forward status
    ((number % 2)) || order=reverse
    timeout -k 10 "$limit" "$check" run --machine "$machine" --rules "$rules" --jobs 1 --order "$order" --tap \
        --out "$out" "${options[@]}" >"$work/tap" 2>"$work/log" </dev/null &
    child=$!
    wait "$child"
    status=$?
    child=''
    # 124: it took too long, and 3 is trouble in a rule as well; what is missing then counts as differing.
    if ((number == 1)) && ! grep -q '^\(not \)\?ok ' "$work/tap"; then
        die 3 "no verdicts on $machine (exit status $status): $(tail -n 1 "$work/log")"
    fi
    verdicts "$work/tap" | sed "s/^/$number /" >"$work/verdicts"
    cat "$work/verdicts" >>"$out/verdicts-$machine" || die 3 "cannot write $out/verdicts-$machine"
    printf 'reliability: %s, run %d of %d, %s: %d verdicts\n' "$machine" "$number" "$runs" "$order" \
        "$(grep -c '^\(not \)\?ok ' "$work/tap")" >&2
}

# One row of the table. Status 1 if verdicts differ.
row() {
    awk -v machine="$1" -v runs="$runs" '
        { count[$2, $3]++; seen[$2]++; if (!($2 in rules)) { rules[$2]; order[++n] = $2 } }
        END {
            m = split("pass fail skip error none", words, " ")
            for (i = 1; i <= n; i++) {
                rule = order[i]
                count[rule, "none"] = runs - seen[rule]
                most = 0
                text = ""
                for (j = 1; j <= m; j++) {
                    c = count[rule, words[j]] + 0
                    if (words[j] != "error" && words[j] != "none" && c > most) most = c
                    if (c) text = text (text == "" ? "" : ", ") c " " words[j]
                }
                equal += most
                if (most < runs) differing = differing (differing == "" ? "" : "; ") rule ": " text
            }
            printf "| %s | %d | %d | %d of %d | %s |\n", machine, runs, n, equal, runs * n, \
                   differing == "" ? "none" : differing
            exit equal < runs * n
        }' "$out/verdicts-$1"
}

# How many runs of a machine are done, into REPLY.
runs_done() {
    REPLY=0
    mkdir -p "$out" || die 3 "cannot make $out"
    if ! $resume; then
        : >"$out/verdicts-$1" || die 3 "cannot write $out/verdicts-$1"
    elif [[ -e $out/verdicts-$1 ]]; then
        REPLY=$(awk '{ last = $1 } END { print last + 0 }' "$out/verdicts-$1")
    fi
}

main() {
    local machine i differing=0

    [[ -x $check ]] || die 3 "$check is not there: build first with ./run-tests.sh --setup-only"
    work=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-check-reliability.XXXXXX") || die 3 'there is no room for temporary files'
    for ((i = 0; i < load; i++)); do
        keep_busy &
        busy+=("$!")
    done
    : >"$work/table"
    for machine in "${machines[@]}"; do
        runs_done "$machine"
        for ((i = REPLY + 1; i <= runs; i++)); do
            run "$machine" "$i"
        done
        row "$machine" >>"$work/table" || differing=1
    done
    printf '%s\n' '| machine | runs | rules | verdicts equal | differing verdicts by rule |' '|---|---|---|---|---|'
    cat "$work/table"
    exit "$differing"
}

while (($# > 0)); do
    case $1 in
    --runs | --load | --rules | --machine | --limit | --out) (($# > 1)) || die 2 "$1 needs a value, see --help" ;;&
    --runs) runs=$2 && shift ;;
    --load) load=$2 && shift ;;
    --rules) rules=$2 && shift ;;
    --machine) machines+=("$2") && shift ;;
    --limit) limit=$2 && shift ;;
    --out) out=$2 && shift ;;
    --resume) resume=true ;;
    --help) usage && exit 0 ;;
    --) shift && options=("$@") && break ;;
    *) die 2 "unknown option '$1', see --help" ;;
    esac
    shift
done
need_number --runs "$runs" 1
need_number --load "$load" 0
need_number --limit "$limit" 1
((${#machines[@]} > 0)) || machines=(patched-held-pvh stock-held-pvh)
trap clean_up EXIT
trap 'die 3 interrupted' HUP INT TERM
main
