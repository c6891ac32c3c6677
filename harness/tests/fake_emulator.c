// SPDX-License-Identifier: GPL-2.0-or-later
// Stands in for an emulator and its guest in the tests of the harness. It takes QEMU's options as
// far as it needs them, and misbehaves as `-fake-mode MODE` says.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../line.h"

#define RULES_MAX    64
#define STATUS_GOOD  33
#define STATUS_FAIL  35
#define STATUS_ERROR 37

#define FLOOD_BYTES (100u << 20)

static int serial_fd = 3;
static int qmp_fd = 4;
static int nbd_fd = 6;
static const char *mode = "good";
static const char *rules_list;
static const char *disk;
static unsigned seq;
static char *rules[RULES_MAX];
static int rule_count;
static int counts[5];

static gboolean is(const char *name)
{
    return strcmp(mode, name) == 0;
}

static void put(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(serial_fd, bytes, length);
        if (n <= 0) {
            exit(1);
        }
        bytes += n;
        length -= (size_t)n;
    }
}

static char *frame(const char *record)
{
    char *line = g_strdup_printf("AVC1 %u %s", seq++, record);
    char *whole = g_strdup_printf("%s *%08x\r\n", line, line_crc32(line, strlen(line)));

    g_free(line);
    return whole;
}

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *record = g_strdup_vprintf(format, args);
    va_end(args);
    char *line = frame(record);
    put(line, strlen(line));
    g_free(line);
    g_free(record);
}

// Answers QMP for ever, as an emulator does whose guest hangs.
static void serve_qmp(void)
{
    static const char greeting[] = "{\"QMP\": {\"version\": {}}}\r\n";
    char buffer[4096];

    if (write(qmp_fd, greeting, strlen(greeting)) < 0) {
        return;
    }
    for (;;) {
        ssize_t n = read(qmp_fd, buffer, sizeof(buffer) - 1);
        if (n <= 0) {
            return;
        }
        buffer[n] = '\0';
        if (strstr(buffer, "\"quit\"")) {
            exit(0);
        }
        for (ssize_t i = 0; i < n; i++) {
            if (buffer[i] == '\n' && write(qmp_fd, "{\"return\": {}}\r\n", 16) < 0) {
                return;
            }
        }
    }
}

static void sleep_for_ever(void)
{
    for (;;) {
        pause();
    }
}

static const char *flood_line(void)
{
    return is("flood-diag")       ? "diag x"
           : is("flood-ctl")      ? "ctl AMDVI-PT-002 pos ok x"
           : is("flood-obs")      ? "obs AMDVI-PT-002 x=1"
           : is("flood-platform") ? "platform x%u=1"
           : is("flood-host")     ? "host %u ping"
           : is("flood-damaged")  ? "nonsense"
                                  : NULL;
}

// 100 MB on the serial line, as fast as it takes them: lines of ours as `mode` says, or else noise,
// in lines or without an end. On the emulator's own output stands how much there was to send, and
// whether all of it was taken.
static void flood(void)
{
    static char noise[65536];
    const char *record = flood_line();
    guint records = 0;

    fprintf(stderr, "fake: %u bytes to send\n", FLOOD_BYTES);
    memset(noise, 'x', sizeof(noise));
    for (gsize i = 63; !is("flood-endless") && i < sizeof(noise); i += 64) {
        noise[i] = '\n';
    }
    for (gsize sent = 0; sent < FLOOD_BYTES;) {
        g_autoptr(GString) lines = g_string_new(NULL);
        while (record && lines->len < sizeof(noise)) {
            g_auto(GStrv) parts = g_strsplit(record, "%u", 2);
            g_autofree char *number = g_strdup_printf("%u", ++records);
            g_autofree char *text = g_strjoinv(number, parts);
            g_autofree char *line = frame(text);
            g_string_append(lines, line);
        }
        gsize length = record ? lines->len : sizeof(noise);
        put(record ? lines->str : noise, length);
        sent += length;
    }
    put("\n", 1);
    fprintf(stderr, "fake: all sent\n");
}

