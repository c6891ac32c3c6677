// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses the rules, runs each under protection, and turns what a test said into a status.
 */
#include "check/check.h"

#include <stdarg.h>

#include "arch/cpu.h"
#include "arch/exceptions.h"
#include "arch/time.h"
#include "check/again.h"
#include "check/env.h"
#include "check/mark.h"
#include "check/report.h"
#include "check/rule.h"
#include "lib/cmdline.h"
#include "lib/crc32.h"
#include "lib/exit.h"
#include "lib/format.h"
#include "lib/page_alloc.h"
#include "lib/string.h"

#define RULES_MAX 1024
#define ID_MAX    32
#define NAME_MAX  64
/* A loop of failing expectations must not flood the line. */
#define DIAG_MAX  24
/* The host may have to wait for the disks of its emulator, for as long as they are held. */
#define RESET_US  30000000u

enum status { PASS, FAIL, SKIP, KNOWN, ERROR, STATUS_COUNT };

static const char *const status_names[] = {"pass", "fail", "skip", "known", "error"};
static const char *const door_names[] = {
    [BOOT_DOOR_MULTIBOOT2] = "multiboot2", [BOOT_DOOR_PVH] = "pvh", [BOOT_DOOR_EFI] = "efi"};

struct check {
    const struct rule *rule;
    char id[ID_MAX];
    char tag;
    char name[NAME_MAX];
    enum status status;
    char reason[200];
    unsigned diags;
    uint64_t begin;          /* time_us() */
    const struct kept *kept; /* after a reset of the machine, by this rule */
    struct {
        void (*fn)(void *arg);
        void *arg;
    } at_end[4];
    unsigned at_end_count;
};

/* Of a rule that has had the machine reset. */
struct kept {
    uint32_t cmdline; /* CRC */
    struct report_place place;
    char id[ID_MAX];
    enum status status;
    char reason[200];
    unsigned diags;
    uint64_t us, waited_us;
    size_t len;
    uint8_t data[RULE_KEPT_MAX];
};

/* The run. */
static const struct boot_info *boot;
static struct env_options options;
static unsigned planned;
static bool devices_found;
static uint64_t waited_before; /* the rules began */

extern const struct rule __check_registry_start[], __check_registry_end[];

/* Copy the word at *@text to @buf and move past it and one space. */
static void take_word(const char **text, char *buf, size_t size)
{
    size_t n = 0;

    for (; **text != ' ' && **text != '\n'; (*text)++) {
        if (n + 1 < size) {
            buf[n++] = **text;
        }
    }
    buf[n] = '\0';
    if (**text == ' ') {
        (*text)++;
    }
}

/* Value of KEY= in the metadata, up to the title. */
static void meta_value(const char *meta, const char *key, char *buf, size_t size)
{
    size_t len = strlen(key);

    buf[0] = '\0';
    while (*meta != '|' && *meta != '\n') {
        char word[128];

        take_word(&meta, word, sizeof(word));
        if (strncmp(word, key, len) == 0 && word[len] == '=') {
            format(buf, size, "%s", word + len + 1);
            return;
        }
    }
}

static bool meta_is(const struct rule *r, const char *key, const char *value)
{
    char buf[64];

    meta_value(r->meta, key, buf, sizeof(buf));
    return strcmp(buf, value) == 0;
}

static void check_open(struct check *c, const struct rule *r)
{
    const char *meta = r->meta;
    char tag[4];

    *c = (struct check){.rule = r, .status = PASS};
    take_word(&meta, c->id, sizeof(c->id));
    take_word(&meta, tag, sizeof(tag));
    take_word(&meta, c->name, sizeof(c->name));
    c->tag = tag[0];
}

/* The worst of what was said counts: error over fail over skip over pass. */
static void set_status(struct check *c, enum status s, const char *reason)
{
    static const uint8_t weight[STATUS_COUNT] = {
        [PASS] = 0, [KNOWN] = 1, [SKIP] = 2, [FAIL] = 3, [ERROR] = 4};

    if (weight[s] > weight[c->status]) {
        c->status = s;
        format(c->reason, sizeof(c->reason), "%s", reason);
    }
}

