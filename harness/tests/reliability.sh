#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What harness/reliability.sh makes of verdicts that are equal, differ or are missing, and what is left when it is
# interrupted. A script stands in for amdvi-check: it counts its runs and says what the case wants.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

mkdir -p "$work/build/harness"
cat >"$work/build/harness/amdvi-check" <<'EOT'
#!/bin/bash
printf '%s\n' "$*" >>"$RUNS"
run=$(wc -l <"$RUNS")
echo 'TAP version 13'
case $CASE:$run in
slow:*) exec sleep 60 ;;
differ:2) printf 'ok 1 - A-1 one\nnot ok 2 - A-2 two\n# fail (M, review): why\nok 3 - A-3 three # SKIP no\n' ;;
error:3) printf 'ok 1 - A-1 one\nnot ok 2 - A-2 two\n# error: why\nok 3 - A-3 three # SKIP no\n' ;;
missing:2) printf 'ok 1 - A-1 one\nok 3 - A-3 three # SKIP no\nBail out! why\n' ;;
known:2) printf 'ok 1 - A-1 one\nnot ok 2 - A-2 two\n# unexpected pass: why\nok 3 - A-3 three # SKIP no\n' ;;
*) printf 'ok 1 - A-1 one\nok 2 - A-2 two\nok 3 - A-3 three # SKIP no\n' ;;
esac
EOT
chmod +x "$work/build/harness/amdvi-check"

# compare CASE STATUS ROW: three runs on one machine.
compare() {
    local case=$1 want=$2 row=$3 status text bad=''
    text=$(CASE=$case RUNS=$work/$case AMDVI_CHECK_BUILD=$work/build AMDVI_CHECK_TEST=$work/$case timeout -k 1 60 \
        "$root/harness/reliability.sh" --runs 3 --load 1 --machine some --out "$work/out" -- --seed 7 2>"$work/log")
    status=$?
    ((status == want)) || bad+="exit status $status, not $want"$'\n'
    [[ $text == *$'\n'"$row" ]] || bad+="the table is"$'\n'"$text"$'\n'
    bad+=$(left_behind "AMDVI_CHECK_TEST=$work/$case")
    result "verdicts: $case" "$bad"
}

compare equal 0 '| some | 3 | 3 | 9 of 9 | none |'
compare differ 1 '| some | 3 | 3 | 8 of 9 | A-2: 2 pass, 1 fail |'
compare error 1 '| some | 3 | 3 | 8 of 9 | A-2: 2 pass, 1 error |'
compare missing 1 '| some | 3 | 3 | 8 of 9 | A-2: 2 pass, 1 none |'
compare known 0 '| some | 3 | 3 | 9 of 9 | none |'

bad=''
mapfile -t lines <"$work/equal"
for i in 0 1 2; do
    order=forward
    ((i != 1)) || order=reverse
    [[ ${lines[i]:-} == "run --machine some "*" --order $order "*' --seed 7' ]] || bad+="run $i: ${lines[i]:-none}"$'\n'
done
result 'runs go forwards and in reverse in turn, with the options given' "$bad"

CASE=slow RUNS=$work/slow AMDVI_CHECK_BUILD=$work/build AMDVI_CHECK_TEST=$work/slow \
    "$root/harness/reliability.sh" --runs 3 --load 2 --machine some --out "$work/out" >"$work/text" 2>&1 &
pid=$!
for ((i = 0; i < 100; i++)); do
    [[ ! -s $work/slow ]] || break
    sleep 0.05
done
start=$SECONDS
kill -TERM "$pid"
wait "$pid"
status=$? bad=''
((status == 3)) || bad+="exit status $status, not 3"$'\n'
((SECONDS - start <= 5)) || bad+="it took $((SECONDS - start)) s"$'\n'
grep -q 'interrupted' "$work/text" || bad+=$(cat "$work/text")$'\n'
bad+=$(left_behind "AMDVI_CHECK_TEST=$work/slow")
result 'one that is interrupted leaves nothing behind' "$bad"

# Two runs, of which the second was interrupted: it is made again, and so is the third.
printf '%s\n' '1 A-1 pass' '1 A-2 fail' '1 A-3 skip' >"$work/out/verdicts-some"
text=$(CASE=equal RUNS=$work/resumed AMDVI_CHECK_BUILD=$work/build timeout -k 1 60 "$root/harness/reliability.sh" \
    --runs 3 --load 0 --machine some --out "$work/out" --resume 2>"$work/log")
status=$? bad=''
((status == 1)) || bad+="exit status $status, not 1"$'\n'
[[ $text == *$'\n''| some | 3 | 3 | 8 of 9 | A-2: 2 pass, 1 fail |' ]] || bad+="the table is"$'\n'"$text"$'\n'
(($(wc -l <"$work/resumed") == 2)) || bad+=$(cat "$work/resumed")
result 'one that is resumed makes the runs that are missing' "$bad"

# refused NAME PATTERN OPTION...
refused() {
    local name=$1 pattern=$2 text status bad=''
    shift 2
    text=$("$root/harness/reliability.sh" "$@" 2>&1)
    status=$?
    ((status == 2)) || bad+="exit status $status, not 2"$'\n'
    [[ $text == "reliability: "*$pattern* && $text != *$'\n'* ]] || bad+=$text
    result "$name" "$bad"
}

refused 'no runs' '--runs is a number from 1 on' --runs 0
refused 'a load that is none' '--load is a number' --load many
refused 'an option without its value' '--machine needs a value' --machine
refused 'an unknown option' "unknown option '--fast'" --fast

finish_tests
