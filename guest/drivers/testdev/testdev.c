// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/testdev/testdev.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/testdev/regs.h"
#include "lib/string.h"
#include "platform/pci.h"

/* A command runs inside the register write; the limit only bounds a broken device. */
#define COMMAND_US 1000000u

static const char *take(struct testdev *t, const struct pci_dev *dev)
{
    *t = (struct testdev){0};
    if (!dev) {
        return "no amdvi-testdev (PCI 1234:adc1)";
    }
    t->devid = dev->devid;
    t->base = pci_bar_mem(t->devid, 0);
    if (!t->base || !paging_map(t->base, TESTDEV_BUFFER + TESTDEV_MAX, true)) {
        return "amdvi-testdev has no memory BAR";
    }
    pci_command(t->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    if (mmio_read32(t->base + TESTDEV_ID) != TESTDEV_ID_VALUE) {
        return "amdvi-testdev does not answer with its ID";
    }
    return NULL;
}

const char *testdev_discover(struct testdev *t)
{
    return take(t, pci_find_id(TESTDEV_VENDOR, TESTDEV_DEVICE, NULL));
}

const char *testdev_discover_behind_bridge(struct testdev *t)
{
    const struct pci_dev *dev = NULL;

    do {
        dev = pci_find_id(TESTDEV_VENDOR, TESTDEV_DEVICE, dev);
    } while (dev && dev->devid >> 8 == 0);
    return take(t, dev);
}

static bool command(struct testdev *t, enum testdev_command cmd, uint32_t *result)
{
    uint32_t before = mmio_read32(t->base + TESTDEV_COUNT);

    memory_barrier();
    mmio_write32(t->base + TESTDEV_COMMAND, cmd);

    bool ran = wait_until(mmio_read32(t->base + TESTDEV_COUNT) == before + 1, COMMAND_US);

    memory_barrier();
    *result = mmio_read32(t->base + TESTDEV_RESULT);
    return ran && !(*result & TESTDEV_RESULT_REFUSED);
}

static bool run(struct testdev *t, enum testdev_command cmd, uint64_t iova, uint32_t len,
                uint32_t at, uint32_t *result)
{
    mmio_write64(t->base + TESTDEV_IOVA, iova);
    mmio_write32(t->base + TESTDEV_LENGTH, len);
    mmio_write32(t->base + TESTDEV_BUFOFF, at);
    return command(t, cmd, result);
}

/* The buffer takes aligned 4-byte accesses; the last one may hold bytes beyond @len, which do no
 * harm. */
static void buffer_fill(struct testdev *t, uint32_t at, const uint8_t *data, uint32_t len)
{
    for (uint32_t off = 0; off < len; off += 4) {
        uint32_t word = 0;

        if (data) {
            memcpy(&word, data + off, len - off < 4 ? len - off : 4);
        }
        mmio_write32(t->base + TESTDEV_BUFFER + at + off, word);
    }
}

static void buffer_take(const struct testdev *t, uint32_t at, uint8_t *data, uint32_t len)
{
    for (uint32_t off = 0; off < len; off += 4) {
        uint32_t word = mmio_read32(t->base + TESTDEV_BUFFER + at + off);

        memcpy(data + off, &word, len - off < 4 ? len - off : 4);
    }
}

bool testdev_write(struct testdev *t, uint64_t iova, const void *data, uint32_t len,
                   uint32_t *result)
{
    buffer_fill(t, 0, data, len);
    return run(t, TESTDEV_WRITE, iova, len, 0, result);
}

bool testdev_read(struct testdev *t, uint64_t iova, void *data, uint32_t len, uint32_t *result)
{
    buffer_fill(t, 0, NULL, len);

    bool ok = run(t, TESTDEV_READ, iova, len, 0, result);

    buffer_take(t, 0, data, len);
    return ok;
}

bool testdev_map(struct testdev *t, unsigned slot, bool write, uint64_t iova, uint32_t len,
                 uint32_t *result)
{
    mmio_write32(t->base + TESTDEV_SLOT, slot);
    return run(t, write ? TESTDEV_MAP_WRITE : TESTDEV_MAP_READ, iova, len, slot * TESTDEV_SLOT_MAX,
               result);
}

static bool end_slot(struct testdev *t, enum testdev_command cmd, unsigned slot, uint32_t *result)
{
    mmio_write32(t->base + TESTDEV_SLOT, slot);
    return command(t, cmd, result);
}

bool testdev_release(struct testdev *t, unsigned slot, uint32_t *result)
{
    return end_slot(t, TESTDEV_RELEASE, slot, result);
}

bool testdev_drop(struct testdev *t, unsigned slot, uint32_t *result)
{
    return end_slot(t, TESTDEV_DROP, slot, result);
}

bool testdev_held(const struct testdev *t, unsigned slot)
{
    return mmio_read32(t->base + TESTDEV_HELD) >> slot & 1;
}

bool testdev_direct(const struct testdev *t, unsigned slot)
{
    return mmio_read32(t->base + TESTDEV_DIRECT) >> slot & 1;
}

void testdev_slot_fill(struct testdev *t, unsigned slot, const void *data, uint32_t len)
{
    buffer_fill(t, slot * TESTDEV_SLOT_MAX, data, len);
}

void testdev_slot_data(const struct testdev *t, unsigned slot, void *data, uint32_t len)
{
    buffer_take(t, slot * TESTDEV_SLOT_MAX, data, len);
}

bool testdev_msi(struct testdev *t)
{
    uint32_t result;

    return command(t, TESTDEV_MSI, &result);
}

bool testdev_intx(struct testdev *t, bool asserted)
{
    uint32_t result;

    return command(t, asserted ? TESTDEV_INTX_ASSERT : TESTDEV_INTX_DEASSERT, &result);
}
