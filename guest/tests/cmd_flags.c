// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flags of COMPLETION_WAIT in all combinations: s store, i interrupt, f flush (docs/rules.md
 * section 7).
 */
#include "arch/time.h"
#include "platform/msi.h"
#include "tests/cmd_rig.h"

/* dw0 bits: 0 s, 1 i, 2 f */
#define S 1u
#define I 2u
#define F 4u

/* The store as worked in section 7 of docs/rules.md: 1122334455667788h */
#define DATA_LOW  0x55667788u
#define DATA_HIGH 0x11223344u

static const uint8_t stored[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

static uint64_t com_wait_int(struct rig *r)
{
    return amdvi_read64(r->u, 0x2020) & CMD_COM_WAIT_INT;
}

static struct amdvi_cmd wait_cmd(uint32_t flags, uint64_t addr)
{
    return (struct amdvi_cmd){
        {(uint32_t)addr | flags, 0x10000000u | (uint32_t)(addr >> 32), DATA_LOW, DATA_HIGH}};
}

/*
 * One COMPLETION_WAIT with these flags for @addr in @b, younger commands behind it, and what came
 * of all: the store with s=1 and none with s=0, ComWaitInt with i=1 and as before with i=0, and the
 * younger ones run whatever f is.
 */
static void expect_flags(struct rig *r, uint32_t flags, const struct buf *b, uint32_t off,
                         volatile uint64_t *younger)
{
    uint64_t addr = b->spa + off;

    buf_canary(b);
    younger[0] = younger[1] = CMD_CANARY;
    amdvi_write64(r->u, 0x2020, CMD_COM_WAIT_INT);

    uint64_t before = com_wait_int(r);

    amdvi_cmd_put(r->u, wait_cmd(flags, addr));
    amdvi_cmd_put(r->u, cmd_store(&younger[0], 0x600d0000 + flags));
    amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0x30000099u, 0x00001000u, 0}});
    amdvi_cmd_put(r->u, cmd_store(&younger[1], 0x600d1000 + flags));
    expect_true(r->c, amdvi_wait_completion(r->u, AMDVI_WAIT_US / 10),
                "f=%u i=%u s=%u: expected the commands behind it to run, actual: no completion, "
                "Status 0x%llx",
                flags >> 2, flags >> 1 & 1, flags & 1,
                (unsigned long long)amdvi_read64(r->u, 0x2020));
    expect_u64(r->c, "store of the next command", 0x600d0000 + flags, younger[0]);
    expect_u64(r->c, "store of the next but one", 0x600d1000 + flags, younger[1]);
    for (unsigned k = 0; k < 8 && flags & S; k++) {
        expect_u64(r->c, "byte of the store", stored[k], *(volatile uint8_t *)(addr + k));
    }
    expect_true(r->c, buf_untouched_but(b, off, flags & S ? 8 : 0),
                "f=%u i=%u s=%u: expected nothing but %u bytes at 0x%llx to change", flags >> 2,
                flags >> 1 & 1, flags & 1, flags & S ? 8 : 0, (unsigned long long)addr);
    expect_true(r->c, com_wait_int(r) == (flags & I ? CMD_COM_WAIT_INT : before),
                "f=%u i=%u s=%u: expected ComWaitInt=%u, actual %u", flags >> 2, flags >> 1 & 1,
                flags & 1, flags & I || before, com_wait_int(r) != 0);
    expect_true(r->c, amdvi_read64(r->u, 0x2020) & CMD_RUN, "f=%u i=%u s=%u: expected CmdBufRun=1",
                flags >> 2, flags >> 1 & 1, flags & 1);
}

RULE("AMDVI-CMD-010", "A", cmd_wait_flush_bit, RULE_KEYS("2.4.1", "none"),
     "f=1 changes neither the store nor ComWaitInt, in any combination with s and i, and what is "
     "younger runs")
{
    static const uint32_t offsets[] = {0x000, 0x018, 0xff8};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;
    struct buf b[2];
    unsigned bufs = page_free_count(PAGE_HIGH) > 8 ? 2 : 1;

    if (!w || !buf_new(r, &b[0], PAGE_LOW, 1) || (bufs == 2 && !buf_new(r, &b[1], PAGE_HIGH, 1))) {
        return;
    }
    msi_enable(r->u->devid, false);
    cmd_controls(r);
    for (unsigned n = 0; n < bufs * 3 && !rule_broken(c); n++) {
        /* f=0 first: where that goes wrong, it is not for f. */
        for (uint32_t flags = 0; flags < 8; flags++) {
            expect_flags(r, flags, &b[n / 3], offsets[n % 3], w);
        }
    }

    /* A full ring in which every other one has f=1. */
    for (unsigned i = 0; i < 255; i++) {
        struct amdvi_cmd cmd = cmd_store(&w[i], i);

        cmd.dw[0] |= i % 2 ? F : 0;
        amdvi_cmd_put(r->u, cmd);
    }
    amdvi_cmd_ring(r->u);
    (void)wait_until(w[254] == 254, AMDVI_WAIT_US);
    for (unsigned i = 0; i < 255; i++) {
        expect_u64(c, "store of an entry of the full ring", i, w[i]);
    }
    expect_no_event(r, "after all flags");
}

RULE("AMDVI-CMD-011", "M", cmd_wait_without_effect, RULE_KEYS("2.4.1", "none"),
     "s=0 and i=0 is legal: nothing is stored, ComWaitInt stays, younger commands run")
{
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;
    struct buf b;

    if (!w || !buf_new(r, &b, PAGE_LOW, 1)) {
        return;
    }
    msi_enable(r->u->devid, false);
    cmd_controls(r);
    for (uint32_t flags = 0; flags <= F && !rule_broken(c); flags += F) {
        /* ComWaitInt 0 before, then 1. */
        expect_flags(r, flags, &b, 0x238, w);
        amdvi_cmd_put(r->u, wait_cmd(I, b.spa));
        if (!amdvi_wait_completion(r->u, AMDVI_WAIT_US)) {
            rule_error(c, "no completion");
            return;
        }
        buf_canary(&b);

        uint64_t before = com_wait_int(r);

        /* As many as fit, some without any field but the opcode, some with address and data. */
        for (unsigned i = 0; i < 254; i++) {
            amdvi_cmd_put(r->u, i % 3 ? wait_cmd(flags, b.spa + i * 8)
                                      : (struct amdvi_cmd){{flags, 0x10000000u, 0, 0}});
        }
        expect_true(c, amdvi_wait_completion(r->u, AMDVI_WAIT_US / 4),
                    "f=%u: expected the command behind 254 of them to run", flags >> 2);
        expect_true(c, buf_untouched_but(&b, 0, 0), "f=%u: expected no store", flags >> 2);
        expect_u64(c, "ComWaitInt after i=1 and many with i=0", before, com_wait_int(r));
    }
    expect_no_event(r, "after COMPLETION_WAIT with s=0, i=0");
}
