// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where an event says that the access was, and all else that is to be read from one (docs/rules.md
 * section 8), for every requester and every cause that Linux can be brought to as well:
 * harness/os/provoke.c provokes the same accesses under Linux, and "make check-os" compares what
 * Linux makes of them with what is reported here.
 */
#include "drivers/edu/edu.h"
#include "drivers/rtl8139/regs.h"
#include "lib/format.h"
#include "tests/env.h"
#include "tests/rig.h"

enum requester { NEAR, FAR, EDU, CARD, DISK, REQUESTERS };

static const uint16_t domains[REQUESTERS] = {0x1a11, 0x2b12, 0x3c13, 0x4d14, 0x5e15};

/* What the access meets */
#define NOTHING   0
#define READ_ONLY 0x2000000000000001ull
#define NO_READ   0x4000000000000001ull
#define RESERVED  0x6010000000000001ull /* bit 52, in an entry with both rights */
#define MAPPED    0x6000000000000001ull
/* A table of level 1 at 512 GiB, where nothing answers on the machines that this is run on */
#define VOID      0x6000008000000201ull

/* What else than a fault of enum fault comes of an access. */
enum other { NO_OTHER, BAD_ENTRY, NO_PAGE_TABLE };

struct access {
    const char *name;
    enum requester who;
    bool write;
    uint64_t iova;
    uint32_t len;
    uint64_t leaf; /* ORed with the address of a page; NOTHING: not mapped; VOID: not with a page */
    uint64_t entry;   /* ORed into the first quadword of the device's entry */
    enum fault fault; /* where it is an IO_PAGE_FAULT */
    enum other other;
};

/* The entry at VOID that cannot be read: IOVA bits 20:12 are 4, 8 bytes each. */
#define VOID_ENTRY 0x8000000020ull

