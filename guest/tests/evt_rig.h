// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the event ring share: a ring of any length with a watched page behind it, one
 * fault at a time, and a look at single records.
 */
#ifndef TESTS_EVT_RIG_H
#define TESTS_EVT_RIG_H

#include "tests/rig.h"

/* Domain in which the test device has an empty table: every access of it faults. */
#define EVT_DOMAIN 0x1e57

/* Page of the n-th fault: each has its own. */
#define EVT_IOVA(n) (0x300000000ull + (uint64_t)(n)*0x1000)

/* Control: IommuEn, CmdBufEn, and with or without EventLogEn. */
#define EVT_LOG_OFF 0x1001ull
#define EVT_LOG_ON  0x1005ull

/* Status */
#define EVT_OVERFLOW 0x1ull
#define EVT_INT      0x2ull
#define EVT_RUN      0x8ull

/** rig_begin(), and every access of the test device faults. NULL: the rule is an error. */
struct rig *evt_begin(struct check *c);

/** Have every access of the test device fault. False: the rule is an error. */
bool evt_attach(struct rig *r);

/**
 * Logging off, a new zeroed event log of 2^@log2 entries (8..15) with a page of canary behind it,
 * EvtHead = EvtTail = @start entries, logging on. Returns false if that is not to be had; the rule
 * is then an error.
 */
bool evt_ring(struct rig *r, unsigned log2, unsigned start);

/** The same with EvtHead = @head and EvtTail = @tail: as if software had not read what lies between
 * them, all zeroes. */
bool evt_ring_unread(struct rig *r, unsigned log2, unsigned head, unsigned tail);

/** Write Control, with what the IVHD asks for besides, and wait, with a limit, until EventLogRun
 * follows EventLogEn. Returns whether it does. */
bool evt_control(struct rig *r, uint64_t control);

/** Is the page behind the ring as it was? */
bool evt_behind_untouched(const struct rig *r);

/** The test device writes 4 bytes in the page of fault @n, which must be refused. Returns whether
 * it was; does not wait for the record. */
bool evt_fault(struct rig *r, unsigned n);

/** Wait until EvtTail is @tail (in bytes), with a limit. Returns whether it is. */
bool evt_tail_is(struct rig *r, uint64_t tail);

/** Does entry @index of the ring hold the record of fault @n? If not, a line says what is there. */
bool evt_record_is(struct rig *r, unsigned index, unsigned n);

/** Is entry @index of the ring all zero? */
bool evt_entry_empty(const struct rig *r, unsigned index);

/** Zero one entry. */
void evt_zero(struct rig *r, unsigned index);

/** Zero the whole ring (what software does with entries it has read: EVT-002). */
void evt_wipe(struct rig *r);

#endif
