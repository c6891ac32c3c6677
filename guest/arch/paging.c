// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/paging.h"

#include <stddef.h>

#include "lib/page_alloc.h"

#define FOUR_GIB   (4ULL << 30)
#define LARGE      (2ULL << 20)
#define MAP_LIMIT  (1ULL << 47) /* upper half addresses are not canonical 1:1 */
#define INDEX_MASK 511u

/* AMD64 Architecture Programmer's Manual volume 2, section 5.4. */
#define PTE_PRESENT 0x001ULL
#define PTE_WRITE   0x002ULL
#define PTE_PWT     0x008ULL
#define PTE_PCD     0x010ULL
#define PTE_LARGE   0x080ULL
#define PTE_ADDRESS 0x000ffffffffff000ULL

#define LEVEL_PML4 39 /* the lowest address bit that indexes a table of this level */
#define LEVEL_PDPT 30
#define LEVEL_PD   21
#define LEVEL_PT   12

extern uint64_t boot_pml4[512];

static uint64_t *entry_of(uint64_t *table, uint64_t addr, unsigned level)
{
    return &table[addr >> level & INDEX_MASK];
}

/* The table that @entry leads to; made if there is none. */
static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & PTE_PRESENT)) {
        uint64_t page = page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);

        if (page == 0) {
            return NULL;
        }
        *entry = page | PTE_PRESENT | PTE_WRITE;
    }
    return (uint64_t *)(*entry & PTE_ADDRESS);
}

static uint64_t *pd_entry(uint64_t addr)
{
    uint64_t *pdpt = table_below(entry_of(boot_pml4, addr, LEVEL_PML4));
    uint64_t *pd = pdpt == NULL ? NULL : table_below(entry_of(pdpt, addr, LEVEL_PDPT));

    return pd == NULL ? NULL : entry_of(pd, addr, LEVEL_PD);
}

bool paging_map(uint64_t base, uint64_t len, bool uncached)
{
    uint64_t flags = PTE_PRESENT | PTE_WRITE | PTE_LARGE | (uncached ? PTE_PCD | PTE_PWT : 0);
    uint64_t end;

    if (len == 0 || base >= MAP_LIMIT || len > MAP_LIMIT - base) {
        return len == 0;
    }
    end = base + len;
    base &= ~(LARGE - 1);
    if (base < FOUR_GIB) {
        base = FOUR_GIB;
    }
    for (; base < end; base += LARGE) {
        uint64_t *entry = pd_entry(base);

        if (entry == NULL) {
            return false;
        }
        if (!(*entry & PTE_PRESENT)) { /* it has never been used: nothing to invalidate */
            *entry = base | flags;
        }
    }
    return true;
}

bool paging_unmap_page(uint64_t page)
{
    uint64_t *large = pd_entry(page);

    if (large == NULL) {
        return false;
    }
    if (*large & PTE_LARGE) {
        uint64_t *table = (uint64_t *)page_alloc(PAGE_LOW, PAGE_SIZE, PAGE_SIZE);
        uint64_t start = page & ~(LARGE - 1);

        if (table == NULL) {
            return false;
        }
        for (unsigned i = 0; i < 512; i++) {
            table[i] = (start + i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE;
        }
        *large = (uintptr_t)table | PTE_PRESENT | PTE_WRITE;
    }
    *entry_of((uint64_t *)(*large & PTE_ADDRESS), page, LEVEL_PT) = 0;
    /* The whole map is reloaded, as the large page may still be cached for other addresses. */
    __asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax", "memory");
    return true;
}
