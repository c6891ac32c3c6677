// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a test file writes: RULE(), expectations, controls, observations.
 *
 * A test says nothing about pass or fail: it states what it expected and what it saw, and the
 * verdict follows. It has to make at least one control of each kind, or the harness takes no pass
 * from it (docs/writing-tests.md).
 */
#ifndef CHECK_RULE_H
#define CHECK_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check;

struct rule {
    const char *meta; /* one line, ends with a newline, no NUL */
    void (*run)(struct check *c);
};

/*
 * Define a test: RULE("AMDVI-PT-002", "A", pt_not_present_faults, "ref=2.2.3 needs=ide,testdev
 * hw-safe=yes may-kill=no " "controls=both timeout-ms=5000", "Title") { ... }  The metadata stands
 * once, in a section of its own that the build extracts for the harness, and the kernel reads the
 * same bytes (docs/results-format.md section 3).
 */
#define RULE(id, tag, name, keys, title)                                                      \
    static void name(struct check *c);                                                        \
    __attribute__((section(".rulemeta"), used, aligned(1))) static const char                 \
        name##_meta[sizeof(id " " tag " " #name " " keys " | " title "\n") - 1] =             \
            id " " tag " " #name " " keys " | " title "\n";                                   \
    __attribute__((section("check_registry"), used)) static const struct rule name##_rule = { \
        name##_meta, name};                                                                   \
    static void name(struct check *c)

/* The usual keys; a test spells out what differs. */
#define RULE_KEYS(ref, needs) \
    "ref=" ref " needs=" needs " hw-safe=yes may-kill=no controls=both timeout-ms=10000"

/** A value must be @expected. On a difference the rule fails and both values are reported under
 * @what. */
void expect_u64(struct check *c, const char *what, uint64_t expected, uint64_t actual);

/** A statement must be true; the text says what was expected, and with which values it was not so.
 */
void expect_true(struct check *c, bool ok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A positive control: what ought to work works. If not, the rule is an error: the test could not
 * have seen anything. */
void control_pos(struct check *c, bool ok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A negative control: the opposite outcome is possible here and would have been seen. */
void control_neg(struct check *c, bool ok, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** An observed value, for comparison between machines. @key: letters, digits, '_', '.'. */
void observe(struct check *c, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A line for people. */
void note(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The rule's condition is absent on this machine; the text names the register and the value.
 * Return after it. */
void rule_skip(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Test or surroundings are in trouble, so nothing can be said. Return after it. After a failed
 * expectation it is only a line for people: the failure stands.
 */
void rule_error(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The rule's ID, "AMDVI-PT-002". */
const char *rule_id(const struct check *c);

/** Has anything failed or gone wrong so far? To leave loops that would only repeat it. */
bool rule_broken(const struct check *c);

/** Call @fn(@arg) when the rule ends, however it ends, an exception included. At most 4; last one
 * first. */
void rule_at_end(struct check *c, void (*fn)(void *arg), void *arg);

/* What a rule may keep across a reset. */
#define RULE_KEPT_MAX 256

/**
 * Have the host reset the machine. The kernel that starts then calls the rule again, to go on from
 * @kept. A rule that does so has may-kill=yes. What it has asked for by rule_at_end() is forgotten.
 * Returns only where the machine was not reset: the rule is then an error.
 */
void rule_reset_machine(struct check *c, const void *kept, size_t len);

/**
 * Is this the call after the reset? @kept then gets what the rule has kept. No device has been
 * touched since, and no memory above 4 GiB.
 */
bool rule_was_reset(struct check *c, void *kept, size_t len);

/** After a reset: look for the devices, as is done before any other rule. False: the rule is an
 * error. */
bool rule_find_devices(struct check *c);

#endif
