// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot doors' information, good and broken, and the memory that comes of it. Every structure
 * lies in a block of exactly its size, so that the address sanitizer sees a read beyond it.
 */
#include <stdlib.h>

#include "boot/boot_info.h"
#include "boot/efi.h"
#include "unit/tap.h"

static struct boot_info bi;

struct blob {
    uint8_t bytes[3 * BOOT_CMDLINE_MAX];
    size_t len;
};

static void put(struct blob *b, const void *p, size_t n)
{
    memcpy(b->bytes + b->len, p, n);
    b->len += n;
}

static void put32(struct blob *b, uint32_t v)
{
    put(b, &v, sizeof(v));
}

static void put64(struct blob *b, uint64_t v)
{
    put(b, &v, sizeof(v));
}

static void begin(struct blob *b)
{
    memset(b, 0, sizeof(*b));
    b->len = 8;
}

/* A tag of @n bytes after its header; the next one is aligned to 8. */
static void tag(struct blob *b, uint32_t type, const void *p, uint32_t n)
{
    put32(b, type);
    put32(b, 8 + n);
    put(b, p, n);
    b->len = (b->len + 7) & ~7ULL;
}

static void end(struct blob *b)
{
    tag(b, 0, "", 0);
}

/* @total 0: what it is. */
static void parse(const struct blob *b, uint32_t total)
{
    uint32_t size = total != 0 ? total : (uint32_t)b->len;
    uint8_t *p = aligned_alloc(8, (b->len + 7) & ~7ULL);

    memcpy(p, b->bytes, b->len);
    memcpy(p, &size, 4);
    boot_parse_multiboot2(&bi, (uintptr_t)p);
    free(p);
}

static void memory_map_tag(struct blob *b, uint32_t entry_size, unsigned count)
{
    struct blob t = {.len = 0};

    put32(&t, entry_size);
    put32(&t, 0);
    for (unsigned i = 0; i < count; i++) {
        put64(&t, 0x100000 + i * 0x200000ULL);
        put64(&t, 0x100000);
        put32(&t, i % 2 == 0 ? 1 : 2);
        put32(&t, 0);
        t.len += entry_size - 24;
    }
    tag(b, 6, t.bytes, (uint32_t)t.len);
}

static void mb2_good(void)
{
    struct blob b;
    uint8_t fb[24] = {0};
    uint8_t old_rsdp[20] = "RSD PTR ", new_rsdp[36] = "RSD PTR ";

    old_rsdp[9] = 1;
    new_rsdp[9] = 2;
    fb[21] = 2; /* byte 29 of the tag */
    begin(&b);
    tag(&b, 1, "exit=debug run=*", 17);
    tag(&b, 2, "GRUB 2.06", 10);
    memory_map_tag(&b, 24, 3);
    tag(&b, 8, fb, sizeof(fb));
    tag(&b, 15, new_rsdp, sizeof(new_rsdp));
    tag(&b, 14, old_rsdp, sizeof(old_rsdp));
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL, "good: no error");
    IS(bi.door, BOOT_DOOR_MULTIBOOT2, "good: door");
    IS_TEXT(bi.cmdline, "exit=debug run=*", "good: command line");
    IS(bi.mem_count, 3, "good: three ranges");
    IS(bi.mem[1].base, 0x300000, "good: base");
    IS(bi.mem[1].len, 0x100000, "good: length");
    IS(bi.mem[1].type, BOOT_MEM_RESERVED, "good: type");
    OK(bi.text_screen, "good: text screen");
    OK(bi.rsdp != 0 && ((const uint8_t *)(uintptr_t)bi.rsdp)[9] == 2,
       "good: the newer RSDP, copied");

    begin(&b);
    memory_map_tag(&b, 40, 2);
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL, "larger entries: no error");
    IS(bi.mem_count, 2, "larger entries: stepped over");
    IS(bi.mem[1].base, 0x300000, "larger entries: base");
    OK(!bi.text_screen, "no framebuffer tag: no text screen");
    IS(bi.rsdp, 0, "no RSDP");
}

