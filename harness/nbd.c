// SPDX-License-Identifier: GPL-2.0-or-later
#include "nbd.h"

#include <string.h>

#define INIT_MAGIC        0x4e42444d41474943u // "NBDMAGIC"
#define OPTION_MAGIC      0x49484156454f5054u // "IHAVEOPT"
#define OPTION_REPLY      0x0003e889045565a9u
#define REQUEST_MAGIC     0x25609513u
#define SIMPLE_REPLY      0x67446698u
#define CLIENT_FLAG_BYTES 4
#define OPTION_BYTES      16
#define REQUEST_BYTES     28

// Handshake flags of both sides
#define FIXED_NEWSTYLE 1u
#define NO_ZEROES      2u
#define ZEROES         124

#define OPT_EXPORT_NAME  1
#define OPT_ABORT        2
#define OPT_GO           7
// A client asks a handful of things, and a name is short.
#define OPTIONS_MAX      64
#define OPTION_BYTES_MAX 8192u

#define REP_ACK         1u
#define REP_INFO        3u
#define REP_ERR_UNSUP   0x80000001u
#define REP_ERR_INVALID 0x80000003u
#define REP_ERR_UNKNOWN 0x80000006u
#define INFO_EXPORT     0
#define INFO_BLOCK_SIZE 3

#define HAS_FLAGS  1u
#define SEND_FLUSH 4u

enum { CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH };

#define NBD_EIO    5
#define NBD_EINVAL 22
#define NBD_ENOSPC 28

typedef enum { CLIENT_FLAGS, OPTION, OPTION_DATA, REQUEST, PAYLOAD, WRITE_HELD, OVER } Phase;

typedef struct {
    guint64 cookie, offset;
    guint32 length;
    guint error;      // that it is answered with, 0 for none
    const Hold *hold; // that keeps it, or NULL
} Request;

struct Nbd {
    guint64 size;
    NbdStore store;
    HoldTable *holds;
    Phase phase;
    gsize need; // bytes of the piece that is being taken
    GByteArray *in, *out;
    gboolean zeroes; // the client wants them after EXPORT_NAME
    guint options;
    guint32 option;
    Request write; // whose payload comes next
    Request reads[HOLD_MAX];
    guint read_count;
    char *trouble;
};

