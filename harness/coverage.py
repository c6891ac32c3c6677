#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes docs/coverage.md: for each rule of docs/rules.md whether it is tested, on which broken emulators
its test was seen to fail, or why there is no test; and the table of families in README.md.

usage: coverage.py [--check] RULES.LIST

RULES.LIST is what the build extracts from the kernel (build/guest/rules.list). --check writes nothing:
it prints TAP, and every rule that has neither a test nor a reason, or both, or whose test was never seen to
fail, is a failure, and so is a page that is not what would be written.
"""
import configparser
import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/coverage.md"
README = ROOT / "README.md"
RULE_ID = r"(?:AMDVI|RTL|IDE|EDU|AHCI|NVME)-[A-Z]*-?[0-9]{3}"

CLASSES = {
    "software": "a duty of software: nothing that a test of the hardware could look at",
    "optional": "an optional feature that no machine here has",
    "unobservable": "cannot be told from outside, or has no outcome that a test could insist on",
    "open": "testable here, but no test has been written",
}


FAMILIES = {
    "AMDVI-CAP": "PCI function and capability block",
    "AMDVI-REG": "registers",
    "AMDVI-DTE": "device table",
    "AMDVI-PT": "page tables and what is cached of them",
    "AMDVI-RNG": "special address ranges",
    "AMDVI-CMD": "command buffer",
    "AMDVI-INF": "transfers under way while they are unmapped",
    "AMDVI-EVT": "event log",
    "AMDVI-INT": "the IOMMU's own interrupts",
    "AMDVI-IR": "interrupt remapping",
    "AMDVI-IVRS": "the table by which firmware describes the IOMMU",
    "AMDVI-INIT": "mapping and unmapping, as a driver does it",
    "IDE-BM": "IDE bus master behind the IOMMU",
    "RTL": "RTL8139 behind the IOMMU",
    "EDU": "edu device behind the IOMMU",
    "AHCI": "AHCI disk behind the IOMMU",
    "NVME": "NVMe disk behind the IOMMU",
}
FAMILIES_BEGIN, FAMILIES_END = "<!-- families: written by harness/coverage.py -->\n", "<!-- end of families -->\n"


class Trouble(Exception):
    """Something that is read here has not the form that it should have."""


def catalogue():
    """All rules of docs/rules.md in its order: {ID: (tag, title)}."""
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    rules, index = {}, {}
    for match in re.finditer(rf"^- ({RULE_ID}) \(([AMU])[^)]*\) \*(.+?)\*", text, re.MULTILINE):
        name, tag, title = match.groups()
        if name in rules:
            raise Trouble(f"docs/rules.md defines {name} twice")
        rules[name] = (tag, title.rstrip("."))
    for match in re.finditer(r"^\|([A-Z]+-[0-9]{3})\|([AMU])\|(.+?)\|$", text, re.MULTILINE):
        index["AMDVI-" + match[1]] = match[2]
    defined = {name: tag for name, (tag, _) in rules.items() if name.startswith("AMDVI-")}
    for name in sorted(defined.keys() | index.keys()):
        if defined.get(name) != index.get(name):
            raise Trouble(f"docs/rules.md: {name} has tag {defined.get(name)} in its text "
                          f"and {index.get(name)} in the index")
    return rules


def tests(rules_list):
    """{ID: (tag, name, title)} of the rules in the kernel."""
    found = {}
    for line in pathlib.Path(rules_list).read_text(encoding="ascii").splitlines():
        head, title = line.split(" | ", 1)
        rule, tag, name = head.split()[:3]
        found[rule] = (tag, name, title)
    return found


def profile_keys(name, group):
    """The rules that a machine profile lists under the groups of this name: {ID: text}."""
    parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(ROOT / "harness/machines" / name, encoding="utf-8")
    return {key: text for section in parser.sections() if section.split()[0] == group
            for key, text in parser[section].items()}


def mutants():
    """{ID: [mutant]}, in the order of emulator-patches/mutants/list."""
    found = {}
    for line in (ROOT / "emulator-patches/mutants/list").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            mutant, rules = line.split()
            for rule in rules.split(","):
                found.setdefault(rule, []).append(mutant)
    return found


def reasons():
    """{ID: (class, reason)} of docs/coverage.list."""
    found = {}
    for number, line in enumerate((ROOT / "docs/coverage.list").read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        words = line.split(None, 2)
        if len(words) != 3 or words[1] not in CLASSES:
            raise Trouble(f"docs/coverage.list:{number}: not of the form RULE CLASS REASON, "
                          f"with a class of {', '.join(CLASSES)}")
        if words[0] in found:
            raise Trouble(f"docs/coverage.list:{number}: {words[0]} stands there twice")
        found[words[0]] = (words[1], words[2])
    return found


class Coverage:
    """What is known of each rule."""

    def __init__(self, rules_list):
        self.rules = catalogue()
        self.tests = tests(rules_list)
        self.mutants = mutants()
        # Some failures show on one machine alone: transfers are held, or there is a disk that the ISO's profile lacks.
        self.stock = set().union(*(profile_keys(name, "expected-fail")
                                   for name in ("stock.inc", "stock-pvh.conf", "stock-held-pvh.conf")))
        # A rule that skips on the plain machine may have its condition on the one with all features.
        self.skips = (profile_keys("base.inc", "expected-skip").keys() &
                      profile_keys("patched-optional-pvh.conf", "expected-skip").keys())
        self.reasons = reasons()

    def tested(self, rule):
        """Has it a test that runs somewhere? One that skips on every machine is none."""
        return rule in self.tests and rule not in self.skips

    def seen(self, rule):
        """Where its test was seen to fail, in words."""
        names = ["stock"] if rule in self.stock else []
        return names + self.mutants.get(rule, [])

    def wrong(self, rule):
        """What is not as it should be, or None."""
        if rule not in self.rules:
            return "it has a test or a reason, but docs/rules.md does not define it"
        if rule in self.tests and self.tests[rule][0] != self.rules[rule][0]:
            return f"its test says {self.tests[rule][0]}, docs/rules.md says {self.rules[rule][0]}"
        if self.tested(rule) and rule in self.reasons:
            return "docs/coverage.list says why it has no test, but it has one"
        if self.tested(rule) and not self.seen(rule):
            return ("no mutant in emulator-patches/mutants/list breaks it, and stock does not: "
                    "give it a mutant")
        if rule in self.stock and rule in self.tests:
            page = ROOT / f"docs/findings/{rule}.md"
            title = f"# {rule}: {self.tests[rule][2]}"
            if not page.exists() or page.read_text(encoding="utf-8").split("\n", 1)[0] != title:
                return f"stock breaks it, and no docs/findings/{rule}.md begins with '{title}'"
        if not self.tested(rule) and rule not in self.reasons:
            return "it has no test that runs, and docs/coverage.list does not say why"
        return None

    def page(self):
        """The text of docs/coverage.md."""
        count = {name: 0 for name in CLASSES}
        tested = rows = ""
        number = 0
        for rule in self.rules:
            tag, title = self.rules[rule]
            if self.tested(rule):
                number += 1
                tested += f"| {rule} | {tag} | {self.tests[rule][2]} | {', '.join(self.seen(rule))} |\n"
            elif rule in self.reasons:
                name, reason = self.reasons[rule]
                count[name] += 1
                rows += f"| {rule} | {tag} | {title} | {name} | {reason} |\n"
        classes = "".join(f"| {name} | {count[name]} | {text} |\n" for name, text in CLASSES.items() if count[name])
        return f"""<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- Written by harness/coverage.py ("make coverage"); what is written by hand is docs/coverage.list. -->
