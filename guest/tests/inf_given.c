// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that are taken away from a transfer of the disk that is under way, and given to somebody
 * else once the completion is seen (docs/rules.md section 7.1). The host holds the disk's answer,
 * so that the transfer is under way for as long as the rule needs.
 */
#include "check/mark.h"
#include "drivers/amdvi/regs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/give_rig.h"

/* What becomes of the pages of the transfer. */
enum withdrawal { UNMAPPED, REMAPPED, NO_WRITE, NO_READ, BLOCKED, MOVED };

static const char *const withdrawal_names[] = {
    "unmapped",  "mapped to other pages",        "with IW=0",
    "with IR=0", "behind an entry with IR=IW=0", "in the domain that the device has left",
};

/* The domain that the device moves to, and a tree in which the same IOVAs lead to other pages. */
#define OTHER_DOMAIN 0x0411

struct elsewhere {
    struct buf mem;
    struct amdvi_pt pt;
};

static bool elsewhere(struct ide_rig *t, struct elsewhere *e)
{
    bool ok = buf_new(t->r, &e->mem, PAGE_HIGH, HOLD_PAGES) && amdvi_pt_init(&e->pt, 3);

    for (unsigned p = 0; ok && p < HOLD_PAGES; p++) {
        ok = amdvi_pt_map(&e->pt, IDE_IOVA + p * PAGE_SIZE, e->mem.spa + p * PAGE_SIZE, 1,
                          AMDVI_IR | AMDVI_IW);
    }
    ok = ok && amdvi_pt_map(&e->pt, IDE_TABLE, t->table + PAGE_SIZE, 1, AMDVI_IR) &&
         amdvi_pt_map(&e->pt, IDE_TABLE + PAGE_SIZE, t->table, 1, AMDVI_IR);
    if (!ok) {
        rule_error(t->c, "no memory for pages elsewhere");
    }
    return ok;
}

/* The entry of page @p: its rights are bits 62 (IW) and 61 (IR), its address bits 51:12. */
static void withdraw_page(struct ide_rig *t, const struct elsewhere *e, enum withdrawal w,
                          unsigned p)
{
    volatile uint64_t *slot = amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1);
    uint64_t entry = *slot;

    switch (w) {
    case UNMAPPED:
        entry = 0;
        break;
    case REMAPPED:
        entry = (entry & ~0x000ffffffffff000ull) | (e->mem.spa + p * PAGE_SIZE);
        break;
    case NO_WRITE:
        entry &= ~0x4000000000000000ull;
        break;
    case NO_READ:
        entry &= ~0x2000000000000000ull;
        break;
    case BLOCKED:
    case MOVED:
        break;
    }
    rig_store(slot, entry);
}

/* A withdrawal, and the entries of the pages before it. */
struct taking {
    const struct elsewhere *e;
    enum withdrawal w;
    uint64_t found[HOLD_PAGES];
};

/* All that memory says of the pages; the IOMMU is told by the flush that follows. */
static void withdraw(struct ide_rig *t, void *arg)
{
    struct taking *k = arg;
    /* V=TV=1: without rights and levels; or Mode 3, both rights, the other root. */
    struct amdvi_dte blocked = {{0x0000000000000003, IDE_DOMAIN, 0, 0}};
    struct amdvi_dte moved = {{0x6000000000000603 | k->e->pt.root, OTHER_DOMAIN, 0, 0}};

    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        k->found[p] = *amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1);
        withdraw_page(t, k->e, k->w, p);
    }
    if (k->w == BLOCKED || k->w == MOVED) {
        amdvi_dte_write(t->r->u, t->r->ide, k->w == BLOCKED ? blocked : moved);
        mark(MARK_ENTRY, "device table entry of the disk's controller");
    }
}

static bool restore(struct ide_rig *t, void *arg)
{
    const struct taking *k = arg;

    for (unsigned p = 0; p < HOLD_PAGES; p++) {
        rig_store(amdvi_pt_slot(&t->pt, IDE_IOVA + p * PAGE_SIZE, 1), k->found[p]);
    }
    return rig_attach_tree(t->r, t->r->ide, &t->pt, IDE_DOMAIN) && rig_flush(t->r, IDE_DOMAIN);
}

/* What drops the four pages at 4000_0000h of domain 0410h. */
enum flush { PAGE_BY_PAGE, AS_A_RANGE, WHOLE_DOMAIN, ALL_DOMAINS, WITH_THE_ENTRY };

static const struct {
    unsigned count;
    struct amdvi_cmd cmd[HOLD_PAGES];
    const char *name, *key;
} flushes[] = {
    {4,
     {{{0, 0x30000410u, 0x40000000u, 0}},
      {{0, 0x30000410u, 0x40001000u, 0}},
      {{0, 0x30000410u, 0x40002000u, 0}},
      {{0, 0x30000410u, 0x40003000u, 0}}},
     "page by page",
     "completion_pages"},
    /* 16 KiB: S=1, bit 12 set, bit 13 clear */
    {1, {{{0, 0x30000410u, 0x40001001u, 0}}}, "as a range", "completion_range"},
    {1,
     {{{0, 0x30000410u, 0xfffff003u, 0x7fffffffu}}},
     "with the whole domain",
     "completion_domain"},
    {1, {{{0, 0x80000000u, 0, 0}}}, "with all domains", "completion_all"},
    /* INVALIDATE_DEVTAB_ENTRY, whose DeviceID is filled in, then the domain it was in */
    {2,
     {{{0, 0x20000000u, 0, 0}}, {{0, 0x30000410u, 0xfffff003u, 0x7fffffffu}}},
     "with the device's entry and the whole domain",
     "completion_entry"},
};