static void diag(struct check *c, const char *text)
{
    if (c->diags < DIAG_MAX) {
        report("diag %s", text);
    } else if (c->diags == DIAG_MAX) {
        report("diag (more of these are not shown)");
    }
    c->diags++;
}

#define FORMAT_ARGS(buf, fmt)                 \
    do {                                      \
        va_list ap_;                          \
        va_start(ap_, fmt);                   \
        format_v(buf, sizeof(buf), fmt, ap_); \
        va_end(ap_);                          \
    } while (0)

void expect_u64(struct check *c, const char *what, uint64_t expected, uint64_t actual)
{
    if (expected != actual) {
        char text[256];

        format(text, sizeof(text), "%s: expected 0x%llx, actual 0x%llx", what,
               (unsigned long long)expected, (unsigned long long)actual);
        set_status(c, FAIL, text);
        diag(c, text);
    }
}

void expect_true(struct check *c, bool ok, const char *fmt, ...)
{
    if (!ok) {
        char text[256];

        FORMAT_ARGS(text, fmt);
        set_status(c, FAIL, text);
        diag(c, text);
    }
}

static void control(struct check *c, const char *kind, bool ok, const char *text)
{
    report("ctl %s %s %s %s", c->id, kind, ok ? "ok" : "bad", text);
    if (!ok) {
        char reason[256];

        format(reason, sizeof(reason), "%s control failed: %s", kind, text);
        set_status(c, ERROR, reason);
    }
}

void control_pos(struct check *c, bool ok, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    control(c, "pos", ok, text);
}

void control_neg(struct check *c, bool ok, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    control(c, "neg", ok, text);
}

void observe(struct check *c, const char *key, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    report("obs %s %s=%s", c->id, key, text);
}

void note(struct check *c, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    diag(c, text);
}

void rule_skip(struct check *c, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    set_status(c, SKIP, text);
}

void rule_error(struct check *c, const char *fmt, ...)
{
    char text[256];

    FORMAT_ARGS(text, fmt);
    /* A rule that was seen to fail stays failed: that its machine then went astray is a
     * consequence. */
    if (c->status == FAIL) {
        diag(c, text);
    } else {
        set_status(c, ERROR, text);
    }
}

const char *rule_id(const struct check *c)
{
    return c->id;
}

bool rule_broken(const struct check *c)
{
    return c->status != PASS;
}

void rule_at_end(struct check *c, void (*fn)(void *arg), void *arg)
{
    if (c->at_end_count == sizeof(c->at_end) / sizeof(c->at_end[0])) {
        set_status(c, ERROR, "too many rule_at_end() calls");
        return;
    }
    c->at_end[c->at_end_count].fn = fn;
    c->at_end[c->at_end_count].arg = arg;
    c->at_end_count++;
}

static uint32_t cmdline_crc(void)
{
    return crc32(0, boot->cmdline, strlen(boot->cmdline));
}

void rule_reset_machine(struct check *c, const void *data, size_t len)
{
    static struct kept k;
    static char answer[128];

    if (planned != 1 || len > sizeof(k.data)) {
        rule_error(c,
                   "a rule that resets the machine is alone in its boot (%u are planned) and "
                   "keeps at most %u bytes",
                   planned, RULE_KEPT_MAX);
        return;
    }
    mark_report(c->id); /* nothing of them is kept */
    k = (struct kept){
        .cmdline = cmdline_crc(),
        .place = report_place(),
        .status = c->status,
        .diags = c->diags,
        .us = time_us() - c->begin,
        .waited_us = time_waited_us() - waited_before,
        .len = len,
    };
    /* Behind the request that follows. */
    k.place.seq++;
    k.place.host_id++;
    memcpy(k.id, c->id, sizeof(k.id));
    memcpy(k.reason, c->reason, sizeof(k.reason));
    memcpy(k.data, data, len);
    if (!again_leave(boot, &k, sizeof(k))) {
        rule_error(c, "the page behind the kernel cannot be used");
        return;
    }
    (void)report_host(RESET_US, answer, sizeof(answer), "reset");
    (void)again_take(boot, &k, sizeof(k));
    rule_error(c, "the machine was not reset: %s", answer);
}

