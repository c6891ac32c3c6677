// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Something is stopped while a transfer of the disk is under way: the bus master, the drive, the
 * function, the reading of commands, or the IOMMU (docs/rules.md section 7.1). Whether that ends
 * the transfer, waits for it or leaves it alone is free. The pages are taken away as ever, and
 * whoever stops something may not lose sight of what is still going on.
 */
#include "arch/cpu.h"
#include "arch/time.h"
#include "drivers/ide/regs.h"
#include "lib/string.h"
#include "platform/pci.h"
#include "tests/cmd_rig.h"
#include "tests/env.h"
#include "tests/hold_rig.h"

/* 16 KiB at 4000_0000h of domain 0410h: S=1, bit 12 set, bit 13 clear. */
static const struct amdvi_cmd flush_pages = {{0, 0x30000410u, 0x40001001u, 0}};

/* SRST waits for as long as the host holds the transfer, and a little more. */
#define BUSY_US 8000000u

#define TAG "stopped"

/* A transfer and its pages. */
struct stopping {
    struct ide_rig t;
    bool write;
    uint32_t lba;
    uint64_t found[HOLD_PAGES]; /* their entries */
    enum hold_state then;       /* what the host has seen last */
    volatile uint64_t *words;   /* of completions */
    uint64_t control;           /* what is written into Control next */
};

/* An undisturbed transfer, then one that is held. */
static bool begin(struct stopping *s, bool write)
{
    struct ide_rig *t = &s->t;
    struct ide_result res;

    s->write = write;
    s->lba = ide_rig_lba(t, write);
    s->then = HOLD_HELD;
    if (!ide_rig_table(t, write, s->lba, HOLD_SECTORS, hold_one, 1, &res)) {
        return false;
    }
    control_pos(t->c, ide_rig_moved(t, write, hold_one, 1, s->lba, HOLD_BYTES),
                "a plain %s moves its sectors and is seen", ide_rig_name(write));
    if (!hold_begin(t, TAG, write, s->lba, HOLD_PREPARE_MS)) {
        return false;
    }
    control_neg(t->c,
                !hold_leaks(t, t->before, 0, HOLD_PAGES) && !hold_leaks(t, t->data, 0, HOLD_PAGES),
                "neither what the disk held nor what moves looks like the new owner's pages");
    return true;
}

static void unmap(struct stopping *s)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        volatile uint64_t *slot = amdvi_pt_slot(&s->t.pt, IDE_IOVA + p * PAGE_SIZE, 1);

        s->found[p] = *slot;
        rig_store(slot, 0);
    }
}

static bool map_again(struct stopping *s)
{
    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&s->t.pt, IDE_IOVA + p * PAGE_SIZE, 1), s->found[p]);
    }
    return rig_flush(s->t.r, IDE_DOMAIN);
}

/*
 * The completion has been seen: the pages are their new owner's, and the transfer may go on. The
 * drive is reset, and read by PIO, for which it has to be done with everything before: what comes
 * late is there then.
 */
static bool give(struct stopping *s)
{
    struct ide_rig *t = &s->t;
    enum hold_state now;
    unsigned requests;

    ide_rig_canary(t);
    if ((s->then == HOLD_HELD && !host_release(t->c, TAG, true)) ||
        !host_hold_state(t->c, TAG, &now, &requests)) {
        return false;
    }
    control_pos(t->c, now == HOLD_RELEASED && requests == 1,
                "the transfer was %s when the completion came, and the disk has answered since",
                s->then == HOLD_HELD ? "held" : "over");
    if (!ide_reset(&env.ide)) {
        rule_error(t->c, "the IDE channel stays busy after a reset");
        return false;
    }
    return ide_rig_pio(t, s->lba, HOLD_SECTORS, t->sectors);
}

