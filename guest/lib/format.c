// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

struct out {
    char *buf;
    size_t size;
    size_t len; /* of the whole text, also beyond @size */
};

struct spec {
    bool zero, left, alternate;
    int width;
    int precision; /* -1: none given */
    enum { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG } length;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size) {
        o->buf[o->len] = c;
    }
    o->len++;
}

static void put_run(struct out *o, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(o, s[i]);
    }
}

static void pad(struct out *o, char c, int n)
{
    for (int i = 0; i < n; i++) {
        put(o, c);
    }
}

/* @text of @n characters in the field's width, blanks around. */
static void put_field(struct out *o, const struct spec *s, const char *text, size_t n)
{
    int fill = s->width > (int)n ? s->width - (int)n : 0;

    pad(o, ' ', s->left ? 0 : fill);
    put_run(o, text, n);
    pad(o, ' ', s->left ? fill : 0);
}

static void put_number(struct out *o, const struct spec *s, uint64_t v, unsigned base, bool upper,
                       const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    int n = 0;
    int prefix_len = (int)strlen(prefix);
    int zeros, fill;

    for (; v != 0; v /= base) {
        text[n++] = digits[v % base];
    }
    /* C11 7.21.6.1: a zero with precision 0 has no digits; a precision turns the 0 flag off. */
    if (n == 0 && s->precision != 0) {
        text[n++] = '0';
    }
    zeros = s->precision > n ? s->precision - n : 0;
    fill = s->width - prefix_len - zeros - n;
    if (fill > 0 && s->zero && !s->left && s->precision < 0) {
        zeros += fill;
        fill = 0;
    }
    pad(o, ' ', s->left ? 0 : fill);
    put_run(o, prefix, (size_t)prefix_len);
    pad(o, '0', zeros);
    while (n > 0) {
        put(o, text[--n]);
    }
    pad(o, ' ', s->left ? fill : 0);
}

static const char *parse_number(const char *p, int *n, va_list *ap)
{
    if (*p == '*') {
        *n = va_arg(*ap, int);
        return p + 1;
    }
    for (*n = 0; *p >= '0' && *p <= '9' && *n < 100000; p++) {
        *n = *n * 10 + (*p - '0');
    }
    return p;
}

static const char *parse_spec(const char *p, struct spec *s, va_list *ap)
{
    *s = (struct spec){.precision = -1, .length = LEN_INT};
    for (;; p++) {
        if (*p == '0') {
            s->zero = true;
        } else if (*p == '-') {
            s->left = true;
        } else if (*p == '#') {
            s->alternate = true;
        } else {
            break;
        }
    }
    p = parse_number(p, &s->width, ap);
    if (s->width < 0) { /* only by `*`: the minus sign counts as the flag */
        s->left = true;
        s->width = -s->width;
    }
    if (*p == '.') {
        p = parse_number(p + 1, &s->precision, ap);
    }
    if (*p == 'h') {
        p++;
        s->length = LEN_SHORT;
        if (*p == 'h') {
            p++;
            s->length = LEN_CHAR;
        }
    } else if (*p == 'l' || *p == 'z') {
        s->length = LEN_LONG; /* long, long long and size_t have 64 bits here */
        p += p[0] == 'l' && p[1] == 'l' ? 2 : 1;
    }
    return p;
}

static uint64_t take_unsigned(const struct spec *s, va_list *ap)
{
    switch (s->length) {
    case LEN_CHAR:
        return (uint8_t)va_arg(*ap, unsigned);
    case LEN_SHORT:
        return (uint16_t)va_arg(*ap, unsigned);
    case LEN_LONG:
        return va_arg(*ap, uint64_t);
    default:
        return va_arg(*ap, unsigned);
    }
}

static int64_t take_signed(const struct spec *s, va_list *ap)
{
    switch (s->length) {
    case LEN_CHAR:
        return (int8_t)va_arg(*ap, int);
    case LEN_SHORT:
        return (int16_t)va_arg(*ap, int);
    case LEN_LONG:
        return va_arg(*ap, int64_t);
    default:
        return va_arg(*ap, int);
    }
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    put_field(o, s, text, strnlen(text, s->precision < 0 ? INT32_MAX : (size_t)s->precision));
}

/* One conversion. Returns false if @c is none. */
static bool convert(struct out *o, const struct spec *s, char c, va_list *ap)
{
    uint64_t u;
    int64_t i;
    char ch;

    switch (c) {
    case 'd':
    case 'i':
        i = take_signed(s, ap);
        put_number(o, s, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, 10, false, i < 0 ? "-" : "");
        return true;
    case 'u':
        put_number(o, s, take_unsigned(s, ap), 10, false, "");
        return true;
    case 'x':
    case 'X':
        u = take_unsigned(s, ap);
        put_number(o, s, u, 16, c == 'X', !s->alternate || u == 0 ? "" : c == 'X' ? "0X" : "0x");
        return true;
    case 'p':
        put_number(o, s, (uintptr_t)va_arg(*ap, void *), 16, false, "0x");
        return true;
    case 'c':
        ch = (char)va_arg(*ap, int);
        put_field(o, s, &ch, 1);
        return true;
    case 's':
        put_string(o, s, va_arg(*ap, const char *));
        return true;
    case '%':
        put(o, '%');
        return true;
    default:
        return false;
    }
}

int format_v(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};
    va_list args;

    va_copy(args, ap); /* a va_list parameter may be an array; only a local one has an address of
                          the right type */
    while (*fmt != '\0') {
        const char *start = fmt;
        struct spec s;

        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt = parse_spec(fmt + 1, &s, &args);
        if (*fmt == '\0') {
            put_run(&o, start, (size_t)(fmt - start));
            break;
        }
        fmt++;
        if (!convert(&o, &s, fmt[-1], &args)) {
            put_run(&o, start, (size_t)(fmt - start));
        }
    }
    va_end(args);
    if (size > 0) {
        buf[o.len < size ? o.len : size - 1] = '\0';
    }
    return (int)o.len;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = format_v(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
