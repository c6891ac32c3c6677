#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each rule of the kernel must be known to fail somewhere: on a mutant, or on stock QEMU. A rule that skips
# everywhere is named in the list of expected skips, with its reason, and nowhere counts as shown.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

mutants=$root/emulator-patches/mutants/list
machines=$root/harness/machines
rules=$build/guest/rules.list

# keys FILE GROUP: the rules that a profile lists under a group.
keys() {
    awk -v group="$2" '/^\[/ { on = index($0, "[" group) == 1 } on && /^[A-Z]+-/ { sub(/=.*/, ""); print }' "$1"
}

known=$({
    awk '!/^#/ && NF { n = split($2, rule, ","); for (i = 1; i <= n; i++) print rule[i] }' "$mutants"
    keys "$machines/stock.inc" expected-fail
} | sort -u)
skipped=$(keys "$machines/q35.inc" expected-skip | sort -u)

while read -r rule _; do
    failure=''
    if grep -qxF "$rule" <<<"$skipped"; then
        number=$((number + 1))
        printf 'ok %d - %s is seen to fail # SKIP it skips on every machine here\n' "$number" "$rule"
        continue
    fi
    if ! grep -qxF "$rule" <<<"$known"; then
        failure="no mutant in emulator-patches/mutants/list breaks it, and stock does not: give it a mutant"
    fi
    result "$rule is seen to fail" "$failure"
done < <(sort "$rules")
finish_tests
