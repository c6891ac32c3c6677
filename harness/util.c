// SPDX-License-Identifier: GPL-2.0-or-later
#include "util.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

// clang-format off
G_DEFINE_QUARK(avc-error, avc_error)
// clang-format on

gboolean avc_write_file(const char *path, const char *text, gsize length, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (g_file_set_contents_full(path, text, (gssize)length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                 &local)) {
        return TRUE;
    }
    g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot write %s: %s", path, local->message);
    return FALSE;
}

char *avc_file_digest(const char *path, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    FILE *file = fopen(path, "rbe");
    guchar buffer[65536];
    gsize n;

    while (file && (n = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        g_checksum_update(sum, buffer, (gssize)n);
    }
    if (!file || ferror(file)) {
        g_set_error(error, AVC_ERROR, AVC_TROUBLE, "cannot read %s: %s", path, g_strerror(errno));
    }
    gboolean good = file && !ferror(file);
    if (file) {
        fclose(file);
    }
    return good ? g_strdup(g_checksum_get_string(sum)) : NULL;
}

gboolean avc_is_identifier(const char *text)
{
    if (!g_ascii_isalpha(text[0]) && text[0] != '_') {
        return FALSE;
    }
    for (const char *p = text; *p; p++) {
        if (!g_ascii_isalnum(*p) && *p != '_') {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean avc_is_rule_id(const char *text)
{
    gsize length = strlen(text);
    gboolean hyphen = FALSE;

    if (!g_ascii_isupper(text[0]) || length > 40 || text[length - 1] == '-') {
        return FALSE;
    }
    for (const char *p = text; *p; p++) {
        if (*p == '-') {
            hyphen = TRUE;
            if (p[1] == '-') {
                return FALSE;
            }
        } else if (!g_ascii_isupper(*p) && !g_ascii_isdigit(*p)) {
            return FALSE;
        }
    }
    return hyphen;
}

gboolean avc_parse_decimal(const char *text, guint64 max, guint64 *value)
{
    if (!g_ascii_isdigit(text[0]) || (text[0] == '0' && text[1])) {
        return FALSE;
    }
    return g_ascii_string_to_unsigned(text, 10, 0, max, value, NULL);
}

const char *avc_signal_name(int signo)
{
    static const struct {
        int signo;
        const char *name;
    } names[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
        {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},
        {SIGTRAP, "SIGTRAP"}, {SIGPIPE, "SIGPIPE"}, {SIGHUP, "SIGHUP"},   {SIGXFSZ, "SIGXFSZ"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].signo == signo) {
            return names[i].name;
        }
    }
    return "unnamed";
}

char *avc_format_us(guint64 us)
{
    if (us < 1000) {
        return g_strdup_printf("%" G_GUINT64_FORMAT " us", us);
    }
    if (us < 1000000) {
        return g_strdup_printf("%.1f ms", (double)us / 1e3);
    }
    return g_strdup_printf("%.2f s", (double)us / 1e6);
}

char *avc_utc_now(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
}

char *avc_shell_join(const char *const *argv)
{
    GString *line = g_string_new(NULL);

    for (gsize i = 0; argv[i]; i++) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "-_=+./:,@%";
        if (i) {
            g_string_append_c(line, ' ');
        }
        if (argv[i][0] && strspn(argv[i], plain) == strlen(argv[i])) {
            g_string_append(line, argv[i]);
        } else {
            g_autofree char *quoted = g_shell_quote(argv[i]);
            g_string_append(line, quoted);
        }
    }
    return g_string_free(line, FALSE);
}
