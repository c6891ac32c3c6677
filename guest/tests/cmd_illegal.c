// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Illegal commands: halt, event, restart (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"

struct illegal {
    const char *name;
    struct amdvi_cmd cmd;
};

/* Unknown opcodes, and the reserved bits that are reserved in every revision (CMD-024). */
static const struct illegal cases[] = {
    {"opcode 0", {{0, 0x00000000u, 0, 0}}},
    {"opcode 0 with other fields", {{0x00000020u, 0x00000005u, 0x12345000u, 0}}},
    {"opcode Fh", {{0, 0xf0000000u, 0, 0}}},
    {"opcode Ch", {{0, 0xc0000000u, 0, 0}}},
    {"opcode Bh", {{0, 0xb0000000u, 0, 0}}},
    {"opcode Dh with other fields", {{0x00000020u, 0xd0000005u, 0x12345000u, 0}}},
    {"opcode Eh with other fields", {{0xffffffffu, 0xefffffffu, 0xffffffffu, 0xffffffffu}}},
    {"INVALIDATE_DEVTAB_ENTRY with dw2 bit 0", {{0x00000020u, 0x20000000u, 0x00000001u, 0}}},
    {"INVALIDATE_DEVTAB_ENTRY with dw3 bit 31", {{0x00000020u, 0x20000000u, 0, 0x80000000u}}},
    {"INVALIDATE_DEVTAB_ENTRY with dw0 bit 16", {{0x00010020u, 0x20000000u, 0, 0}}},
    {"INVALIDATE_INTERRUPT_TABLE with dw2 bit 0", {{0x00000020u, 0x50000000u, 0x00000001u, 0}}},
    {"COMPLETION_WAIT with dw1 bit 20", {{0, 0x10100000u, 0, 0}}},
    {"COMPLETION_WAIT with dw1 bit 27", {{0, 0x18000000u, 0, 0}}},
    {"INVALIDATE_IOMMU_PAGES with dw2 bit 3", {{0, 0x30000005u, 0x12345008u, 0}}},
    {"INVALIDATE_IOMMU_PAGES with dw2 bit 11", {{0, 0x30000005u, 0x12345800u, 0}}},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

RULE("AMDVI-CMD-023", "A", cmd_illegal_halts_and_logs, RULE_KEYS("2.4", "none"),
     "An unknown opcode or a reserved bit: ILLEGAL_COMMAND_ERROR with the entry's address, "
     "CmdBufRun=0")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    cmd_controls(r);
    for (unsigned i = 0; i < CASES; i++) {
        /* At another entry each time, which the event has to tell. */
        unsigned at = (i * 37 + 5) % 256;

        cmd_restart_at(r, at);
        amdvi_cmd_put(r->u, cases[i].cmd);
        amdvi_cmd_ring(r->u);
        cmd_expect_illegal(r, r->u->cmd_buf + at * 16ull, cases[i].name);
    }
    cmd_restart(r);

    /* It has no effect: a store that a reserved bit forbids does not happen. */
    uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!page) {
        rule_error(c, "no memory");
        return;
    }
    amdvi_cmd_put(r->u, (struct amdvi_cmd){{(uint32_t)page | 1, 0x10100000u, 0x00000badu, 0}});
    amdvi_cmd_ring(r->u);
    (void)cmd_halted(r);
    expect_u64(c, "the word that an illegal COMPLETION_WAIT names", 0, *(volatile uint64_t *)page);
    cmd_restart(r);
    rig_take_events(r);
}

