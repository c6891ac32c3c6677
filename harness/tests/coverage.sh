#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each rule of docs/rules.md has a test that was seen to fail somewhere, or a reason why it has none, and
# docs/coverage.md says so.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"

rules=$build/guest/rules.list
if [[ ! -r $rules ]]; then
    result "the kernel's rules are extracted" "$rules is not there: build first with make"
    finish_tests
fi
/usr/bin/python3 "$root/harness/coverage.py" --check "$rules"
