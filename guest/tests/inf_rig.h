// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests share that queue several COMPLETION_WAITs behind the flush of pages that a held
 * transfer still uses (docs/rules.md section 7.1).
 *
 * Whoever sees the first sign of a completion owns the pages, and writes to them at once. So nobody
 * has to say what "early" is: the old transfer changes the new owner's pages, or it does not.
 */
#ifndef TESTS_INF_RIG_H
#define TESTS_INF_RIG_H

#include "tests/cmd_rig.h"
#include "tests/hold_rig.h"

#define INF_TAG "old"

/* COMPLETION_WAIT: bits 2:0 of dw0 */
#define INF_STORE 1u
#define INF_INT   2u
#define INF_FLUSH 4u

/* What a ring of 256 entries can hold. */
#define INF_WAITS_MAX 255u

/* Until CPU 1 has rung: if the emulator stands still over it, until the host lets the transfer go.
 */
#define INF_RING_US (HOLD_RELEASE_MS * 1000u + 5000000u)

struct inf {
    struct ide_rig t;
    struct check *c;
    uint64_t found[HOLD_PAGES];    /* entries of the pages before they were unmapped */
    volatile uint64_t *words;      /* wait n stores to words[n] */
    unsigned count;                /* waits queued */
    uint8_t flags[INF_WAITS_MAX];  /* of each */
    uint8_t stores[INF_WAITS_MAX]; /* that were seen of each */
    unsigned wrong, disorder;      /* stores of other data; seen without those before them */
    bool taken;                    /* the pages are the new owner's */
    volatile bool rang;            /* CPU 1 has, for the first time */
    struct hold_sight sight;
};

/** From a known state, with the controls of waits. False: the rule is an error. */
bool inf_begin(struct check *c, struct inf *q);

/**
 * A disk read is under way and held, its pages are unmapped, and INVALIDATE_IOMMU_PAGES for them is
 * in the ring; the doorbell is not rung. False: the rule is an error.
 */
bool inf_hold(struct inf *q);

/** Put the next COMPLETION_WAIT, which stores to a word of its own if @flags has INF_STORE. */
void inf_put(struct inf *q, uint32_t flags);

/** The new owner takes the pages, unless he has them. */
void inf_take(struct inf *q);

/**
 * Take the stores that have come out of their words, so that one that comes again is seen again.
 * The first one hands over the pages. Returns whether the new owner has them.
 */
bool inf_scan(struct inf *q);

/**
 * Have CPU 1 do @fn, or this one where there is no other, and return when it says in @rang that it
 * has rung, or a store is seen: a host may keep it from its doorbell for longer than a completion
 * is looked for. False: the rule is an error.
 */
bool inf_elsewhere(struct inf *q, void (*fn)(void *arg), void *arg);

/** Ring the doorbell on CPU 1, for struct hold_watch. */
bool inf_ring_elsewhere(void *inf);

/** Ring it on CPU 1, and watch the words until there is a store; as hold_await(). */
bool inf_await(struct inf *q);

/** The same with another bell, or other signs. */
bool inf_await_by(struct inf *q, const struct hold_watch *w);

/**
 * Let the transfer go, where that has not been done, and wait for its end: are the pages as their
 * new owner has left them? False: the rule has failed or is an error.
 */
bool inf_judge_pages(struct inf *q, const char *what);

/** Have all of the first @count waits stored once, in order, each its own data, and no other? */
bool inf_judge_waits(struct inf *q, unsigned count, const char *what);

/**
 * The waits that were queued, with the ring worked off and the pages mapped again: everything is as
 * inf_hold() wants it. False: the rule has failed or is an error.
 */
bool inf_judge_rest(struct inf *q, const char *what);

/** inf_judge_pages(), then inf_judge_rest(). */
bool inf_judge(struct inf *q, const char *what);

/** The pages are mapped again. False: the rule is an error. */
bool inf_restore(struct inf *q);

#endif