static const struct access accesses[] = {
    {"unmapped_write", NEAR, true, 0x7123456780, 4, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
    {"unmapped_read", NEAR, false, 0x7123457104, 4, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
    {"readonly_write", NEAR, true, 0x5040000208, 4, READ_ONLY, 0, FAULT_DENIED, NO_OTHER},
    {"writeonly_read", NEAR, false, 0x504000130c, 4, NO_READ, 0, FAULT_DENIED, NO_OTHER},
    {"reserved_in_page", NEAR, true, 0x5040002410, 4, RESERVED, 0, FAULT_RESERVED, NO_OTHER},
    {"reserved_in_entry", NEAR, true, 0x5040003514, 4, MAPPED, 0x4, FAULT_COUNT, BAD_ENTRY},
    {"table_unreadable", NEAR, true, 0x5040204618, 4, VOID, 0, FAULT_COUNT, NO_PAGE_TABLE},
    {"far_write", FAR, true, 0x7001000924, 4, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
    {"edu_write", EDU, true, 0x6000000618, 4, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
    {"rtl_read", CARD, false, 0x5000071c, 60, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
    /* A controller may fetch more than the entry of 8 bytes that it needs. */
    {"ide_table_read", DISK, false, 0x60000820, 64, NOTHING, 0, FAULT_NOT_PRESENT, NO_OTHER},
};

static bool testdev_access(struct rig *r, struct testdev *t, const struct access *a)
{
    uint32_t word = 0x5eed1234u, result;

    if (!(a->write ? testdev_write(t, a->iova, &word, 4, &result)
                   : testdev_read(t, a->iova, &word, 4, &result))) {
        rule_error(r->c, "the test device %04x did not run a command: RESULT 0x%x", t->devid,
                   result);
        return false;
    }
    expect_true(r->c, result != 0, "%s: expected a refusal", a->name);
    return true;
}

/* A frame of 60 bytes at the address. What the card makes of it belongs to the RTL-BLK rules. */
static bool card_access(struct rig *r, const struct access *a)
{
    uint32_t tsd;

    if (!rtl8139_reset(&env.rtl8139)) {
        rule_error(r->c, "the network card does not end its reset");
        return false;
    }
    rtl8139_write8(&env.rtl8139, RTL8139_CR, RTL8139_CR_TE);
    rtl8139_tx(&env.rtl8139, 0, (uint32_t)a->iova, 60);
    (void)rtl8139_tx_wait(&env.rtl8139, 0, &tsd);
    return rtl8139_reset(&env.rtl8139);
}

static bool make_access(struct rig *r, struct testdev *far, const struct access *a)
{
    struct ide_result res;

    switch (a->who) {
    case NEAR:
        return testdev_access(r, &env.testdev, a);
    case FAR:
        return testdev_access(r, far, a);
    case EDU:
        if (!edu_dma(&env.edu, a->write, a->iova, 4)) {
            rule_error(r->c, "the edu device does not end its transfer");
            return false;
        }
        return true;
    case CARD:
        return card_access(r, a);
    default:
        /* How it ends belongs to the IDE-BM rules. */
        (void)ide_dma(&env.ide, false, env.read_lba, 1, (uint32_t)a->iova, &res);
        return ide_reset(&env.ide);
    }
}

static uint64_t place(const struct access *a)
{
    return a->other == NO_PAGE_TABLE ? VOID_ENTRY : a->iova;
}

static void expect_access(struct rig *r, uint16_t devid, const struct access *a)
{
    uint16_t domain = domains[a->who];

    switch (a->other) {
    case BAD_ENTRY:
        /* ILLEGAL_DEV_TABLE_ENTRY, RW and RZ, no domain but a PASID, which is 0 */
        expect_event(r, a->name, &(struct event_want){devid, {0x10a00000u}, a->iova, a->len});
        break;
    case NO_PAGE_TABLE:
        /* PAGE_TAB_HARDWARE_ERROR, RW, Type 1 to 3; the entry is named to the byte */
        expect_event(
            r, a->name,
            &(struct event_want){devid,
                                 {0x42200000u | domain, 0x44200000u | domain, 0x46200000u | domain},
                                 VOID_ENTRY,
                                 0});
        break;
    default:
        expect_fault(r, a->name, devid, domain, a->fault, a->write ? TO_MEMORY : FROM_MEMORY,
                     a->iova, a->len);
    }
}

/* The first record as its fields are to be read, in the words that Linux uses. */
static void report(struct rig *r, const struct access *a)
{
    static const char *const codes[16] = {
        [1] = "ILLEGAL_DEV_TABLE_ENTRY",
        [2] = "IO_PAGE_FAULT",
        [3] = "DEV_TAB_HARDWARE_ERROR",
        [4] = "PAGE_TAB_HARDWARE_ERROR",
    };
    const struct amdvi_event *e = &r->events[0];
    unsigned code = e->dw[1] >> 28;
    uint16_t devid = (uint16_t)e->dw[0];
    char domain[24];

    if (!r->event_count) {
        return;
    }
    if (code == 2) {
        format(domain, sizeof(domain), "domain=0x%04x", e->dw[1] & 0xffff);
    } else {
        format(domain, sizeof(domain), "pasid=0x%05x", (e->dw[0] & 0xf0000) | (e->dw[1] & 0xffff));
    }
    observe(r->c, a->name,
            "%s device=0000:%02x:%02x.%u %s address=0x%llx flags=0x%04x access=%s iova=0x%llx "
            "place=0x%llx entry_domain=0x%04x",
            codes[code] ? codes[code] : "OTHER", devid >> 8, devid >> 3 & 0x1f, devid & 7, domain,
            (unsigned long long)e->dw[3] << 32 | e->dw[2], e->dw[1] >> 16 & 0xfff,
            a->write ? "write" : "read", (unsigned long long)a->iova, (unsigned long long)place(a),
            domains[a->who]);
}

RULE("AMDVI-EVT-026", "M", evt_read_as_linux_does, RULE_KEYS("2.5.3", "ide,testdev,edu,rtl8139"),
     "Code, device, domain, flags and address of eleven refused accesses of five requesters are "
     "where Linux looks for them")
{
    struct rig *r = rig_begin(c);
    struct testdev far;
    struct buf b;
    struct amdvi_pt pt;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !rig_tree(r, &pt, 3)) {
        return;
    }

    bool has_far = !testdev_discover_behind_bridge(&far);
    const uint16_t devids[REQUESTERS] = {r->testdev, has_far ? far.devid : 0, env.edu.devid,
                                         env.rtl8139.devid, r->ide};

    if (!amdvi_pt_map(&pt, 0x7123455000, b.spa, 1, AMDVI_IR | AMDVI_IW)) {
        rule_error(c, "no memory for page tables");
        return;
    }
    for (unsigned i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
        const struct access *a = &accesses[i];
        bool page = a->leaf != VOID;
        volatile uint64_t *slot = a->leaf ? amdvi_pt_slot(&pt, a->iova, page ? 1 : 2) : NULL;

        if (a->leaf && !slot) {
            rule_error(c, "no memory for page tables");
            return;
        }
        if (slot) {
            rig_store(slot, a->leaf | (page ? b.spa : 0));
        }
    }
    if (!rig_attach_tree(r, r->testdev, &pt, domains[NEAR])) {
        return;
    }
    control_pos(c,
                dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, 0x7123455000, &b, 0) == DMA_MOVED &&
                    dma_probe(r, ENGINE_TESTDEV, FROM_MEMORY, 0x7123455000, &b, 0) == DMA_MOVED,
                "the test device reaches a page that is mapped");
    expect_no_event(r, "a page that is mapped");
    control_neg(c, dma_misses(r, ENGINE_TESTDEV, TO_MEMORY, 0x7123456000, &b),
                "and does not reach one that is not");
    rig_take_events(r);

    for (unsigned i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
        const struct access *a = &accesses[i];

        if (a->who == FAR && !has_far) {
            continue;
        }
        buf_canary(&b);
        /* V, TV, Mode 3, both rights */
        if (!rig_attach(r, devids[a->who], 0x6000000000000603ull | pt.root | a->entry,
                        domains[a->who], 0, 0) ||
            !make_access(r, &far, a)) {
            return;
        }
        expect_true(c, buf_untouched_but(&b, 0, 0), "%s: expected the page as it was", a->name);
        expect_access(r, devids[a->who], a);
        report(r, a);
    }
}