bool rule_was_reset(struct check *c, void *data, size_t len)
{
    if (c->kept && c->kept->len == len) {
        memcpy(data, c->kept->data, len);
    } else if (c->kept) {
        rule_error(c, "%u bytes were kept, not %u", (unsigned)c->kept->len, (unsigned)len);
    }
    return c->kept;
}

static const char *find_devices(void)
{
    const char *why = env_init(&options);

    devices_found = !why;
    return why;
}

bool rule_find_devices(struct check *c)
{
    const char *why = find_devices();

    if (why) {
        rule_error(c, "after a reset: %s", why);
        return false;
    }
    report_platform_off(true); /* the first boot has told */
    env_platform();
    report_platform_off(false);
    return true;
}

/* Run @fn; an exception becomes an error of the rule. */
static void protect(struct check *c, void (*fn)(void *), void *arg, const char *where)
{
    struct exception_info ex;

    if (!exceptions_try(fn, arg, &ex)) {
        char text[200];

        format(text, sizeof(text), "exception in %s: vector %u error 0x%llx rip 0x%llx cr2 0x%llx",
               where, ex.vector, (unsigned long long)ex.error_code, (unsigned long long)ex.rip,
               (unsigned long long)ex.cr2);
        diag(c, text);
        set_status(c, ERROR, text);
    }
}

static void call_test(void *arg)
{
    struct check *c = arg;

    c->rule->run(c);
}

/* Every need of the rule is there, or the rule is skipped. */
static bool needs_met(struct check *c)
{
    char needs[64];
    char *word = needs;

    meta_value(c->rule->meta, "needs", needs, sizeof(needs));
    while (*word) {
        char *comma = strchr(word, ',');
        const char *why = "";

        if (comma) {
            *comma = '\0';
        }
        if (strcmp(word, "none") != 0 && !env_has(word, &why)) {
            rule_skip(c, "needs %s: %s", word, why);
            return false;
        }
        if (!comma) {
            break;
        }
        word = comma + 1;
    }
    return true;
}

/* @kept: not NULL if the rule goes on after a reset of the machine. */
static enum status run_rule(const struct rule *r, const struct kept *kept)
{
    struct page_mark mark = page_mark();
    struct check check;
    struct check *c = &check;

    check_open(c, r);
    c->begin = time_us();
    if (kept) {
        c->kept = kept;
        c->begin -= kept->us;
        c->status = kept->status;
        c->diags = kept->diags;
        memcpy(c->reason, kept->reason, sizeof(c->reason));
    } else {
        report("begin %s %c %s", c->id, c->tag, c->name);
    }
    if (kept || needs_met(c)) {
        protect(c, call_test, c, "the test");
    }
    while (c->at_end_count) {
        c->at_end_count--;
        protect(c, c->at_end[c->at_end_count].fn, c->at_end[c->at_end_count].arg, "the clean-up");
    }
    page_release(mark);
    mark_report(c->id);
    report("end %s %s %llu %s", c->id, status_names[c->status],
           (unsigned long long)(time_us() - c->begin), c->reason);
    return c->status;
}

static unsigned select_rules(const char *cmdline, bool hw_safe, const struct rule *out[RULES_MAX])
{
    /* Both are lists of globs; one too long for its buffer would choose the wrong rules, so it is
     * refused. */
    static char run[BOOT_CMDLINE_MAX], skip[BOOT_CMDLINE_MAX];
    bool chosen = cmdline_get(cmdline, "run", run, sizeof(run));
    bool skipped = cmdline_get(cmdline, "skip", skip, sizeof(skip));
    unsigned n = 0;

    for (const struct rule *r = __check_registry_start; r < __check_registry_end; r++) {
        struct check c;

        check_open(&c, r);
        if (n < RULES_MAX && (!chosen || glob_list_match(run, c.id)) &&
            !(skipped && glob_list_match(skip, c.id)) &&
            !(hw_safe && !meta_is(r, "hw-safe", "yes"))) {
            out[n++] = r;
        }
    }
    return n;
}