static void expect_given(struct stopping *s, const char *what)
{
    struct ide_rig *t = &s->t;

    expect_true(t->c, ide_rig_holds(t),
                "%s, %s: expected the new owner's pages unchanged, actual changed by the old "
                "transfer",
                ide_rig_name(s->write), what);
    if (s->write) {
        expect_true(t->c, !hold_leaks(t, t->sectors, 0, HOLD_PAGES),
                    "%s, %s: expected nothing of the new owner's pages on the disk, actual written "
                    "by the old transfer",
                    ide_rig_name(true), what);
    }
}

/* Device and IOMMU work as before. */
static bool works(struct stopping *s, const char *what)
{
    struct ide_rig *t = &s->t;

    rig_take_events(t->r); /* a transfer that was aborted may log */
    if (!map_again(s)) {
        return false;
    }
    for (unsigned write = 0; write < 2; write++) {
        expect_true(t->c, ide_rig_moves(t, &env.ide, write, IDE_IOVA),
                    "%s, %s: expected the next %s to move its sector", ide_rig_name(s->write), what,
                    ide_rig_name(write));
    }
    expect_true(t->c, amdvi_wait_completion(t->r->u, AMDVI_WAIT_US),
                "%s, %s: expected the next completion, actual none", ide_rig_name(s->write), what);
    expect_no_event(t->r, what);
    return true;
}

/* What has become of the data: @is what there is where it has to go, @was what was there. */
static const char *end_name(const uint8_t *is, const uint8_t *data, const uint8_t *was)
{
    return memcmp(is, data, HOLD_BYTES) == 0  ? "moved"
           : memcmp(is, was, HOLD_BYTES) == 0 ? "aborted"
                                              : "in_part";
}

/* Of a read, before its pages get a new owner. */
static const char *read_end(struct stopping *s)
{
    struct ide_rig *t = &s->t;
    bool untouched = ide_rig_holds(t);

    if (s->then == HOLD_HELD) {
        return "under_way";
    }
    ide_rig_want(t, IDE_IOVA, t->data, HOLD_BYTES);
    return ide_rig_holds(t) ? "moved" : untouched ? "aborted" : "in_part";
}

/* A way to stop the device. */
struct way {
    const char *name;
    void (*stop)(void *stopping);
    void (*resume)(void *stopping); /* or NULL */
};

static void stop_device(struct check *c, const struct way *w)
{
    static const char *const ends[] = {"end_of_read", "end_of_write"};
    static const char *const completions[] = {"completion_of_read", "completion_of_write"};
    static struct stopping s;

    if (!ide_rig(c, &s.t, HOLD_PAGES)) {
        return;
    }
    if (w->resume) {
        rule_at_end(c, w->resume, &s);
    }
    for (unsigned write = 0; write < 2; write++) {
        const char *end = "under_way";

        if (!begin(&s, write) || !hold_act(c, TAG, w->stop, &s, &s.then)) {
            return;
        }
        if (!write) {
            end = read_end(&s);
        }

        bool held = s.then == HOLD_HELD;

        unmap(&s);
        if (!hold_complete_if(s.t.r, TAG, flush_pages, &s.then) || !give(&s)) {
            return;
        }
        expect_given(&s, w->name);
        if (write && !held) {
            end = end_name(s.t.sectors, s.t.data, s.t.before);
        }
        observe(c, ends[write], "%s", end);
        observe(c, completions[write], "%s",
                s.then == HOLD_HELD ? "while_under_way" : "after_the_transfer");
        if (w->resume) {
            w->resume(&s);
        }
        if (!works(&s, w->name)) {
            return;
        }
    }
}

static void stop_bus_master(void *stopping)
{
    const struct stopping *s = stopping;

    ide_bm_write(&env.ide, IDE_BM_COMMAND, s->write ? 0x00 : 0x08);
}

static void reset_drive(void *stopping)
{
    const struct stopping *s = stopping;

    ide_control(&env.ide, IDE_CTL_SRST);
    (void)wait_until(false, 5);
    ide_control(&env.ide, 0);
    if (!wait_until(!(ide_alt_status(&env.ide) & IDE_STATUS_BSY), BUSY_US)) {
        rule_error(s->t.c, "the drive stays busy after SRST");
    }
}

