// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests share: a known state to start from, buffers whose every byte is watched, DMA by
 * either device with an outcome judged from memory and disk, and the event log.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "check/rule.h"
#include "drivers/amdvi/amdvi.h"
#include "drivers/amdvi/pte.h"
#include "drivers/testdev/testdev.h"
#include "lib/page_alloc.h"

/*
 * The event ring of a rig: large, since an emulator may log a refused sector in pieces of 4 bytes
 * (EVT-012), and a log that overflows hides what comes after.
 */
#define RIG_EVENTS_LOG2 13
#define RIG_EVENTS_MAX  (1u << RIG_EVENTS_LOG2)

/* Every translated domain of a rig maps the PRD table here, since the IDE controller reads it
 * through the IOMMU. */
#define RIG_PRDT_IOVA 0x7000u

enum direction { TO_MEMORY, FROM_MEMORY, DIRECTION_COUNT };

/* Why an access faults: the rows of the table of walk failures (docs/rules.md section 4). */
enum fault {
    FAULT_NOT_PRESENT,
    FAULT_DENIED,    /* IR or IW, of any level or of a DTE whose Mode is not 0 */
    FAULT_RESERVED,  /* a reserved bit */
    FAULT_BAD_LEVEL, /* NextLevel not below the level, or a bad size code */
    FAULT_SKIPPED,   /* a bit of a skipped level is set in the IOVA */
    FAULT_TOO_WIDE,  /* the IOVA has a bit that no level takes */
    FAULT_NO_TABLE,  /* TV=0 */
    FAULT_MODE0,     /* IR or IW of a DTE whose Mode is 0 */
    FAULT_COUNT
};

/* What the records of a rule had where the rules leave a choice. */
struct fault_seen {
    uint8_t flags[FAULT_COUNT][DIRECTION_COUNT]; /* bit n: the n-th value of the table */
    bool access, page;                           /* low address bits: the access's, all 0 */
    uint32_t viommu;                             /* dw0[31:20] */
};

struct rig {
    struct check *c;
    struct amdvi *u;
    uint16_t ide;       /* DeviceID of the IDE controller */
    uint16_t testdev;   /* DeviceID of the test device */
    uint64_t prdt;      /* page of the PRD table */
    uint32_t prdt_iova; /* where the controller finds it: RIG_PRDT_IOVA, or its address where
                           nothing translates */
    bool used[2];       /* engines that moved data in this rule */
    bool quiet;         /* dma() writes no line about a wrong outcome */
    bool event_missed; /* an event did not come in time, so the next ones are not waited for as long
                        */
    uint64_t nonce;    /* makes each transfer's data different from all others */
    struct amdvi_event events[RIG_EVENTS_MAX];
    unsigned event_count;
    struct fault_seen seen;
};

/**
 * From a known state: IOMMU disabled, new zeroed tables and rings (256 commands, 8192 events),
 * enabled, everything flushed, event log empty, all devices passing through (V=0). Ends by itself
 * with the rule. NULL if that is not to be had; the rule is then an error.
 */
struct rig *rig_begin(struct check *c);

/* A block of whole pages with a page before and a page behind it; all of it holds a canary that
 * depends on the address. */
struct buf {
    uint64_t spa; /* of the block */
    uint32_t len;
};

/** A new canary buffer of @pages pages in @zone. Returns false (and the rule is an error) without
 * memory. */
bool buf_new(struct rig *r, struct buf *b, enum page_zone zone, unsigned pages);

/** Write the canary into all of it, neighbours included. */
void buf_canary(const struct buf *b);

/** The byte that the canary has at @addr. */
uint8_t buf_canary_byte(uint64_t addr);

/** Does the quadword at @addr, a multiple of 8, hold the canary? */
bool buf_canary_intact(uint64_t addr);

/** Is everything but [@off, @off+@len) still the canary? */
bool buf_untouched_but(const struct buf *b, uint32_t off, uint32_t len);

enum engine { ENGINE_IDE, ENGINE_TESTDEV, ENGINE_COUNT };
enum outcome {
    DMA_MOVED,   /* exactly the data, exactly there, nothing else changed */
    DMA_BLOCKED, /* no memory changed, no memory contents reached the device */
    DMA_WRONG,   /* anything else; a diag line tells */
    DMA_BROKEN,  /* the device did not run or did not end; the rule is an error */
};

/**
 * The engines that a rule goes through, 0 to engines()-1: all, or the IDE controller alone where
 * there is no test device, as on an emulator of somebody else.
 */
enum engine engines(void);

/** "IDE read", "testdev write", ...: what the engine does as the direction says. */
const char *dma_name(enum engine e, enum direction d);

