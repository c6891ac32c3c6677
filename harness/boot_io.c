// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What is kept of the emulator's own output; the rest is read and dropped.
#define OUTPUT_BYTES_MAX    (4u << 20)
// Answers that the guest has not taken yet. It asks one thing at a time, so this is for those that
// ask and never listen.
#define ANSWERS_BYTES_MAX   (64u << 10)
// One turn of the main loop reads no more, so that a flood on one line starves nobody.
#define READ_BYTES_PER_TURN (256u << 10)

static void write_log(Boot *boot, int fd, const void *bytes, gsize length)
{
    const char *p = bytes;

    while (fd >= 0 && length > 0 && !boot->log_errno) {
        gssize n = write(fd, p, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            boot->log_errno = errno;
            return;
        }
        p += n;
        length -= (gsize)n;
    }
}

void boot_send_answers(Boot *boot)
{
    GQueue *requests = &boot->transcript->requests;

    // In order: one that has to wait keeps the ones behind it waiting.
    while (requests->length) {
        g_autofree char *answer = host_answer(&boot->host, g_queue_peek_head(requests));

        if (!answer) {
            break;
        }
        host_request_free(g_queue_pop_head(requests));
        if (boot->to_guest->len + strlen(answer) <= ANSWERS_BYTES_MAX) {
            g_string_append(boot->to_guest, answer);
        } else if (!boot->answers_dropped) {
            boot->answers_dropped = TRUE;
            transcript_error(boot->transcript, "the guest asks and takes no answers");
        }
    }
    if (boot->to_guest->len) {
        gssize n = send(boot->child.serial, boot->to_guest->str, boot->to_guest->len,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            g_string_erase(boot->to_guest, 0, n);
        }
    }
}

// Reads what the serial line holds, up to a limit. FALSE at its end.
gboolean boot_read_serial(Boot *boot)
{
    gsize limit = (gsize)boot->setup->profile->serial_limit_mib << 20;
    char buffer[16384];
    gsize turn = 0;

    while (turn < READ_BYTES_PER_TURN) {
        gssize n = read(boot->child.serial, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return TRUE;
        }
        if (n <= 0) {
            return FALSE;
        }
        turn += (gsize)n;
        boot->last_byte = g_get_monotonic_time();
        if (boot->transcript->bytes >= limit) {
            continue; // flood: the tick sees it
        }
        write_log(boot, boot->serial_log, buffer, (gsize)n);
        transcript_feed(boot->transcript, buffer, (gsize)n);
        if (boot->transcript->open != boot->rule_seen) {
            boot->rule_seen = boot->transcript->open;
            boot->rule_since = boot->last_byte;
        }
        boot_send_answers(boot);
    }
    return TRUE;
}

// Of what the emulator says the last line is the one that explains its end.
static void keep_last_words(Boot *boot, const char *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            boot->line_over = TRUE;
            continue;
        }
        if (boot->line_over) {
            boot->line_over = FALSE;
            boot->last_length = 0;
        }
        if (boot->last_length < sizeof(boot->last_words) - 1) {
            boot->last_words[boot->last_length++] = g_ascii_isprint(bytes[i]) ? bytes[i] : ' ';
        }
    }
    boot->last_words[boot->last_length] = '\0';
}

gboolean boot_read_output(Boot *boot)
{
    char buffer[16384];
    gsize turn = 0;

    while (turn < READ_BYTES_PER_TURN) {
        gssize n = read(boot->child.output, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return TRUE;
        }
        if (n <= 0) {
            return FALSE;
        }
        turn += (gsize)n;
        gsize keep = MIN((gsize)n, OUTPUT_BYTES_MAX - boot->output_kept);
        write_log(boot, boot->output_log, buffer, keep);
        boot->output_kept += keep;
        keep_last_words(boot, buffer, keep);
    }
    return TRUE;
}
