// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest may do to a harness that trusts it.
 */
#ifndef FOOL_MISDEED_H
#define FOOL_MISDEED_H

#include <stdbool.h>

/* Points of the guest's course at which something can go wrong. */
enum moment {
    AT_BOOT,       /* before the first line */
    BEFORE_PLAN,   /* the platform's facts are told, the plan is not */
    INSIDE_RULE,   /* of the victim, after `begin`, before its controls */
    AFTER_RULE,    /* the victim has ended, the next rule has not begun */
    BEFORE_DONE,   /* all rules have ended */
    AFTER_DONE,    /* all is told, the exit value is not */
    MOMENTS_COUNT, /* not a moment */
};

/**
 * Do what the command line's fool=NAME asks for at this moment, or nothing. May not return.
 * @rule: ID of the rule that is open or has just ended; "" where there is none.
 */
void misdeed_at(enum moment moment, const char *rule);

/** Choose the misdeed. Returns false if there is none called @name. */
bool misdeed_choose(const char *name);

/** Is the misdeed @name the chosen one? For those that change what is told and not the course. */
bool misdeed_is(const char *name);

#endif
