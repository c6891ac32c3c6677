// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <string.h>

#include "line.h"

// Each verb gives its text and says whether it was done.
typedef gboolean (*VerbFunc)(const Host *host, const char *args, GString *text);

static gboolean do_ping(const Host *host, const char *args, GString *text)
{
    (void)host;
    (void)args;
    g_string_append(text, "amdvi-check " AVC_VERSION);
    return TRUE;
}

static gboolean has_net(const Host *host, GString *text)
{
    if (!host->net) {
        g_string_append(text, "this machine has no network");
    }
    return host->net != NULL;
}

static gboolean do_packet(const Host *host, const char *args, GString *text)
{
    return has_net(host, text) && net_send(host->net, args, text);
}

static gboolean do_packets(const Host *host, const char *args, GString *text)
{
    (void)args;
    if (!has_net(host, text)) {
        return FALSE;
    }
    net_take(host->net, text);
    return TRUE;
}

static const struct {
    const char *name;
    VerbFunc func;
} verbs[] = {
    {"packet", do_packet},
    {"packets?", do_packets},
    {"ping", do_ping},
};

char *host_answer(const Host *host, const HostRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(request->verb, verbs[i].name) == 0) {
            gboolean ok = verbs[i].func(host, request->args, text);
            return line_compose_answer(request->id, ok, text->str);
        }
    }
    g_string_printf(text, "unknown verb %s", request->verb);
    return line_compose_answer(request->id, FALSE, text->str);
}
