// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Single bits of page table entries: present, rights, reserved, ignored (docs/rules.md section 4).
 */
#include "arch/cpu.h"
#include "lib/format.h"
#include "tests/rig.h"

#define IOVA   0x12345000ull
#define DOMAIN 0x0bad

/* A four-level tree with one page, and the slots on the way to it: level 1 (leaf) to level 4. */
struct path {
    struct amdvi_pt pt;
    struct buf b;
    volatile uint64_t *slot[5];
};

static bool path_new(struct rig *r, struct path *p)
{
    if (!buf_new(r, &p->b, PAGE_LOW, 1) || !rig_tree(r, &p->pt, 4)) {
        return false;
    }
    for (unsigned level = 1; level <= 4; level++) {
        p->slot[level] = amdvi_pt_slot(&p->pt, IOVA, level);
        if (!p->slot[level]) {
            rule_error(r->c, "no memory for page tables");
            return false;
        }
    }
    rig_store(p->slot[1], 0x6000000000000001ull | p->b.spa);
    return rig_attach_tree(r, r->ide, &p->pt, DOMAIN) &&
           rig_attach_tree(r, r->testdev, &p->pt, DOMAIN);
}

static void controls(struct rig *r, const struct path *p)
{
    for (enum engine e = 0; e < engines(); e++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            control_pos(r->c, dma_probe(r, e, d, IOVA, &p->b, 0) == DMA_MOVED,
                        "%s moves data through the good entries", dma_name(e, d));
            control_neg(r->c, dma_probe(r, e, d, IOVA + 0x1000, &p->b, 0) == DMA_BLOCKED,
                        "at the next page, whose entry is 0, it is blocked");
        }
    }
    rig_take_events(r);
}

static void expect_moved(struct rig *r, const struct path *p, const char *what)
{
    for (enum engine e = 0; e < engines(); e++) {
        for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
            expect_dma(r, DMA_MOVED, e, d, IOVA, &p->b, 0, what);
        }
    }
    expect_no_event(r, what);
}

RULE(
    "AMDVI-PT-002", "A", pt_not_present_faults, RULE_KEYS("2.2.3", "ide,testdev"),
    "An entry with PR=0 faults whatever its other 63 bits hold, at every level; the fault has PR=0")
{
    struct rig *r = rig_begin(c);
    struct path p;

    if (!r || !path_new(r, &p)) {
        return;
    }
    controls(r, &p);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t good = *p.slot[level];
        /* Only PR taken away; everything else set; nothing set. */
        uint64_t entries[] = {good & ~1ull, 0xfffffffffffffffeull, 0};

        for (unsigned i = 0; i < 3; i++) {
            char what[48];

            rig_store(p.slot[level], entries[i]);
            if (!rig_flush(r, DOMAIN)) {
                return;
            }
            format(what, sizeof(what), "level %u entry 0x%llx", level,
                   (unsigned long long)entries[i]);
            for (enum engine e = 0; e < engines(); e++) {
                for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                    expect_dma(r, DMA_BLOCKED, e, d, IOVA, &p.b, 0, what);
                    if (e == ENGINE_IDE && level >= 3) {
                        /* The PRD table hangs on the same directories. */
                        expect_table_fault(r, what, DOMAIN, FAULT_NOT_PRESENT);
                        continue;
                    }
                    expect_fault(r, what, engine_devid(r, e), DOMAIN, FAULT_NOT_PRESENT, d, IOVA,
                                 dma_probe_bytes(e));
                }
            }
        }
        rig_store(p.slot[level], good);
    }
}

RULE("AMDVI-PT-010", "A", pt_rights_and_along_path, RULE_KEYS("2.2.3", "ide"),
     "Read-only and write-only: an access needs its right in the leaf and in every directory; a "
     "denial has PR=1, PE=1")
{
    static const struct {
        uint64_t bits;
        const char *name;
        bool read, write;
    } rights[] = {
        {0x2000000000000000ull, "read only", true, false},
        {0x4000000000000000ull, "write only", false, true},
        {0x0000000000000000ull, "no right", false, false},
    };
    struct rig *r = rig_begin(c);
    struct path p;

    if (!r || !path_new(r, &p)) {
        return;
    }
    controls(r, &p);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t good = *p.slot[level];

        for (unsigned i = 0; i < 3; i++) {
            char what[48];

            rig_store(p.slot[level], (good & ~0x6000000000000000ull) | rights[i].bits);
            format(what, sizeof(what), "level %u entry: %s", level, rights[i].name);
            for (enum engine e = 0; e < engines(); e++) {
                if (e == ENGINE_IDE && level >= 3 && !rights[i].read) {
                    continue; /* it could not read its PRD table, which hangs on the same directory
                               */
                }
                /* Denied first, then allowed, then denied again: nothing remembered may widen the
                 * rights. */
                static const bool order[] = {false, true, false};

                if (!rig_flush(r, DOMAIN)) {
                    return;
                }
                for (unsigned n = 0; n < 3; n++) {
                    for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                        bool allowed = d == TO_MEMORY ? rights[i].write : rights[i].read;

                        if (allowed != order[n]) {
                            continue;
                        }
                        expect_dma(r, allowed ? DMA_MOVED : DMA_BLOCKED, e, d, IOVA, &p.b, 0, what);
                        if (allowed) {
                            expect_no_event(r, what);
                        } else {
                            expect_fault(r, what, engine_devid(r, e), DOMAIN, FAULT_DENIED, d, IOVA,
                                         dma_probe_bytes(e));
                        }
                    }
                }
            }
        }
        rig_store(p.slot[level], good);
        if (!rig_flush(r, DOMAIN)) {
            return;
        }
    }
}