# Coverage

Every rule of [rules.md](rules.md) is here: tested, or with the reason why it is not. `make check` fails when a rule loses its test,
when a test was never seen to fail, and when this page is out of date. A test that skips on every machine counts as none.

| class | rules | meaning |
|---|---|---|
| tested | {number} | `make check` sees it pass on the patched emulator, unless a profile names it as a known failure there, and fail on each of the broken ones named |
{classes}
## Tested

*Seen to fail on*: `stock` is the base emulator with the DMA test device alone; the others are single deliberate defects, described in
`emulator-patches/mutants/list`.

| rule | tag | what it says | seen to fail on |
|---|---|---|---|
{tested}
## Not tested

| rule | tag | rule in short | class | why |
|---|---|---|---|---|
{rows}"""


    def readme(self):
        """The text of README.md with the table of families as it should be."""
        text = README.read_text(encoding="utf-8")
        before, found, rest = text.partition(FAMILIES_BEGIN)
        _, also, after = rest.partition(FAMILIES_END)
        if not found or not also:
            raise Trouble("README.md has no marks for the table of families")
        rows = ""
        total = [0, 0]
        for family, meaning in FAMILIES.items():
            rules = [rule for rule in self.rules if rule.startswith(family + "-") and self.tested(rule)]
            if not rules:
                continue
            fails = sum(rule in self.stock for rule in rules)
            total = [total[0] + len(rules), total[1] + fails]
            rows += f"| {family} | {meaning} | {len(rules)} | {fails} |\n"
        if total[0] != sum(self.tested(rule) for rule in self.rules):
            raise Trouble("a tested rule belongs to no family of harness/coverage.py")
        return (f"{before}{FAMILIES_BEGIN}| family | about | rules tested | broken by stock |\n|---|---|---|---|\n{rows}"
                f"| | | **{total[0]}** | **{total[1]}** |\n{FAMILIES_END}{after}")

    def files(self):
        """{path: text} of what is written."""
        return {PAGE: self.page(), README: self.readme()}


def check(coverage):
    """Prints TAP; returns the exit status."""
    names = sorted(coverage.rules.keys() | coverage.tests.keys() | coverage.reasons.keys())
    failures = 0
    for number, rule in enumerate(names, 1):
        wrong = coverage.wrong(rule)
        failures += wrong is not None
        kind = "is seen to fail" if coverage.tested(rule) else "has a reason to have no test"
        print(f"{'not ok' if wrong else 'ok'} {number} - {rule} {kind}")
        if wrong:
            print(f"# {wrong}")
    for number, (path, want) in enumerate(coverage.files().items(), len(names) + 1):
        have = path.read_text(encoding="utf-8") if path.exists() else ""
        print(f"{'ok' if have == want else 'not ok'} {number} - {path.relative_to(ROOT)} is what would be written")
        if have != want:
            failures += 1
            print('# run "make coverage"')
            for line in list(difflib.unified_diff(have.splitlines(), want.splitlines(), lineterm="", n=0))[:20]:
                print(f"# {line}")
    print(f"1..{len(names) + len(coverage.files())}")
    return 1 if failures else 0


def main(arguments):
    """Returns the exit status."""
    only_check = arguments[:1] == ["--check"]
    files = arguments[1:] if only_check else arguments
    if len(files) != 1 or files[0].startswith("-"):
        print("usage: coverage.py [--check] RULES.LIST", file=sys.stderr)
        return 2
    try:
        coverage = Coverage(files[0])
        if only_check:
            return check(coverage)
        for path, text in coverage.files().items():
            new = path.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(path)
            print(f"coverage: wrote {path.relative_to(ROOT)}")
        return 0
    except (OSError, ValueError, Trouble, configparser.Error) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 3


sys.exit(main(sys.argv[1:]))