/* Framebuffer tag of 38 bytes: 1280x800 with blue first, and what is not used. */
static void mb2_screen(void)
{
    const uint8_t good[30] = {0, 0,    0,    0x80, 1, 0,  0, 0, 0x00, 0x14, 0, 0, 0x00, 0x05, 0,
                              0, 0x20, 0x03, 0,    0, 32, 1, 0, 0,    16,   8, 8, 8,    0,    8};
    static const struct {
        uint8_t at, value;
        const char *what;
    } bad[] = {
        {20, 24, "24 bits a pixel are not used"},
        {21, 0, "a palette is not used"},
        {25, 5, "5 bits of red are not used"},
        {28, 17, "a colour outside of the pixel is not used"},
    };
    struct blob b;

    begin(&b);
    tag(&b, 8, good, sizeof(good));
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL && !bi.text_screen, "a screen of pixels is no text screen");
    IS(bi.framebuffer.base, 0x180000000, "its address");
    IS(bi.framebuffer.pitch, 5120, "its pitch");
    IS(bi.framebuffer.width, 1280, "its width");
    IS(bi.framebuffer.height, 800, "its height");
    for (size_t i = 0; i < 4; i++) {
        uint8_t fb[30];

        memcpy(fb, good, sizeof(fb));
        fb[bad[i].at] = bad[i].value;
        begin(&b);
        tag(&b, 8, fb, sizeof(fb));
        end(&b);
        parse(&b, 0);
        OK(bi.error == NULL && bi.framebuffer.base == 0, bad[i].what);
    }
    begin(&b);
    tag(&b, 8, good, 29);
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL && bi.framebuffer.base == 0, "colours cut off: not used");
}

static void mb2_bad_frame(void)
{
    struct blob b;

    boot_parse_multiboot2(&bi, 0);
    OK(bi.error != NULL, "no structure at all");
    boot_parse_multiboot2(&bi, 12);
    OK(bi.error != NULL, "not aligned");
    begin(&b);
    parse(&b, 8);
    OK(bi.error != NULL, "no room for a tag");
    parse(&b, 65537);
    OK(bi.error != NULL, "larger than 64 KiB");
    begin(&b);
    tag(&b, 2, "", 0);
    parse(&b, 0);
    OK(bi.error != NULL, "no end tag");
    begin(&b);
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL && bi.mem_count == 0, "nothing but an end tag");
}

static void mb2_bad_tags(void)
{
    struct blob b;
    static char text[BOOT_CMDLINE_MAX + 500];

    begin(&b);
    put32(&b, 1);
    put32(&b, 0);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "tag of size 0");
    begin(&b);
    put32(&b, 1);
    put32(&b, 4096);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "tag beyond the end");
    begin(&b);
    put32(&b, 1);
    put32(&b, UINT32_MAX);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "tag size that wraps");
    begin(&b);
    tag(&b, 1, "abcdefgh", 8);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "command line without an end");
    IS_TEXT(bi.cmdline, "abcdefgh", "is cut off where the tag ends");
    begin(&b);
    tag(&b, 1, "", 0);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "command line tag of nothing");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    begin(&b);
    tag(&b, 1, text, sizeof(text));
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL, "a long command line is no error");
    IS(strlen(bi.cmdline), BOOT_CMDLINE_MAX - 1, "but is cut off");
    begin(&b);
    tag(&b, 14, text, 19);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL && bi.rsdp == 0, "RSDP cut off");
    begin(&b);
    tag(&b, 15, text, 35);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL && bi.rsdp == 0, "new RSDP cut off");
    begin(&b);
    tag(&b, 8, text, 21);
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL && !bi.text_screen, "framebuffer tag cut off");
}

