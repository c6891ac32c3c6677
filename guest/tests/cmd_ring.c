// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command ring and COMPLETION_WAIT (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"

RULE("AMDVI-CMD-001", "A", cmd_empty_and_full, RULE_KEYS("2.4", "none"),
     "Head equal to tail is an empty ring; length-1 entries may be queued at once, and all are run")
{
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }

    struct amdvi *u = r->u;

    cmd_controls(r);

    uint64_t at = cmd_head_at(r, u->cmd_tail * 16ull);

    /* A good command in the ring, the tail written but not moved. */
    unsigned tail = u->cmd_tail;

    amdvi_cmd_put(u, cmd_store(&w[0], 0x1111));
    u->cmd_tail = tail;
    amdvi_cmd_ring(u);
    bool ran = wait_until(w[0] == 0x1111, AMDVI_WAIT_US / 50);
    expect_true(c, !ran, "expected an empty ring to run nothing, actual: it ran the entry at head");
    expect_u64(c, "CmdHead of the empty ring", at, amdvi_read64(u, 0x2000));
    amdvi_cmd_put(u, cmd_store(&w[0], 0x1111));
    amdvi_cmd_ring(u);
    expect_true(c, wait_until(w[0] == 0x1111, AMDVI_WAIT_US),
                "expected the command to run once the tail moves");

    /* The doorbell again with the same tail: nothing, and not the last command once more. */
    w[0] = CMD_CANARY;
    amdvi_cmd_ring(u);
    ran = wait_until(w[0] != CMD_CANARY, AMDVI_WAIT_US / 50);
    expect_true(c, !ran, "expected the same tail again to run nothing, actual: a store of 0x%llx",
                (unsigned long long)w[0]);

    /* 255 entries in a ring of 256, one doorbell. */
    for (unsigned i = 0; i < 255; i++) {
        amdvi_cmd_put(u, cmd_store(&w[i + 1], 0x2000 + i));
    }
    amdvi_cmd_ring(u);
    (void)wait_until(w[255] == 0x2000 + 254, AMDVI_WAIT_US);
    for (unsigned i = 0; i < 255; i++) {
        expect_u64(c, "store of an entry of the full ring", 0x2000 + i, w[i + 1]);
    }
    expect_u64(c, "CmdHead after the full ring", u->cmd_tail * 16ull,
               cmd_head_at(r, u->cmd_tail * 16ull));
}

RULE("AMDVI-CMD-002", "A", cmd_tail_write_starts_work, RULE_KEYS("2.4", "none"),
     "Writing the tail has every entry up to it consumed, none beyond; head then equals tail")
{
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }

    struct amdvi *u = r->u;

    cmd_controls(r);

    static const unsigned batches[] = {1, 2, 3, 8, 16, 33, 64, 100, 200, 254};

    for (unsigned n = 0; n < sizeof(batches) / sizeof(batches[0]); n++) {
        unsigned batch = batches[n], first = u->cmd_tail;

        for (unsigned i = 0; i < batch; i++) {
            amdvi_cmd_put(u, cmd_store(&w[i], batch << 8 | i));
        }
        /* One more lies behind the tail. */
        unsigned tail = u->cmd_tail;

        amdvi_cmd_put(u, cmd_store(&w[300], batch));
        u->cmd_tail = tail;
        uint64_t word = w[0];

        if (n == 0) {
            expect_true(c, !wait_until(w[0] != word, AMDVI_WAIT_US / 50),
                        "expected nothing to run before the tail is written");
        }
        amdvi_cmd_ring(u);

        uint64_t end = (uint64_t)((first + batch) % 256) * 16;
        (void)wait_until(w[batch - 1] == (batch << 8 | (batch - 1)), AMDVI_WAIT_US);
        expect_u64(c, "CmdHead after a batch", end, cmd_head_at(r, end));
        for (unsigned i = 0; i < batch; i++) {
            expect_u64(c, "store of a command of the batch", batch << 8 | i, w[i]);
        }
        expect_u64(c, "store of the command behind the tail", CMD_CANARY, w[300]);
    }
}

