// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left in a page for the kernel that starts after a reset, and taken out of it.
 */
#include "check/again.h"

#include "lib/page_alloc.h"
#include "tap.h"

/* In the kernel the linker script has it. */
_Alignas(4096) uint8_t __again_page[PAGE_SIZE];

static struct boot_info bi;

static void usable(uint64_t base, uint64_t len, uint32_t type)
{
    bi = (struct boot_info){.mem_count = 1, .mem = {{.base = base, .len = len, .type = type}}};
}

static bool takes(const char *want)
{
    char got[16] = "";

    return again_take(&bi, got, sizeof(got)) && strcmp(got, want) == 0;
}

int main(void)
{
    static uint8_t much[PAGE_SIZE];
    const char text[16] = "left behind";
    uint64_t at = (uintptr_t)__again_page;

    usable(at, PAGE_SIZE, BOOT_MEM_USABLE);
    OK(!takes(""), "nothing was left");
    OK(again_leave(&bi, text, sizeof(text)) && takes(text), "what was left is found");
    OK(!takes(text), "once");
    again_leave(&bi, text, sizeof(text));
    OK(!again_take(&bi, much, sizeof(text) - 1) && !again_take(&bi, much, sizeof(text) + 1),
       "it has its length");
    OK(takes(text), "and is still there for who asks for that");
    for (unsigned i = 0, bad = 0; i < 16 + sizeof(text); i++) {
        again_leave(&bi, text, sizeof(text));
        __again_page[i] ^= 0x10;
        bad += takes(text);
        if (i + 1 == 16 + sizeof(text)) {
            OK(bad == 0, "a byte that has changed anywhere is noticed");
        }
    }
    again_leave(&bi, text, sizeof(text));
    __again_page[16 + sizeof(text)] ^= 0x10;
    OK(takes(text), "one behind it is nobody's affair");
    OK(!again_leave(&bi, much, PAGE_SIZE - 15), "too much is refused");
    OK(again_leave(&bi, much, PAGE_SIZE - 16), "what fills the page is not");

    again_leave(&bi, text, sizeof(text));
    usable(at, PAGE_SIZE, BOOT_MEM_USABLE + 1);
    OK(!takes(text) && !again_leave(&bi, text, sizeof(text)), "not where the memory is in use");
    usable(at + 1, PAGE_SIZE, BOOT_MEM_USABLE);
    OK(!takes(text), "nor where it begins too late");
    usable(at - PAGE_SIZE, 2 * PAGE_SIZE - 1, BOOT_MEM_USABLE);
    OK(!takes(text), "or ends too early");
    usable(0, UINT64_MAX, BOOT_MEM_USABLE);
    OK(takes(text), "in a larger range it is found");
    return tap_done();
}
