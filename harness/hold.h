// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of a disk that are to be held: which ones, and what has become of each. No I/O, no
// clock and no lock: nbd.c asks for each request of the emulator, nbd_disk.c locks and tells time.
#pragma once

#include <glib.h>

// Holds that are known at a time.
#define HOLD_MAX     16
// Characters of a tag: small letters, digits and hyphens.
#define HOLD_TAG_MAX 16
// The longest time that an armed release may wait, in milliseconds.
#define HOLD_MS_MAX  60000

typedef enum { HOLD_READ, HOLD_WRITE } HoldKind;

typedef enum {
    HOLD_FREE,     // the slot is not used
    HOLD_WAITING,  // no request has come
    HOLD_HELD,     // one has, and is held
    HOLD_RELEASED, // it was let go
    HOLD_UNMET,    // taken back before a request came
} HoldState;

typedef struct {
    HoldState state;
    char tag[HOLD_TAG_MAX + 1];
    HoldKind kind;
    guint64 offset, length; // of the range, in bytes
    guint requests;         // that touched the range since the hold was made
    gboolean error;         // how it was released: the request fails
    gint64 deadline;        // of an armed release, monotonic microseconds; 0: none is armed
    gboolean armed_error;   // how that one will be
} Hold;

typedef struct {
    Hold holds[HOLD_MAX];
    gboolean closed; // nothing is held any more
} HoldTable;

// "waiting", "held", "released", "unmet".
const char *hold_state_name(HoldState state);

// The hold that was made last with this tag, or NULL and a sentence in `why`.
Hold *hold_find(HoldTable *table, const char *tag, GString *why);

// From now on the first request of `kind` that touches the range is held. FALSE and a sentence in
// `why` if the tag is none or in use, another hold of this kind touches the range, all slots are
// taken, or the table is closed.
gboolean hold_add(HoldTable *table, const char *tag, HoldKind kind, guint64 offset, guint64 length,
                  GString *why);

// A request has come: counts it, and returns the hold that keeps it, or NULL if it may go on.
Hold *hold_meet(HoldTable *table, HoldKind kind, guint64 offset, guint64 length);

// Lets go what is held, as a success or an error; what has met no request is taken back. FALSE and
// a sentence in `why` if there is nothing to let go.
gboolean hold_release(HoldTable *table, const char *tag, gboolean error, GString *why);

// The same at `deadline`, unless it is released before. A second call takes the place of the first.
gboolean hold_arm(HoldTable *table, const char *tag, gboolean error, gint64 deadline, GString *why);

// The earliest armed deadline, or 0 if there is none.
gint64 hold_next_deadline(const HoldTable *table);

// Releases what is due at `now`. TRUE if anything was.
gboolean hold_expire(HoldTable *table, gint64 now);

// Releases everything, as successes, and holds nothing any more.
void hold_close(HoldTable *table);

// How many wait for a request or hold one.
guint hold_in_force(const HoldTable *table);