RULE("AMDVI-CMD-003", "A", cmd_ring_wraps_at_256, RULE_KEYS("2.4", "none"),
     "After entry 255 of a ring of 256 comes entry 0, lap after lap, and every store lands")
{
    static const unsigned batches[] = {1, 7, 64, 255, 200, 3, 128, 31};
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;

    if (!w) {
        return;
    }

    struct amdvi *u = r->u;

    cmd_controls(r);

    unsigned laps = 0, n = 0;
    bool saw_last = false, saw_first = false;

    while (laps < 4 && !rule_broken(c)) {
        unsigned batch = batches[n++ % 8], first = u->cmd_tail;

        for (unsigned i = 0; i < batch; i++) {
            amdvi_cmd_put(u, cmd_store(&w[(first + i) % 256], 0x3000000 + n * 0x1000 + i));
        }
        amdvi_cmd_ring(u);
        (void)wait_until(w[(first + batch - 1) % 256] == 0x3000000 + n * 0x1000 + batch - 1,
                         AMDVI_WAIT_US);
        for (unsigned i = 0; i < batch; i++) {
            expect_u64(c, "store of an entry", 0x3000000 + n * 0x1000 + i, w[(first + i) % 256]);
        }

        uint64_t head = cmd_head_at(r, (uint64_t)((first + batch) % 256) * 16);

        expect_u64(c, "CmdHead", (uint64_t)((first + batch) % 256) * 16, head);
        saw_last |= head == 0xff0;
        saw_first |= head == 0;
        laps += first + batch >= 256;
        if (first + batch < 256 && first + batch > 240) {
            /* Stop once exactly at the last entry and once exactly at the wrap. */
            for (unsigned stop = 255; stop <= 256; stop++) {
                unsigned at = u->cmd_tail;

                for (unsigned i = at; i < stop && at; i++) {
                    amdvi_cmd_put(u, cmd_store(&w[i], 0x4000000 + i));
                }
                amdvi_cmd_ring(u);
                expect_u64(c, "CmdHead at the end of the ring", stop % 256 * 16,
                           cmd_head_at(r, stop % 256 * 16));
                for (unsigned i = at; i < stop && at; i++) {
                    (void)wait_until(w[i] == 0x4000000 + i, 1000);
                    expect_u64(c, "store of an entry at the end of the ring", 0x4000000 + i, w[i]);
                }
                saw_last |= stop == 255;
                saw_first |= stop == 256;
            }
            laps++;
        }
    }
    expect_true(c, laps >= 4, "expected four laps, actual %u in %u batches", laps, n);
    expect_u64(c, "a word that no command names", CMD_CANARY, w[300]);
    observe(c, "stopped_at_ends", "%d%d", saw_last, saw_first);
}

