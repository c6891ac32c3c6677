// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of transfers under way share: requests of the disk that the host holds
 * (docs/results-format.md section 2, "Held transfers"), and the IDE transfers that wait for them.
 */
#ifndef TESTS_HOLD_RIG_H
#define TESTS_HOLD_RIG_H

#include "drivers/ide/regs.h"
#include "tests/ide_rig.h"

/* What rules about held transfers of the disk say of themselves. */
#define HOLD_KEYS "ref=2.4 needs=ide,hold hw-safe=no may-kill=no controls=both timeout-ms=60000"

enum hold_state { HOLD_WAITING, HOLD_HELD, HOLD_RELEASED, HOLD_UNMET, HOLD_STATES };

/* Of a transfer: 4 pages. Of a write the first 8 KiB may have left the emulator while it is held.
 */
#define HOLD_SECTORS 32u
#define HOLD_BYTES   (HOLD_SECTORS * IDE_SECTOR)
#define HOLD_PAGES   4u

/** The whole transfer as one entry of a table. */
extern const ide_entry hold_one[1];

/**
 * The next request of the emulator that touches these sectors is held, and let go when the rule
 * ends at the latest. False: the rule is an error; so with the functions below.
 */
bool host_hold(struct check *c, const char *tag, bool write, uint32_t lba, unsigned count);

/** Wait until a request is held. */
bool host_wait_held(struct check *c, const char *tag);

/** Let it go on (@ok), or end in an I/O error. */
bool host_release(struct check *c, const char *tag, bool ok);

/**
 * The same in @ms milliseconds by itself. Before anything that an emulator may do only when its
 * disk has answered: the guest stands still then.
 */
bool host_arm_release(struct check *c, const char *tag, bool ok, unsigned ms);

/**
 * Let it wait longer, if it is still held: HOLD_PREPARE_MS from now on. *@state: held, or what it
 * is where it was let go in the meantime.
 */
bool host_prolong(struct check *c, const char *tag, enum hold_state *state);

/** What has become of the hold, and how many requests have touched its sectors. */
bool host_hold_state(struct check *c, const char *tag, enum hold_state *state, unsigned *requests);

/** Have the machine stand still for @ms milliseconds, once the emulator's disks let it. */
bool host_pause(struct check *c, unsigned ms);

/** Have the device that the machine calls @id removed. What is in a slot has to be let go by it. */
bool host_unplug(struct check *c, const char *id);

/**
 * Start a transfer of HOLD_SECTORS sectors between disk and IDE_IOVA through one entry of the
 * table, and return when the host holds it: @tag, armed to go on in @ms milliseconds. For WRITE DMA
 * the memory holds new t->data; for READ DMA it is canary, and t->data is what the disk holds.
 * t->before is what it held. It is a positive control that the transfer is under way and has moved
 * nothing; false where it is not so.
 */
bool hold_begin(struct ide_rig *t, const char *tag, bool write, uint32_t lba, unsigned ms);

/** The same through the @n entries of @e, which cover HOLD_BYTES at t->iova in their order. */
bool hold_begin_table(struct ide_rig *t, const char *tag, bool write, uint32_t lba,
                      const ide_entry *e, unsigned n, unsigned ms);

/** Start a transfer of HOLD_SECTORS sectors by the table at IDE_TABLE, and return at once. */
bool hold_start(struct ide_rig *t, bool write, uint32_t lba);

/** Wait for the end of the transfer, stop the bus master and read status. */
bool hold_end(struct ide_rig *t, bool write, struct ide_result *res);

/**
 * How long hold_begin() may let the transfer wait: until all is prepared, and the host is told by
 * hold_complete() when to let it go.
 */
#define HOLD_PREPARE_MS 30000u

/** When the host lets go what an emulator waits for that stands still meanwhile. */
#define HOLD_RELEASE_MS 1000u

/** How long a completion that ought not to come yet is looked for. */
#define HOLD_LOOK_MS 20u

/** Put @cmd into the ring, which waits for the completion that is asked for behind it. */
void hold_queue(struct rig *r, struct amdvi_cmd cmd);

/**
 * Queue @cmd and ask for the completion of all before it, with transfer @tag under way. An emulator
 * may keep the completion back until the transfer has ended: what has not come after @look_ms
 * milliseconds, and two answers of the host, for which the emulator has to work, is given the end
 * of the transfer. One that stands still meanwhile gets it from the host, after @ms milliseconds.
 * Where the completion comes at once nobody waits so long.
 * @then: was the transfer still held when it came? False where there is none, or where nobody
 * knows: the rule then has failed, or is an error.
 */
bool hold_complete(struct rig *r, const char *tag, struct amdvi_cmd cmd, unsigned look_ms,
                   unsigned ms, enum hold_state *then);

/** Do @bytes bytes of @data contain a quadword of the canary at @spa, at its place? */
bool hold_looks_like(const uint8_t *data, uint64_t spa, uint32_t bytes);

/**
 * Have @act do something for which an emulator may wait for its disk, with transfer @tag under way:
 * the host lets the transfer go after HOLD_RELEASE_MS milliseconds if @act takes so long.
 * @then: is it still held? False: the rule is an error.
 */
bool hold_act(struct check *c, const char *tag, void (*act)(void *arg), void *arg,
              enum hold_state *then);

/** hold_complete() where @then says that the transfer is held, and otherwise without it. */
bool hold_complete_if(struct rig *r, const char *tag, struct amdvi_cmd cmd, enum hold_state *then);
/* How a rule asks for completions, and how it sees the first one. */
struct hold_watch {
    bool (*ask)(void *arg);  /* ring the doorbell; false: the rule is an error */
    bool (*seen)(void *arg); /* has one come? What is done with the pages then is done at once */
    void *arg;
};

/* What was seen of it. */
struct hold_sight {
    enum hold_state then; /* the transfer's, once the completion had come */
    bool sure;            /* or it may have been let go between the completion and the question */
    unsigned took_ms, asked_ms;
};

/**
 * What hold_complete() does, for completions of any form: those that have not come after @look_ms
 * are given the end of transfer @tag. False: the rule has failed, or is an error.
 */
bool hold_await(struct check *c, const char *tag, const struct hold_watch *w, unsigned look_ms,
                unsigned ms, struct hold_sight *s);

/** Is it known? The rule is an error where it is not. */
bool hold_sure(struct check *c, const struct hold_sight *s);

/**
 * Do @sectors, HOLD_BYTES long, contain a quadword of the canary of the @pages pages of the
 * transfer from number @page on, at its place?
 */
bool hold_leaks(const struct ide_rig *t, const uint8_t *sectors, unsigned page, unsigned pages);

#endif
