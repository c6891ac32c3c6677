// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event log as a ring (docs/rules.md section 8).
 */
#include "arch/time.h"
#include "tests/env.h"
#include "tests/evt_rig.h"

RULE(
    "AMDVI-EVT-002", "A", evt_tail_protocol, RULE_KEYS("2.5", "testdev"),
    "A record is written at EvtTail, which then moves on by one entry; head equal to tail is empty")
{
    struct rig *r = evt_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !evt_ring(r, 8, 0)) {
        return;
    }

    struct amdvi *u = r->u;

    expect_u64(c, "EvtTail of the new log", 0, amdvi_read64(u, 0x2018));
    control_neg(c, evt_entry_empty(r, 0) && evt_entry_empty(r, 1),
                "the entries are empty before anything has faulted");
    /* Two laps and a bit; software is up to 6 entries behind. */
    for (unsigned n = 0; n < 530 && !rule_broken(c); n++) {
        unsigned index = n % 256, next = (n + 1) % 256;
        bool refused = evt_fault(r, n);

        if (n == 0) {
            control_pos(c, refused, "the access of 4 bytes is refused");
        }
        expect_true(c, evt_tail_is(r, next * 16ull),
                    "record %u: expected EvtTail 0x%x, actual 0x%llx", n, next * 16,
                    (unsigned long long)amdvi_read64(u, 0x2018));
        expect_true(c, evt_record_is(r, index, n), "record %u: expected it in entry %u", n, index);
        expect_true(c, evt_entry_empty(r, next), "record %u: expected entry %u, behind it, empty",
                    n, next);
        if (n % 7 == 6) {
            for (unsigned i = 0; i < 7; i++) {
                volatile uint64_t *e = (volatile uint64_t *)(u->evt_log + (n - i) % 256 * 16ull);

                e[0] = e[1] = 0;
            }
            amdvi_write64(u, 0x2010, next * 16ull);
            expect_u64(c, "EvtHead as software wrote it", next * 16ull, amdvi_read64(u, 0x2010));
        }
    }
    expect_true(c, evt_behind_untouched(r), "expected memory behind the ring untouched");

    /* What does not fault moves nothing. */
    rig_take_events(r);
    uint64_t tail = amdvi_read64(u, 0x2018);

    expect_u64(c, "EvtHead of the log that was read to its end", tail, amdvi_read64(u, 0x2010));
    if (rig_attach(r, r->testdev, 0, 0, 0, 0)) {
        control_pos(c, dma_probe(r, ENGINE_TESTDEV, TO_MEMORY, b.spa, &b, 0) == DMA_MOVED,
                    "a DMA that passes is done");
        expect_no_event(r, "a DMA that passes");
        expect_u64(c, "EvtTail after it", tail, amdvi_read64(u, 0x2018));
    }
}

RULE("AMDVI-EVT-003", "M", evt_int_for_every_entry, RULE_KEYS("2.5", "testdev"),
     "Every record written sets EventLogInt, with EventIntEn=0 as with 1")
{
    static const uint64_t controls[] = {0x1005, 0x100d, 0x1005};
    struct rig *r = evt_begin(c);

    if (!r || !evt_ring(r, 8, 0)) {
        return;
    }

    struct amdvi *u = r->u;
    unsigned n = 0;

    for (unsigned i = 0; i < sizeof(controls) / sizeof(controls[0]) && !rule_broken(c); i++) {
        amdvi_write64(u, 0x18, u->control | controls[i]);
        for (unsigned k = 0; k < 4 && !rule_broken(c); k++, n++) {
            amdvi_write64(u, 0x2020, EVT_INT);
            control_neg(c, !(amdvi_read64(u, 0x2020) & EVT_INT), "EventLogInt is 0 once cleared");
            control_pos(c, evt_fault(r, n), "the access is refused");
            expect_true(c, evt_tail_is(r, (n + 1) * 16ull), "expected a record of access %u", n);
            expect_true(c, wait_until(amdvi_read64(u, 0x2020) & EVT_INT, AMDVI_WAIT_US / 4),
                        "Control 0x%llx, record %u: expected EventLogInt=1, actual Status 0x%llx",
                        (unsigned long long)controls[i], n,
                        (unsigned long long)amdvi_read64(u, 0x2020));
        }
    }

    /* Not faults alone: an illegal command. */
    amdvi_write64(u, 0x2020, EVT_INT);
    amdvi_cmd_put(u, (struct amdvi_cmd){{0, 0, 0, 0}});
    amdvi_cmd_ring(u);
    expect_true(c, evt_tail_is(r, (n + 1) * 16ull), "expected a record of the illegal command");
    expect_true(c, wait_until(amdvi_read64(u, 0x2020) & EVT_INT, AMDVI_WAIT_US / 4),
                "illegal command: expected EventLogInt=1, actual Status 0x%llx",
                (unsigned long long)amdvi_read64(u, 0x2020));
}