/* By ID, so that the order does not depend on the linker. */
static void sort_rules(const struct rule *list[], unsigned n, bool reverse)
{
    for (unsigned i = 1; i < n; i++) {
        const struct rule *r = list[i];
        struct check a, b;
        unsigned j = i;

        check_open(&a, r);
        for (; j > 0; j--) {
            check_open(&b, list[j - 1]);
            if ((strcmp(a.id, b.id) < 0) == reverse) {
                break;
            }
            list[j] = list[j - 1];
        }
        list[j] = r;
    }
}

static void list_rules(const struct rule *const list[], unsigned n)
{
    report("plan %u", n);
    for (unsigned i = 0; i < n; i++) {
        const char *meta = list[i]->meta;

        report("rule %.*s", (int)(strchr(meta, '\n') - meta), meta);
    }
    report("done 0 0 0 0 0");
}

static void set_exit(const char *cmdline)
{
    char way[16];

    if (cmdline_get(cmdline, "exit", way, sizeof(way))) {
        if (strcmp(way, "debug") == 0) {
            exit_set_way(EXIT_DEBUG);
        } else if (strcmp(way, "acpi") == 0) {
            exit_set_way(EXIT_ACPI);
        } else if (strcmp(way, "halt") != 0) {
            report("diag command line: exit=%s is none of debug, acpi, halt", way);
        }
    }
}

_Noreturn static void refuse(const char *why)
{
    report("diag cannot run: %s", why);
    exit_guest(0x13);
}

/* What the rule has left that had the machine reset, or NULL. From there the transcript goes on. */
static const struct kept *find_kept(void)
{
    static struct kept k;

    if (!again_take(boot, &k, sizeof(k)) || k.cmdline != cmdline_crc()) {
        return NULL;
    }
    report_go_on(k.place);
    return &k;
}

static void report_plan(bool reverse)
{
    report("plan %u", planned);
    report_platform("door", "%s", door_names[boot->door]);
    report_platform("order", "%s", reverse ? "reverse" : "forward");
    report_platform("seed", "%llu", (unsigned long long)options.seed);
    env_platform();
}

_Noreturn void check_main(const struct boot_info *bi)
{
    static const struct rule *list[RULES_MAX];
    static const struct kept nothing;
    const struct kept *kept;
    char order[16];
    unsigned count[STATUS_COUNT] = {0};

    boot = bi;
    kept = find_kept();
    options = (struct env_options){
        /* After a reset a unit that translates is the rule's affair. */
        .force = cmdline_has(bi->cmdline, "force") || kept,
        .seed = cmdline_number(bi->cmdline, "seed", 1),
        .budget = cmdline_number(bi->cmdline, "budget", 16),
    };
    set_exit(bi->cmdline);
    if (bi->error) {
        refuse(bi->error);
    }

    unsigned n = select_rules(bi->cmdline, cmdline_has(bi->cmdline, "hw-safe"), list);
    bool reverse =
        cmdline_get(bi->cmdline, "order", order, sizeof(order)) && strcmp(order, "reverse") == 0;

    if (n == 0) {
        refuse("no rule matches run= and skip=");
    }
    if (kept && (n != 1 || strncmp(list[0]->meta, kept->id, strlen(kept->id)) != 0)) {
        refuse("the machine was reset by a rule that is not the one to run");
    }
    sort_rules(list, n, reverse);
    if (cmdline_has(bi->cmdline, "list")) {
        list_rules(list, n);
        exit_guest(0x10);
    }

    planned = n;
    if (!kept) {
        const char *why = find_devices();

        if (why) {
            refuse(why);
        }
        report_plan(reverse);
    }

    const struct kept *before = kept ? kept : &nothing;
    uint64_t begin = time_us() - before->us;

    waited_before = time_waited_us() - before->waited_us;

    for (unsigned i = 0; i < n; i++) {
        count[run_rule(list[i], kept)]++;
    }
    report_platform("rules_us", "%llu", (unsigned long long)(time_us() - begin));
    report_platform("waited_us", "%llu", (unsigned long long)(time_waited_us() - waited_before));
    if (devices_found) {
        env_restore();
    }
    report("done %u %u %u %u %u", count[PASS], count[FAIL], count[SKIP], count[KNOWN],
           count[ERROR]);
    exit_guest(count[ERROR] ? 0x12 : count[FAIL] ? 0x11 : 0x10);
}
