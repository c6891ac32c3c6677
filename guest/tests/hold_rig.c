// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hold_rig.h"

#include <stdarg.h>

#include "check/mark.h"
#include "check/report.h"
#include "drivers/ide/regs.h"
#include "lib/format.h"
#include "arch/time.h"
#include "lib/string.h"
#include "tests/env.h"

/* wait-held has a limit of its own on the host, 5 s. While the machine stands still no time goes by
 * here. */
#define HOST_US 8000000u

/* The holds of the rule, to be let go. */
#define TAGS_MAX 4
static const char *tags[TAGS_MAX];
static unsigned tag_count;

static const char *const state_names[HOLD_STATES] = {"waiting", "held", "released", "unmet"};

static char answer[200];

static bool ask(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool ask(struct check *c, const char *fmt, ...)
{
    char request[100];
    va_list ap;

    va_start(ap, fmt);
    format_v(request, sizeof(request), fmt, ap);
    va_end(ap);
    if (!report_host(HOST_US, answer, sizeof(answer), "%s", request)) {
        rule_error(c, "%s: %s", request, answer);
        return false;
    }
    return true;
}

/* "ok STATE TAG requests=N". */
static bool parse(struct check *c, const char *tag, enum hold_state *state, unsigned *requests)
{
    for (enum hold_state s = 0; s < HOLD_STATES; s++) {
        char want[64];
        int len = format(want, sizeof(want), "ok %s %s requests=", state_names[s], tag);

        if (strncmp(answer, want, (size_t)len) == 0) {
            *state = s;
            *requests = 0;
            for (const char *p = answer + len; *p >= '0' && *p <= '9' && *requests < 100000; p++) {
                *requests = *requests * 10 + (unsigned)(*p - '0');
            }
            return true;
        }
    }
    rule_error(c, "the host's answer about %s is not understood: %s", tag, answer);
    return false;
}

bool host_hold_state(struct check *c, const char *tag, enum hold_state *state, unsigned *requests)
{
    return ask(c, "hold? %s", tag) && parse(c, tag, state, requests);
}

bool host_prolong(struct check *c, const char *tag, enum hold_state *state)
{
    unsigned requests;

    /* Refused where it was let go: the state says so. */
    (void)report_host(HOST_US, answer, sizeof(answer), "arm-release %s ok after=%u", tag,
                      HOLD_PREPARE_MS);
    return host_hold_state(c, tag, state, &requests);
}

static void let_go(void *arg)
{
    struct check *c = arg;

    for (unsigned i = 0; i < tag_count; i++) {
        enum hold_state state;
        unsigned requests;

        if (host_hold_state(c, tags[i], &state, &requests) &&
            (state == HOLD_HELD || state == HOLD_WAITING)) {
            (void)host_release(c, tags[i], true);
        }
    }
    tag_count = 0;
}

bool host_hold(struct check *c, const char *tag, bool write, uint32_t lba, unsigned count)
{
    unsigned i = 0;

    mark_open("disk %s of %u sectors from %u on", write ? "write" : "read", count, lba);
    if (tag_count == 0) {
        rule_at_end(c, let_go, c);
    }
    while (i < tag_count && strcmp(tags[i], tag) != 0) {
        i++;
    }
    if (i == TAGS_MAX) {
        rule_error(c, "more than %u holds in one rule", TAGS_MAX);
        return false;
    }
    if (!ask(c, "hold scratch %s %u %u %s", write ? "write" : "read", lba, count, tag)) {
        return false;
    }
    tags[i] = tag;
    tag_count += i == tag_count;
    return true;
}

bool host_wait_held(struct check *c, const char *tag)
{
    return ask(c, "wait-held %s", tag);
}

bool host_release(struct check *c, const char *tag, bool ok)
{
    mark(MARK_RELEASE, "%s %s", tag, ok ? "ok" : "eio");
    return ask(c, "release %s %s", tag, ok ? "ok" : "eio");
}

bool host_arm_release(struct check *c, const char *tag, bool ok, unsigned ms)
{
    mark(MARK_ARM, "%s in %u ms", tag, ms);
    return ask(c, "arm-release %s %s after=%u", tag, ok ? "ok" : "eio", ms);
}

bool host_pause(struct check *c, unsigned ms)
{
    return ask(c, "pause %u", ms);
}

bool host_unplug(struct check *c, const char *id)
{
    return ask(c, "unplug %s", id);
}

bool hold_start(struct ide_rig *t, bool write, uint32_t lba)
{
    struct ide *d = &env.ide;
    uint8_t dir = write ? 0 : IDE_BM_COMMAND_TO_MEMORY;

    if (write && !env_may_write(lba, HOLD_SECTORS)) {
        rule_error(t->c, "sectors from %u on are not in the scratch area: nothing is written", lba);
        return false;
    }
    ide_bm_write(d, IDE_BM_COMMAND, 0);
    ide_bm_write(d, IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
    ide_bm_set_table(d, IDE_TABLE);
    ide_bm_write(d, IDE_BM_COMMAND, dir);
    mark(MARK_START, "%s", ide_rig_name(write));
    if (!ide_command(d, write, lba, HOLD_SECTORS)) {
        rule_error(t->c, "the drive stays busy");
        return false;
    }
    ide_bm_write(d, IDE_BM_COMMAND, dir | IDE_BM_COMMAND_START);
    return true;
}

const ide_entry hold_one[1] = {{0x40000000, 0x80004000}};

bool hold_begin(struct ide_rig *t, const char *tag, bool write, uint32_t lba, unsigned ms)
{
    return hold_begin_table(t, tag, write, lba, hold_one, 1, ms);
}

bool hold_begin_table(struct ide_rig *t, const char *tag, bool write, uint32_t lba,
                      const ide_entry *e, unsigned n, unsigned ms)
{
    enum hold_state state;
    unsigned requests;

    if (!ide_rig_pio(t, lba, HOLD_SECTORS, t->before)) {
        return false;
    }
    ide_rig_data(t);
    ide_rig_canary(t);
    for (unsigned i = 0; i < n; i++) {
        ide_rig_prd(t, i, e[i][0], e[i][1]);
    }
    if (write) {
        ide_rig_put(t, t->iova, t->data, HOLD_BYTES);
    } else {
        memcpy(t->data, t->before, HOLD_BYTES);
    }
    if (!host_hold(t->c, tag, write, lba, HOLD_SECTORS) || !host_arm_release(t->c, tag, true, ms) ||
        !hold_start(t, write, lba) || !host_wait_held(t->c, tag) ||
        !host_hold_state(t->c, tag, &state, &requests)) {
        return false;
    }

    uint8_t bm = ide_bm_read(&env.ide, IDE_BM_STATUS);
    bool held =
        state == HOLD_HELD && requests == 1 && (bm & IDE_BM_STATE) == 0x01 && ide_rig_holds(t);

    control_pos(t->c, held, "%s under way: one request, held, BMISTA 0x%02x, nothing has moved",
                ide_rig_name(write), bm);
    return held;
}

bool hold_end(struct ide_rig *t, bool write, struct ide_result *res)
{
    struct ide *d = &env.ide;
    bool ended = ide_bm_wait(d);

    *res = (struct ide_result){.bm_status = ide_bm_read(d, IDE_BM_STATUS)};
    mark(MARK_END, "BMISTA 0x%02x", res->bm_status);
    ide_bm_write(d, IDE_BM_COMMAND, 0);
    res->status = ide_status(d);
    if (!ended) {
        rule_error(t->c, "%s did not end after it was released: bus master 0x%02x status 0x%02x",
                   ide_rig_name(write), res->bm_status, res->status);
    } else if (res->status & (IDE_STATUS_BSY | IDE_STATUS_DRQ)) {
        ended = ide_reset(d);
    }
    ide_bm_write(d, IDE_BM_STATUS, IDE_BM_STATUS_ERROR | IDE_BM_STATUS_INT);
    return ended;
}

void hold_queue(struct rig *r, struct amdvi_cmd cmd)
{
    amdvi_cmd_put(r->u, cmd);
    mark(MARK_QUEUE, "%08x %08x %08x %08x", cmd.dw[0], cmd.dw[1], cmd.dw[2], cmd.dw[3]);
}

bool hold_await(struct check *c, const char *tag, const struct hold_watch *w, unsigned look_ms,
                unsigned ms, struct hold_sight *s)
{
    uint64_t armed = time_us(); /* by the host, in a moment */
    bool let_go_here = false;
    unsigned requests;

    if (!host_arm_release(c, tag, true, ms)) {
        return false;
    }
    mark(MARK_DOORBELL, "with a COMPLETION_WAIT behind them");
    if (!w->ask(w->arg)) {
        return false;
    }

    bool seen = false;

    for (unsigned i = 0; i < 2 && !seen; i++) {
        seen = wait_until(w->seen(w->arg), look_ms * 500u);
        if (!seen && !host_hold_state(c, tag, &s->then, &requests)) {
            return false;
        }
    }
    seen = seen || w->seen(w->arg);
    if (!seen) {
        let_go_here = s->then == HOLD_HELD;
        if (let_go_here && !host_release(c, tag, true)) {
            return false;
        }
        if (!wait_until(w->seen(w->arg), 5000000u)) {
            expect_true(c, false,
                        "expected a completion while a transfer is under way, or after its end, "
                        "actual none");
            return false;
        }
    }

    uint64_t took = time_us() - armed;

    mark(MARK_COMPLETE, "it is seen");
    if (!host_hold_state(c, tag, &s->then, &requests)) {
        return false;
    }
    /* Released by the time, but the completion had not waited for that: nothing is known. */
    s->sure = let_go_here || s->then == HOLD_HELD || took >= ms * 900u;
    s->took_ms = (unsigned)(took / 1000);
    s->asked_ms = (unsigned)((time_us() - armed) / 1000);
    return true;
}

bool hold_sure(struct check *c, const struct hold_sight *s)
{
    if (!s->sure) {
        rule_error(c,
                   "the transfer went on before the guest had looked, %u ms after a completion "
                   "that took %u ms: the host is too slow",
                   s->asked_ms - s->took_ms, s->took_ms);
    }
    return s->sure;
}

static bool ask_completion(void *arg)
{
    amdvi_ask_completion(arg);
    return true;
}

static bool completed(void *arg)
{
    return amdvi_completed(arg);
}

bool hold_complete(struct rig *r, const char *tag, struct amdvi_cmd cmd, unsigned look_ms,
                   unsigned ms, enum hold_state *then)
{
    const struct hold_watch w = {ask_completion, completed, r->u};
    struct hold_sight s;

    hold_queue(r, cmd);
    if (!hold_await(r->c, tag, &w, look_ms, ms, &s) || !hold_sure(r->c, &s)) {
        return false;
    }
    *then = s.then;
    return true;
}

bool hold_act(struct check *c, const char *tag, void (*act)(void *arg), void *arg,
              enum hold_state *then)
{
    unsigned requests;

    uint64_t armed = time_us(); /* by the host, in a moment */

    if (!host_arm_release(c, tag, true, HOLD_RELEASE_MS)) {
        return false;
    }
    act(arg);

    uint64_t took = time_us() - armed;

    if (!host_hold_state(c, tag, then, &requests)) {
        return false;
    }
    /* The later time takes the place of the first one, or is refused if that is over. */
    if (*then == HOLD_HELD) {
        return host_arm_release(c, tag, true, HOLD_PREPARE_MS);
    }
    if (took < HOLD_RELEASE_MS * 900u) {
        rule_error(c,
                   "the transfer went on, and nothing had waited for it: %u ms; the host is slow",
                   (unsigned)(took / 1000));
        return false;
    }
    return true;
}

bool hold_complete_if(struct rig *r, const char *tag, struct amdvi_cmd cmd, enum hold_state *then)
{
    if (*then == HOLD_HELD) {
        return hold_complete(r, tag, cmd, HOLD_LOOK_MS, HOLD_RELEASE_MS, then);
    }
    if (!amdvi_cmd_and_wait(r->u, cmd)) {
        expect_true(r->c, false, "expected a completion after the transfer's end, actual none");
        return false;
    }
    return true;
}

static bool looks_like(const uint8_t *data, uint64_t spa, uint32_t bytes)
{
    for (uint32_t off = 0; off < bytes; off += 8) {
        unsigned same = 0;

        while (same < 8 && data[off + same] == buf_canary_byte(spa + off + same)) {
            same++;
        }
        if (same == 8) {
            return true;
        }
    }
    return false;
}

bool hold_looks_like(const uint8_t *data, uint64_t spa, uint32_t bytes)
{
    bool found = looks_like(data, spa, bytes);

    mark(found ? MARK_CHANGED : MARK_UNCHANGED, "what the device has");
    return found;
}

bool hold_leaks(const struct ide_rig *t, const uint8_t *sectors, unsigned page, unsigned pages)
{
    for (unsigned p = page; p < page + pages; p++) {
        uint32_t off = p * (uint32_t)PAGE_SIZE;

        if (hold_looks_like(sectors + off, ide_rig_at(t, t->iova + off), PAGE_SIZE)) {
            return true;
        }
    }
    return false;
}
