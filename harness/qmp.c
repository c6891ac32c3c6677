// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1 << 20)

struct Qmp {
    int fd;
    guint source;
    GByteArray *input;
    guint answers;
    guint awaited; // number of answers that have come once the last qmp_ask() is answered
    guint sent;
    gint64 call_id; // of the last qmp_call(), so that no other answer is taken for its own
    QmpCall call_state;
    char *call_why;
    guint resets;
    gboolean guest_reset;
    gboolean guest_ended;
};

static void send_text(Qmp *qmp, const char *text)
{
    // A peer that does not read is a peer that does not answer: no need to insist. What it has got
    // half of cannot be taken back, and it would take the next command for the rest.
    gssize n = qmp->fd < 0 ? -1 : send(qmp->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n == (gssize)strlen(text)) {
        qmp->sent++;
    } else if (n > 0) {
        shutdown(qmp->fd, SHUT_WR);
    }
}

static void take_event(Qmp *qmp, JsonObject *message, const char *event)
{
    JsonNode *data = json_object_get_member(message, "data");

    // With -no-reboot a reset comes as a shutdown; its reason tells.
    if (strcmp(event, "SHUTDOWN") == 0 && data && JSON_NODE_HOLDS_OBJECT(data)) {
        const char *reason =
            json_object_get_string_member_with_default(json_node_get_object(data), "reason", "");
        qmp->guest_reset = strcmp(reason, "guest-reset") == 0;
        qmp->guest_ended = qmp->guest_reset || strcmp(reason, "guest-shutdown") == 0;
    } else if (strcmp(event, "RESET") == 0) {
        qmp->resets++;
    }
}

static void take_call_answer(Qmp *qmp, JsonObject *message)
{
    JsonNode *error = json_object_get_member(message, "error");

    if (qmp->call_state != QMP_CALL_WAITS ||
        json_object_get_int_member_with_default(message, "id", 0) != qmp->call_id) {
        return;
    }
    qmp->call_state = error ? QMP_CALL_REFUSED : QMP_CALL_DONE;
    if (error && JSON_NODE_HOLDS_OBJECT(error)) {
        qmp->call_why = g_strdup(
            json_object_get_string_member_with_default(json_node_get_object(error), "desc", NULL));
    }
}

static void take_message(Qmp *qmp, const char *text, gsize length)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();

    if (!json_parser_load_from_data(parser, text, (gssize)length, NULL)) {
        return;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return;
    }
    JsonObject *message = json_node_get_object(root);
    const char *event = json_object_get_string_member_with_default(message, "event", NULL);
    if (event) {
        take_event(qmp, message, event);
    } else if (json_object_has_member(message, "QMP")) {
        send_text(qmp, "{\"execute\":\"qmp_capabilities\"}\n");
    } else if (json_object_has_member(message, "return") ||
               json_object_has_member(message, "error")) {
        qmp->answers++;
        take_call_answer(qmp, message);
    }
}

void qmp_read(Qmp *qmp)
{
    guint8 buffer[4096];

    while (qmp->fd >= 0) {
        gssize n = recv(qmp->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (n <= 0) {
            return;
        }
        g_byte_array_append(qmp->input, buffer, (guint)n);
        guint8 *end;
        while ((end = memchr(qmp->input->data, '\n', qmp->input->len))) {
            guint length = (guint)(end - qmp->input->data) + 1;
            take_message(qmp, (const char *)qmp->input->data, length);
            g_byte_array_remove_range(qmp->input, 0, length);
        }
        if (qmp->input->len > LINE_MAX_BYTES) {
            close(qmp->fd);
            qmp->fd = -1;
        }
    }
}

static gboolean on_ready(gint fd, GIOCondition condition, gpointer data)
{
    Qmp *qmp = data;
    (void)fd;

    qmp_read(qmp);
    if (qmp->fd < 0 || (condition & (G_IO_HUP | G_IO_ERR))) {
        qmp->source = 0;
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

Qmp *qmp_new(int fd)
{
    Qmp *qmp = g_new0(Qmp, 1);

    qmp->fd = fd;
    qmp->input = g_byte_array_new();
    qmp->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_ready, qmp);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (qmp->source) {
        g_source_remove(qmp->source);
    }
    if (qmp->fd >= 0) {
        close(qmp->fd);
    }
    g_byte_array_unref(qmp->input);
    g_free(qmp->call_why);
    g_free(qmp);
}

void qmp_ask(Qmp *qmp)
{
    send_text(qmp, "{\"execute\":\"query-status\"}\n");
    qmp->awaited = qmp->sent;
}

gboolean qmp_answered(const Qmp *qmp)
{
    return qmp->awaited > 0 && qmp->answers >= qmp->awaited;
}

void qmp_call(Qmp *qmp, const char *command, JsonNode *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "execute");
    json_builder_add_string_value(builder, command);
    json_builder_set_member_name(builder, "id");
    json_builder_add_int_value(builder, ++qmp->call_id);
    if (arguments) {
        json_builder_set_member_name(builder, "arguments");
        json_builder_add_value(builder, arguments);
    }
    json_builder_end_object(builder);

    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, FALSE);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    qmp->call_state = QMP_CALL_WAITS;
    g_clear_pointer(&qmp->call_why, g_free);
    send_text(qmp, line);
}

void qmp_set(Qmp *qmp, const char *path, const char *property, JsonNode *value)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "path");
    json_builder_add_string_value(builder, path);
    json_builder_set_member_name(builder, "property");
    json_builder_add_string_value(builder, property);
    json_builder_set_member_name(builder, "value");
    json_builder_add_value(builder, value);
    json_builder_end_object(builder);
    qmp_call(qmp, "qom-set", json_builder_get_root(builder));
}

QmpCall qmp_call_state(const Qmp *qmp, const char **why)
{
    *why = qmp->call_why ? qmp->call_why : "the emulator does not say why";
    return qmp->call_state;
}

guint qmp_resets(const Qmp *qmp)
{
    return qmp->resets;
}

void qmp_quit(Qmp *qmp)
{
    send_text(qmp, "{\"execute\":\"quit\"}\n");
}

gboolean qmp_guest_reset(const Qmp *qmp)
{
    return qmp->guest_reset;
}

gboolean qmp_guest_ended(const Qmp *qmp)
{
    return qmp->guest_ended;
}
