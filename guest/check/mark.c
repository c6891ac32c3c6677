// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/mark.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "check/report.h"
#include "lib/format.h"
#include "platform/fw_cfg.h"

#define MARKS_MAX 200
#define TEXT_MAX  64

/* Keys of fw_cfg that are no files, each used once in a boot as long as they last. */
#define KEY_FIRST 0x1000u
#define KEY_COUNT 0x2f00u

static const char *const names[MARK_EVENTS] = {
    [MARK_START] = "start",         [MARK_ENTRY] = "entry",       [MARK_ARM] = "arm",
    [MARK_QUEUE] = "queue",         [MARK_DOORBELL] = "doorbell", [MARK_COMPLETE] = "complete",
    [MARK_GIVE] = "give",           [MARK_RELEASE] = "release",   [MARK_END] = "end",
    [MARK_UNCHANGED] = "unchanged", [MARK_CHANGED] = "changed",
};

static struct {
    uint64_t tsc;
    const char *name;
    char text[TEXT_MAX];
} marks[MARKS_MAX];
static unsigned count, lost;

/* Nothing is under way; a transfer is; it has ended and is being looked at. */
static enum { IDLE, UNDER_WAY, OVER } state;
static bool completed, given;

static bool wanted(enum mark_event e)
{
    switch (e) {
    case MARK_GIVE:
        given = state == UNDER_WAY;
        state = given ? UNDER_WAY : IDLE;
        return given;
    case MARK_UNCHANGED:
    case MARK_CHANGED:
        return state == OVER || given;
    case MARK_COMPLETE:
        return state == UNDER_WAY && !completed;
    case MARK_END:
        if (state != UNDER_WAY) {
            return false;
        }
        state = OVER;
        return true;
    default:
        return state == UNDER_WAY;
    }
}

static void keep(uint64_t tsc, const char *name, const char *fmt, va_list ap)
{
    /* Another CPU may come in between: then a mark is lost, and nothing else. */
    unsigned i = count;

    if (i >= MARKS_MAX) {
        lost++;
        return;
    }
    marks[i].tsc = tsc;
    marks[i].name = name;
    format_v(marks[i].text, TEXT_MAX, fmt, ap);
    count = i + 1;
}

static void keep_clock(uint64_t tsc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void keep_clock(uint64_t tsc, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    keep(tsc, "clock", fmt, ap);
    va_end(ap);
}

/* Something that an emulator's trace shows, too: the two clocks are matched by it. */
static void match_clocks(void)
{
    static unsigned used;
    static bool asked, there;

    if (!asked) {
        asked = true;
        there = fw_cfg_present();
    }
    if (there) {
        unsigned key = KEY_FIRST + used++ % KEY_COUNT;
        uint64_t before = rdtsc();

        fw_cfg_select((uint16_t)key);
        keep_clock(before, "key=%u ticks=%llu", key, (unsigned long long)(rdtsc() - before));
    }
}

void mark_open(const char *fmt, ...)
{
    va_list ap;

    if (state == UNDER_WAY && !completed && !given) {
        return;
    }
    match_clocks();
    match_clocks(); /* the first time is slow on an emulator that translates */
    state = UNDER_WAY;
    completed = given = false;
    va_start(ap, fmt);
    keep(rdtsc(), "open", fmt, ap);
    va_end(ap);
}

void mark(enum mark_event e, const char *fmt, ...)
{
    uint64_t now = rdtsc();
    va_list ap;

    if (!wanted(e)) {
        return;
    }
    va_start(ap, fmt);
    keep(now, names[e], fmt, ap);
    va_end(ap);
    if (e == MARK_COMPLETE || e == MARK_END) {
        completed = true;
        match_clocks();
    }
}

void mark_report(const char *id)
{
    if (count) {
        match_clocks();
    }
    for (unsigned i = 0; i < count; i++) {
        report("mark %s %llu %s %s", id, (unsigned long long)marks[i].tsc, marks[i].name,
               marks[i].text);
    }
    if (lost) {
        report("diag %u more moments were not noted", lost);
    }
    count = lost = 0;
    state = IDLE;
    completed = given = false;
}