static void master_off(void *stopping)
{
    (void)stopping;
    pci_command(env.ide.devid, 0, PCI_COMMAND_MASTER);
}

static void master_on(void *stopping)
{
    (void)stopping;
    pci_command(env.ide.devid, PCI_COMMAND_MASTER, 0);
}

RULE("AMDVI-INF-040", "M", inf_bus_master_stopped, HOLD_KEYS,
     "Disk transfer under way, its bus master stopped, its pages unmapped, COMPLETION_WAIT seen: "
     "the pages' new owner finds nothing changed, and loses nothing to the disk")
{
    static const struct way way = {"bus master stopped", stop_bus_master, NULL};

    stop_device(c, &way);
}

RULE("AMDVI-INF-041", "M", inf_drive_reset, HOLD_KEYS,
     "Disk transfer under way, the drive reset by SRST, the pages unmapped, COMPLETION_WAIT seen: "
     "the pages' new owner finds nothing changed, and loses nothing to the disk")
{
    static const struct way way = {"drive reset", reset_drive, NULL};

    stop_device(c, &way);
}

RULE("AMDVI-INF-044", "M", inf_bus_mastering_disabled, HOLD_KEYS,
     "Disk transfer under way, the PCI command register's Bus Master Enable cleared, the pages "
     "unmapped, COMPLETION_WAIT seen: the pages' new owner finds nothing changed, and loses "
     "nothing to the disk")
{
    static const struct way way = {"Bus Master Enable cleared", master_off, master_on};

    stop_device(c, &way);
}

#define FIRST_DATA 0x5afe00000042c0deull

/* INVALIDATE_IOMMU_PAGES and a completion of its own behind it. */
static void queue_first(void *stopping)
{
    struct stopping *s = stopping;
    struct amdvi *u = s->t.r->u;

    amdvi_cmd_put(u, flush_pages);
    amdvi_cmd_put(u, cmd_store(&s->words[0], FIRST_DATA));
    amdvi_cmd_ring(u);
    (void)wait_until(s->words[0] != CMD_CANARY, HOLD_LOOK_MS * 1000u);
}

/* CmdBufRun is looked for as long as a completion is. */
static void write_control(void *stopping)
{
    struct stopping *s = stopping;
    uint64_t run = (s->control & 0x1001) == 0x1001 ? CMD_RUN : 0;

    memory_barrier();
    amdvi_write64(s->t.r->u, 0x18, s->t.r->u->control | s->control);
    (void)wait_until((amdvi_read64(s->t.r->u, 0x2020) & CMD_RUN) == run, HOLD_LOOK_MS * 1000u);
}

static bool set_control(struct stopping *s, uint64_t control)
{
    s->control = control;
    if (s->then == HOLD_HELD) {
        return hold_act(s->t.c, TAG, write_control, s, &s->then);
    }
    write_control(s);
    return true;
}

/* The transfer ends while commands are not read: no completion may come by that. */
static bool end_while_off(struct stopping *s)
{
    struct check *c = s->t.c;
    struct ide_result res;
    bool stopped = !(amdvi_read64(s->t.r->u, 0x2020) & CMD_RUN);
    bool kept_back = s->words[0] == CMD_CANARY;

    if (s->then == HOLD_HELD && !host_release(c, TAG, true)) {
        return false;
    }
    s->then = HOLD_RELEASED;
    if (!hold_end(&s->t, s->write, &res)) {
        return false;
    }
    if (stopped && kept_back) {
        (void)wait_until(s->words[0] != CMD_CANARY, HOLD_LOOK_MS * 1000u);
        expect_u64(c, "the completion's word while commands are not read", CMD_CANARY, s->words[0]);
    }
    return true;
}

static bool nothing_more(void *stopping)
{
    (void)stopping;
    return true;
}

