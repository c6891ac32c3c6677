// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The host waits for Linux's words for some seconds; whoever waits longer than this waits in vain.
 */
#define ANSWER_MS 60000

static int line = -1;

void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    if (line >= 0) {
        va_list copy;

        va_copy(copy, list);
        dprintf(line, "die ");
        vdprintf(line, format, copy);
        dprintf(line, "\n");
        tcdrain(line);
        va_end(copy);
    }
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

void talk_open(const char *port)
{
    struct termios t;

    line = open(port, O_RDWR | O_NOCTTY);
    if (line < 0 || tcgetattr(line, &t) < 0) {
        die("%s is no serial port", port);
    }
    cfmakeraw(&t);
    tcsetattr(line, TCSANOW, &t);
}

/* Until the host says "go". */
static void answer(void)
{
    char text[64];
    size_t n = 0;

    for (;;) {
        struct pollfd p = {.fd = line, .events = POLLIN};

        if (poll(&p, 1, ANSWER_MS) != 1 || read(line, text + n, 1) != 1) {
            die("the host does not answer");
        }
        if (text[n] == '\n') {
            break;
        }
        if (++n == sizeof(text)) {
            die("the host's answer has no end");
        }
    }
    text[n] = 0;
    if (strcmp(text, "go") != 0) {
        die("the host says '%s'", text);
    }
}

void talk_check(const char *name, bool ok)
{
    dprintf(line, "check %s %s\n", name, ok ? "ok" : "bad");
}

void talk_fault(const char *name, const struct pci *p, bool write, uint64_t iova, uint64_t place)
{
    dprintf(line, "fault %s %s %s 0x%" PRIx64 " 0x%" PRIx64 "\n", name, p->name,
            write ? "write" : "read", iova, place);
    answer();
}

void talk_did(const char *name, const char *device_says, uint32_t value)
{
    dprintf(line, "did %s %s 0x%x\n", name, device_says, value);
    answer();
}

void talk_break_entry(const struct pci *p)
{
    dprintf(line, "break entry %s\n", p->name);
    answer();
}

void talk_break_page(const struct pci *p, uint64_t iova)
{
    dprintf(line, "break page %s 0x%" PRIx64 "\n", p->name, iova);
    answer();
}

void talk_break_table(const struct pci *p, uint64_t iova, uint64_t spa)
{
    dprintf(line, "break table %s 0x%" PRIx64 " 0x%" PRIx64 "\n", p->name, iova, spa);
    answer();
}

void talk_mend(void)
{
    dprintf(line, "mend\n");
    answer();
}

void talk_end(void)
{
    dprintf(line, "end\n");
    tcdrain(line);
}
