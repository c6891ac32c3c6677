// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt range, FEE0_0000h to FEEF_FFFFh (docs/rules.md section 6).
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

#define DOMAIN 0x00fe

/* The first has the higher priority. */
#define VECTOR_SENT  0x94
#define VECTOR_LATER 0x45

/* A message to CPU 0, as a device writes it: address and data. */
static uint64_t message_address(void)
{
    return 0xfee00000ull | (uint64_t)smp_apic_id(0) << 12;
}

static bool write_word(struct rig *r, uint64_t iova, uint32_t word, uint32_t *result)
{
    if (!testdev_write(&env.testdev, iova, &word, 4, result)) {
        rule_error(r->c, "the test device did not run: RESULT 0x%x", *result);
        return false;
    }
    return true;
}

/*
 * @pt has @b's first page all over the range, by leaves of 4 KB, and @b's second page right below
 * and above it.
 */
static bool map_range(struct rig *r, struct amdvi_pt *pt, const struct buf *b)
{
    for (uint64_t iova = 0xfedff000ull; iova <= 0xfef00000ull; iova += PAGE_SIZE) {
        bool inside = iova >= 0xfee00000ull && iova < 0xfef00000ull;

        if (!amdvi_pt_map(pt, iova, inside ? b->spa : b->spa + PAGE_SIZE, 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(r->c, "no memory for page tables");
            return false;
        }
    }
    return true;
}

/*
 * FEC0_0000h to FEFF_FFFFh in one page of 4 MB, which has the range in it. One access over the
 * range's lower end: 4 bytes of DMA, and a message to APIC ID 0.
 */
static void large_page(struct rig *r, struct listener *sent)
{
    uint64_t block = page_alloc(PAGE_LOW, 0x400000, 0x400000);
    volatile uint32_t *word = (volatile uint32_t *)(block + 0x1ffffc);
    uint32_t data[2] = {0x0d0affffu, VECTOR_SENT}, result = 0;
    struct amdvi_pt pt;

    if (!block || !rig_tree(r, &pt, 4)) {
        rule_error(r->c, "no memory for a page of 4 MB");
        return;
    }
    for (uint64_t iova = 0xfec00000ull; iova < 0xff000000ull; iova += 0x200000) {
        volatile uint64_t *leaf = amdvi_pt_slot(&pt, iova, 2);

        if (!leaf) {
            rule_error(r->c, "no memory for page tables");
            return;
        }
        rig_store(leaf, 0x60000000001ffe01ull | block);
    }
    if (!rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
        return;
    }
    for (unsigned n = 0; n < 3; n++) {
        unsigned before = sent->count;

        word[0] = 0;
        word[1] = word[2] = 0xcacacacau;
        memory_barrier();
        if (!testdev_write(&env.testdev, 0xfedffffcull, data, 8, &result)) {
            rule_error(r->c, "the test device did not run: RESULT 0x%x", result);
            return;
        }
        expect_u64(r->c, "the word below the range, in a page of 4 MB", data[0], word[0]);
        expect_true(r->c, word[1] == 0xcacacacau && word[2] == 0xcacacacau,
                    "expected nothing in the page of 4 MB from FEE0_0000h on, actual %08x %08x",
                    word[1], word[2]);
        if (smp_apic_id(0) == 0) {
            (void)irq_wait(sent->count == before + 1, AMDVI_WAIT_US / 4);
            expect_u64(r->c, "messages of an access over the end of the range", before + 1,
                       sent->count);
        }
        /* Above the range it is DMA again. */
        if (!write_word(r, 0xfef00000ull, 0x0d0a0f00u + n, &result)) {
            return;
        }
        expect_u64(r->c, "the word above the range, in a page of 4 MB", 0x0d0a0f00u + n,
                   *(volatile uint32_t *)(block + 0x300000));
    }
    expect_no_event(r, "an access over the end of the range");
}

/*
 * The device's own entry governs its message, and no other: IntCtl=00 stops it, whatever other
 * devices' entries say, and what IntCtl=00 of the I/O APIC's entry stops is not this device's.
 */
static void own_entry(struct rig *r, struct listener *sent, struct listener *later)
{
    unsigned before = sent->count;
    uint32_t result;

    /* q2: IV=1, IntCtl=00 */
    if (!rig_attach(r, r->testdev, 0x6000000000000003ull, DOMAIN, 0x0000000000000001ull, 0) ||
        !write_word(r, message_address(), VECTOR_SENT, &result)) {
        return;
    }
    rig_take_events(r);
    for (unsigned i = 0; i < r->event_count; i++) {
        expect_u64(r->c, "DeviceID in the record of a message that IntCtl=00 stops", r->testdev,
                   (uint16_t)r->events[i].dw[0]);
    }
    if (!rig_attach(r, r->testdev, 0x6000000000000003ull, DOMAIN, 0, 0) ||
        (r->u->ioapic && !rig_attach(r, r->u->ioapic, 0x6000000000000003ull, DOMAIN + 1,
                                     0x0000000000000001ull, 0)) ||
        !write_word(r, message_address(), VECTOR_LATER, &result)) {
        return;
    }
    (void)irq_wait(later->count == 2, AMDVI_WAIT_US / 4);
    expect_u64(r->c, "messages with IV=0, the I/O APIC's entry having IntCtl=00", 2, later->count);
    expect_u64(r->c, "messages that IntCtl=00 of the device's own entry lets through", before,
               sent->count);
    expect_no_event(r, "a message with IV=0");
}

RULE(
    "AMDVI-RNG-001", "A", rng_interrupts_are_not_dma, RULE_KEYS("2.1", "testdev,apic"),
    "Writes to FEE0_0000h to FEEF_FFFFh are interrupts, never DMA, though the page table maps them")
{
    /* Who takes these is not looked at. */
    static const uint64_t inside[] = {0xfee80000ull, 0xfeefe000ull, 0xfeefeff8ull};
    static const uint64_t outside[] = {0xfedff000ull, 0xfedffffcull, 0xfef00000ull, 0xfef00ffcull};
    struct rig *r = irq_rig_begin(c);
    struct listener *sent = r ? irq_listen(c, VECTOR_SENT) : NULL;
    struct listener *later = sent ? irq_listen(c, VECTOR_LATER) : NULL;
    struct amdvi_pt pt;
    struct buf b;
    uint32_t result;

    if (!later || !buf_new(r, &b, PAGE_LOW, 2) || !rig_tree(r, &pt, 4) || !map_range(r, &pt, &b) ||
        !rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
        return;
    }
    control_listener(c, sent);
    control_listener(c, later);

    /* Right beside the range a write is DMA. */
    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        volatile uint32_t *word = (volatile uint32_t *)(b.spa + PAGE_SIZE + (outside[i] & 0xfff));

        buf_canary(&b);
        if (!write_word(r, outside[i], 0x0d0a0000u + i, &result)) {
            return;
        }
        control_pos(c, !result && *word == 0x0d0a0000u + i,
                    "a write to 0x%llx, beside the range, is DMA", (unsigned long long)outside[i]);
    }
    expect_no_event(r, "writes beside the range");

    /* In it, it is a message. */
    buf_canary(&b);
    for (unsigned n = 1; n <= 3; n++) {
        if (!write_word(r, message_address(), VECTOR_SENT, &result)) {
            return;
        }
        (void)irq_wait(sent->count == n, AMDVI_WAIT_US / 4);
        expect_u64(c, "messages of the test device", n, sent->count);
    }
    for (unsigned i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        if (!write_word(r, inside[i], VECTOR_SENT, &result)) {
            return;
        }
        irq_window();
    }
    expect_true(c, buf_untouched_but(&b, 0, 0),
                "expected no write to the range to reach the mapped page");

    /* With a denying entry it is a message all the same (DTE-013), as IV=0. */
    if (!rig_attach(r, r->testdev, 0x0000000000000003ull, DOMAIN, 0, 0) ||
        !write_word(r, message_address(), VECTOR_LATER, &result)) {
        return;
    }
    (void)irq_wait(later->count == 1, AMDVI_WAIT_US / 4);
    expect_u64(c, "messages with IR=IW=0", 1, later->count);
    expect_no_event(r, "messages");

    own_entry(r, sent, later);
    large_page(r, sent);
}