RULE("AMDVI-CMD-007", "A", cmd_wait_follows_older_commands, RULE_KEYS("2.4.1", "testdev"),
     "When a COMPLETION_WAIT's store is seen, all commands before it are in force")
{
    struct rig *r = rig_begin(c);
    volatile uint64_t *w = r ? cmd_words(r) : NULL;
    struct amdvi_pt pt;
    struct buf b[2];

    if (!w || !buf_new(r, &b[0], PAGE_LOW, 1) || !buf_new(r, &b[1], PAGE_LOW, 1) ||
        !rig_tree(r, &pt, 4)) {
        return;
    }

    volatile uint64_t *leaf = amdvi_pt_slot(&pt, 0x12345000, 1);

    if (!leaf) {
        rule_error(c, "no memory for page tables");
        return;
    }
    rig_store(leaf, 0x6000000000000001ull | b[0].spa);
    if (!rig_attach_tree(r, r->testdev, &pt, 5)) {
        return;
    }
    control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, 0x12345000, &b[0], 0) == DMA_MOVED,
                "data arrives in the first page");
    control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, 0x12345000, &b[1]),
                "and not in the second one, which would be seen");
    for (unsigned round = 0; round < 8; round++) {
        unsigned to = (round + 1) % 2, filler = round * 17;

        rig_store(leaf, 0x6000000000000001ull | b[to].spa);
        /* Behind a number of other flushes, all in one doorbell; only the last one before the wait
         * matters. */
        for (unsigned i = 0; i < filler; i++) {
            amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0x30000099u, 0x00001000u, 0}});
        }
        amdvi_cmd_put(r->u, (struct amdvi_cmd){{0, 0x30000005u, 0x12345000u, 0}});
        amdvi_cmd_put(r->u, cmd_store(&w[round], round));
        amdvi_cmd_ring(r->u);
        if (!wait_until(w[round] == round, AMDVI_WAIT_US)) {
            expect_true(c, false, "expected the store of the wait behind %u commands, actual none",
                        filler + 1);
            return;
        }
        expect_dma(r, DMA_MOVED, ENGINE_TESTDEV, TO_MEMORY, 0x12345000, &b[to], 0,
                   "right after the completion");
    }
}

RULE("AMDVI-CMD-008", "A", cmd_wait_stores_eight_bytes, RULE_KEYS("2.4.1", "none"),
     "s=1 stores dw3:dw2, 8 bytes little-endian, at the address and nowhere else; s=0 stores "
     "nothing")
{
    struct rig *r = rig_begin(c);
    struct buf low, high;
    bool have_high = page_free_count(PAGE_HIGH) > 8;

    if (!r || !buf_new(r, &low, PAGE_LOW, 1) || (have_high && !buf_new(r, &high, PAGE_HIGH, 1))) {
        return;
    }
    observe(c, "high_memory", "%s", have_high ? "yes" : "no");

    static const uint32_t offsets[] = {0x000, 0x008, 0x678, 0xff8};
    static const uint8_t bytes[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

    for (unsigned i = 0; i < 8; i++) {
        const struct buf *b = i < 4 ? &low : &high;
        uint64_t addr;

        if (b == &high && !have_high) {
            break;
        }
        addr = b->spa + offsets[i % 4];
        buf_canary(b);
        /* As worked in section 7 of docs/rules.md: dw0 = address | s, dw2 = 55667788h, dw3 =
         * 11223344h. */
        amdvi_cmd_put(r->u,
                      (struct amdvi_cmd){{(uint32_t)addr | 1, 0x10000000u | (uint32_t)(addr >> 32),
                                          0x55667788u, 0x11223344u}});
        if (!amdvi_wait_completion(r->u, AMDVI_WAIT_US)) {
            rule_error(c, "no completion");
            return;
        }
        for (unsigned k = 0; k < 8; k++) {
            expect_u64(c, "byte of the store", bytes[k], *(volatile uint8_t *)(addr + k));
        }
        expect_true(c, buf_untouched_but(b, offsets[i % 4], 8),
                    "expected nothing but 8 bytes at 0x%llx to change", (unsigned long long)addr);
        if (i == 0) {
            control_pos(c, !buf_untouched_but(b, 0, 0), "the store changed the page");
        }
    }

    buf_canary(&low);
    amdvi_cmd_put(r->u,
                  (struct amdvi_cmd){{(uint32_t)low.spa, 0x10000000u, 0x55667788u, 0x11223344u}});
    if (!amdvi_wait_completion(r->u, AMDVI_WAIT_US)) {
        rule_error(c, "no completion");
        return;
    }
    expect_true(c, buf_untouched_but(&low, 0, 0), "expected no store with s=0");
    *(volatile uint8_t *)(low.spa + 9) ^= 1;
    control_neg(c, !buf_untouched_but(&low, 0, 8), "one bit changed beside the 8 bytes is seen");
}