RULE("AMDVI-PT-012", "A", pt_reserved_bits_fault, RULE_KEYS("2.2.3", "ide"),
     "A reserved bit set in an entry with PR=1 faults with RZ=1")
{
    struct rig *r = rig_begin(c);
    struct path p;

    if (!r || !path_new(r, &p)) {
        return;
    }
    controls(r, &p);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t good = *p.slot[level];
        /* Reserved in every revision: 56:52 of a leaf, 60:52 of a directory. */
        unsigned last = level == 1 ? 56 : 60;

        for (unsigned bit = 52; bit <= last; bit++) {
            char what[48];

            rig_store(p.slot[level], good | 1ull << bit);
            if (!rig_flush(r, DOMAIN)) {
                return;
            }
            format(what, sizeof(what), "level %u entry with bit %u", level, bit);
            for (enum engine e = 0; e < engines(); e++) {
                for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
                    expect_dma(r, DMA_BLOCKED, e, d, IOVA, &p.b, 0, what);
                    if (e == ENGINE_IDE && level >= 3) {
                        expect_table_fault(r, what, DOMAIN, FAULT_RESERVED);
                        continue;
                    }
                    expect_fault(r, what, engine_devid(r, e), DOMAIN, FAULT_RESERVED, d, IOVA,
                                 dma_probe_bytes(e));
                }
            }
        }
        rig_store(p.slot[level], good);
    }
    if (!rig_flush(r, DOMAIN)) {
        return;
    }
    expect_moved(r, &p, "the good entries again");
}

RULE("AMDVI-PT-013", "A", pt_ignored_bits_change_nothing, RULE_KEYS("2.2.3", "ide"),
     "Bits 4:1, 8:7 and 63 of an entry, and 6 of a directory, are software's: they change nothing "
     "and are kept")
{
    static const unsigned bits[] = {1, 2, 3, 4, 7, 8, 63};
    struct rig *r = rig_begin(c);
    struct path p;

    if (!r || !path_new(r, &p)) {
        return;
    }
    controls(r, &p);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t good = *p.slot[level];
        uint64_t all = level == 1 ? 0x800000000000019eull : 0x80000000000001deull;

        for (unsigned i = 0; i <= sizeof(bits) / sizeof(bits[0]); i++) {
            uint64_t value = good | (i < sizeof(bits) / sizeof(bits[0]) ? 1ull << bits[i] : all);
            char what[48];

            rig_store(p.slot[level], value);
            if (!rig_flush(r, DOMAIN)) {
                return;
            }
            format(what, sizeof(what), "level %u entry 0x%llx", level, (unsigned long long)value);
            expect_moved(r, &p, what);
            expect_u64(c, "the entry after DMA", value, *p.slot[level]);
        }
        rig_store(p.slot[level], good);
    }
}

RULE("AMDVI-PT-017", "A", pt_not_present_is_not_cached, RULE_KEYS("2.2.3", "ide"),
     "With NpCache=0 an entry that becomes present works at once, without a flush")
{
    struct rig *r = rig_begin(c);
    struct path p;

    if (!r) {
        return;
    }
    if (r->u->cap_header >> 26 & 1) {
        rule_skip(c, "NpCache=1: capability header %08x", r->u->cap_header);
        return;
    }
    if (!path_new(r, &p)) {
        return;
    }
    controls(r, &p);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t good = *p.slot[level];

        rig_store(p.slot[level], 0);
        if (!rig_flush(r, DOMAIN)) {
            return;
        }
        for (enum engine e = 0; e < engines(); e++) {
            expect_dma(r, DMA_BLOCKED, e, TO_MEMORY, IOVA, &p.b, 0, "entry 0");
        }
        rig_store(p.slot[level], good);
        rig_take_events(r);
        expect_moved(r, &p, "the entry made present, not flushed");
    }
}
