// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Large pages that are taken away from a transfer of the disk that is under way (docs/rules.md
 * section 7.1), and flushed by one command for the whole page. The transfer lies at the end of the
 * page, so that the page's first 4 KiB are none of its.
 */
#include "tests/give_rig.h"

/* A large page at 4000_0000h of domain 0410h. */
static const struct large {
    uint32_t iova; /* of the transfer, 16 KiB */
    uint64_t size;
    unsigned level, slots; /* of its entries */
    uint64_t entry;        /* all but the address: both rights, NextLevel, size code, PR */
    struct amdvi_cmd flush;
    const char *how, *key;
} sizes[] = {
    /* 2 MiB, the default size of level 2. S=1, bits 19:12 set, bit 20 clear. */
    {0x401fc000u,
     0x200000,
     2,
     1,
     0x6000000000000001ull,
     {{0, 0x30000410u, 0x400ff001u, 0}},
     "its page of 2 MiB unmapped",
     "completion_2m"},
    /* 64 KiB by size code in each of 16 slots of level 1: NextLevel 7, bits 14:12 set, bit 15
     * clear. The same of the command, with S=1. */
    {0x4000c000u,
     0x10000,
     1,
     16,
     0x6000000000007e01ull,
     {{0, 0x30000410u, 0x40007001u, 0}},
     "its page of 64 KiB unmapped",
     "completion_64k"},
};

static void set(struct ide_rig *t, const struct large *l, uint64_t entry)
{
    volatile uint64_t *slot = amdvi_pt_slot(&t->pt, 0x40000000, l->level);

    for (unsigned i = 0; i < l->slots; i++) {
        rig_store(slot + i, entry);
    }
}

static void unmap(struct ide_rig *t, void *arg)
{
    set(t, arg, 0);
}

static bool map(struct ide_rig *t, void *arg)
{
    const struct large *l = arg;

    if (!amdvi_pt_slot(&t->pt, 0x40000000, l->level)) {
        rule_error(t->c, "no memory for page tables");
        return false;
    }
    set(t, l, l->entry | (t->mem.spa & ~(l->size - 1)));
    return rig_flush(t->r, IDE_DOMAIN);
}

static void give_large_away(struct check *c, struct large l)
{
    static struct ide_rig t;

    if (!ide_rig_piece(c, &t, l.iova, HOLD_PAGES, l.size) || !map(&t, &l)) {
        return;
    }
    for (unsigned write = 0; write < 2; write++) {
        if (!give_away(&t, &(struct giving){.write = write,
                                            .withdraw = unmap,
                                            .restore = map,
                                            .arg = &l,
                                            .cmd = &l.flush,
                                            .count = 1,
                                            .how = l.how,
                                            .key = l.key})) {
            return;
        }
    }
}

RULE("AMDVI-INF-006", "M", inf_2m_page_ends_before_it_goes, HOLD_KEYS,
     "Disk transfer in a page of 2 MiB under way, the page unmapped, INVALIDATE_IOMMU_PAGES of its "
     "size, COMPLETION_WAIT seen: a read changes nothing of its new owner's, a write takes nothing")
{
    give_large_away(c, sizes[0]);
}

RULE("AMDVI-INF-007", "M", inf_sized_page_ends_before_it_goes, HOLD_KEYS,
     "Disk transfer in a page of 64 KiB by size code under way, all its slots cleared, "
     "INVALIDATE_IOMMU_PAGES of its size, COMPLETION_WAIT seen: a read changes nothing of its new "
     "owner's, a write takes nothing")
{
    give_large_away(c, sizes[1]);
}
