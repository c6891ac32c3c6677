// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * amdvi-fool.elf: the kernel's boot code with a guest on top that misbehaves as the word fool=NAME
 * of its command line asks. It says that its rules pass, whatever happens, so that a harness that
 * believes it is seen. Nothing of the suite is in it.
 */
#include "boot/boot_info.h"
#include "check/check.h"
#include "fool/line.h"
#include "fool/misdeed.h"
#include "lib/cmdline.h"
#include "lib/console.h"
#include "lib/exit.h"
#include "lib/string.h"

#define KEYS(may_kill, controls) \
    "ref=0.0 needs=none hw-safe=no may-kill=" may_kill " controls=" controls " timeout-ms=3000"

/* By ID. The same bytes go to the harness (docs/results-format.md section 3). */
#define RULES(X)                                                                   \
    X("FOOL-001", "A", fool_before, KEYS("no", "both"), "Runs before the victim")  \
    X("FOOL-002", "A", fool_victim, KEYS("no", "both"), "Something is done to it") \
    X("FOOL-003", "M", fool_after, KEYS("no", "both"), "Runs after the victim")    \
    X("FOOL-004", "U", fool_killer, KEYS("yes", "none"), "May take an emulator down")

#define META(id, tag, name, keys, title)                                          \
    __attribute__((section(".rulemeta"), used, aligned(1))) static const char     \
        name##_meta[sizeof(id " " tag " " #name " " keys " | " title "\n") - 1] = \
            id " " tag " " #name " " keys " | " title "\n";
RULES(META)

static const struct rule {
    const char *id, *tag, *name;
} rules[] = {
#define ENTRY(id, tag, name, keys, title) {id, tag, #name},
    RULES(ENTRY)};

#define RULES_COUNT (sizeof(rules) / sizeof(rules[0]))
#define VICTIM      "FOOL-002"

static bool is_asked(const char *run, const struct rule *r)
{
    return glob_list_match(run, r->id);
}

static void run_rule(const struct rule *r)
{
    bool victim = strcmp(r->id, VICTIM) == 0;

    say("begin %s %s %s", r->id, r->tag, r->name);
    if (victim) {
        misdeed_at(INSIDE_RULE, r->id);
    }
    if (strcmp(r->name, "fool_killer") == 0) {
        say("ctl %s none nothing is tested", r->id);
    } else {
        say("ctl %s pos ok it works", r->id);
        say("ctl %s neg ok the opposite would be seen", r->id);
    }
    if (!(victim && (misdeed_is("verdict-lost") || misdeed_is("verdict-twice")))) {
        say("end %s pass 1", r->id);
    }
    if (victim) {
        misdeed_at(AFTER_RULE, r->id);
    }
}

static void tell_plan(unsigned count)
{
    if (misdeed_is("plan-low")) {
        count--;
    } else if (misdeed_is("plan-high")) {
        count++;
    }
    say("plan %u", count);
}

void check_main(const struct boot_info *bi)
{
    static char run[BOOT_CMDLINE_MAX];
    unsigned count = 0;
    char name[32];

    cmdline_get(bi->cmdline, "fool", name, sizeof(name));
    if (!misdeed_choose(name) || !cmdline_get(bi->cmdline, "run", run, sizeof(run))) {
        console_printf("amdvi-fool: no fool=NAME, or no run=RULE: %s\n", bi->cmdline);
        exit_guest(0x13);
    }
    misdeed_at(AT_BOOT, "");
    console_write("\n");
    say("platform cpu=fool");
    for (size_t i = 0; i < RULES_COUNT; i++) {
        count += is_asked(run, &rules[i]) ? 1 : 0;
    }
    misdeed_at(BEFORE_PLAN, "");
    tell_plan(count);
    for (size_t i = 0; i < RULES_COUNT; i++) {
        if (is_asked(run, &rules[i])) {
            run_rule(&rules[i]);
        }
    }
    misdeed_at(BEFORE_DONE, "");
    say("done %u 0 0 0 0", count + (misdeed_is("counts") ? 1 : 0));
    misdeed_at(AFTER_DONE, "");
    exit_guest(0x10);
}
