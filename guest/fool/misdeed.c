// SPDX-License-Identifier: GPL-2.0-or-later
#include "fool/misdeed.h"

#include <stddef.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "fool/line.h"
#include "lib/console.h"
#include "lib/exit.h"
#include "lib/string.h"
#include "platform/acpi.h"

/* Above every limit: the harness has to cut it off. */
#define FLOOD_BYTES (100u << 20)
#define FLOOD_LINE  64

struct misdeed {
    const char *name;
    enum moment moment;
    void (*act)(const char *rule);
};

/* An instruction that is none. Nothing protects this kernel's rules, so the handler that is meant
 * for exceptions outside of rules takes it and ends the guest with 13h. */
static void take_exception(const char *rule)
{
    (void)rule;
    __asm__ volatile("ud2");
}

/* An exception with no handler, and none for the double fault that follows. */
static void triple_fault(const char *rule)
{
    const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) empty = {0, 0};

    (void)rule;
    __asm__ volatile("lidt %0; ud2" : : "m"(empty));
}

static void hang(const char *rule)
{
    (void)rule;
    cpu_halt();
}

/* As a guest that waits for something that does not come, at full speed. */
static void spin(const char *rule)
{
    (void)rule;
    for (;;) {
        __asm__ volatile("cli; pause");
    }
}

static void power_off(const char *rule)
{
    (void)rule;
    exit_set_way(EXIT_ACPI);
    exit_guest(0);
}

static void flood(const char *rule)
{
    char line[FLOOD_LINE + 1];

    (void)rule;
    memset(line, 'x', FLOOD_LINE);
    line[FLOOD_LINE - 1] = '\n';
    line[FLOOD_LINE] = '\0';
    for (uint32_t sent = 0; sent < FLOOD_BYTES; sent += FLOOD_LINE) {
        console_write(line);
    }
}

/* One line that never ends. */
static void flood_endless(const char *rule)
{
    char part[FLOOD_LINE + 1];

    (void)rule;
    memset(part, 'x', FLOOD_LINE);
    part[FLOOD_LINE] = '\0';
    for (uint32_t sent = 0; sent < FLOOD_BYTES; sent += FLOOD_LINE) {
        console_write(part);
    }
}

/* Every line is as it should be; only that they have no end. */
static void flood_records(const char *rule)
{
    (void)rule;
    for (uint32_t sent = 0; sent < FLOOD_BYTES; sent += FLOOD_LINE) {
        say("diag and another line of sixty characters, and another one");
    }
}

/* Asks and never listens to the answers. */
static void flood_host(const char *rule)
{
    (void)rule;
    for (uint32_t id = 1; id < FLOOD_BYTES / FLOOD_LINE; id++) {
        say("host %u ping", id);
    }
}

/* Has the machine reset, and then knows nothing of it: all begins anew. */
static void reset_machine(const char *rule)
{
    (void)rule;
    say("host 1 reset");
    cpu_halt();
}

static void twice(const char *rule)
{
    say_damaged(LINE_TWICE, "obs %s value=1", rule);
}

static void lost(const char *rule)
{
    say_damaged(LINE_LOST, "obs %s value=1", rule);
}

static void wrong_crc(const char *rule)
{
    say_damaged(LINE_WRONG_CRC, "obs %s value=1", rule);
}

static void wrong_bit(const char *rule)
{
    say_damaged(LINE_WRONG_BIT, "obs %s value=1", rule);
}

/* The rule's own verdict comes twice, which makes a count of it. */
static void verdict_twice(const char *rule)
{
    say_damaged(LINE_TWICE, "end %s pass 1", rule);
}

/* Its verdict gets lost, and the line to end it with is never repeated. */
static void verdict_lost(const char *rule)
{
    say_damaged(LINE_LOST, "end %s pass 1", rule);
}

static void open_line(const char *rule)
{
    say_damaged(LINE_OPEN, "end %s pass 1", rule);
    cpu_halt();
}

static void exit_good(const char *rule)
{
    (void)rule;
    exit_guest(0x10);
}

static void exit_bad(const char *rule)
{
    (void)rule;
    exit_guest(0x11);
}

static void exit_unknown(const char *rule)
{
    (void)rule;
    exit_guest(0x55);
}

static void done_at_once(const char *rule)
{
    (void)rule;
    say("plan 3");
    say("done 3 0 0 0 0");
    exit_guest(0x10);
}

static void plan_is_done(const char *rule)
{
    (void)rule;
    say("done 1 0 0 0 0");
    exit_guest(0x10);
}

static const struct misdeed misdeeds[] = {
    {"none", MOMENTS_COUNT, NULL},
    /* These three change what is told (misdeed_is()). */
    {"plan-low", MOMENTS_COUNT, NULL},
    {"plan-high", MOMENTS_COUNT, NULL},
    {"counts", MOMENTS_COUNT, NULL},
    {"silent", AT_BOOT, hang},
    {"flood-at-boot", AT_BOOT, flood},
    {"triple-fault-at-boot", AT_BOOT, triple_fault},
    {"exception-at-boot", AT_BOOT, take_exception},
    {"done-at-once", BEFORE_PLAN, done_at_once},
    {"exception-inside", INSIDE_RULE, take_exception},
    {"triple-fault-inside", INSIDE_RULE, triple_fault},
    {"hang-inside", INSIDE_RULE, hang},
    {"spin-inside", INSIDE_RULE, spin},
    {"power-off-inside", INSIDE_RULE, power_off},
    {"exit-inside", INSIDE_RULE, exit_good},
    {"exit-unknown", INSIDE_RULE, exit_unknown},
    {"flood-inside", INSIDE_RULE, flood},
    {"flood-endless", INSIDE_RULE, flood_endless},
    {"flood-records", INSIDE_RULE, flood_records},
    {"flood-host", INSIDE_RULE, flood_host},
    {"reset-inside", INSIDE_RULE, reset_machine},
    {"twice", INSIDE_RULE, twice},
    {"lost", INSIDE_RULE, lost},
    {"wrong-crc", INSIDE_RULE, wrong_crc},
    {"wrong-bit", INSIDE_RULE, wrong_bit},
    {"verdict-twice", INSIDE_RULE, verdict_twice},
    {"verdict-lost", INSIDE_RULE, verdict_lost},
    {"open-line", INSIDE_RULE, open_line},
    {"exception-after", AFTER_RULE, take_exception},
    {"triple-fault-after", AFTER_RULE, triple_fault},
    {"hang-after", AFTER_RULE, hang},
    {"exit-after", AFTER_RULE, exit_good},
    {"done-after", AFTER_RULE, plan_is_done},
    {"no-done", BEFORE_DONE, exit_good},
    {"done-reset", AFTER_DONE, triple_fault},
    {"done-hang", AFTER_DONE, hang},
    {"done-exception", AFTER_DONE, take_exception},
    {"wrong-exit", AFTER_DONE, exit_bad},
};

static const struct misdeed *chosen;

bool misdeed_choose(const char *name)
{
    for (size_t i = 0; i < sizeof(misdeeds) / sizeof(misdeeds[0]); i++) {
        if (strcmp(misdeeds[i].name, name) == 0) {
            chosen = &misdeeds[i];
            return true;
        }
    }
    return false;
}

bool misdeed_is(const char *name)
{
    return chosen != NULL && strcmp(chosen->name, name) == 0;
}

void misdeed_at(enum moment moment, const char *rule)
{
    if (chosen != NULL && chosen->moment == moment) {
        chosen->act(rule);
    }
}
