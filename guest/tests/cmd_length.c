// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command rings of all lengths (docs/rules.md section 7).
 */
#include "arch/time.h"
#include "tests/cmd_rig.h"

#define LONGEST 32768u

/* What lies behind the ring: a good command that would be seen to run, and then illegal ones that
 * would halt it. The word of the good one is the last of the page. */
static void put_sentinels(uint64_t at)
{
    volatile uint32_t *dw = (volatile uint32_t *)at;
    uint64_t word = at + 0xff8;

    dw[0] = (uint32_t)word | 1;
    dw[1] = 0x10000000u;
    dw[2] = 0x00000badu;
    dw[3] = 0;
    for (unsigned i = 4; i < PAGE_SIZE / 4; i++) {
        dw[i] = 0xf5a50000u + i;
    }
}

static bool sentinels_untouched(uint64_t at)
{
    volatile uint32_t *dw = (volatile uint32_t *)at;

    for (unsigned i = 4; i < PAGE_SIZE / 4; i++) {
        if (dw[i] != 0xf5a50000u + i) {
            return false;
        }
    }
    return dw[2] == 0x00000badu && dw[3] == 0;
}

struct lap {
    struct rig *r;
    volatile uint64_t *words; /* one for each entry of the ring */
    unsigned log2;
    uint64_t done; /* commands since the ring was new */
};

/* The next @count commands, each of which stores its number to its entry's word, by one doorbell.
 * Returns false if it went wrong. */
static bool run_batch(struct lap *l, unsigned count)
{
    unsigned mask = (1u << l->log2) - 1, wrong = 0;
    uint64_t bad = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t n = l->done + i;

        amdvi_cmd_put(l->r->u, cmd_store(&l->words[n & mask], n + 1));
    }
    amdvi_cmd_ring(l->r->u);

    uint64_t last = l->done + count - 1;
    uint64_t end = ((last + 1) & mask) * 16;

    (void)wait_until(l->words[last & mask] == last + 1, AMDVI_WAIT_US);
    for (uint64_t n = l->done; n <= last; n++) {
        if (l->words[n & mask] != n + 1 && wrong++ == 0) {
            bad = n;
        }
    }
    expect_true(
        l->r->c, wrong == 0,
        "ring of 2^%u, command %llu (lap %llu, entry %llu): expected its store, and %u more "
        "of a batch of %u are missing",
        l->log2, (unsigned long long)bad, (unsigned long long)(bad >> l->log2) + 1,
        (unsigned long long)(bad & mask), wrong ? wrong - 1 : 0, count);
    expect_u64(l->r->c, "CmdHead after a batch", end, cmd_head_at(l->r, end));
    l->done += count;
    return !rule_broken(l->r->c);
}

RULE("AMDVI-CMD-004", "A", cmd_ring_lengths,
     "ref=2.4 needs=none hw-safe=yes may-kill=no controls=both timeout-ms=20000",
     "ComLen 8 to 15: 2^n entries, lap after lap, and what lies behind the last is never read")
{
    struct rig *r = rig_begin(c);
    uint64_t ring = page_alloc(PAGE_LOW, LONGEST * 16ull + PAGE_SIZE, PAGE_SIZE);
    uint64_t words = page_alloc(PAGE_LOW, LONGEST * 8ull, PAGE_SIZE);

    if (!r) {
        return;
    }
    if (!ring || !words) {
        rule_error(c, "no memory for a command ring of 32768 entries");
        return;
    }
    cmd_controls(r);
    for (unsigned log2 = 8; log2 <= 15 && !rule_broken(c); log2++) {
        unsigned entries = 1u << log2;
        uint64_t behind = ring + entries * 16ull;
        struct lap l = {r, (volatile uint64_t *)words, log2, 0};
        /* The first lap stops at the last entry and at the wrap, the later ones run over it, each
         * from another entry to another; the last lap ends at the wrap again. */
        const unsigned batches[] = {entries - 1, 1,           entries / 2, entries - 2, entries - 7,
                                    255,         entries - 1, entries - 1, 3,           entries};
        const unsigned laps = 5;

        for (unsigned i = 0; i < entries; i++) {
            l.words[i] = 0;
        }
        put_sentinels(behind);
        if (!cmd_use_ring(r, ring, log2, 0)) {
            return;
        }
        for (unsigned i = 0; l.done < (uint64_t)laps << log2 && !rule_broken(c); i++) {
            uint64_t left = ((uint64_t)laps << log2) - l.done;
            uint64_t batch = batches[i % (sizeof(batches) / sizeof(batches[0]))];

            batch = batch > entries - 1 ? entries - 1 : batch;
            if (!run_batch(&l, (unsigned)(batch > left ? left : batch))) {
                break;
            }
        }
        expect_true(c,
                    *(volatile uint64_t *)(behind + 0xff8) != 0xbad && sentinels_untouched(behind),
                    "ring of 2^%u: expected the entries behind the last one not to be run", log2);
        expect_true(c, amdvi_read64(r->u, 0x2020) & CMD_RUN,
                    "ring of 2^%u: expected CmdBufRun=1 after all laps", log2);
        expect_no_event(r, "after all laps of a ring");
    }
}