RULE("AMDVI-RNG-002", "M", rng_reads_get_nothing, RULE_KEYS("2.1", "testdev"),
     "A read of FEE0_0000h to FEEF_FFFFh gets no memory contents, though the page table maps them; "
     "its event, if any, is INVALID_DEVICE_REQUEST")
{
    static const uint64_t inside[] = {0xfee00000ull, 0xfee00ffcull, 0xfee7f010ull, 0xfeeffffcull};
    struct rig *r = rig_begin(c);
    struct amdvi_pt pt;
    struct buf b;
    uint32_t word, result;

    if (!r || !buf_new(r, &b, PAGE_LOW, 2) || !rig_tree(r, &pt, 4) || !map_range(r, &pt, &b) ||
        !rig_attach_tree(r, r->testdev, &pt, DOMAIN)) {
        return;
    }
    for (uint64_t a = b.spa; a < b.spa + b.len; a += 4) {
        *(volatile uint32_t *)a = 0x5ec4e700u;
    }
    memory_barrier();
    control_pos(c,
                testdev_read(&env.testdev, 0xfedff000ull, &word, 4, &result) && !result &&
                    word == 0x5ec4e700u,
                "a read below the range gets the mapped page");
    control_neg(c, testdev_read(&env.testdev, 0xfef01000ull, &word, 4, &result) && result,
                "a read of a page that is not mapped is refused");
    rig_take_events(r);
    for (unsigned i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        if (!testdev_read(&env.testdev, inside[i], &word, 4, &result)) {
            rule_error(c, "the test device did not run: RESULT 0x%x", result);
            return;
        }
        expect_true(c, word != 0x5ec4e700u,
                    "0x%llx: expected nothing of the mapped page, actual %08x",
                    (unsigned long long)inside[i], word);
        /* Type 000b in 27:25 */
        expect_event_or_none(r, "a read of the range",
                             &(struct event_want){r->testdev, {0x80000000u}, inside[i], 4});
        if (i == 0) {
            observe(c, "abort", "%u", result != 0);
            observe(c, "records", "%u", r->event_count);
        }
    }
    expect_true(c, buf_untouched_but(&b, 0, b.len), "expected memory around the page untouched");
}