static void mb2_bad_map(void)
{
    static const uint32_t sizes[] = {0, 16, 23, 25};
    struct blob b;
    uint32_t words[2] = {24, 0};

    for (size_t i = 0; i < 4; i++) {
        begin(&b);
        words[0] = sizes[i];
        tag(&b, 6, words, 8);
        end(&b);
        parse(&b, 0);
        OK(bi.error != NULL && bi.mem_count == 0, "bad entry size");
    }
    begin(&b);
    tag(&b, 6, words, 4);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "memory map without its header");
    begin(&b);
    memory_map_tag(&b, 24, 0);
    end(&b);
    parse(&b, 0);
    OK(bi.error == NULL && bi.mem_count == 0, "memory map without entries");
    begin(&b);
    memory_map_tag(&b, 24, 130);
    end(&b);
    parse(&b, 0);
    OK(bi.error != NULL, "too many entries are told");
    IS(bi.mem_count, BOOT_MEM_MAX, "and those that fit are there");
}

/* Nothing to compare: the sanitizers watch. */
static void mb2_mutated(void)
{
    uint64_t state = 0x1234567;
    struct blob good, b;
    uint8_t fb[24] = {0}, rsdp[36] = {0};

    begin(&good);
    tag(&good, 1, "exit=debug", 11);
    memory_map_tag(&good, 24, 6);
    tag(&good, 8, fb, sizeof(fb));
    tag(&good, 15, rsdp, sizeof(rsdp));
    end(&good);
    for (int i = 0; i < 20000; i++) {
        b = good;
        for (uint64_t n = tap_random(&state) % 4 + 1; n > 0; n--) {
            b.bytes[tap_random(&state) % b.len] = (uint8_t)tap_random(&state);
        }
        if (i % 4 == 0) {
            b.len = 16 + tap_random(&state) % (good.len - 16);
        }
        parse(&b, 0);
        if (strnlen(bi.cmdline, sizeof(bi.cmdline)) == sizeof(bi.cmdline) ||
            bi.mem_count > BOOT_MEM_MAX) {
            break;
        }
    }
    OK(bi.mem_count <= BOOT_MEM_MAX, "20000 mutated structures");
}

struct start_info {
    uint32_t magic, version, flags, modules;
    uint64_t modlist, cmdline, rsdp, memory_map;
    uint32_t entries, reserved;
};

static void pvh(void)
{
    const uint64_t map[] = {0x0,      0x9fc00,  1, /* type and reserved in one word */
                            0x100000, 0x700000, 1, 0xfee00000, 0x1000, 2};
    struct start_info s = {.magic = 0x336ec578,
                           .version = 1,
                           .cmdline = (uintptr_t) "exit=debug",
                           .rsdp = 0xf5000,
                           .memory_map = (uintptr_t)map,
                           .entries = 3};
    uint64_t many[3 * 130];

    boot_parse_pvh(&bi, (uintptr_t)&s);
    OK(bi.error == NULL, "PVH: no error");
    IS(bi.door, BOOT_DOOR_PVH, "PVH: door");
    IS_TEXT(bi.cmdline, "exit=debug", "PVH: command line");
    IS(bi.rsdp, 0xf5000, "PVH: RSDP");
    IS(bi.mem_count, 3, "PVH: three ranges");
    IS(bi.mem[2].base, 0xfee00000, "PVH: base");
    IS(bi.mem[2].type, BOOT_MEM_RESERVED, "PVH: type");

    s.cmdline = 0;
    boot_parse_pvh(&bi, (uintptr_t)&s);
    IS_TEXT(bi.cmdline, "", "PVH: no command line");
    s.version = 0;
    boot_parse_pvh(&bi, (uintptr_t)&s);
    OK(bi.error != NULL && bi.mem_count == 0, "PVH: version 0");
    s.version = 1;
    s.memory_map = 0;
    boot_parse_pvh(&bi, (uintptr_t)&s);
    OK(bi.error != NULL, "PVH: no map");
    for (uint64_t i = 0; i < 130; i++) {
        many[i * 3] = i << 20;
        many[i * 3 + 1] = 4096;
        many[i * 3 + 2] = 1;
    }
    s.memory_map = (uintptr_t)many;
    s.entries = UINT32_MAX;
    boot_parse_pvh(&bi, (uintptr_t)&s);
    OK(bi.error != NULL, "PVH: too many entries are told");
    IS(bi.mem_count, BOOT_MEM_MAX, "PVH: and those that fit are there");
    s.magic = 0;
    boot_parse_pvh(&bi, (uintptr_t)&s);
    OK(bi.error != NULL, "PVH: bad magic");
    boot_parse_pvh(&bi, 0);
    OK(bi.error != NULL, "PVH: no structure");
}

