// SPDX-License-Identifier: GPL-2.0-or-later
#include "hold.h"

#include <string.h>

static gboolean in_force(const Hold *hold)
{
    return hold->state == HOLD_WAITING || hold->state == HOLD_HELD;
}

static gboolean touches(const Hold *hold, HoldKind kind, guint64 offset, guint64 length)
{
    return hold->state != HOLD_FREE && hold->kind == kind && offset < hold->offset + hold->length &&
           hold->offset < offset + length;
}

static gboolean is_tag(const char *text)
{
    gsize length = strlen(text);

    return length > 0 && length <= HOLD_TAG_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static Hold *lookup(HoldTable *table, const char *tag)
{
    for (gsize i = 0; i < HOLD_MAX; i++) {
        if (table->holds[i].state != HOLD_FREE && strcmp(table->holds[i].tag, tag) == 0) {
            return &table->holds[i];
        }
    }
    return NULL;
}

const char *hold_state_name(HoldState state)
{
    static const char *const names[] = {"free", "waiting", "held", "released", "unmet"};

    return names[state];
}

Hold *hold_find(HoldTable *table, const char *tag, GString *why)
{
    Hold *hold = is_tag(tag) ? lookup(table, tag) : NULL;

    if (!hold) {
        g_string_append_printf(why, "there is no hold '%.*s'", HOLD_TAG_MAX, tag);
    }
    return hold;
}

// A free slot, or that of a hold that is over. What was let go has left the table's hands, so
// nothing refers to its slot.
static Hold *take_slot(HoldTable *table)
{
    for (gsize i = 0; i < HOLD_MAX; i++) {
        if (table->holds[i].state == HOLD_FREE) {
            return &table->holds[i];
        }
    }
    for (gsize i = 0; i < HOLD_MAX; i++) {
        if (!in_force(&table->holds[i])) {
            return &table->holds[i];
        }
    }
    return NULL;
}

gboolean hold_add(HoldTable *table, const char *tag, HoldKind kind, guint64 offset, guint64 length,
                  GString *why)
{
    if (table->closed) {
        g_string_append(why, "the boot is over, nothing is held any more");
        return FALSE;
    }
    if (!is_tag(tag)) {
        g_string_append_printf(why, "a tag has 1 to %d small letters, digits and hyphens",
                               HOLD_TAG_MAX);
        return FALSE;
    }
    for (gsize i = 0; i < HOLD_MAX; i++) {
        const Hold *other = &table->holds[i];

        if (in_force(other) &&
            (strcmp(other->tag, tag) == 0 || touches(other, kind, offset, length))) {
            g_string_append_printf(why, "the hold '%s' is still in force", other->tag);
            return FALSE;
        }
    }

    Hold *hold = lookup(table, tag);

    hold = hold ? hold : take_slot(table);
    if (!hold) {
        g_string_append_printf(why, "there are %d holds already", HOLD_MAX);
        return FALSE;
    }
    *hold = (Hold){.state = HOLD_WAITING, .kind = kind, .offset = offset, .length = length};
    memcpy(hold->tag, tag, strlen(tag));
    return TRUE;
}

Hold *hold_meet(HoldTable *table, HoldKind kind, guint64 offset, guint64 length)
{
    Hold *keeper = NULL;

    for (gsize i = 0; i < HOLD_MAX; i++) {
        Hold *hold = &table->holds[i];

        if (!touches(hold, kind, offset, length)) {
            continue;
        }
        hold->requests++;
        // One request may touch several ranges; the first hold keeps it.
        if (hold->state == HOLD_WAITING && !keeper) {
            hold->state = HOLD_HELD;
            keeper = hold;
        }
    }
    return keeper;
}

static void let_go(Hold *hold, gboolean error)
{
    hold->state = hold->state == HOLD_HELD ? HOLD_RELEASED : HOLD_UNMET;
    hold->error = error;
    hold->deadline = 0;
}

static Hold *find_in_force(HoldTable *table, const char *tag, GString *why)
{
    Hold *hold = hold_find(table, tag, why);

    if (hold && !in_force(hold)) {
        g_string_append_printf(why, "the hold '%s' is %s already", hold->tag,
                               hold_state_name(hold->state));
        return NULL;
    }
    return hold;
}

gboolean hold_release(HoldTable *table, const char *tag, gboolean error, GString *why)
{
    Hold *hold = find_in_force(table, tag, why);

    if (hold) {
        let_go(hold, error);
    }
    return hold != NULL;
}

gboolean hold_arm(HoldTable *table, const char *tag, gboolean error, gint64 deadline, GString *why)
{
    Hold *hold = find_in_force(table, tag, why);

    if (hold) {
        hold->deadline = deadline;
        hold->armed_error = error;
    }
    return hold != NULL;
}

gint64 hold_next_deadline(const HoldTable *table)
{
    gint64 next = 0;

    for (gsize i = 0; i < HOLD_MAX; i++) {
        gint64 deadline = in_force(&table->holds[i]) ? table->holds[i].deadline : 0;

        if (deadline && (!next || deadline < next)) {
            next = deadline;
        }
    }
    return next;
}

gboolean hold_expire(HoldTable *table, gint64 now)
{
    gboolean any = FALSE;

    for (gsize i = 0; i < HOLD_MAX; i++) {
        Hold *hold = &table->holds[i];

        if (in_force(hold) && hold->deadline && hold->deadline <= now) {
            let_go(hold, hold->armed_error);
            any = TRUE;
        }
    }
    return any;
}

void hold_close(HoldTable *table)
{
    for (gsize i = 0; i < HOLD_MAX; i++) {
        if (in_force(&table->holds[i])) {
            let_go(&table->holds[i], FALSE);
        }
    }
    table->closed = TRUE;
}

guint hold_in_force(const HoldTable *table)
{
    guint count = 0;

    for (gsize i = 0; i < HOLD_MAX; i++) {
        count += in_force(&table->holds[i]) ? 1 : 0;
    }
    return count;
}
