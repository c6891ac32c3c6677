// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a rule notes of the moments of a transfer that is under way, for the picture that the
 * harness draws of it (docs/timelines.md). Noting costs a few hundred instructions and no output:
 * the records are written when the rule ends.
 *
 * Functions that rules of all kinds share may note: what is not about a transfer is dropped.
 */
#ifndef CHECK_MARK_H
#define CHECK_MARK_H

enum mark_event {
    MARK_START,     /* of the transfer, by the guest */
    MARK_ENTRY,     /* an entry of a table is changed */
    MARK_ARM,       /* the host is told to let the transfer go on later */
    MARK_QUEUE,     /* a command is put into the ring */
    MARK_DOORBELL,  /* the tail is written */
    MARK_COMPLETE,  /* a completion has been seen, the first one */
    MARK_GIVE,      /* the pages have a new owner, and his data */
    MARK_RELEASE,   /* the host is told to let the transfer go on now */
    MARK_END,       /* of the transfer; its effects are looked at from now on */
    MARK_UNCHANGED, /* the new owner's data is as he put it */
    MARK_CHANGED,   /* it is not, or has got to where it must not */
    MARK_EVENTS
};

/**
 * A transfer is going to be started, and held: what is noted from now on is about it. Another call
 * means the same one, as of a second part that is held, until its completion has been seen, its
 * pages were given away, or it has ended.
 */
void mark_open(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * Note that this happens now. Of a transfer all is kept up to its end, but what is found only after
 * the pages were given away; after the end only what is found, until pages are given away again.
 */
void mark(enum mark_event e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Write the records of the rule @id and forget them. */
void mark_report(const char *id);

#endif