/* EFI descriptors of 48 bytes: type and padding in the first word, start, virtual start, pages,
 * attributes, and a word that a later version of the table may bring. */
static void efi(void)
{
    uint64_t map[][6] = {
        {7, 0x0, 0, 0xa0, 0xf, 0},       {4, 0x100000, 0, 0x100, 0xf, 0},
        {2, 0x200000, 0, 0x10, 0xf, 0},  {9, 0x210000, 0, 1, 0xf, 0},
        {10, 0x211000, 0, 2, 0xf, 0},    {5, 0x213000, 0, 1, 1ULL << 63, 0},
        {14, 0x100000000, 0, 1, 0xf, 0}, {3, 0x214000, 0, 0, 0xf, 0},
    };
    static struct boot_efi h;

    h = (struct boot_efi){.magic = 0x1efa9d0c,
                          .left = 1,
                          .map = (uintptr_t)map,
                          .map_size = sizeof(map),
                          .map_step = 48,
                          .rsdp = 0x7f000014,
                          .framebuffer = {0x80000000, 1280, 800, 5120, 0},
                          .cmdline = "exit=debug"};
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error == NULL, "EFI: no error");
    IS(bi.door, BOOT_DOOR_EFI, "EFI: door");
    IS_TEXT(bi.cmdline, "exit=debug", "EFI: command line");
    IS(bi.rsdp, 0x7f000014, "EFI: RSDP");
    IS(bi.framebuffer.base, 0x80000000, "EFI: screen");
    IS(bi.framebuffer.pitch, 5120, "EFI: bytes in a line of the screen");
    OK(!bi.text_screen, "EFI: no text screen");
    IS(bi.mem_count, 6, "EFI: neighbours of one type are one range, nothing of no pages");
    IS(bi.mem[1].base, 0x100000, "EFI: boot services' memory");
    IS(bi.mem[1].len, 0x110000, "EFI: is usable, and so is the loader's behind it");
    IS(bi.mem[1].type, BOOT_MEM_USABLE, "EFI: both of one type");
    IS(bi.mem[2].type, BOOT_MEM_ACPI_RECLAIM, "EFI: ACPI tables");
    IS(bi.mem[3].type, BOOT_MEM_ACPI_NVS, "EFI: ACPI storage");
    IS(bi.mem[3].len, 0x2000, "EFI: its length");
    IS(bi.mem[4].type, BOOT_MEM_RESERVED, "EFI: runtime services stay");
    IS(bi.mem[5].type, BOOT_MEM_RESERVED, "EFI: persistent memory is no RAM");

    h.map_size = 47;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error == NULL && bi.mem_count == 0, "EFI: a map without a whole descriptor");
    h.map_size = 95;
    boot_parse_efi(&bi, (uintptr_t)&h);
    IS(bi.mem_count, 1, "EFI: a last one cut off is not read");
    h.map_step = 39;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL && bi.mem_count == 0, "EFI: descriptors too short");
    h.map_step = 48;
    h.map_size = UINT64_MAX;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL && bi.mem_count == 0, "EFI: a map too long");
    h.map_size = sizeof(map);
    map[0][3] = 1ULL << 52;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL && bi.mem_count == 0, "EFI: more pages than there can be");
    map[0][3] = 0xa0;
    h.left = 0;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL && bi.mem_count == 0, "EFI: boot services that go on");
    h.left = 1;
    h.map = 0;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL, "EFI: no map");
    memset(h.cmdline, 'x', sizeof(h.cmdline));
    boot_parse_efi(&bi, (uintptr_t)&h);
    IS(strnlen(bi.cmdline, sizeof(bi.cmdline)), BOOT_CMDLINE_MAX - 1,
       "EFI: a command line without an end");
    h.magic++;
    boot_parse_efi(&bi, (uintptr_t)&h);
    OK(bi.error != NULL, "EFI: bad magic");
    boot_parse_efi(&bi, 0);
    OK(bi.error != NULL, "EFI: no structure");
}

