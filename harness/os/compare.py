#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what Linux makes of the events of an IOMMU with what our guest makes of them.

usage: compare.py LINUX.json RESULTS.json [--differ=FIELD:NAME[,NAME...]]...

Both were brought to the same faults, by the same requesters at the same addresses. Each is held against what
it has done itself (the access, the DomainID in its own device table), and the two against each other. Prints
a table and TAP. With --differ these differences, and possibly others, are what has to be found: shows on a
broken emulator that the comparison is able to fail.

Exit status: 0 as wanted, 1 not so, 3 trouble.
"""
import json
import re
import sys

RULE = "AMDVI-EVT-026"
# Three kinds of faults are the least that is worth a comparison.
LEAST_KINDS = 3
PAGE = ~0xFFF
# Where the DomainID is, by the name that Linux prints before it: without a PASID in the request, dw1[15:0] of a
# PAGE_TAB_HARDWARE_ERROR holds the domain, and Linux calls it a PASID all the same.
DOMAIN = {"IO_PAGE_FAULT": "domain", "PAGE_TAB_HARDWARE_ERROR": "pasid"}


class Trouble(Exception):
    """Nothing can be said."""


def number(text):
    try:
        return int(text, 0)
    except (TypeError, ValueError):
        return None


def from_linux(path):
    """Name of each fault -> the access, and the fields that Linux has printed; and the facts."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    faults = {}
    for fault in data["faults"]:
        events = fault["events"]
        seen = {"access": fault["access"], "iova": fault["iova"], "place": fault["place"],
                "entry_domain": fault["domain"], "requester": fault["device"], "count": len(events),
                "alike": True}
        if events:
            first = events[0]
            seen.update(fields(first["code"], first))
            for event in events[1:]:
                other = fields(event["code"], event)
                # Pieces of one access (EVT-012) lie in one page.
                seen["alike"] &= all(
                    other[key] == seen[key] for key in other if key != "address"
                ) and (other["address"] or 0) & PAGE == (seen["address"] or 0) & PAGE
        faults[fault["name"]] = seen
    return faults, data["facts"]


