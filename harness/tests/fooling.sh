#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A harness that cannot be fooled: emulators and guests that crash, hang, lie, repeat and lose lines. Each
# case demands an exit status and lines of results.tap, and a limit on the time.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check" "$fake"

jobs_at_a_time=4
limit_s=20
declare -a names=() running=()

# one_case ID PROFILE[,SETTING] MODE STATUS EXTRA... -- PATTERN...: runs in the background; what is wrong goes to ID.bad.
one_case() {
    local id=$1 profile=${2%%,*} settings=${2#"${2%%,*}"} mode=$3 want=$4 out=$work/$1
    local status text pattern extra=()
    shift 4
    while (($# > 0)) && [[ $1 != -- ]]; do
        extra+=("$1")
        shift
    done
    shift
    [[ " ${extra[*]} " == *' --rules '* ]] || extra+=(--skip 'AMDVI-ZK-*')
    timeout -k 1 "$limit_s" "$check" run --machine "$tests/$profile.conf,mode=$mode$settings" \
        --emulator "$fake" --kernel "$tests/fake.rules" --rules-list "$tests/fake.rules" \
        --jobs 1 --out "$out" "${extra[@]}" >"$out.log" 2>&1 </dev/null
    status=$?
    ((status == want)) || printf 'exit status %d, not %d\n' "$status" "$want" >>"$out.bad"
    text=$(cat "$out"/latest/results.tap 2>/dev/null)
    for pattern in "$@"; do
        if [[ $pattern == '!'* ]]; then
            ! grep -Eq -- "${pattern#!}" <<<"$text" ||
                printf 'results.tap has a line like: %s\n' "${pattern#!}" >>"$out.bad"
        else
            grep -Eq -- "$pattern" <<<"$text" ||
                printf 'results.tap has no line like: %s\n' "$pattern" >>"$out.bad"
        fi
    done
    [[ ! -s $out.bad ]] || { echo "$text"; tail -n 5 "$out.log"; } >>"$out.bad"
}

# expect NAME PROFILE MODE STATUS [EXTRA...] -- PATTERN...
expect() {
    local id=${#names[@]}
    names+=("$1")
    shift
    one_case "$id" "$@" &
    running+=("$!")
    if ((${#running[@]} >= jobs_at_a_time)); then
        wait "${running[0]}"
        running=("${running[@]:1}")
    fi
}

one='^ok 1 - AMDVI-PT-001 pt_one$'
two='^ok 2 - AMDVI-PT-002 pt_two$'
three='^ok 3 - AMDVI-PT-003 pt_three$'
not2='^not ok 2 - AMDVI-PT-002 pt_two$'
clean='!^Bail out!'

expect 'a good guest passes' fake good 0 -- "$one" "$two" "$three" "$clean"
expect 'a good guest on standard input and output passes' fake-stdio good 0 -- "$one" "$two" "$three"
expect 'a failure is a failure' fake fail 1 -- "$one" "$not2" '^# the reason why' '^# expected 0x1' "$three" "$clean"
expect 'a listed failure is known' fake-listed fail 0 -- "$one" '^not ok 2 .* # TODO docs/findings/fake.md' "$three"
expect 'a listed failure that passes is unexpected' fake-listed good 1 -- "$not2" '^# unexpected pass' "$clean"
expect 'a listed skip is a skip' fake-listed skip 0 -- '^ok 2 .* # SKIP the reason why'
expect 'a skip that is not listed is unexpected' fake skip 1 -- "$not2" '^# unexpected skip: the reason why' "$clean"
expect 'a failure of an M rule asks for a review' fake all-fail 1 -- '^# fail \(M, review\): the reason why'
expect 'an error of the guest is trouble' fake error 3 -- "$one" "$not2" '^# error: the reason why' "$three"
expect 'a known erratum named by the guest is no failure' fake known 0 -- '^not ok 2 .* # TODO the reason why'
expect 'a pass without controls is an error' fake no-controls 3 -- "$one" "$not2" '^# error: passed without a positive' "$three"
expect 'a pass without a negative control is an error' fake no-negative 3 -- "$not2" '^# error: passed without a negative'
expect 'a pass with a bad control is an error' fake bad-control 3 -- "$not2" '^# error: passed, but a control is bad'
expect 'control none is taken only where allowed' fake control-none 3 -- "$not2" '^# error: passed without controls'
expect 'an emulator that ends at once is trouble' fake exit-at-once 3 -- '^not ok 1 ' '^Bail out!.*switched off'
expect 'an emulator that says nothing is given up' fake silent 3 -- '^not ok 3 ' '^Bail out!.*nothing on the serial line'
expect 'garbage is no result' fake garbage 3 -- '^not ok 1 ' '^not ok 3 ' '^Bail out!'
expect 'a guest that cannot run says why' fake cannot-run 3 -- '^# error: .*no IVRS table'
expect 'a flipped digit spoils its rule' fake flip 3 -- "$one" "$not2" '^# error: damaged line .*CRC is wrong' "$three"
expect 'a lost line spoils its rule' fake lost 3 -- "$one" "$not2" '^# error: line [0-9]+ is missing' "$three"
expect 'a doubled line spoils its rule' fake double 3 -- "$one" "$not2" '^# error: line [0-9]+ came twice' "$three"
expect 'a sequence that goes back ends all trust in its boot, the rest runs' fake back 3 -- "$one" "$not2" '^# error: the sequence went back' "$three"
expect 'an unknown record spoils its rule' fake unknown-record 3 -- "$one" "$not2" '^# error: unknown record' "$three"
expect 'a line for another rule spoils both' fake other-rule 3 -- '^not ok 1 ' "$not2" "$three"
expect 'a rule inside a rule spoils the outer one' fake begin-twice 3 -- "$one" "$not2"
expect 'a rule under a wrong name is an error' fake wrong-name 3 -- "$one" "$not2" '^# error: .*begins as A other' "$three"
expect 'a lie about the plan is an error' fake lie-plan 3 -- "$one" "$two" '^Bail out!.*plans 2 rules but was asked for 3'
expect 'two plans are an error' fake two-plans 3 -- '^Bail out!.*second plan'
expect 'a rule left out is an error' fake skip-rule 3 -- "$one" "$not2" '^# error: no verdict: the guest did not run it' "$three"
expect 'no done is an error' fake no-done 3 -- "$one" "$two" "$three" '^Bail out!'
expect 'wrong counts are an error' fake wrong-counts 3 -- "$one" "$two" '^Bail out!.*counts 4 pass but 3 came'
expect 'a record after done is an error' fake after-done 3 -- '^Bail out!.*after .done.'
expect 'a wrong exit status is an error' fake wrong-exit 3 -- "$one" "$two" '^Bail out!.*exit status 35.*33'
expect 'success and then a reset is an error' fake done-reset 3 -- "$one" '^Bail out!.*exit status 0'
expect 'done without an end is an error' fake linger 3 -- "$one" '^Bail out!.*no exit'
expect 'a crash inside a rule fails it, the rest runs' fake segv 1 -- "$one" "$not2" '^# emulator crashed \(signal 11, SIGSEGV\)' "$three" "$clean"
expect 'a listed crash is known' fake-listed segv 0 -- '^not ok 2 .* # TODO docs/findings/fake.md' "$three"
expect 'a crash after an exception in the guest is an error' fake segv-exception 3 -- "$not2" '^# error: no verdict after an exception 14' "$three"
expect 'an emulator that gives up inside a rule fails it' fake exit-1 1 -- "$one" "$not2" '^# emulator crashed \(exit status 1\)' "$three"
expect 'a triple fault inside a rule is an error' fake triple-fault 3 -- "$one" "$not2" '^# error: no verdict' "$three"
expect 'a crash outside a rule is trouble, the rest runs' fake segv-outside 3 -- "$one" "$two" "$three" '^Bail out!.*emulator crashed'
expect 'crashes in every rule end' fake segv-always 1 -- '^not ok 1 ' "$not2" '^not ok 3 ' "$clean"
expect 'a guest that hangs inside a rule is an error, the rest runs' fake guest-hang 3 -- "$one" "$not2" '^# error: guest hung: no verdict within 1 s' "$three"
expect 'an emulator that hangs inside a rule fails it, the rest runs' fake emulator-hang 1 -- "$one" "$not2" '^# emulator hung' "$three" "$clean"
expect 'an emulator that ignores SIGTERM is killed' fake ignore-term 1 -- "$one" "$not2" '^# emulator hung' "$three"
expect 'a hang outside a rule is trouble, the rest runs' fake hang-outside 3 -- "$one" "$two" "$three" '^Bail out!.*nothing on the serial line'
expect 'a flood is cut off, the rest runs' fake flood-endless 3 -- "$one" "$not2" '^# error: .*serial flood' "$three"
expect 'writing outside the scratch area is noticed' fake spoil-disk 3 -- "$one" '^Bail out!.*outside its scratch area: first byte at 2567 \(LBA 5\)'
expect 'a disk that is served and not used does no harm' fake-served good 0 -- "$one" "$two" "$three" "$clean"
expect 'an NBD client that goes away does no harm' fake-served nbd-gone 0 -- "$one" "$two" "$three" "$clean"
expect 'an NBD client that makes no sense is an error' fake-served nbd-liar 3 -- "$one" "$two" "$three" '^Bail out!.*NBD client sent client flags 0000007f'
expect 'the host answers, and refuses what it does not know' fake ping 0 -- "$one"
expect 'a host that waits for QMP gives up, and answers in order' fake inject 0 -- "$one" "$clean"
expect 'a rule that may kill has a boot of its own' fake segv-killer 1 --rules '*' -- "$one" "$two" "$three" '^not ok 4 - AMDVI-ZK-004' '^# emulator crashed' "$clean"
expect 'mutant expectation: all fail' fake,expect=fail all-fail 0 -- '^not ok 1 .* # TODO' '^not ok 3 .* # TODO'
expect 'the order can be reversed' fake good 0 --order reverse -- "$one" "$two" "$three"
wait

for id in "${!names[@]}"; do
    result "${names[id]}" "$(cat "$work/$id.bad" 2>/dev/null)"
done
finish_tests