RULE("AMDVI-EVT-008", "M", evt_log_off_writes_nothing, RULE_KEYS("2.5", "ide,testdev"),
     "EventLogEn=0: DMA is blocked, but nothing is written, and nothing comes later")
{
    struct rig *r = evt_begin(c);
    struct buf b;

    if (!r || !buf_new(r, &b, PAGE_LOW, 1) || !evt_ring(r, 8, 0)) {
        return;
    }

    struct amdvi *u = r->u;

    control_pos(c, evt_fault(r, 0), "the access is refused with the log on");
    expect_true(c, evt_tail_is(r, 0x10) && evt_record_is(r, 0, 0),
                "expected it to be recorded with EventLogEn=1");
    amdvi_write64(u, 0x2020, EVT_INT);
    if (!rig_attach(r, r->ide, 0x0000000000000003ull, 7, 0, 0)) {
        return;
    }
    control_neg(c, evt_entry_empty(r, 1), "and the next entry is empty");
    expect_true(c, evt_control(r, EVT_LOG_OFF), "expected EventLogRun=0 with EventLogEn=0");

    for (unsigned n = 1; n < 300 && !rule_broken(c); n++) {
        expect_true(c, evt_fault(r, n), "expected access %u to be refused with the log off", n);
    }
    expect_dma(r, DMA_BLOCKED, ENGINE_IDE, TO_MEMORY, b.spa, &b, 0, "log off, denying DTE");
    expect_dma(r, DMA_BLOCKED, ENGINE_TESTDEV, TO_MEMORY, 0x5000, &b, 0, "log off, empty table");
    /* A COMPLETION_WAIT follows all that, so what was to be written has been. */
    if (!amdvi_wait_completion(u, AMDVI_WAIT_US)) {
        rule_error(c, "no completion");
        return;
    }
    expect_true(c, !wait_until(amdvi_read64(u, 0x2018) != 0x10, AMDVI_WAIT_US / 100),
                "expected EvtTail 0x10 with the log off, actual 0x%llx",
                (unsigned long long)amdvi_read64(u, 0x2018));
    for (unsigned i = 1; i < 256; i++) {
        if (!evt_entry_empty(r, i)) {
            expect_true(c, false, "expected entry %u empty with the log off", i);
            break;
        }
    }
    expect_u64(c, "EventOverflow and EventLogInt with the log off", 0,
               amdvi_read64(u, 0x2020) & (EVT_OVERFLOW | EVT_INT));

    /* Lost, not queued. */
    expect_true(c, evt_control(r, EVT_LOG_ON), "expected EventLogRun=1 with EventLogEn=1");
    expect_true(c, !wait_until(amdvi_read64(u, 0x2018) != 0x10, AMDVI_WAIT_US / 100),
                "expected EvtTail 0x10 after EventLogEn=1, actual 0x%llx",
                (unsigned long long)amdvi_read64(u, 0x2018));
    (void)evt_fault(r, 1000);
    expect_true(c, evt_tail_is(r, 0x20),
                "expected EvtTail 0x20 after one more fault, actual 0x%llx",
                (unsigned long long)amdvi_read64(u, 0x2018));
    expect_true(c, evt_record_is(r, 1, 1000), "expected its record, and no older one, in entry 1");
}