def from_guest(path):
    """The same from the observations of the guest's rule."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    rule = [rule for rule in data["rules"] if rule["rule"] == RULE]
    if not rule or rule[0]["verdict"] != "pass":
        raise Trouble("%s: %s has not passed, so there is nothing to compare with" % (path, RULE))
    faults = {}
    for name, text in rule[0]["obs"].items():
        # A fault is told by its requester; the rule reports other things as well.
        if " device=" not in text:
            continue
        code, _, rest = text.partition(" ")
        words = dict(re.findall(r"(\w+)=(\S+)", rest))
        seen = {"access": words["access"], "iova": number(words["iova"]), "place": number(words["place"]),
                "entry_domain": number(words["entry_domain"]), "count": 1, "alike": True}
        seen.update(fields(code, words))
        faults[name] = seen
    return faults


def fields(code, words):
    return {
        "code": code,
        "device": words.get("device"),
        "domain": number(words.get("domain")),
        "pasid": number(words.get("pasid")),
        "flags": number(words.get("flags")),
        "address": number(words.get("address")),
    }


def compare(ours, theirs):
    """The fields in which the two accounts of a fault differ, each with a sentence."""
    if theirs is None:
        return {"fault": "Linux was not brought to it"}
    if ours is None:
        return {"fault": "our guest was not brought to it"}
    if theirs["count"] == 0:
        return {"event": "Linux has logged nothing"}
    wrong = {}

    def demand(field, holds, sentence):
        if not holds:
            wrong.setdefault(field, sentence)

    demand("fault", all(theirs[key] == ours[key] for key in ("access", "iova", "place")),
           "the two accesses are not the same")
    demand("event", theirs["alike"], "Linux has logged different events")
    demand("code", theirs["code"] == ours["code"],
           "Linux says %s, our guest %s" % (theirs["code"], ours["code"]))
    demand("device", theirs["device"] == theirs["requester"],
           "Linux says %s, and it was %s" % (theirs["device"], theirs["requester"]))
    demand("device", theirs["device"] == ours["device"],
           "Linux says %s, our guest %s" % (theirs["device"], ours["device"]))
    demand("flags", theirs["flags"] is not None and theirs["flags"] == ours["flags"],
           "Linux says %s, our guest %s" % (show(theirs, "flags"), show(ours, "flags")))
    for who, seen in (("Linux", theirs), ("our guest", ours)):
        # The place of an access is told to the page (EVT-011), that of an entry to the byte.
        mask = PAGE if seen["place"] == seen["iova"] else ~0
        demand("address", seen["address"] is not None and seen["address"] & mask == seen["place"] & mask,
               "%s says %s, and the place was 0x%x" % (who, show(seen, "address"), seen["place"]))
        if seen["code"] in DOMAIN:
            demand("domain", seen[DOMAIN[seen["code"]]] == seen["entry_domain"],
                   "%s says %s, and the device's entry has 0x%04x"
                   % (who, show(seen, DOMAIN[seen["code"]]), seen["entry_domain"]))
    demand("address", theirs["address"] == ours["address"],
           "Linux says %s, our guest %s" % (show(theirs, "address"), show(ours, "address")))
    if theirs["code"] not in DOMAIN:
        demand("pasid", theirs["pasid"] == ours["pasid"],
               "Linux says %s, our guest %s" % (show(theirs, "pasid"), show(ours, "pasid")))
    return wrong


def show(seen, field):
    value = seen.get(field) if seen else None
    if value is None:
        return "-"
    if field == "address":
        return "0x%x" % value
    if field in ("flags", "domain", "pasid"):
        return "0x%04x" % value
    return str(value)


def table(names, guest, linux, wrong):
    """Of the faults that are named."""
    rows = [("fault", "", "event", "device", "domain (entry)", "address", "flags", "agree")]
    for name in names:
        for who, seen in (("Linux", linux.get(name)), ("guest", guest.get(name))):
            domain = "-"
            if seen and seen["count"]:
                domain = "%s (0x%04x)" % (show(seen, DOMAIN.get(seen["code"], "pasid")), seen["entry_domain"])
            verdict = ""
            if who == "guest":
                verdict = "yes" if not wrong[name] else "NO: " + ", ".join(sorted(wrong[name]))
            rows.append((name if who == "Linux" else "", who, show(seen, "code"), show(seen, "device"), domain,
                         show(seen, "address"), show(seen, "flags"), verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("# " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def fact_results(facts):
    """What shows that Linux uses the IOMMU at all: (name, sentence if not)."""
    kinds = sorted({kind for kind in facts["groups"].values()})
    remapped = any("Interrupt remapping enabled" in line for line in facts["log"])
    yield ("Linux's driver runs the IOMMU, interrupts are remapped",
           "" if remapped else "its messages: " + "; ".join(facts["log"]))
    yield ("each device of Linux is in a domain that is translated",
           "" if kinds == ["DMA"] else "types of the groups: " + ", ".join(kinds))
    right = facts.get("disk_read") == facts.get("disk_holds") and facts.get("disk_written")
    yield ("Linux reads and writes the disk through it", "" if right else "the data are not those of the disk")
    yield ("Linux's driver logs nothing but what was provoked", "; ".join(facts["stray"]))
    bad = [name for name, ok in facts["checks"].items() if not ok]
    if not facts["checks"]:
        bad = ["none was made"]
    yield ("what devices may reach they reach, and nothing else", ", ".join(bad))


def wanted_differences(arguments):
    wanted = set()
    for argument in arguments:
        field, colon, names = argument.partition(":")
        if not colon:
            raise Trouble("--differ %s: not of the form FIELD:NAME[,NAME...]" % argument)
        wanted |= {(name, field) for name in names.split(",")}
    return wanted


def run(arguments):
    files = [argument for argument in arguments if not argument.startswith("--")]
    differ = [argument.split("=", 1)[1] for argument in arguments if argument.startswith("--differ=")]
    if len(files) != 2 or len(files) + len(differ) != len(arguments):
        raise Trouble("usage: compare.py LINUX.json RESULTS.json [--differ=FIELD:NAME[,NAME...]]...")
    linux, facts = from_linux(files[0])
    guest = from_guest(files[1])
    names = list(linux) + [name for name in guest if name not in linux]
    wrong = {name: compare(guest.get(name), linux.get(name)) for name in names}
    results = []
    print("# Linux %s" % facts.get("linux", "?"))
    table([name for name in names if wrong[name] or not differ], guest, linux, wrong)
    if differ:
        for name, field in sorted(wanted_differences(differ)):
            results.append(("%s: they differ in %s" % (name, field),
                            "" if field in wrong.get(name, {}) else "they do not"))
    else:
        results += fact_results(facts)
        kinds = {(seen["code"], seen["flags"]) for seen in linux.values() if seen["count"]}
        results.append(("Linux was brought to %d kinds of faults at least" % LEAST_KINDS,
                        "" if len(kinds) >= LEAST_KINDS else "there are %d" % len(kinds)))
        for name in names:
            results.append(("%s: Linux and our guest agree" % name, "; ".join(wrong[name].values())))
    print("1..%d" % len(results))
    for n, (name, failure) in enumerate(results, 1):
        print("%sok %d - %s" % ("not " if failure else "", n, name))
        if failure:
            print("# " + failure)
    return 1 if any(failure for _, failure in results) else 0


def main():
    try:
        return run(sys.argv[1:])
    except (Trouble, OSError, KeyError, ValueError) as trouble:
        print("compare: %s" % (trouble if isinstance(trouble, (Trouble, OSError)) else repr(trouble)),
              file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
