// SPDX-License-Identifier: GPL-2.0-or-later
#include "hold_verbs.h"

#include <string.h>

#include "disk.h"
#include "util.h"

static gboolean has_disk(const Host *host, GString *text)
{
    if (!host->disk) {
        g_string_append(text, "the disk of this machine is a file: nothing can be held");
    }
    return host->disk != NULL;
}

static gboolean is_form(char **words, guint count, const char *form, GString *text)
{
    if (g_strv_length(words) != count) {
        g_string_append_printf(text, "the form is %s", form);
        return FALSE;
    }
    return TRUE;
}

static gboolean take_kind(const char *word, HoldKind *kind, GString *text)
{
    *kind = strcmp(word, "write") == 0 ? HOLD_WRITE : HOLD_READ;
    if (*kind == HOLD_READ && strcmp(word, "read") != 0) {
        g_string_append(text, "a request is read or write");
        return FALSE;
    }
    return TRUE;
}

static gboolean take_range(const char *lba, const char *count, guint64 *first, guint64 *sectors,
                           GString *text)
{
    if (!avc_parse_decimal(lba, DISK_SECTORS - 1, first) ||
        !avc_parse_decimal(count, DISK_SECTORS, sectors) || *sectors == 0 ||
        *sectors > DISK_SECTORS - *first) {
        g_string_append_printf(text, "the sectors are not on the disk, which has %u", DISK_SECTORS);
        return FALSE;
    }
    if (*first == 0) {
        // Before the guest runs, and without asking anybody.
        g_string_append(text, "sector 0 is not held: the emulator reads it by itself");
        return FALSE;
    }
    return TRUE;
}

VerbEnd hold_verb_hold(Host *host, const char *args, GString *text)
{
    g_auto(GStrv) words = g_strsplit(args, " ", -1);
    guint64 first, sectors;
    HoldKind kind;

    if (!has_disk(host, text) || !is_form(words, 5, "scratch read|write LBA COUNT TAG", text)) {
        return VERB_REFUSED;
    }
    if (strcmp(words[0], "scratch") != 0) {
        g_string_append(text, "the only disk is scratch");
        return VERB_REFUSED;
    }
    if (!take_kind(words[1], &kind, text) ||
        !take_range(words[2], words[3], &first, &sectors, text) ||
        !nbd_disk_hold(host->disk, words[4], kind, first * DISK_SECTOR_BYTES,
                       sectors * DISK_SECTOR_BYTES, text)) {
        return VERB_REFUSED;
    }
    g_string_append_printf(text, "waiting %s", words[4]);
    return VERB_DONE;
}

VerbEnd hold_verb_wait(Host *host, const char *args, GString *text)
{
    Hold hold;

    if (!has_disk(host, text) || !nbd_disk_look(host->disk, args, &hold, text)) {
        host->asked = 0;
        return VERB_REFUSED;
    }
    if (!host->asked) {
        host->asked = g_get_monotonic_time();
    }
    if (hold.state == HOLD_WAITING &&
        g_get_monotonic_time() - host->asked <= HOLD_WAIT_S * G_USEC_PER_SEC) {
        return VERB_WAITS;
    }
    host->asked = 0;
    if (hold.state == HOLD_WAITING) {
        g_string_append_printf(text, "no such request has come within %d s", HOLD_WAIT_S);
    } else {
        g_string_append_printf(text, "%s %s", hold_state_name(hold.state), hold.tag);
    }
    return hold.state == HOLD_HELD ? VERB_DONE : VERB_REFUSED;
}

// "ok" or "eio".
static gboolean take_end(const char *word, gboolean *error, GString *text)
{
    *error = strcmp(word, "eio") == 0;
    if (!*error && strcmp(word, "ok") != 0) {
        g_string_append(text, "a request ends with ok or eio");
        return FALSE;
    }
    return TRUE;
}

static VerbEnd say_state(Host *host, const char *tag, GString *text)
{
    Hold hold;

    if (!nbd_disk_look(host->disk, tag, &hold, text)) {
        return VERB_REFUSED;
    }
    g_string_append_printf(text, "%s %s requests=%u", hold_state_name(hold.state), hold.tag,
                           hold.requests);
    return VERB_DONE;
}

VerbEnd hold_verb_release(Host *host, const char *args, GString *text)
{
    g_auto(GStrv) words = g_strsplit(args, " ", -1);
    gboolean error;

    if (!has_disk(host, text) || !is_form(words, 2, "TAG ok|eio", text) ||
        !take_end(words[1], &error, text) || !nbd_disk_release(host->disk, words[0], error, text)) {
        return VERB_REFUSED;
    }
    return say_state(host, words[0], text);
}

VerbEnd hold_verb_arm(Host *host, const char *args, GString *text)
{
    static const char key[] = "after=";
    g_auto(GStrv) words = g_strsplit(args, " ", -1);
    gboolean error;
    guint64 ms;

    if (!has_disk(host, text) || !is_form(words, 3, "TAG ok|eio after=MS", text) ||
        !take_end(words[1], &error, text)) {
        return VERB_REFUSED;
    }
    if (!g_str_has_prefix(words[2], key) ||
        !avc_parse_decimal(words[2] + strlen(key), HOLD_MS_MAX, &ms) || ms == 0) {
        g_string_append_printf(text, "the time is after=1 to after=%d, in milliseconds",
                               HOLD_MS_MAX);
        return VERB_REFUSED;
    }
    if (!nbd_disk_arm(host->disk, words[0], error, (guint)ms, text)) {
        return VERB_REFUSED;
    }
    return say_state(host, words[0], text);
}

VerbEnd hold_verb_look(Host *host, const char *args, GString *text)
{
    return has_disk(host, text) ? say_state(host, args, text) : VERB_REFUSED;
}

VerbEnd hold_verb_count(Host *host, const char *args, GString *text)
{
    (void)args;
    if (!has_disk(host, text)) {
        return VERB_REFUSED;
    }
    g_string_append_printf(text, "%u", nbd_disk_in_force(host->disk));
    return VERB_DONE;
}