static guint64 get(const guint8 *from, guint bytes)
{
    guint64 value = 0;

    for (guint i = 0; i < bytes; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

static void put(Nbd *nbd, guint64 value, guint bytes)
{
    guint8 raw[8];

    for (guint i = 0; i < bytes; i++) {
        raw[i] = (guint8)(value >> (8 * (bytes - 1 - i)));
    }
    g_byte_array_append(nbd->out, raw, bytes);
}

static void expect(Nbd *nbd, Phase phase, gsize bytes)
{
    nbd->phase = phase;
    nbd->need = bytes;
}

static void end_in_trouble(Nbd *nbd, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void end_in_trouble(Nbd *nbd, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    nbd->trouble = g_strdup_vprintf(format, args);
    va_end(args);
    expect(nbd, OVER, 0);
}

Nbd *nbd_new(guint64 size, NbdStore store, HoldTable *holds)
{
    Nbd *nbd = g_new0(Nbd, 1);

    nbd->size = size;
    nbd->store = store;
    nbd->holds = holds;
    nbd->in = g_byte_array_new();
    nbd->out = g_byte_array_new();
    put(nbd, INIT_MAGIC, 8);
    put(nbd, OPTION_MAGIC, 8);
    put(nbd, FIXED_NEWSTYLE | NO_ZEROES, 2);
    expect(nbd, CLIENT_FLAGS, CLIENT_FLAG_BYTES);
    return nbd;
}

void nbd_free(Nbd *nbd)
{
    g_byte_array_unref(nbd->in);
    g_byte_array_unref(nbd->out);
    g_free(nbd->trouble);
    g_free(nbd);
}

gsize nbd_wants(const Nbd *nbd)
{
    if (nbd->phase == WRITE_HELD || nbd->phase == OVER || nbd->out->len > NBD_OUTPUT_MAX) {
        return 0;
    }
    return nbd->need - nbd->in->len;
}

GByteArray *nbd_output(Nbd *nbd)
{
    return nbd->out;
}

gboolean nbd_over(const Nbd *nbd)
{
    return nbd->phase == OVER;
}

const char *nbd_trouble(const Nbd *nbd)
{
    return nbd->trouble;
}

// ---- handshake --------------------------------------------------------------------------------

static void take_client_flags(Nbd *nbd, const guint8 *bytes)
{
    guint32 flags = (guint32)get(bytes, 4);

    if (flags & ~(FIXED_NEWSTYLE | NO_ZEROES)) {
        end_in_trouble(nbd, "client flags %08x", flags);
        return;
    }
    nbd->zeroes = !(flags & NO_ZEROES);
    expect(nbd, OPTION, OPTION_BYTES);
}

static void take_option(Nbd *nbd, const guint8 *bytes)
{
    guint32 length = (guint32)get(bytes + 12, 4);

    nbd->option = (guint32)get(bytes + 8, 4);
    if (get(bytes, 8) != OPTION_MAGIC) {
        end_in_trouble(nbd, "an option without its magic number");
    } else if (length > OPTION_BYTES_MAX) {
        end_in_trouble(nbd, "an option of %u bytes", length);
    } else if (++nbd->options > OPTIONS_MAX) {
        end_in_trouble(nbd, "more than %d options", OPTIONS_MAX);
    } else {
        expect(nbd, OPTION_DATA, length);
    }
}

static void reply_option(Nbd *nbd, guint32 type, guint32 length)
{
    put(nbd, OPTION_REPLY, 8);
    put(nbd, nbd->option, 4);
    put(nbd, type, 4);
    put(nbd, length, 4);
}

static void put_export(Nbd *nbd)
{
    put(nbd, nbd->size, 8);
    put(nbd, HAS_FLAGS | SEND_FLUSH, 2);
}

// Name, number of questions, questions.
static void take_go(Nbd *nbd, const guint8 *bytes, gsize length)
{
    gsize name = length >= 6 ? get(bytes, 4) : 0;
    gsize count = length >= 6 && name <= length - 6 ? get(bytes + 4 + name, 2) : 0;

    if (length < 6 || name > length - 6 || length != 6 + name + 2 * count) {
        reply_option(nbd, REP_ERR_INVALID, 0);
        return;
    }
    if (name) {
        reply_option(nbd, REP_ERR_UNKNOWN, 0);
        return;
    }
    reply_option(nbd, REP_INFO, 12);
    put(nbd, INFO_EXPORT, 2);
    put_export(nbd);
    for (gsize i = 0; i < count; i++) {
        if (get(bytes + 6 + 2 * i, 2) == INFO_BLOCK_SIZE) {
            reply_option(nbd, REP_INFO, 14);
            put(nbd, INFO_BLOCK_SIZE, 2);
            put(nbd, NBD_BLOCK_BYTES, 4);
            put(nbd, 4096, 4);
            put(nbd, NBD_LENGTH_MAX, 4);
            break;
        }
    }
    reply_option(nbd, REP_ACK, 0);
    expect(nbd, REQUEST, REQUEST_BYTES);
}

static void take_export_name(Nbd *nbd, gsize length)
{
    static const guint8 zeroes[ZEROES];

    if (length) {
        end_in_trouble(nbd, "an export of another name");
        return;
    }
    put_export(nbd);
    if (nbd->zeroes) {
        g_byte_array_append(nbd->out, zeroes, ZEROES);
    }
    expect(nbd, REQUEST, REQUEST_BYTES);
}

static void take_option_data(Nbd *nbd, const guint8 *bytes, gsize length)
{
    expect(nbd, OPTION, OPTION_BYTES);
    switch (nbd->option) {
    case OPT_GO:
        take_go(nbd, bytes, length);
        break;
    case OPT_EXPORT_NAME:
        take_export_name(nbd, length);
        break;
    case OPT_ABORT:
        reply_option(nbd, REP_ACK, 0);
        expect(nbd, OVER, 0);
        break;
    default:
        reply_option(nbd, REP_ERR_UNSUP, 0);
        break;
    }
}

// ---- requests ---------------------------------------------------------------------------------

static void reply(Nbd *nbd, guint64 cookie, guint error)
{
    put(nbd, SIMPLE_REPLY, 4);
    put(nbd, error, 4);
    put(nbd, cookie, 8);
}

static void do_read(Nbd *nbd, const Request *request)
{
    guint error = request->error;
    // The length of a request that is refused may be anything.
    g_autofree guint8 *data = error ? NULL : g_malloc(request->length);

    if (!error && !nbd->store.read(nbd->store.data, request->offset, data, request->length)) {
        error = NBD_EIO;
    }
    reply(nbd, request->cookie, error);
    if (!error) {
        g_byte_array_append(nbd->out, data, request->length);
    }
}

static void take_payload(Nbd *nbd, const guint8 *bytes)
{
    const Request *request = &nbd->write;
    guint error = request->error;

    if (!error && !nbd->store.write(nbd->store.data, request->offset, bytes, request->length)) {
        error = NBD_EIO;
    }
    reply(nbd, request->cookie, error);
    expect(nbd, REQUEST, REQUEST_BYTES);
}

static guint range_error(const Nbd *nbd, const Request *request, gboolean write, guint flags)
{
    // No flag was offered. A length of 0 means nothing.
    if (flags || request->length == 0 || request->length % NBD_BLOCK_BYTES ||
        request->offset % NBD_BLOCK_BYTES || request->length > NBD_LENGTH_MAX) {
        return NBD_EINVAL;
    }
    if (request->offset > nbd->size || request->length > nbd->size - request->offset) {
        return write ? NBD_ENOSPC : NBD_EINVAL;
    }
    return 0;
}

static void begin_read(Nbd *nbd, Request *request)
{
    if (!request->error) {
        request->hold = hold_meet(nbd->holds, HOLD_READ, request->offset, request->length);
    }
    if (request->hold) {
        // As many as there are holds, and each keeps one request.
        g_assert(nbd->read_count < HOLD_MAX);
        nbd->reads[nbd->read_count++] = *request;
    } else {
        do_read(nbd, request);
    }
}

static void begin_write(Nbd *nbd, Request *request)
{
    if (request->length > NBD_LENGTH_MAX) {
        end_in_trouble(nbd, "a write of %u bytes", request->length);
        return;
    }
    if (!request->error) {
        request->hold = hold_meet(nbd->holds, HOLD_WRITE, request->offset, request->length);
    }
    nbd->write = *request;
    expect(nbd, request->hold ? WRITE_HELD : PAYLOAD, request->length);
}

static void take_request(Nbd *nbd, const guint8 *bytes)
{
    guint flags = (guint)get(bytes + 4, 2), type = (guint)get(bytes + 6, 2);
    Request request = {
        .cookie = get(bytes + 8, 8),
        .offset = get(bytes + 16, 8),
        .length = (guint32)get(bytes + 24, 4),
    };

    if (get(bytes, 4) != REQUEST_MAGIC) {
        end_in_trouble(nbd, "a request without its magic number");
        return;
    }
    expect(nbd, REQUEST, REQUEST_BYTES);
    switch (type) {
    case CMD_READ:
        request.error = range_error(nbd, &request, FALSE, flags);
        begin_read(nbd, &request);
        break;
    case CMD_WRITE:
        request.error = range_error(nbd, &request, TRUE, flags);
        begin_write(nbd, &request);
        break;
    case CMD_DISC:
        expect(nbd, OVER, 0);
        break;
    case CMD_FLUSH:
        // The image is read back on the same host and thrown away: nothing has to reach a disk.
        reply(nbd, request.cookie, flags ? NBD_EINVAL : 0);
        break;
    default:
        reply(nbd, request.cookie, NBD_EINVAL);
        break;
    }
}

static gboolean is_kept(Request *request)
{
    if (request->hold->state == HOLD_HELD) {
        return TRUE;
    }
    request->error = request->hold->error ? NBD_EIO : 0;
    request->hold = NULL;
    return FALSE;
}

void nbd_settle(Nbd *nbd)
{
    guint kept = 0;

    for (guint i = 0; i < nbd->read_count; i++) {
        if (is_kept(&nbd->reads[i])) {
            nbd->reads[kept++] = nbd->reads[i];
        } else if (nbd->phase != OVER) {
            do_read(nbd, &nbd->reads[i]);
        }
    }
    nbd->read_count = kept;
    if (nbd->phase == WRITE_HELD && !is_kept(&nbd->write)) {
        expect(nbd, PAYLOAD, nbd->write.length);
    }
}

static void take_piece(Nbd *nbd, const guint8 *bytes, gsize length)
{
    switch (nbd->phase) {
    case CLIENT_FLAGS:
        take_client_flags(nbd, bytes);
        break;
    case OPTION:
        take_option(nbd, bytes);
        break;
    case OPTION_DATA:
        take_option_data(nbd, bytes, length);
        break;
    case REQUEST:
        take_request(nbd, bytes);
        break;
    case PAYLOAD:
        take_payload(nbd, bytes);
        break;
    case WRITE_HELD:
    case OVER:
        break;
    }
}

void nbd_feed(Nbd *nbd, const guint8 *bytes, gsize length)
{
    g_assert(length <= nbd_wants(nbd));
    g_byte_array_append(nbd->in, bytes, (guint)length);
    // An option without data is whole when its head is.
    while (nbd->phase != OVER && nbd->phase != WRITE_HELD && nbd->in->len == nbd->need) {
        GByteArray *piece = g_steal_pointer(&nbd->in);

        nbd->in = g_byte_array_new();
        take_piece(nbd, piece->data, piece->len);
        g_byte_array_unref(piece);
    }
}
