// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <string.h>

#include "hold_verbs.h"
#include "inject.h"
#include "line.h"
#include "machine_verbs.h"

// Each verb gives its text and says what became of it.
typedef VerbEnd (*VerbFunc)(Host *host, const char *args, GString *text);

static VerbEnd do_ping(Host *host, const char *args, GString *text)
{
    (void)host;
    (void)args;
    g_string_append(text, "amdvi-check " AVC_VERSION);
    return VERB_DONE;
}

gboolean host_has_qmp(const Host *host, GString *text)
{
    if (!host->qmp) {
        g_string_append(text, "this machine has no QMP");
    }
    return host->qmp != NULL;
}

gboolean host_waited(const Host *host, double limit_s)
{
    return (double)(g_get_monotonic_time() - host->asked) > limit_s * 1e6;
}

VerbEnd host_qmp_end(const Host *host, double limit_s, GString *text)
{
    const char *why;
    QmpCall state = qmp_call_state(host->qmp, &why);

    if (state == QMP_CALL_WAITS && !host_waited(host, limit_s)) {
        return VERB_WAITS;
    }
    if (state != QMP_CALL_DONE) {
        g_string_append(text, state == QMP_CALL_WAITS ? "QMP does not answer" : why);
    }
    return state == QMP_CALL_DONE ? VERB_DONE : VERB_REFUSED;
}

static VerbEnd do_inject(Host *host, const char *args, GString *text)
{
    VerbEnd end;

    if (!host_has_qmp(host, text)) {
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
    end = host_qmp_end(host, host->qmp_s, text);
    if (end != VERB_WAITS) {
        host->asked = 0;
    }
    if (end == VERB_DONE) {
        g_string_append(text, args);
    }
    return end;
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
    {"packets?", do_packets},       {"pause", machine_pause}, {"ping", do_ping},
    {"release", hold_verb_release}, {"reset", machine_reset}, {"unplug", machine_unplug},
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