/*
 * Withdraw the pages of a transfer that is under way, flush them as @f says, and give them to
 * somebody else once the completion is seen.
 */
static bool give_away_once(struct ide_rig *t, const struct elsewhere *e, bool write,
                           enum withdrawal w, enum flush f)
{
    struct amdvi_cmd cmd[HOLD_PAGES];
    struct taking taking = {.e = e, .w = w};
    char how[128];

    memcpy(cmd, flushes[f].cmd, sizeof(cmd));
    if (f == WITH_THE_ENTRY) {
        cmd[0].dw[0] = t->r->ide;
    }
    format(how, sizeof(how), "%s and flushed %s", withdrawal_names[w], flushes[f].name);
    return give_away(t, &(struct giving){.write = write,
                                         .withdraw = withdraw,
                                         .restore = restore,
                                         .arg = &taking,
                                         .cmd = cmd,
                                         .count = flushes[f].count,
                                         .how = how,
                                         .key = flushes[f].key});
}

static void give_away_by(struct check *c, bool write, enum withdrawal w, const enum flush *f,
                         unsigned n)
{
    struct elsewhere e;
    struct ide_rig t;

    if (!ide_rig(c, &t, HOLD_PAGES) || !elsewhere(&t, &e)) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!give_away_once(&t, &e, write, w, f[i])) {
            return;
        }
    }
}

static void give_away_pages(struct check *c, bool write, enum withdrawal w)
{
    static const enum flush by[] = {PAGE_BY_PAGE, AS_A_RANGE};

    give_away_by(c, write, w, by, 2);
}

static void give_away_by_one(struct check *c, bool write, enum withdrawal w, enum flush f)
{
    give_away_by(c, write, w, &f, 1);
}

RULE("AMDVI-INF-001", "M", inf_read_ends_before_the_pages_go, HOLD_KEYS,
     "Disk read under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: "
     "the pages' new owner finds nothing changed")
{
    give_away_pages(c, false, UNMAPPED);
}

RULE("AMDVI-INF-002", "M", inf_read_ends_before_remapping, HOLD_KEYS,
     "Disk read under way, its IOVAs mapped to other pages, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: the old pages' new owner finds nothing changed")
{
    give_away_pages(c, false, REMAPPED);
}

RULE("AMDVI-INF-003", "M", inf_read_ends_before_protection, HOLD_KEYS,
     "Disk read under way, IW of its pages cleared, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT "
     "seen: the pages do not change any more")
{
    give_away_pages(c, false, NO_WRITE);
}

RULE("AMDVI-INF-004", "M", inf_read_ends_before_the_device_is_blocked, HOLD_KEYS,
     "Disk read under way, the device's entry made blocking, INVALIDATE_DEVTAB_ENTRY, its "
     "domain flushed, COMPLETION_WAIT seen: the pages do not change any more")
{
    give_away_by_one(c, false, BLOCKED, WITH_THE_ENTRY);
}

RULE("AMDVI-INF-005", "M", inf_read_ends_before_the_device_moves, HOLD_KEYS,
     "Disk read under way, the device moved to another domain and root, "
     "INVALIDATE_DEVTAB_ENTRY, the old domain flushed, COMPLETION_WAIT seen: the old domain's "
     "pages do not change any more")
{
    give_away_by_one(c, false, MOVED, WITH_THE_ENTRY);
}

RULE("AMDVI-INF-009", "M", inf_all_waits_for_transfers, HOLD_KEYS,
     "Disk transfer under way, its pages unmapped, INVALIDATE_IOMMU_ALL, COMPLETION_WAIT "
     "seen: a read changes nothing of the pages' new owner, a write takes nothing from him")
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return;
    }
    if (!(amdvi_read64(r->u, AMDVI_EFR) & AMDVI_EFR_IA_SUP)) {
        rule_skip(c, "IASup=0: there is no INVALIDATE_IOMMU_ALL");
        return;
    }
    give_away_by_one(c, false, UNMAPPED, ALL_DOMAINS);
    if (!rule_broken(c)) {
        give_away_by_one(c, true, UNMAPPED, ALL_DOMAINS);
    }
}

RULE("AMDVI-INF-010", "M", inf_domain_waits_for_transfers, HOLD_KEYS,
     "Disk transfer under way, its pages unmapped, the whole domain flushed, COMPLETION_WAIT "
     "seen: a read changes nothing of the pages' new owner, a write takes nothing from him")
{
    give_away_by_one(c, false, UNMAPPED, WHOLE_DOMAIN);
    if (!rule_broken(c)) {
        give_away_by_one(c, true, UNMAPPED, WHOLE_DOMAIN);
    }
}

RULE("AMDVI-INF-011", "M", inf_write_ends_before_the_pages_go, HOLD_KEYS,
     "Disk write under way, its pages unmapped, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT seen: "
     "nothing of the pages' new owner reaches the disk")
{
    give_away_pages(c, true, UNMAPPED);
}

RULE("AMDVI-INF-012", "M", inf_write_ends_before_remapping, HOLD_KEYS,
     "Disk write under way, its IOVAs mapped to other pages, INVALIDATE_IOMMU_PAGES, "
     "COMPLETION_WAIT seen: nothing of the old pages' new owner reaches the disk")
{
    give_away_pages(c, true, REMAPPED);
}

RULE("AMDVI-INF-013", "M", inf_write_ends_before_protection, HOLD_KEYS,
     "Disk write under way, IR of its pages cleared, INVALIDATE_IOMMU_PAGES, COMPLETION_WAIT "
     "seen: nothing of what the pages get then reaches the disk")
{
    give_away_pages(c, true, NO_READ);
}
