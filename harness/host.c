// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <string.h>

#include "line.h"

// Each verb gives its text and says whether it was done.
typedef gboolean (*VerbFunc)(const HostRequest *request, GString *text);

static gboolean do_ping(const HostRequest *request, GString *text)
{
    (void)request;
    g_string_append(text, "amdvi-check " AVC_VERSION);
    return TRUE;
}

static const struct {
    const char *name;
    VerbFunc func;
} verbs[] = {
    {"ping", do_ping},
};

char *host_answer(const HostRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(request->verb, verbs[i].name) == 0) {
            gboolean ok = verbs[i].func(request, text);
            return line_compose_answer(request->id, ok, text->str);
        }
    }
    g_string_printf(text, "unknown verb %s", request->verb);
    return line_compose_answer(request->id, FALSE, text->str);
}