RULE("AMDVI-CMD-026", "A", cmd_after_illegal_not_run, RULE_KEYS("2.4", "none"),
     "Commands before an illegal one are run; the ones behind it neither store nor set ComWaitInt")
{
    struct rig *r = rig_begin(c);
    uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

    if (!r) {
        return;
    }
    if (!page) {
        rule_error(c, "no memory");
        return;
    }

    volatile uint64_t *w = (volatile uint64_t *)page;

    cmd_controls(r);
    for (unsigned i = 0; i < CASES; i++) {
        w[0] = w[1] = 0;
        amdvi_write64(r->u, 0x2020, CMD_COM_WAIT_INT);
        uint64_t before = amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT;

        amdvi_cmd_put(r->u, (struct amdvi_cmd){{(uint32_t)page | 1, 0x10000000u, 0x0000600du, 0}});
        amdvi_cmd_put(r->u, cases[i].cmd);
        /* s=1 and i=1 */
        amdvi_cmd_put(r->u,
                      (struct amdvi_cmd){{(uint32_t)(page + 8) | 3, 0x10000000u, 0x00000badu, 0}});
        amdvi_cmd_ring(r->u);
        bool older = wait_until(w[0] == 0x600d, AMDVI_WAIT_US / 4);
        (void)cmd_halted(r);
        bool younger = wait_until(w[1], AMDVI_WAIT_US / 1000);

        expect_true(c, older, "%s: expected the command before it to be run", cases[i].name);
        expect_true(c, !younger, "%s: expected no store of the command behind it, actual 0x%llx",
                    cases[i].name, (unsigned long long)w[1]);
        expect_u64(c, "ComWaitInt behind an illegal command", before,
                   amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT);
        cmd_restart(r);
        rig_take_events(r);
    }
}

/*
 * Halt at entry @bad with good ones before and behind it, then CmdHead to the next entry and
 * CmdTail as it was: what stood behind the illegal one runs, and nothing else.
 */
static void resume_behind(struct rig *r, volatile uint64_t *w, unsigned bad, unsigned younger)
{
    cmd_restart_at(r, (bad + 254) % 256);
    for (unsigned i = 0; i < 300; i++) {
        w[i] = CMD_CANARY;
    }
    for (unsigned i = 0; i < 3 + younger; i++) {
        amdvi_cmd_put(r->u, i == 2 ? cases[0].cmd : cmd_store(&w[i], i));
    }
    amdvi_cmd_ring(r->u);
    expect_true(r->c, cmd_halted(r), "expected a halt at entry %u, actual CmdBufRun=1", bad);

    uint64_t tail = r->u->cmd_tail * 16ull;

    /* What was on its way has arrived before the words are written anew. */
    (void)wait_until(w[0] == 0 && w[1] == 1, AMDVI_WAIT_US / 4);
    w[0] = w[1] = CMD_CANARY;
    (void)cmd_control(r, CMD_OFF);
    amdvi_write64(r->u, 0x2000, (bad + 1) % 256 * 16ull);
    amdvi_write64(r->u, 0x2008, tail);
    expect_u64(r->c, "word of the next command before CmdBufEn=1", CMD_CANARY, w[3]);
    expect_true(r->c, cmd_control(r, CMD_ON), "expected CmdBufRun=1 after the restart");
    expect_u64(r->c, "CmdHead after going on behind the illegal command", tail,
               cmd_head_at(r, tail));
    (void)wait_until(w[2 + younger] == 2 + younger, AMDVI_WAIT_US / 4);
    for (unsigned i = 0; i < 300; i++) {
        expect_u64(r->c, "word of a command around the halt",
                   i > 2 && i < 3 + younger ? i : CMD_CANARY, w[i]);
    }
}

/* The same with another ring, longer and elsewhere, that takes the place of the one that halted. */
static void resume_elsewhere(struct rig *r, volatile uint64_t *w)
{
    uint64_t old = r->u->cmd_buf, ring = page_alloc(PAGE_LOW, 2 * PAGE_SIZE, PAGE_SIZE);

    if (!ring) {
        rule_error(r->c, "no memory");
        return;
    }
    cmd_restart_at(r, 100);
    w[0] = w[1] = CMD_CANARY;
    amdvi_cmd_put(r->u, cases[0].cmd);
    amdvi_cmd_put(r->u, cmd_store(&w[0], 0xbad));
    amdvi_cmd_ring(r->u);
    expect_true(r->c, cmd_halted(r), "expected a halt at entry 100, actual CmdBufRun=1");
    if (!cmd_use_ring(r, ring, 9, 400)) {
        return;
    }
    for (unsigned i = 0; i < 200; i++) {
        amdvi_cmd_put(r->u, cmd_store(&w[1 + i], i));
    }
    amdvi_cmd_ring(r->u);
    expect_u64(r->c, "CmdHead in another ring", 88 * 16, cmd_head_at(r, 88 * 16));
    (void)wait_until(w[200] == 199, AMDVI_WAIT_US / 4);
    for (unsigned i = 0; i < 200; i++) {
        expect_u64(r->c, "store of a command in another ring", i, w[1 + i]);
    }
    expect_u64(r->c, "word of the old ring's command", CMD_CANARY, w[0]);
    (void)cmd_use_ring(r, old, 8, 0);
}