// What happens between `begin` and the controls of the rule that is hit.
static void misbehave_inside(const char *rule)
{
    if (is("segv") || is("segv-always") || is("segv-killer") || is("slow-segv")) {
        raise(SIGSEGV);
    } else if (is("segv-exception")) {
        say("diag exception 14 rip 0x1234 cr2 0x0");
        raise(SIGSEGV);
    } else if (is("exit-1")) {
        fprintf(stderr, "fake: something is not supported\n");
        exit(1);
    } else if (is("triple-fault")) {
        exit(0);
    } else if (is("guest-hang")) {
        serve_qmp();
    } else if (is("emulator-hang")) {
        sleep_for_ever();
    } else if (is("ignore-term")) {
        signal(SIGTERM, SIG_IGN);
        sleep_for_ever();
    } else if (is("orphan")) {
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            sleep_for_ever();
        }
        sleep_for_ever();
    } else if (g_str_has_prefix(mode, "flood-")) {
        flood();
    } else if (is("double")) {
        char *line = frame("obs AMDVI-PT-002 value=1");
        put(line, strlen(line));
        put(line, strlen(line));
        g_free(line);
    } else if (is("lost")) {
        seq++;
    } else if (is("flip")) {
        char *line = frame("obs AMDVI-PT-002 value=1");
        line[strlen(line) - 14] ^= 1;
        put(line, strlen(line));
        g_free(line);
    } else if (is("back")) {
        seq = 1;
    } else if (is("unknown-record")) {
        say("verdict %s pass", rule);
    } else if (is("other-rule")) {
        say("ctl AMDVI-PT-001 pos ok not my turn");
    } else if (is("begin-twice")) {
        say("begin AMDVI-PT-003 M pt_three");
    }
}

static const char *status_of(gboolean second)
{
    static const char *const modes[] = {"fail", "skip", "known", "error"};

    for (int i = 0; second && i < 4; i++) {
        if (is(modes[i])) {
            return modes[i];
        }
    }
    return is("all-fail") ? "fail" : "pass";
}

static void count_status(const char *status)
{
    static const char *const names[] = {"pass", "fail", "skip", "known", "error"};

    for (int i = 0; i < 5; i++) {
        counts[i] += strcmp(status, names[i]) == 0;
    }
}

static void report_controls(const char *rule, gboolean second)
{
    if (second && is("no-controls")) {
        return;
    }
    if (second && is("control-none")) {
        say("ctl %s none no way to check", rule);
        return;
    }
    say("ctl %s pos ok the device works", rule);
    if (!second || !is("no-negative")) {
        say("ctl %s neg %s the opposite is seen", rule, second && is("bad-control") ? "bad" : "ok");
    }
}

// The line of rules.list decides how a rule presents itself.
static void run_rule(const char *rule)
{
    char name[64] = "unnamed", tag = 'A';
    const char *found = strstr(rules_list, rule);
    gboolean second = strcmp(rule, "AMDVI-PT-002") == 0;
    gboolean killer = strcmp(rule, "AMDVI-ZK-004") == 0;
    const char *status = status_of(second);

    if (found) {
        sscanf(found + strlen(rule), " %c %63s", &tag, name);
    }
    say("begin %s %c %s", rule, tag, second && is("wrong-name") ? "other" : name);
    if (is("slow") || is("slow-segv")) {
        g_usleep(is("slow") ? 250000 : 500000);
    }
    if (is("segv-always") || (is("segv-killer") ? killer : second)) {
        misbehave_inside(rule);
    }
    report_controls(rule, second);
    say("obs %s value=0x1234", rule);
    if (strcmp(status, "fail") == 0) {
        say("diag expected 0x1");
        say("diag actual   0x0");
    }
    say("end %s %s 1234%s", rule, status, strcmp(status, "pass") == 0 ? "" : " the reason why");
    count_status(status);
    if (second && is("segv-outside")) {
        raise(SIGSEGV);
    } else if (second && is("hang-outside")) {
        sleep_for_ever();
    }
}

// What the host writes, up to and with the line that holds `last`.
static void hear(char *answer, size_t size, const char *last)
{
    size_t length = 0;

    answer[0] = '\0';
    while (length < size - 1 && (!strstr(answer, last) || answer[length - 1] != '\n')) {
        ssize_t n = read(serial_fd, answer + length, size - 1 - length);
        if (n <= 0) {
            exit(STATUS_ERROR);
        }
        length += (size_t)n;
        answer[length] = '\0';
    }
}

// Asks the host as a guest does, and demands the right answer with the right CRC.
static void ping(void)
{
    char answer[512];

    say("host 1 ping");
    say("host 2 levitate high");
    hear(answer, sizeof(answer), "unknown verb");
    char *end = strchr(answer, '\n');
    unsigned crc = 0;
    char *star = end ? g_strrstr_len(answer, end - answer, " *") : NULL;
    gboolean good = star && sscanf(star, " *%8x", &crc) == 1 &&
                    crc == line_crc32(answer, (size_t)(star - answer)) &&
                    g_str_has_prefix(answer, "AVC1 host 1 ok amdvi-check ") &&
                    strstr(end, "AVC1 host 2 refused unknown verb levitate");
    if (!good) {
        exit(1);
    }
}