RULE("AMDVI-EVT-015", "A", evt_ring_sizes_and_wrap, RULE_KEYS("2.5", "testdev"),
     "EventLen 8 to 15: 2^n entries, behind the last one EvtTail is 0")
{
    /* Where the tail is put, and where it is after each of 6 records. */
    static const struct {
        unsigned log2, start;
        uint64_t tails[6];
    } cases[] = {
        {8, 253, {0x00fe0, 0x00ff0, 0x00000, 0x10, 0x20, 0x30}},
        {9, 509, {0x01fe0, 0x01ff0, 0x00000, 0x10, 0x20, 0x30}},
        {10, 1021, {0x03fe0, 0x03ff0, 0x00000, 0x10, 0x20, 0x30}},
        {11, 2045, {0x07fe0, 0x07ff0, 0x00000, 0x10, 0x20, 0x30}},
        {12, 4093, {0x0ffe0, 0x0fff0, 0x00000, 0x10, 0x20, 0x30}},
        {13, 8189, {0x1ffe0, 0x1fff0, 0x00000, 0x10, 0x20, 0x30}},
        {14, 16381, {0x3ffe0, 0x3fff0, 0x00000, 0x10, 0x20, 0x30}},
        {15, 32765, {0x7ffe0, 0x7fff0, 0x00000, 0x10, 0x20, 0x30}},
        /* A smaller ring has ended here. */
        {9, 254, {0x00ff0, 0x01000, 0x01010, 0x01020, 0x01030, 0x01040}},
        {10, 510, {0x01ff0, 0x02000, 0x02010, 0x02020, 0x02030, 0x02040}},
        {15, 16382, {0x3fff0, 0x40000, 0x40010, 0x40020, 0x40030, 0x40040}},
    };
    struct rig *r = evt_begin(c);

    for (unsigned i = 0; r && i < sizeof(cases) / sizeof(cases[0]) && !rule_broken(c); i++) {
        unsigned log2 = cases[i].log2, start = cases[i].start;

        if (!evt_ring(r, log2, start)) {
            return;
        }
        control_neg(c, amdvi_read64(r->u, 0x2018) == start * 16ull,
                    "2^%u entries: EvtTail stays where it was put until something faults", log2);
        for (unsigned n = 0; n < 6 && !rule_broken(c); n++) {
            unsigned index = n == 0 ? start : (unsigned)(cases[i].tails[n - 1] / 16);
            bool refused = evt_fault(r, n);

            if (n == 0) {
                control_pos(c, refused, "the access is refused");
            }
            expect_true(c, evt_tail_is(r, cases[i].tails[n]),
                        "2^%u entries, record %u from entry %u: expected EvtTail 0x%llx, actual "
                        "0x%llx",
                        log2, n, start, (unsigned long long)cases[i].tails[n],
                        (unsigned long long)amdvi_read64(r->u, 0x2018));
            expect_true(c, evt_record_is(r, index, n),
                        "2^%u entries: expected record %u in entry %u", log2, n, index);
        }
        expect_true(c, evt_behind_untouched(r),
                    "2^%u entries: expected memory behind the ring untouched", log2);
        expect_u64(c, "EventOverflow", 0, amdvi_read64(r->u, 0x2020) & EVT_OVERFLOW);
    }

    /* Laps in full, software reading along. */
    for (unsigned log2 = 8; r && log2 <= 9 && !rule_broken(c); log2++) {
        unsigned entries = 1u << log2;

        if (!evt_ring(r, log2, 0)) {
            return;
        }
        for (unsigned n = 0; n < 2 * entries + 5 && !rule_broken(c); n++) {
            unsigned next = (n + 1) % entries;

            (void)evt_fault(r, n);
            expect_true(c, evt_tail_is(r, next * 16ull),
                        "lap of 2^%u entries, record %u: expected EvtTail 0x%x, actual 0x%llx",
                        log2, n, next * 16, (unsigned long long)amdvi_read64(r->u, 0x2018));
            expect_true(c, evt_record_is(r, n % entries, n),
                        "lap of 2^%u entries: expected record %u in entry %u", log2, n,
                        n % entries);
            amdvi_write64(r->u, 0x2010, next * 16ull);
        }
    }
}
