// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine_verbs.h"

#include <string.h>

#include "util.h"

#define ID_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define ID_MAX   32

// One argument whose value is a text.
static JsonNode *argument(const char *name, const char *value)
{
    JsonObject *object = json_object_new();
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);

    json_object_set_string_member(object, name, value);
    json_node_take_object(node, object);
    return node;
}

// Sends a command; the request at hand waits for its end in the next step.
static VerbEnd call(Host *host, const char *command, JsonNode *arguments)
{
    qmp_call(host->qmp, command, arguments);
    host->asked = g_get_monotonic_time();
    host->step++;
    return VERB_WAITS;
}

static VerbEnd finished(Host *host, VerbEnd end)
{
    host->asked = 0;
    host->step = 0;
    return end;
}

VerbEnd machine_pause(Host *host, const char *args, GString *text)
{
    enum { ASK, STOP, STOPPED, CONT };
    VerbEnd end;
    guint64 ms;

    if (!host_has_qmp(host, text)) {
        return VERB_REFUSED;
    }
    if (!avc_parse_decimal(args, MACHINE_PAUSE_MS_MAX, &ms) || ms == 0) {
        g_string_append_printf(text, "the machine stands still for 1 to %d ms",
                               MACHINE_PAUSE_MS_MAX);
        return VERB_REFUSED;
    }
    switch (host->step) {
    case ASK:
        return call(host, "stop", NULL);
    case STOP:
        end = host_qmp_end(host, MACHINE_WAIT_S, text);
        if (end == VERB_DONE) {
            host->asked = g_get_monotonic_time();
            host->step = STOPPED;
            end = VERB_WAITS;
        } else if (end == VERB_REFUSED) {
            // Should it stop after all, it must not stay so.
            qmp_call(host->qmp, "cont", NULL);
            finished(host, end);
        }
        return end;
    case STOPPED:
        return host_waited(host, (double)ms / 1e3) ? call(host, "cont", NULL) : VERB_WAITS;
    default:
        end = host_qmp_end(host, host->qmp_s, text);
        if (end == VERB_DONE) {
            g_string_append(text, args);
        }
        return end == VERB_WAITS ? end : finished(host, end);
    }
}

// The request for a reset was taken: has the guest started again?
static VerbEnd restarted(const Host *host, GString *text)
{
    guint resets = qmp_resets(host->qmp) - host->resets_before;

    if (resets > 0 && *host->records != host->records_before) {
        return VERB_DONE;
    }
    if (resets <= MACHINE_RESETS_MAX && !host_waited(host, MACHINE_WAIT_S)) {
        return VERB_WAITS;
    }
    g_string_append_printf(text, "the machine was reset %u times, and the guest says nothing",
                           resets);
    return VERB_REFUSED;
}

// A reset ends the emulator otherwise (-no-reboot), so that a guest that dies by a triple fault is
// found out. It is let through until the guest has started again, as firmware may reset the machine
// once more on its way.
VerbEnd machine_reset(Host *host, const char *args, GString *text)
{
    enum { ASK, ALLOW, RESET, RESTART, FORBID };
    VerbEnd end;

    if (!host_has_qmp(host, text)) {
        return VERB_REFUSED;
    }
    if (*args) {
        g_string_append(text, "a reset has no arguments");
        return VERB_REFUSED;
    }
    if (host->step == ASK) {
        host->resets_before = qmp_resets(host->qmp);
        host->records_before = *host->records;
        return call(host, "set-action", argument("reboot", "reset"));
    }
    // The machine may be under reset, which waits for its disks, before QMP has answered.
    end = host->step == RESTART
              ? restarted(host, text)
              : host_qmp_end(host, host->step == RESET ? MACHINE_WAIT_S : host->qmp_s, text);
    if (end == VERB_WAITS) {
        return end;
    }
    if (end == VERB_REFUSED) {
        qmp_call(host->qmp, "set-action", argument("reboot", "shutdown"));
        return finished(host, end);
    }
    switch (host->step) {
    case ALLOW:
        return call(host, "system_reset", NULL);
    case RESET:
        host->asked = g_get_monotonic_time();
        host->step = RESTART;
        return VERB_WAITS;
    case RESTART:
        return call(host, "set-action", argument("reboot", "shutdown"));
    default:
        g_string_append(text, "reset");
        return finished(host, end);
    }
}

// Does the machine have a device that its profile calls so?
static gboolean has_device(const Host *host, const char *id)
{
    g_autofree char *want = g_strconcat("id=", id, NULL);

    for (gsize i = 0; host->command && host->command[i] && host->command[i + 1]; i++) {
        if (strcmp(host->command[i], "-device") == 0) {
            g_auto(GStrv) parts = g_strsplit(host->command[i + 1], ",", -1);

            if (g_strv_contains((const char *const *)parts, want)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

VerbEnd machine_unplug(Host *host, const char *args, GString *text)
{
    VerbEnd end;

    if (!host_has_qmp(host, text)) {
        return VERB_REFUSED;
    }
    if (strlen(args) > ID_MAX || strspn(args, ID_CHARS) != strlen(args) ||
        !has_device(host, args)) {
        g_string_append(text, "this machine has no device of that id");
        return VERB_REFUSED;
    }
    if (host->step == 0) {
        return call(host, "device_del", argument("id", args));
    }
    end = host_qmp_end(host, host->qmp_s, text);
    if (end == VERB_DONE) {
        g_string_append(text, args);
    }
    return end == VERB_WAITS ? end : finished(host, end);
}