/* Ranges that touch are one, as long as that is the same memory. */
static void joined(void)
{
    memset(&bi, 0, sizeof(bi));
    boot_add_memory(&bi, 0x1000, 0x1000, 1);
    boot_add_memory(&bi, 0x2000, 0x3000, 1);
    IS(bi.mem_count, 1, "a range that goes on is joined");
    IS(bi.mem[0].len, 0x4000, "with its length");
    boot_add_memory(&bi, 0x5000, 0x1000, 2);
    boot_add_memory(&bi, 0x7000, 0x1000, 2);
    IS(bi.mem_count, 3, "but not of another type, and not across a gap");
    boot_add_memory(&bi, UINT64_MAX - 0xfff, 0x1000, 1);
    boot_add_memory(&bi, 0, 0x1000, 1);
    IS(bi.mem_count, 5, "and not from the end of memory to its start");
    memset(&bi, 0, sizeof(bi));
    boot_add_memory(&bi, 0, 1ULL << 63, 1);
    boot_add_memory(&bi, 1ULL << 63, 1ULL << 63, 1);
    IS(bi.mem_count, 2, "and not to a length that does not fit");
}

static uint32_t usable(const struct boot_span *kept, uint32_t kept_count, struct boot_span *out)
{
    return boot_usable(&bi, kept, kept_count, out, 8);
}

static void memory(void)
{
    struct boot_span out[8];
    const struct boot_span kernel = {0x100000, 0x130000};
    const struct boot_span unsorted[] = {{0x180000, 0x190000}, {0x120000, 0x130000}};
    const struct boot_span all = {0, UINT64_MAX};

    memset(&bi, 0, sizeof(bi));
    boot_add_memory(&bi, 0x100000, 0, 1);
    IS(bi.mem_count, 0, "an empty range is left out");
    OK(bi.error == NULL, "and no error");
    boot_add_memory(&bi, UINT64_MAX, 2, 1);
    OK(bi.error != NULL && bi.mem_count == 0, "a range that wraps is an error");
    boot_add_memory(&bi, UINT64_MAX, 1, 2);
    IS(bi.mem_count, 1, "the last byte of all is none");

    boot_add_memory(&bi, 0x100000, 0x100000, 1);
    IS(usable(NULL, 0, out), 1, "one usable range");
    IS(out[0].start, 0x100000, "its start");
    IS(out[0].end, 0x200000, "its end");
    IS(usable(&kernel, 1, out), 1, "the kernel at its start");
    IS(out[0].start, 0x130000, "is left out");
    IS(usable(&all, 1, out), 0, "all is kept");
    IS(usable(unsorted, 2, out), 3, "kept spans in any order");
    IS(out[1].start, 0x130000, "from the end of the lower");
    IS(out[1].end, 0x180000, "to the start of the higher");
    boot_add_memory(&bi, 0x200000, 0x100800, 1);
    IS(usable(NULL, 0, out), 1, "neighbours are one range");
    IS(out[0].end, 0x300000, "of whole pages");
    boot_add_memory(&bi, 0x180010, 0x10, BOOT_MEM_ACPI_NVS);
    IS(usable(&kernel, 1, out), 2, "what another entry claims is cut out");
    IS(out[0].end, 0x180000, "up to the page before");
    IS(out[1].start, 0x181000, "from the page after");
    boot_add_memory(&bi, 0x180000, 0x80000, 77);
    IS(usable(&kernel, 1, out), 2, "overlapping claims, unknown types");
    IS(out[1].start, 0x200000, "are cut out as one");
    boot_add_memory(&bi, 1ULL << 52, 0x100000, 1);
    IS(usable(&kernel, 1, out), 2, "memory beyond 2^52 is not believed");
    IS(boot_usable(&bi, &kernel, 1, out, 1), 1, "no more than there is room for");
}

int main(void)
{
    mb2_good();
    mb2_screen();
    mb2_bad_frame();
    mb2_bad_tags();
    mb2_bad_map();
    mb2_mutated();
    pvh();
    efi();
    joined();
    memory();
    return tap_done();
}