/**
 * Move @len bytes between the device and IOVA @iova and judge by what happened to [@off, @off+@len)
 * of @b, which is where the IOVA is meant to lead. IDE: @len is a multiple of 512, at most 4096,
 * and @iova < 4 GiB; TO_MEMORY reads sectors of the disk, FROM_MEMORY writes to its scratch area
 * and reads back by PIO.
 */
enum outcome dma(struct rig *r, enum engine e, enum direction d, uint64_t iova, const struct buf *b,
                 uint32_t off, uint32_t len);

/** As dma() with the length that suits the engine (IDE 512, test device 16), at offset @off of @b.
 */
enum outcome dma_probe(struct rig *r, enum engine e, enum direction d, uint64_t iova,
                       const struct buf *b, uint32_t off);

/** How many bytes dma_probe() moves. */
uint32_t dma_probe_bytes(enum engine e);

/** A DMA whose outcome is demanded; the rule fails if it is another one. @what: the circumstances.
 */
void expect_dma(struct rig *r, enum outcome want, enum engine e, enum direction d, uint64_t iova,
                const struct buf *b, uint32_t off, const char *what);

/** Write all four quadwords of a DTE as they stand, flush the device and @q1's domain. False: the
 * rule is an error. */
bool rig_attach(struct rig *r, uint16_t devid, uint64_t q0, uint64_t q1, uint64_t q2, uint64_t q3);

/**
 * An empty tree of @mode levels in which only the PRD table is mapped, and where the IDE controller
 * finds it from now on.
 */
bool rig_tree(struct rig *r, struct amdvi_pt *pt, unsigned mode);

/**
 * Attach device @devid to @pt as domain @domain with both rights. The DTE is put together from the
 * rule's own literals: q0 = 6000_0000_0000_0003h | mode << 9 | root.
 */
bool rig_attach_tree(struct rig *r, uint16_t devid, const struct amdvi_pt *pt, uint16_t domain);

/** Flush @domain wholly and wait. False: the rule is an error. */
bool rig_flush(struct rig *r, uint16_t domain);

/**
 * One write of 4 bytes by @t, a test device that need not be the rig's own. Returns whether the
 * device saw no error; false, and the rule is an error, if it did not run.
 */
bool rig_write_word(struct rig *r, struct testdev *t, uint64_t iova, uint32_t word);

/** Write an entry of a table and make it visible to the IOMMU before anything that follows. */
void rig_store(volatile uint64_t *slot, uint64_t value);

/**
 * Let what is under way arrive (a COMPLETION_WAIT, and no new record for a while), then take what
 * the event log holds into r->events. A log that has overflowed makes the rule an error.
 */
void rig_take_events(struct rig *r);

/** There must be no record in the log, also after what is under way has arrived. */
void expect_no_event(struct rig *r, const char *what);

/* Records of one access: all 128 bits, but for dw0[31:20], which are not tested (EVT-001). */
struct event_want {
    uint32_t dw0;     /* bits 19:0 */
    uint32_t dw1[6];  /* values that the rules name, ended by 0 */
    uint64_t address; /* of the access */
    uint32_t len;     /* its bytes; 0: the address has to be this one exactly */
};

/**
 * At least one record has to come within a limit. All have to be as @want says, with the address of
 * a dword of the access, or of the page it lies in (EVT-011), and there may be no more of them than
 * the access touches lines of 64 bytes (EVT-012).
 */
void expect_event(struct rig *r, const char *what, const struct event_want *want);

/** No record, or records as expect_event() wants them. */
void expect_event_or_none(struct rig *r, const char *what, const struct event_want *want);

/**
 * The IO_PAGE_FAULTs of an access of @len bytes at @iova, as expect_event(). Of flags for which the
 * table leaves more than one value each is accepted, and the end of the rule reports which came.
 */
void expect_fault(struct rig *r, const char *what, uint16_t devid, uint16_t domain,
                  enum fault fault, enum direction d, uint64_t iova, uint32_t len);

/** The same, or no record: for rules that stand for the block, whatever is logged. */
void expect_fault_or_none(struct rig *r, const char *what, uint16_t devid, uint16_t domain,
                          enum fault fault, enum direction d, uint64_t iova, uint32_t len);

/** As expect_fault(), for the IDE controller's read of its PRD table, with which every request
 * begins. */
void expect_table_fault(struct rig *r, const char *what, uint16_t domain, enum fault fault);

/** Report what the records of this rule had where the rules leave a choice. */
void observe_faults(const struct rig *r);

/** dma_probe() for a control that expects something else than DMA_MOVED: true if so, and no line
 * about it. */
bool dma_misses(struct rig *r, enum engine e, enum direction d, uint64_t iova, const struct buf *b);

/** DeviceID of the engine. */
uint16_t engine_devid(const struct rig *r, enum engine e);

#endif
