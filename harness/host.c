// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <string.h>

#include "hold_verbs.h"
#include "inject.h"
#include "line.h"

// Each verb gives its text and says what became of it.
typedef VerbEnd (*VerbFunc)(Host *host, const char *args, GString *text);

static VerbEnd do_ping(Host *host, const char *args, GString *text)
{
    (void)host;
    (void)args;
    g_string_append(text, "amdvi-check " AVC_VERSION);
    return VERB_DONE;
}

static gboolean passed(gint64 since, double limit_s)
{
    return (double)(g_get_monotonic_time() - since) > limit_s * 1e6;
}

static VerbEnd do_inject(Host *host, const char *args, GString *text)
{
    const char *why;

    if (!host->qmp) {
        g_string_append(text, "this machine has no QMP");
        return VERB_REFUSED;
    }
    if (!host->asked) {
        JsonNode *value = inject_value(args, text);

        if (!value) {
            return VERB_REFUSED;
        }
        qmp_set(host->qmp, INJECT_OBJECT, INJECT_PROPERTY, value);
        host->asked = g_get_monotonic_time();
    }

    QmpSet state = qmp_set_state(host->qmp, &why);

    if (state == QMP_SET_WAITS && !passed(host->asked, host->qmp_s)) {
        return VERB_WAITS;
    }
    host->asked = 0;
    g_string_append(text, state == QMP_SET_DONE    ? args
                          : state == QMP_SET_WAITS ? "QMP does not answer"
                                                   : why);
    return state == QMP_SET_DONE ? VERB_DONE : VERB_REFUSED;
}

static gboolean has_net(const Host *host, GString *text)
{
    if (!host->net) {
        g_string_append(text, "this machine has no network");
    }
    return host->net != NULL;
}

static VerbEnd do_packet(Host *host, const char *args, GString *text)
{
    return has_net(host, text) && net_send(host->net, args, text) ? VERB_DONE : VERB_REFUSED;
}

static VerbEnd do_packets(Host *host, const char *args, GString *text)
{
    (void)args;
    if (!has_net(host, text)) {
        return VERB_REFUSED;
    }
    net_take(host->net, text);
    return VERB_DONE;
}

static const struct {
    const char *name;
    VerbFunc func;
} verbs[] = {
    {"arm-release", hold_verb_arm}, {"hold", hold_verb_hold}, {"hold?", hold_verb_look},
    {"holds?", hold_verb_count},    {"inject", do_inject},    {"packet", do_packet},
    {"packets?", do_packets},       {"ping", do_ping},        {"release", hold_verb_release},
    {"wait-held", hold_verb_wait},
};

char *host_answer(Host *host, const HostRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(request->verb, verbs[i].name) == 0) {
            VerbEnd end = verbs[i].func(host, request->args, text);
            return end == VERB_WAITS
                       ? NULL
                       : line_compose_answer(request->id, end == VERB_DONE, text->str);
        }
    }
    g_string_printf(text, "unknown verb %s", request->verb);
    return line_compose_answer(request->id, FALSE, text->str);
}
