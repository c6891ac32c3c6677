// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wire's other end (docs/results-format.md section 2: packet, packets?).
 */
#include "tests/nic.h"

#include "check/report.h"
#include "lib/crc32.h"
#include "lib/format.h"
#include "lib/string.h"

#define HOST_US     2000000u
#define ANSWER_MAX  960
#define HOST_FRAMES 72 /* more than the harness keeps */

bool host_send(struct nic *n, const struct frame *f)
{
    static char hex[2 * 430 + 1];
    char answer[100];

    if (f->len > 430) {
        rule_error(n->c, "a frame of %u bytes is too long for a request", f->len);
        return false;
    }
    for (uint32_t i = 0; i < f->len; i++) {
        format(hex + 2 * i, 3, "%02x", frame_bytes(f)[i]);
    }
    if (!report_host(HOST_US, answer, sizeof(answer), "packet %s", hex)) {
        rule_error(n->c, "the host does not send a frame: %s", answer);
        return false;
    }
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A number at *@p in @base, which moves behind it. False if there is none. */
static bool take_number(const char **p, unsigned base, uint32_t *value)
{
    const char *start = *p;

    *value = 0;
    for (; hex_digit(**p) >= 0 && hex_digit(**p) < (int)base; (*p)++) {
        *value = *value * base + (uint32_t)hex_digit(**p);
    }
    return *p != start;
}

/* LENGTH:CRC32, or the bytes. */
static bool take_frame(const char **p, struct host_frame *f)
{
    const char *q = *p;

    uint32_t len;

    *f = (struct host_frame){0};
    if (take_number(&q, 10, &len) && *q == ':') {
        f->len = len;
        *p = q + 1;
        return take_number(p, 16, &f->crc);
    }
    for (; hex_digit((*p)[0]) >= 0 && hex_digit((*p)[1]) >= 0; *p += 2) {
        if (f->len == sizeof(f->bytes)) {
            return false;
        }
        f->bytes[f->len++] = (uint8_t)(hex_digit((*p)[0]) << 4 | hex_digit((*p)[1]));
    }
    f->shown = f->len;
    f->crc = crc32(0, f->bytes, f->len);
    return f->len > 0;
}

/* One answer: "ok N FRAME,...[ more=M][ lost=L]". *@more: there are others. False if it is not. */
static bool take_answer(const char *p, struct host_frame *list, unsigned max, unsigned *count,
                        bool *more)
{
    uint32_t frames;

    p += 3;
    if (!take_number(&p, 10, &frames)) {
        return false;
    }
    for (uint32_t i = 0; i < frames; i++) {
        struct host_frame f;

        if ((*p != ' ' && *p != ',') || (p++, !take_frame(&p, &f))) {
            return false;
        }
        if (*count < max) {
            list[*count] = f;
        }
        (*count)++;
    }
    *more = strncmp(p, " more=", 6) == 0;
    return *more || *p == '\0';
}

unsigned host_take(struct nic *n, struct host_frame *list, unsigned max)
{
    static char answer[ANSWER_MAX];
    unsigned count = 0;
    bool more = true;

    /* Each answer with others to come has at least one frame, and so many are not kept. */
    for (unsigned i = 0; more && i < HOST_FRAMES; i++) {
        if (!report_host(HOST_US, answer, sizeof(answer), "packets?") ||
            !take_answer(answer, list, max, &count, &more)) {
            rule_error(n->c, "the host does not say what it got: %s", answer);
            return 0;
        }
    }
    return count;
}

void expect_host(struct nic *n, const char *what, const struct frame *const *list, unsigned count)
{
    static struct host_frame got[HOST_FRAMES];
    unsigned frames = host_take(n, got, HOST_FRAMES);

    expect_true(n->c, frames == count, "%s: expected %u frames at the host, actual %u", what, count,
                frames);
    for (unsigned i = 0; i < count && i < frames; i++) {
        uint32_t crc = crc32(0, frame_bytes(list[i]), list[i]->len);

        expect_true(n->c, got[i].len == list[i]->len && got[i].crc == crc,
                    "%s: frame %u at the host: expected %u bytes CRC %08x, actual %u bytes CRC "
                    "%08x",
                    what, i, list[i]->len, crc, got[i].len, got[i].crc);
    }
}

static bool host_has(struct nic *n, const struct frame *f)
{
    struct host_frame got[4];
    unsigned count = host_take(n, got, 4);

    return count == 1 && got[0].len == f->len && got[0].shown == f->len &&
           memcmp(got[0].bytes, frame_bytes(f), f->len) == 0;
}

bool host_has_any(struct nic *n, const uint8_t *data, uint32_t len)
{
    struct host_frame got[4];
    unsigned count = host_take(n, got, 4);

    for (unsigned i = 0; i < count && i < 4; i++) {
        for (uint32_t a = 0; a + 8 <= len; a++) {
            for (uint32_t b = 0; b + 8 <= got[i].shown; b++) {
                if (memcmp(data + a, got[i].bytes + b, 8) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool nic_host_controls(struct nic *n)
{
    static struct frame out, in;
    uint32_t tsd;

    frame_make(n, &out, TO_OTHER, 64, 0);
    frame_make(n, &in, TO_CARD, 60, 0);
    nic_start(n, false);
    control_pos(n->c, nic_send(n, 0, 0x40, &out, NULL) && host_has(n, &out),
                "a frame that is sent reaches the host");
    if (rule_broken(n->c) || !host_send(n, &in)) {
        return false;
    }
    control_pos(n->c, rtl8139_rx_wait(n->d) && nic_received(n, &in),
                "a frame of the host is received");
    if (rule_broken(n->c) || !nic_deny(n, true)) {
        return false;
    }
    nic_start(n, false);
    window_write(&n->tx, 0x40, frame_bytes(&out), out.len);
    nic_try(n, 0, 0x40, out.len, &tsd);
    /* Behind the header every quadword is unlike any other. */
    control_neg(n->c, !host_has_any(n, frame_bytes(&out) + 16, out.len - 16),
                "with a denying DTE nothing of it reaches the host");
    rig_take_events(n->r);
    return nic_deny(n, false) && !rule_broken(n->c);
}
