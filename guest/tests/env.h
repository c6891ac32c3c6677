// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices that the tests use, found once.
 */
#ifndef TESTS_ENV_H
#define TESTS_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/ahci/ahci.h"
#include "drivers/amdvi/amdvi.h"
#include "drivers/edu/edu.h"
#include "drivers/ide/ide.h"
#include "drivers/nvme/nvme.h"
#include "drivers/rtl8139/rtl8139.h"
#include "drivers/testdev/testdev.h"

/* The scratch area of a disk that the rules read and write by 64-bit addresses. The sectors between
 * the first one and the area hold what the harness wrote. */
struct env_disk {
    const char *missing; /* NULL if there is a disk with a scratch area */
    uint64_t seed;       /* of the contents in front of the area */
    uint32_t first;      /* sectors that may be written: from here ... */
    uint32_t count;      /* ... this many */
};

struct env {
    struct amdvi iommu;
    struct ide ide;
    const char *ide_missing; /* NULL if there is one */
    struct testdev testdev;
    const char *testdev_missing;
    struct edu edu;
    const char *edu_missing;
    struct rtl8139 rtl8139;
    const char *rtl8139_missing;
    struct ahci ahci;
    struct env_disk ahci_disk;
    struct nvme nvme; /* the first one */
    struct env_disk nvme_disk;
    struct nvme nvme_below; /* the first one but that which is behind a bridge */
    struct env_disk nvme_below_disk;
    const char *host_missing;   /* NULL if a host answers and serves the network card */
    const char *inject_missing; /* NULL if a host answers and can make the IOMMU report errors */
    const char *hold_missing;   /* NULL if a host answers and can hold requests of the disk */
    uint32_t read_lba;          /* sectors that may be read: from here ... */
    uint32_t read_count;        /* ... this many */
    uint32_t scratch_lba;   /* sectors that may be written, from the disk's scratch signature ... */
    uint32_t scratch_count; /* ... this many; 0: nothing may be written */
    unsigned cpus;          /* that can be used, this one included */
    unsigned devids;        /* DeviceIDs that the device table has to cover: whole buses */
    uint64_t seed;
    uint64_t budget;
};

/* Sectors that each of the two areas has to have at least; no rule uses more from the start of one.
 */
#define ENV_SECTORS_MIN 256u

/** Do all of these sectors lie in the disk's scratch area? Whoever writes to the disk asks first.
 */
bool env_may_write(uint32_t lba, uint32_t sectors);

/** The same for the area of another disk. */
bool env_disk_may_write(const struct env_disk *d, uint32_t lba, uint32_t sectors);

/** The area that the first sector of a disk of @sectors sectors names, if it has the signature. */
struct env_disk env_disk_area(const void *sector, uint64_t sectors);

/** What sector @lba of a disk with this area holds as the harness wrote it, one sector to @to. */
void env_disk_contents(const struct env_disk *d, uint32_t lba, uint8_t *to);

/** Find the IDE disk and its areas. */
void env_find_ide(void);

/** The first NVMe controller, or (@below) the first other one that is behind a bridge. NULL if
 * there is none. */
const struct pci_dev *env_find_nvme(bool below);

/** Find the disks with 64-bit addresses, and have them at rest. The IOMMU must be off. */
void env_find_disks(void);

/** Reset their controllers, so that nothing goes on. */
void env_rest_disks(void);

/** The one and only. Filled by env_init() of check/env.h. */
extern struct env env;

/**
 * Have every CPU run a function, and one take exceptions, and report what came of it. Returns how
 * many CPUs are good for work, this one included; 1 if CPU 1 is not (tests use it as the second).
 */
unsigned env_report_cpus(void);

#endif