// Asks for what needs QMP, which is silent here. The answers come in order all the same.
static void inject(void)
{
    char answer[512];

    say("host 1 inject dev-tab device=00:1c.0 count=1");
    say("host 2 ping");
    hear(answer, sizeof(answer), "host 2 ok amdvi-check ");
    if (!g_str_has_prefix(answer, "AVC1 host 1 refused QMP does not answer *")) {
        exit(1);
    }
}

static void spoil_disk(void)
{
    int fd = open(disk, O_WRONLY);

    if (fd < 0 || pwrite(fd, "X", 1, 5 * 512 + 7) != 1) {
        exit(1);
    }
    close(fd);
}

static int finish(void)
{
    int status = counts[4] ? STATUS_ERROR : counts[1] ? STATUS_FAIL : STATUS_GOOD;

    if (is("no-done")) {
        return status;
    }
    say("done %d %d %d %d %d", counts[0] + is("wrong-counts"), counts[1], counts[2], counts[3],
        counts[4]);
    if (is("after-done")) {
        say("diag one more thing");
    }
    if (is("linger")) {
        sleep_for_ever();
    }
    return is("wrong-exit") ? STATUS_FAIL : is("done-reset") ? 0 : status;
}

// As an NBD client that makes no sense. The harness ends the connection.
static void lie_to_disk(void)
{
    static const char bytes[64] = {[3] = 0x7f};
    char answer[64];

    if (write(nbd_fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes)) {
        exit(1);
    }
    while (read(nbd_fd, answer, sizeof(answer)) > 0) {
    }
}

static void read_rules(const char *cmdline)
{
    const char *run = strstr(cmdline, "run=");

    if (!run) {
        exit(39);
    }
    char *list = g_strndup(run + 4, strcspn(run + 4, " "));
    for (char *rule = strtok(list, ","); rule && rule_count < RULES_MAX; rule = strtok(NULL, ",")) {
        rules[rule_count++] = rule;
    }
}

static const char *value_after(const char *text, const char *key)
{
    const char *found = strstr(text, key);
    return found ? found + strlen(key) : NULL;
}

static const char *read_arguments(int argc, char **argv)
{
    const char *cmdline = "";

    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--version") == 0) {
            puts("Fake emulator version 10.0.13 (tests)");
            exit(0);
        } else if (strcmp(argv[i], "-append") == 0) {
            cmdline = next;
        } else if (strcmp(argv[i], "-fake-mode") == 0) {
            mode = next;
        } else if (strcmp(argv[i], "-fake-rules") == 0) {
            char *text = NULL;
            g_file_get_contents(next, &text, NULL, NULL);
            rules_list = text;
        } else if (strcmp(argv[i], "-fake-stdio") == 0) {
            serial_fd = 1;
        } else if (strcmp(argv[i], "-blockdev") == 0) {
            disk = value_after(next, "file.filename=");
        }
    }
    return cmdline;
}

int main(int argc, char **argv)
{
    const char *cmdline = read_arguments(argc, argv);

    put("SeaBIOS (fake)\r\n", 16);
    if (is("boot-flood")) {
        flood();
    }
    if (is("exit-at-once")) {
        return 0;
    }
    if (is("silent")) {
        sleep_for_ever();
    }
    if (is("garbage")) {
        for (int i = 0; i < 4096; i++) {
            char byte = (char)(i * 7 + (i >> 3));
            put(&byte, 1);
        }
        return STATUS_GOOD;
    }
    if (is("cannot-run")) {
        say("diag no IVRS table");
        return 39;
    }
    if (!rules_list) {
        return 1;
    }
    read_rules(cmdline);
    say("platform cpu=fake");
    if (is("ping")) {
        ping();
    }
    if (is("inject")) {
        inject();
    }
    if (is("nbd-liar")) {
        lie_to_disk();
    }
    if (is("nbd-gone")) {
        close(nbd_fd);
    }
    say("plan %d", is("lie-plan") ? rule_count - 1 : rule_count);
    if (is("two-plans")) {
        say("plan %d", rule_count);
    }
    for (int i = 0; i < rule_count; i++) {
        if (is("skip-rule") && i == 1) {
            continue;
        }
        run_rule(rules[i]);
    }
    if (is("spoil-disk")) {
        spoil_disk();
    }
    return finish();
}