static bool first_seen(void *stopping)
{
    const struct stopping *s = stopping;

    return s->words[0] == FIRST_DATA;
}

/* No doorbell: the command buffer goes on where it was when it is switched on again. */
static bool first_alone(struct stopping *s)
{
    struct hold_watch w = {nothing_more, first_seen, s};
    struct hold_sight sight;

    if (s->then == HOLD_HELD) {
        if (!hold_await(s->t.c, TAG, &w, HOLD_LOOK_MS, HOLD_RELEASE_MS, &sight) ||
            !hold_sure(s->t.c, &sight)) {
            return false;
        }
        s->then = sight.then;
    }
    return true;
}

/* When the transfer ends, and which completion is looked for then. */
enum toggling { SECOND_WHILE_HELD, FIRST_WHILE_HELD, SECOND_AFTER_END, TOGGLINGS };

/* @off: Control without the enable. */
static bool toggle(struct stopping *s, bool write, uint64_t off, const char *name,
                   enum toggling way)
{
    bool ends = way == SECOND_AFTER_END;
    static const char *const firsts[] = {"first_of_read", "first_of_write"};
    struct check *c = s->t.c;
    struct rig *r = s->t.r;

    s->words[0] = CMD_CANARY;
    if (!begin(s, write)) {
        return false;
    }
    unmap(s);
    if (!hold_act(c, TAG, queue_first, s, &s->then)) {
        return false;
    }
    if (way == SECOND_WHILE_HELD) {
        observe(c, firsts[write], "%s",
                s->then != HOLD_HELD        ? "after_the_transfer"
                : s->words[0] == CMD_CANARY ? "kept_back"
                                            : "while_under_way");
    }
    if (!set_control(s, off) || (ends && !end_while_off(s)) || !set_control(s, CMD_ON)) {
        return false;
    }
    expect_true(c, amdvi_read64(r->u, 0x2020) & CMD_RUN, "%s off and on: expected CmdBufRun=1",
                name);
    if (!(way == FIRST_WHILE_HELD ? first_alone(s)
                                  : hold_complete_if(r, TAG, flush_pages, &s->then))) {
        return false;
    }
    expect_u64(c, "the first completion's word before the pages are given away", FIRST_DATA,
               s->words[0]);
    s->words[0] = CMD_CANARY;
    if (way == SECOND_WHILE_HELD) {
        observe(c, write ? "second_of_write" : "second_of_read", "%s",
                s->then == HOLD_HELD ? "while_under_way" : "after_the_transfer");
    }
    if (!give(s)) {
        return false;
    }
    expect_given(s, name);
    if (!works(s, name)) {
        return false;
    }
    expect_u64(c, "the first completion's word later on", CMD_CANARY, s->words[0]);
    return true;
}

static void toggle_both(struct check *c, uint64_t off, const char *name)
{
    static struct stopping s;

    if (!ide_rig(c, &s.t, HOLD_PAGES)) {
        return;
    }
    s.words = cmd_words(s.t.r);
    for (unsigned i = 0; s.words && i < 2 * TOGGLINGS; i++) {
        if (!toggle(&s, i & 1, off, name, i / 2)) {
            return;
        }
    }
}

RULE("AMDVI-INF-042", "M", inf_command_buffer_off_and_on, HOLD_KEYS,
     "Disk transfer under way, its pages unmapped, a flush queued, CmdBufEn cleared and set, "
     "flushed again: no completion is lost, comes twice or comes too early for the pages' new "
     "owner")
{
    toggle_both(c, 0x0005, "CmdBufEn");
}

RULE("AMDVI-INF-043", "M", inf_iommu_off_and_on, HOLD_KEYS,
     "Disk transfer under way, its pages unmapped, a flush queued, IommuEn cleared and set, "
     "flushed again: no completion is lost, comes twice or comes too early for the pages' new "
     "owner")
{
    toggle_both(c, 0x1004, "IommuEn");
}
