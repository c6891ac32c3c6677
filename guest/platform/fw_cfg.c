// SPDX-License-Identifier: GPL-2.0-or-later
#include "platform/fw_cfg.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "lib/string.h"

#define PORT_SELECTOR 0x510
#define PORT_DATA     0x511

#define KEY_SIGNATURE 0x0000
#define KEY_DIRECTORY 0x0019
#define FILE_NAME     56
#define MAX_FILES     1024

#define CPUID_HYPERVISOR (1u << 31) /* leaf 1, ECX */

/* The directory's numbers are big-endian. */
struct file_entry {
    uint32_t size;
    uint16_t select;
    uint16_t reserved;
    char name[FILE_NAME];
};

static void read_data(void *buf, size_t n)
{
    __asm__ volatile("rep insb" : "+D"(buf), "+c"(n) : "d"((uint16_t)PORT_DATA) : "memory");
}

void fw_cfg_select(uint16_t key)
{
    outw(PORT_SELECTOR, key);
}

/* On a board these ports may be anything, so they are left alone unless a hypervisor is there. */
bool fw_cfg_present(void)
{
    char signature[4];

    if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR)) {
        return false;
    }
    fw_cfg_select(KEY_SIGNATURE);
    read_data(signature, sizeof(signature));
    return memcmp(signature, "QEMU", 4) == 0;
}

static bool find(const char *name, struct file_entry *found)
{
    uint32_t count;

    fw_cfg_select(KEY_DIRECTORY);
    read_data(&count, sizeof(count));
    count = __builtin_bswap32(count);
    for (uint32_t i = 0; i < count && i < MAX_FILES; i++) {
        read_data(found, sizeof(*found));
        if (strncmp(found->name, name, FILE_NAME) == 0) {
            return true;
        }
    }
    return false;
}

long fw_cfg_read(const char *name, char *buf, size_t size)
{
    struct file_entry file;
    uint32_t length;
    size_t n;

    if (size == 0 || !fw_cfg_present() || !find(name, &file)) {
        return -1;
    }
    length = __builtin_bswap32(file.size);
    n = length < size - 1 ? length : size - 1;
    fw_cfg_select(__builtin_bswap16(file.select));
    read_data(buf, n);
    buf[n] = '\0';
    return (long)length;
}
