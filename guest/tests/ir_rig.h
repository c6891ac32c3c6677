// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of interrupt remapping share: messages of the test device under a device table
 * entry and an interrupt table of the rule's own, and what arrives where.
 */
#ifndef TESTS_IR_RIG_H
#define TESTS_IR_RIG_H

#include "tests/irq_rig.h"

/* Vectors: where the entry under test leads, where all others do, and what surely comes at last, of
 * lower priority than both. */
#define IR_VECTOR_MOVED 0x92
#define IR_VECTOR_WRONG 0x73
#define IR_VECTOR_LATER 0x41

#define IR_DOMAIN 0x0d5a

/* q0 of the entry: V=1, TV=1, Mode 0, IR=IW=1. q2: IV=1, IntTabLen=9 (512 entries), IntCtl=10. */
#define IR_Q0 0x6000000000000003ull
#define IR_Q2 0x2000000000000013ull

/* The largest table: 2048 entries of 16 bytes */
#define IR_TABLE_BYTES 0x8000u

struct ir {
    struct rig *r;
    struct listener *moved, *wrong, *later;
    uint64_t table; /* zeroed, with as much zeroed memory behind it */
};

/** irq_rig_begin(), listeners and a table. Returns false, and the rule is an error, if that is not
 * to be had. */
bool ir_begin(struct ir *x, struct check *c);

/** Entry @index of 4 bytes, by hand: 31:24 0, vector, destination, 7:0 as @low says. */
void ir_entry(const struct ir *x, unsigned index, uint32_t low, uint8_t dest, uint8_t vector);

/** Entry @index of 16 bytes: low qword destination 15:8 and @low, high qword vector. */
void ir_entry_ga(const struct ir *x, unsigned index, uint32_t low, uint8_t dest, uint8_t vector);

/** All @count entries of 4 bytes lead to IR_VECTOR_WRONG on this CPU. */
void ir_fill_wrong(const struct ir *x, unsigned count);

/**
 * One message of the test device under the device table entry @q0, @q2, and then one that surely
 * comes. The counts of the listeners are of this message alone. The device's domain is IR_DOMAIN.
 * Returns false, and the rule is an error, if the device cannot send it.
 */
bool ir_send(struct ir *x, uint64_t q0, uint64_t q2, uint64_t addr, uint16_t data);

/** As ir_send(), with all of the entry but its last quadword, which is 0. */
bool ir_send_entry(struct ir *x, const uint64_t q[3], uint64_t addr, uint16_t data);

/** One message for FEE0_0000h with the data @index, as the device is attached. */
bool ir_fire(struct ir *x, unsigned index);

/* An entry that leads to IR_VECTOR_LATER as long as the device stays attached. */
#define IR_LATER 0x1f0u

/**
 * As ir_send(), for a device that stays attached: the message that surely comes goes by entry
 * IR_LATER. So nothing but what the rule did itself brings a change into force.
 */
bool ir_send_attached(struct ir *x, unsigned index);

/** ir_send() under IR_Q0, IR_Q2 and the table, for FEE0_0000h. */
bool ir_send_index(struct ir *x, unsigned index);

/** As ir_send_index(), and demand one message at IR_VECTOR_MOVED and none at IR_VECTOR_WRONG. */
void ir_expect_moved(struct ir *x, unsigned index, const char *what);

/** As ir_send_index(), and demand no message. */
void ir_expect_dropped(struct ir *x, unsigned index, const char *what);

/** One IO_PAGE_FAULT of the test device with I=1, PR=0 and its domain; RW and the address are not
 * looked at (EVT-011). */
void ir_expect_fault(struct ir *x, const char *what);

/* IO_PAGE_FAULT with I=1: dw1 for the causes that are known before an entry is valid, and for an
 * entry that has RemapEn=1 and is not right (docs/rules.md section 8). RW is undefined. */
#define IR_FAULT_ABSENT   (0x20080000u | IR_DOMAIN)
#define IR_FAULT_RESERVED (0x20980000u | IR_DOMAIN)
#define IR_FAULT_RW       0x00200000u
#define IR_FAULT_RZ       0x00800000u

/**
 * Exactly @count records, each of DeviceID @devid with dw1 = @dw1 but for the bits of @free, and
 * with one of the addresses that EVT-011 names for an interrupt.
 */
void ir_expect_records(struct ir *x, unsigned count, uint16_t devid, uint32_t dw1, uint32_t free,
                       const char *what);

/* Control: GAEn, XTEn, IntCapXTEn */
#define IR_GA        0x20000ull
#define IR_XT        0x4000000000000ull
#define IR_INTCAP_XT 0x8000000000000ull

/** With IommuEn=0 set these of the three bits and clear the others, until the rule ends; then
 * enable again. False: the rule is an error. */
bool ir_mode(struct rig *r, uint64_t bits);

#endif
