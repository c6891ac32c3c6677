// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ELF file that the EFI application starts, good and broken. Every file lies in a block of
 * exactly its size, so that the address sanitizer sees a read beyond it.
 */
#include <stdlib.h>

#include "efi/elf.h"
#include "unit/tap.h"

#define FILE_BYTES 512

static uint8_t file[FILE_BYTES];

static void put(unsigned at, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++) {
        file[at + i] = (uint8_t)(v >> (8 * i));
    }
}

static void segment(unsigned n, uint32_t type, uint64_t offset, uint64_t addr, uint64_t file_size,
                    uint64_t memory_size)
{
    unsigned at = 64 + n * 56;

    put(at, 4, type);
    put(at + 8, 8, offset);
    put(at + 16, 8, addr);
    put(at + 24, 8, addr);
    put(at + 32, 8, file_size);
    put(at + 40, 8, memory_size);
}

/*
 * Two segments of 16 bytes at 100000h and 102010h (the second with 5000 bytes of memory), and two
 * notes from byte 300 of the file on, the second with the entry 100008h.
 */
static void make(void)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    memset(file, 0, sizeof(file));
    memcpy(file, ident, sizeof(ident));
    put(16, 2, 2);
    put(18, 2, 62);
    put(32, 8, 64);
    put(54, 2, 56);
    put(56, 2, 3);
    segment(0, 1, 400, 0x100000, 16, 16);
    segment(1, 1, 416, 0x102010, 16, 5000);
    segment(2, 4, 300, 0x100000, 52, 52);
    memset(file + 400, 0xaa, 16);
    memset(file + 416, 0xbb, 16);
    put(300, 4, 4);
    put(304, 4, 4);
    put(308, 4, 18);
    memcpy(file + 312, "Xen", 4);
    put(316, 4, 0x100004);
    put(320, 4, 6);
    put(324, 4, 8);
    put(328, 4, 1);
    memcpy(file + 332, "AMDVI", 6);
    put(340, 8, 0x100008);
}

static struct elf_image image;

static bool good(uint64_t size)
{
    uint8_t *p = malloc(size);
    const char *wrong;

    memcpy(p, file, size);
    wrong = elf_open(&image, p, size);
    if (wrong == NULL) {
        uint8_t *memory = malloc(image.end - image.start);

        elf_place(&image, memory);
        free(memory);
    }
    free(p);
    return wrong == NULL;
}

static void whole(void)
{
    static uint8_t memory[0x4000];

    make();
    OK(elf_open(&image, file, sizeof(file)) == NULL, "good: no error");
    IS(image.start, 0x100000, "good: start");
    IS(image.end, 0x104000, "good: end, in whole pages");
    IS(image.entry, 0x100008, "good: entry, from the note of ours");
    memset(memory, 0x55, sizeof(memory));
    elf_place(&image, memory);
    IS(memory[0], 0xaa, "first byte of the first segment");
    IS(memory[15], 0xaa, "last byte of it");
    IS(memory[16], 0, "zero behind it");
    IS(memory[0x200f], 0, "zero before the second");
    IS(memory[0x2010], 0xbb, "first byte of the second");
    IS(memory[0x201f], 0xbb, "last byte of it in the file");
    IS(memory[0x2020], 0, "the rest of it is zero");
    IS(memory[0x3fff], 0, "to the end of the last page");
}

#define BAD(what, ...)                 \
    do {                               \
        make();                        \
        __VA_ARGS__;                   \
        OK(!good(sizeof(file)), what); \
    } while (0)

static void broken(void)
{
    BAD("no ELF magic", put(0, 1, 0));
    BAD("32 bits", put(4, 1, 1));
    BAD("big-endian", put(5, 1, 2));
    BAD("a shared object", put(16, 2, 3));
    BAD("another machine", put(18, 2, 183));
    BAD("program headers outside", put(32, 8, 400));
    BAD("program headers beyond 2^64", put(32, 8, UINT64_MAX - 8));
    BAD("program headers of another size", put(54, 2, 32));
    BAD("too many program headers", put(56, 2, 65535));
    BAD("no program headers", put(56, 2, 0));
    BAD("a segment outside of the file", segment(0, 1, 500, 0x100000, 16, 16));
    BAD("a segment beyond 2^64", segment(0, 1, UINT64_MAX - 7, 0x100000, 16, 16));
    BAD("more in the file than in memory", segment(0, 1, 400, 0x100000, 16, 8));
    BAD("a segment at 4 GiB", segment(0, 1, 400, 0x100000000, 16, 16));
    BAD("a segment just below 4 GiB", segment(0, 1, 400, 0xffffffff, 16, 16));
    BAD("a segment of 17 MiB", segment(0, 1, 400, 0x100000, 16, 17 << 20));
    BAD("segments 17 MiB apart", segment(0, 1, 400, 0x1200000, 16, 16); put(340, 8, 0x1200000));
    BAD("no note", segment(2, 0, 300, 0, 52, 52));
    BAD("a note outside of the file", segment(2, 4, 500, 0, 52, 52));
    BAD("a note that is cut off", segment(2, 4, 300, 0, 47, 47));
    BAD("a note of another type", put(328, 4, 2));
    BAD("a note of another name", put(332, 1, 'a'));
    BAD("a note whose name is too long", put(300, 4, UINT32_MAX));
    BAD("a note whose value is too long", put(304, 4, UINT32_MAX));
    BAD("an entry before the segments", put(340, 8, 0xfffff));
    BAD("an entry behind the segments", put(340, 8, 0x104000));
    make();
    OK(!good(0), "an empty file");
    OK(!good(63), "half a header");
    OK(!good(100), "half the program headers");
    OK(!good(431), "a segment cut off");
    OK(good(432), "and not");
}

/* Nothing to compare: the sanitizers watch. */
static void mutated(void)
{
    uint64_t state = 0x7654321;
    unsigned accepted = 0;

    for (int i = 0; i < 4000; i++) {
        make();
        for (uint64_t n = tap_random(&state) % 3 + 1; n > 0; n--) {
            file[tap_random(&state) % 352] = (uint8_t)tap_random(&state);
        }
        accepted += good(sizeof(file));
    }
    OK(accepted > 0 && accepted < 4000, "4000 mutated files");
}

int main(void)
{
    whole();
    broken();
    mutated();
    return tap_done();
}
