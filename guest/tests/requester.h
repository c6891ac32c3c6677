// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All devices of the machine that can be made to fault, behind one tree of four levels, each in a
 * domain of its own: for rules about events, which must not depend on who made the request.
 */
#ifndef TESTS_REQUESTER_H
#define TESTS_REQUESTER_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/testdev/testdev.h"
#include "tests/nic.h"
#include "tests/rig.h"

enum requester {
    REQUESTER_IDE,
    REQUESTER_TESTDEV,
    REQUESTER_RTL8139,
    REQUESTER_FAR, /* a test device behind a bridge */
    REQUESTER_COUNT
};

struct requesters {
    struct rig *r;
    struct nic n; /* the card, whose tree is everyone's */
    struct testdev far;
    struct buf b; /* one page below 4 GiB, which the good entries lead to */
    struct {
        bool here;
        uint16_t devid;
    } who[REQUESTER_COUNT];
};

/**
 * rig_begin(), and a tree in which a page is mapped at requester_iova() of each, with both rights
 * in every entry. Nobody is attached. False: the rule is an error.
 */
bool requesters_begin(struct requesters *q, struct check *c);

/** Where the page is mapped: above 512 GiB for who has 64-bit addresses. */
uint64_t requester_iova(enum requester w);

/** Does it have 64-bit addresses? */
bool requester_is_wide(enum requester w);

/** DomainID, different in every half byte. */
uint16_t requester_domain(enum requester w);

/** "IDE READ DMA", "RTL8139 transmit", ...: what the requester does as the direction says. */
const char *requester_name(enum requester w, enum direction d);

/** Report which requesters there are. */
void observe_requesters(const struct requesters *q);

/** How many bytes its request has. */
uint32_t requester_bytes(enum requester w, enum direction d);

/** The entry of the page of requester_iova() in the table of a level. */
volatile uint64_t *requester_slot(struct requesters *q, enum requester w, unsigned level);

/** Attach it to the tree. False: the rule is an error. */
bool requester_attach(struct requesters *q, enum requester w);

/**
 * One request at @iova, judged by what happened to the page: DMA_MOVED, DMA_BLOCKED or DMA_WRONG.
 * The card's writes need its transmit window, so all of the tree but @iova has to be good for them.
 */
enum outcome requester_try(struct requesters *q, enum requester w, enum direction d, uint64_t iova);

/**
 * Report which requesters there are, attach all of them, and make requester_controls() of each.
 * False if the rule is broken.
 */
bool requesters_ready(struct requesters *q);

/** Controls for one requester that is attached: the page is reached both ways without an event, and
 * the page behind it, which is not mapped, is not. False if the rule is broken. */
bool requester_controls(struct requesters *q, enum requester w);

#endif
