#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pictures of transfers under way, on the real emulators: one for each rule, red where the rule fails and nowhere
# else, with the completion before the touch; and what is said where there is nothing to draw from.

# shellcheck source-path=SCRIPTDIR
# shellcheck source=common.bash
. "$(dirname "$0")/common.bash"
need_built "$check"

stock=$("$root/emulator-patches/build.sh" --print stock 2>/dev/null)
need_built "$stock"
limit_s=120
# What the clocks of guest and emulator may differ (docs/timelines.md).
off_us=200

# run ID MACHINE RULES [OPTION...]: exit status in $status, output in $text, pictures in $svg, TAP in $tap.
run() {
    local out=$work/$1 machine=$2 rules=$3
    shift 3
    svg=$out/svg tap=$out/latest/results.tap
    text=$(timeout -k 1 "$limit_s" "$check" run --machine "$machine" --rules "$rules" --jobs 1 --out "$out" \
        --timelines "$svg" "$@" 2>&1 </dev/null)
    status=$?
}

# ill_formed FILE...: those that are no XML, and why.
ill_formed() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import sys, xml.parsers.expat

for name in sys.argv[1:]:
    try:
        xml.parsers.expat.ParserCreate().Parse(open(name, "rb").read(), True)
    except Exception as error:
        print(f"{name}: {error}")
PYTHON
}

# moments FILE LABEL: at what time, in microseconds, something of this label happens in each scene.
moments() {
    grep -A 1 -F "<g><title>$2" "$1" | sed -n 's/^\([0-9]*\) us: .*/\1/p'
}

run stock stock-held-pvh 'AMDVI-INF-*'
bad=''
((status == 0)) || bad+="exit status $status"$'\n'
ran=$(grep -Ec '^(not )?ok [0-9]+ - AMDVI-INF' "$tap")
skipped=$(grep -Ec '^ok [0-9]+ - AMDVI-INF.*# SKIP' "$tap")
files=("$svg"/AMDVI-INF-*.svg)
((ran > 10 && ${#files[@]} == ran - skipped)) || bad+="$ran rules ran, $skipped skipped, and there are ${#files[@]} files"$'\n'
grep -q "^Timelines: ${#files[@]} in $svg\$" <<<"$text" || bad+="it does not say where the pictures are"$'\n'
bad+=$(ill_formed "${files[@]}")
result 'every rule about a transfer under way has a picture' "$bad${bad:+$text}"

bad='' reds=0
for file in "${files[@]}"; do
    rule=${file##*/} rule=${rule%.svg}
    red=$(grep -c 'class="hole"' "$file")
    if grep -Eq "^not ok [0-9]+ - $rule .*# TODO" "$tap"; then
        # One that catches transfers in flight has them by thousands, and notes none.
        ((red > 0)) || ! grep -q '>page given away' "$file" || bad+="$rule fails, and nothing is red"$'\n'
        reds=$((reds + (red > 0)))
    else
        ((red == 0)) || bad+="$rule does not fail, and something is red"$'\n'
    fi
done
((reds >= 12)) || bad+="only $reds pictures are red"$'\n'
result 'where a rule fails the touch is red, and nowhere else' "$bad"

bad='' file=$svg/AMDVI-INF-001.svg last=()
[[ $(grep -c 'us after it was given away, behind the completion\.' "$file") == 2 ]] || bad+="it does not say twice that the page was touched"$'\n'
for label in 'COMPLETION_WAIT' 'completion seen' 'page given away' 'host lets it go on' 'memory has been written' 'end of transfer seen'; do
    mapfile -t now < <(moments "$file" "$label")
    ((${#now[@]} == 2)) || bad+="'$label' is there ${#now[@]} times, not twice"$'\n'
    for i in "${!now[@]}"; do
        ((i >= ${#last[@]} || last[i] <= now[i] + off_us)) || bad+="'$label' comes too early"$'\n'
    done
    last=("${now[@]}")
done
grep -q 'class="badtext">memory has been written<' "$file" || bad+='the touch is not red'$'\n'
for lane in guest IOMMU device disk; do
    grep -q ">$lane</text>" "$file" || bad+="there is no lane $lane"$'\n'
done
result 'AMDVI-INF-001 on stock: completion, new owner, forbidden touch, in this order' "$bad"

run drains mutant-pvh,mutant=cw-drains,served=nbd 'AMDVI-INF-001'
bad='' file=$svg/AMDVI-INF-001.svg
((status == 0)) || bad+="exit status $status"$'\n'
! grep -q 'class="badtext"\|class="hole"\|class="badline"' "$file" || bad+='something is red'$'\n'
[[ $(grep -c '>The page&apos;s new owner found nothing changed\.<' "$file") == 2 ]] || bad+="it does not say twice that nothing changed"$'\n'
mapfile -t touch < <(moments "$file" 'memory has been written')
mapfile -t given < <(moments "$file" 'page given away')
((${#touch[@]} == 2 && ${#given[@]} == 2 && touch[0] < given[0] && touch[1] < given[1])) ||
    bad+='the page is not given away behind the end of the transfer'$'\n'
result 'AMDVI-INF-001 on an emulator that waits: the touch before the page is given away, and nothing red' "$bad${bad:+$text}"

run file stock-pvh 'AMDVI-INF-001'
bad=''
((status == 0)) || bad+="exit status $status"$'\n'
grep -q '^Timelines: 0 in ' <<<"$text" || bad+="it does not say that there are none"$'\n'
result 'a rule that is skipped has no picture' "$bad${bad:+$text}"

cat >"$work/mute" <<MUTE
#!/bin/bash
args=()
while ((\$# > 0)); do
    case \$1 in
    -D | -trace) shift ;;
    *) args+=("\$1") ;;
    esac
    shift
done
exec '$stock' "\${args[@]}"
MUTE
chmod +x "$work/mute"
run mute-run stock-held-pvh 'AMDVI-INF-001' --emulator "$work/mute"
bad=''
((status == 3)) || bad+="exit status $status, not 3"$'\n'
grep -q "amdvi-check run: there is no trace .*/boot-01/trace.log: .*trace backend 'log'" <<<"$text" || bad+='it does not say why'$'\n'
[[ -z $(ls "$svg") ]] || bad+='there is a picture all the same'$'\n'
result 'an emulator that writes no trace is reported' "$bad${bad:+$text}"

finish_tests