RULE("AMDVI-CMD-027", "A", cmd_restart_after_halt, RULE_KEYS("2.4", "none"),
     "After a halt: CmdBufEn=0, head and tail rewritten, CmdBufEn=1; fetching resumes at head")
{
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    amdvi_cmd_put(r->u, cases[0].cmd);
    amdvi_cmd_ring(r->u);
    expect_true(c, cmd_halted(r), "expected a halt at opcode 0, actual CmdBufRun=1");

    /* A tail write alone does not restart it: reported, since that rests on one source. */
    observe(c, "tail_restarts", "%d", amdvi_wait_completion(r->u, AMDVI_WAIT_US / 50));
    for (unsigned i = 0; i < 3; i++) {
        cmd_restart(r);
        expect_true(c, amdvi_read64(r->u, 0x2020) & CMD_RUN,
                    "expected CmdBufRun=1 after the restart");
        expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                    "expected a COMPLETION_WAIT to run after the restart");
        (void)wait_until(amdvi_read64(r->u, 0x2000) == 0x10, AMDVI_WAIT_US / 4);
        expect_u64(c, "CmdHead after one command from 0", 0x10, amdvi_read64(r->u, 0x2000));
        amdvi_cmd_put(r->u, cases[2].cmd);
        amdvi_cmd_ring(r->u);
        expect_true(c, cmd_halted(r), "expected another halt at opcode Fh, actual CmdBufRun=1");
    }
    if (!rule_broken(c)) {
        resume_behind(r, w, 2, 1);
        resume_behind(r, w, 60, 190);
        resume_behind(r, w, 255, 7);
        resume_elsewhere(r, w);
    }
    cmd_restart(r);
    rig_take_events(r);
    expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US),
                "expected a COMPLETION_WAIT to run at last");
}

RULE("AMDVI-CMD-025", "U", cmd_head_at_halt, RULE_KEYS("2.4", "none"),
     "CmdHead at a halt is the rejected entry, the tail, or lies between")
{
    static const struct {
        unsigned start, good, younger;
    } at[] = {{0, 0, 0}, {16, 5, 3}, {250, 3, 20}, {250, 6, 2}, {9, 200, 54}};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }
    cmd_controls(r);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        unsigned behind = at[i].younger + 1;

        cmd_restart_at(r, at[i].start);
        for (unsigned k = 0; k < at[i].good; k++) {
            amdvi_cmd_put(r->u, cmd_store(&w[k], k));
        }

        unsigned rejected = r->u->cmd_tail;

        amdvi_cmd_put(r->u, cases[0].cmd);
        for (unsigned k = 0; k < at[i].younger; k++) {
            amdvi_cmd_put(r->u, cmd_store(&w[256 + k], k));
        }
        amdvi_cmd_ring(r->u);

        bool halted = cmd_halted(r);
        uint64_t head = amdvi_read64(r->u, 0x2000);
        unsigned from = (unsigned)(head / 16 + 256 - rejected) % 256;

        expect_true(c, head % 16 == 0 && head < 0x1000 && from <= behind,
                    "rejected entry %u, tail %u: expected CmdHead from the one to the other, "
                    "actual 0x%llx",
                    rejected, r->u->cmd_tail, (unsigned long long)head);
        if (i == 1) {
            observe(c, "head_at_halt", "%s",
                    from == 0        ? "rejected"
                    : from == behind ? "tail"
                                     : "between");
        }
        if (!halted) {
            break; /* CMD-023 judges that; the head at the tail is allowed */
        }
    }
    cmd_restart(r);
    rig_take_events(r);
}
