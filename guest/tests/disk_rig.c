// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/disk_rig.h"

#include "arch/cpu.h"
#include "arch/irq.h"
#include "check/mark.h"
#include "drivers/ahci/regs.h"
#include "lib/string.h"
#include "tests/env.h"

/* What the devices read and write besides the data, below and above 4 GiB; disk_sector()'s page. */
#define LOW_IOVA   0x60000u
#define HIGH_IOVA  0x1b4698760000ull
#define PLAIN_IOVA 0x50000u

static struct disk_rig rig;

static const struct env_disk *disk_of(const struct disk_rig *d)
{
    return d->kind == DISK_AHCI   ? &env.ahci_disk
           : d->kind == DISK_NVME ? &env.nvme_disk
                                  : &env.nvme_below_disk;
}

static struct nvme *nvme_of(const struct disk_rig *d)
{
    return d->kind == DISK_NVME ? &env.nvme : &env.nvme_below;
}

const char *disk_end_name(enum disk_end e)
{
    static const char *const names[] = {"done", "refused", "silent"};

    return names[e];
}

uint64_t disk_page(const struct disk_rig *d, unsigned i)
{
    return d->data.spa + (i * 5 + 3) % DISK_PAGES * PAGE_SIZE;
}

static bool leaf(struct disk_rig *d, uint64_t iova, uint64_t value)
{
    volatile uint64_t *slot = amdvi_pt_slot(&d->pt, iova, 1);

    if (!slot) {
        rule_error(d->r->c, "no memory for page tables");
        return false;
    }
    rig_store(slot, value);
    return true;
}

bool disk_map(struct disk_rig *d, uint64_t iova, uint64_t spa, uint64_t rights)
{
    return leaf(d, iova, rights | spa) && leaf(d, iova & 0xfffff000, DISK_PAGE_RW | d->decoy.spa);
}

bool disk_rights(struct disk_rig *d, unsigned i, uint64_t rights)
{
    return leaf(d, DISK_BUF_IOVA + i * PAGE_SIZE, rights | disk_page(d, i)) &&
           rig_flush(d->r, d->domain);
}

static void rest(void *arg)
{
    struct disk_rig *d = arg;

    if (d->gone) {
        return;
    }
    if (d->kind != DISK_AHCI) {
        if (!nvme_shutdown(nvme_of(d))) {
            rule_error(d->r->c, "the NVMe controller does not end: CSTS 0x%x",
                       nvme_status(nvme_of(d)));
        }
        return;
    }
    ahci_interrupts(&env.ahci, 0, false);
    if (!ahci_port_stop(&env.ahci)) {
        rule_error(d->r->c, "the AHCI port does not stop");
    }
}

/* A page of its own for the @n-th structure of the device. */
static bool structure(struct disk_rig *d, uint64_t *spa, uint64_t *iova, bool high, unsigned n)
{
    *spa = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);
    *iova = (high ? HIGH_IOVA : LOW_IOVA) + n * 3 * PAGE_SIZE;
    if (!*spa) {
        rule_error(d->r->c, "no memory above 4 GiB");
        return false;
    }
    return high ? disk_map(d, *iova, *spa, DISK_PAGE_RW) : leaf(d, *iova, DISK_PAGE_RW | *spa);
}

static bool start_ahci(struct disk_rig *d, bool high)
{
    struct ahci_memory mem;
    struct ahci_page *pages[] = {&mem.list, &mem.fis, &mem.table};

    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!structure(d, &pages[i]->spa, &pages[i]->iova, high, i)) {
            return false;
        }
    }
    if (!rig_flush(d->r, d->domain)) {
        return false;
    }
    if (!ahci_port_stop(&env.ahci) || !ahci_port_start(&env.ahci, &mem)) {
        rule_error(d->r->c, "the AHCI port does not start: PxCMD 0x%x PxTFD 0x%x",
                   ahci_port_read(&env.ahci, AHCI_PX_CMD), ahci_port_read(&env.ahci, AHCI_PX_TFD));
        return false;
    }
    return true;
}

static bool nvme_pages(struct disk_rig *d, bool high)
{
    struct nvme_memory *mem = &d->nvme_memory;
    struct nvme_page *pages[] = {&mem->admin_sq, &mem->admin_cq, &mem->io_sq, &mem->io_cq,
                                 &d->prps};

    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!structure(d, &pages[i]->spa, &pages[i]->iova, high, i)) {
            return false;
        }
    }
    return rig_flush(d->r, d->domain);
}

static bool start(struct disk_rig *d, bool high)
{
    if (d->kind == DISK_AHCI) {
        return start_ahci(d, high);
    }
    return nvme_pages(d, high) && disk_nvme_enable(d);
}

bool disk_nvme_enable(struct disk_rig *d)
{
    bool good = nvme_enable(nvme_of(d), &d->nvme_memory, d->interrupts);

    if (!good) {
        rule_error(d->r->c, "the NVMe controller is not enabled: CSTS 0x%x",
                   nvme_status(nvme_of(d)));
    }
    return good;
}

void disk_gone(struct disk_rig *d)
{
    d->gone = true;
    env.nvme_below = (struct nvme){0};
    env.nvme_below_disk.missing = "the disk was taken out of its slot";
}

bool disk_raise(struct disk_rig *d)
{
    return start(d, true);
}

/*
 * An emulator may look a device behind a bridge up as one of bus 0. That is for EVT-010 to say, so
 * it finds the same there.
 */
static bool attach(struct disk_rig *d)
{
    return (d->kind != DISK_NVME_BELOW ||
            rig_attach_tree(d->r, d->devid & 0xff, &d->pt, d->domain)) &&
           rig_attach_tree(d->r, d->devid, &d->pt, d->domain);
}

struct disk_rig *disk_rig_begin(struct check *c, enum disk kind)
{
    struct disk_rig *d = &rig;

    *d = (struct disk_rig){.r = rig_begin(c), .kind = kind, .domain = 0xa6c1};
    if (!d->r) {
        return NULL;
    }
    d->devid = kind == DISK_AHCI ? env.ahci.devid : nvme_of(d)->devid;
    rule_at_end(c, rest, d);
    d->plain = page_alloc(PAGE_HIGH, PAGE_SIZE, PAGE_SIZE);
    if (!d->plain || !rig_tree(d->r, &d->pt, 4) ||
        !buf_new(d->r, &d->data, PAGE_HIGH, DISK_PAGES) ||
        !buf_new(d->r, &d->decoy, PAGE_HIGH, 1) || !leaf(d, PLAIN_IOVA, DISK_PAGE_RW | d->plain)) {
        rule_error(c, "no memory above 4 GiB");
        return NULL;
    }
    for (unsigned i = 0; i < DISK_PAGES; i++) {
        if (!disk_map(d, DISK_BUF_IOVA + i * PAGE_SIZE, disk_page(d, i), DISK_PAGE_RW)) {
            return NULL;
        }
    }
    return attach(d) && start(d, false) ? d : NULL;
}

static bool begin_ahci(bool write, uint32_t lba, uint32_t sectors,
                       const struct disk_region *regions, unsigned n)
{
    struct ahci_region r[DISK_REGIONS_MAX];

    for (unsigned i = 0; i < n; i++) {
        r[i] = (struct ahci_region){regions[i].iova, regions[i].bytes};
    }
    return ahci_dma_begin(&env.ahci, write, lba, sectors, r, n);
}

static enum disk_end end_ahci(struct disk_rig *d)
{
    struct ahci_result *res = &d->ahci;

    if (!ahci_dma_end(&env.ahci, res) && !res->timed_out) {
        rule_error(d->r->c, "the AHCI port does not recover: PxIS 0x%x PxTFD 0x%x", res->is,
                   res->tfd);
    }
    d->status = res->is;
    if (res->timed_out) {
        return DISK_SILENT;
    }
    return (res->is & AHCI_PX_IS_FATAL) || (res->tfd & AHCI_PX_TFD_ERR) || res->ci ? DISK_REFUSED
                                                                                   : DISK_DONE;
}

static enum disk_end end_nvme(struct disk_rig *d)
{
    struct nvme_result *res = &d->nvme;

    if (!nvme_finish(nvme_of(d), res)) {
        d->status = res->csts;
        (void)disk_nvme_enable(d);
        return DISK_SILENT;
    }
    d->status = res->status;
    expect_u64(d->r->c, "identifier of the completion", d->cid, res->cid);
    return res->status ? DISK_REFUSED : DISK_DONE;
}

/* A write only where writing is allowed; then the rule is an error. */
static bool may(const struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors)
{
    if (write && !env_disk_may_write(disk_of(d), lba, sectors)) {
        rule_error(d->r->c, "sectors from %u on are not in the scratch area: nothing is written",
                   lba);
        return false;
    }
    return true;
}

static bool begin_nvme(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                       uint64_t prp1, uint64_t prp2)
{
    if (!may(d, write, lba, sectors)) {
        return false;
    }
    d->cid = nvme_start(nvme_of(d), write, lba, sectors, prp1, prp2);
    return true;
}

/* PRP1 is the first region, whose page may be entered anywhere; PRP2 the second one, or a list of
 * all that follow (NVM Express 1.4, section 4.3). */
static uint64_t prp2_of(struct disk_rig *d, const struct disk_region *regions, unsigned n)
{
    volatile uint64_t *list = (volatile uint64_t *)d->prps.spa;

    for (unsigned i = 1; n > 2 && i < n; i++) {
        list[i - 1] = regions[i].iova;
    }
    return n == 2 ? regions[1].iova : n > 2 ? d->prps.iova : 0;
}

enum disk_end disk_move_nvme(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                             uint64_t prp1, uint64_t prp2)
{
    return begin_nvme(d, write, lba, sectors, prp1, prp2) ? end_nvme(d) : DISK_SILENT;
}

bool disk_begin(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                const struct disk_region *regions, unsigned n)
{
    if (d->kind == DISK_AHCI) {
        return may(d, write, lba, sectors) && begin_ahci(write, lba, sectors, regions, n);
    }
    return begin_nvme(d, write, lba, sectors, regions[0].iova, prp2_of(d, regions, n));
}

bool disk_active(const struct disk_rig *d)
{
    return d->kind == DISK_AHCI ? ahci_active(&env.ahci) : nvme_active(nvme_of(d));
}

enum disk_end disk_finish(struct disk_rig *d)
{
    enum disk_end end = d->kind == DISK_AHCI ? end_ahci(d) : end_nvme(d);

    mark(MARK_END, "%s", disk_end_name(end));
    return end;
}

enum disk_end disk_move(struct disk_rig *d, bool write, uint32_t lba, uint32_t sectors,
                        const struct disk_region *regions, unsigned n)
{
    return disk_begin(d, write, lba, sectors, regions, n) ? disk_finish(d) : DISK_SILENT;
}

bool disk_sector(struct disk_rig *d, uint32_t lba, uint8_t *to)
{
    struct disk_region region = {PLAIN_IOVA, DISK_SECTOR};
    enum disk_end end = disk_move(d, false, lba, 1, &region, 1);

    if (end != DISK_DONE) {
        rule_error(d->r->c, "sector %u cannot be read: %s, status 0x%x", lba, disk_end_name(end),
                   d->status);
        return false;
    }
    memcpy(to, (const void *)d->plain, DISK_SECTOR);
    return true;
}

void disk_contents(const struct disk_rig *d, uint32_t lba, uint8_t *to)
{
    env_disk_contents(disk_of(d), lba, to);
}

static uint32_t somewhere(struct disk_rig *d, uint32_t first, uint32_t count, uint32_t sectors)
{
    uint64_t x = (++d->r->nonce + 1) * 0x9e3779b97f4a7c15ull;

    return first + 1 + (uint32_t)((x >> 20) % (count - sectors - 1));
}

uint32_t disk_read_lba(struct disk_rig *d, uint32_t sectors)
{
    return somewhere(d, 1, disk_of(d)->first - 1, sectors);
}

uint32_t disk_write_lba(struct disk_rig *d, uint32_t sectors)
{
    return somewhere(d, disk_of(d)->first, disk_of(d)->count, sectors);
}

bool disk_controls(struct disk_rig *d)
{
    uint32_t lba = disk_read_lba(d, 2);
    uint8_t want[2][DISK_SECTOR], got[DISK_SECTOR];

    for (unsigned i = 0; i < 2; i++) {
        disk_contents(d, lba + i, want[i]);
    }
    if (!disk_sector(d, lba, got)) {
        return false;
    }
    control_pos(d->r->c, memcmp(got, want[0], DISK_SECTOR) == 0,
                "sector %u arrives as the harness wrote it", lba);
    control_neg(d->r->c, memcmp(got, want[1], DISK_SECTOR) != 0,
                "it is told from the one behind it");
    return !rule_broken(d->r->c);
}

/* Where byte @i of a region lies, or NULL if it leaves the buffer. */
static uint8_t *byte_at(const struct disk_rig *d, const struct disk_region *region, uint32_t i)
{
    uint64_t off = region->iova + i - DISK_BUF_IOVA;

    return off < DISK_PAGES * PAGE_SIZE
               ? (uint8_t *)(disk_page(d, (unsigned)(off / PAGE_SIZE)) + off % PAGE_SIZE)
               : NULL;
}

void disk_gather(const struct disk_rig *d, const struct disk_region *regions, unsigned n,
                 uint8_t *data)
{
    for (unsigned k = 0; k < n; k++) {
        for (uint32_t i = 0; i < regions[k].bytes; i++, data++) {
            const uint8_t *p = byte_at(d, &regions[k], i);

            *data = p ? *p : 0;
        }
    }
}

void disk_scatter(const struct disk_rig *d, const struct disk_region *regions, unsigned n,
                  const uint8_t *data)
{
    for (unsigned k = 0; k < n; k++) {
        for (uint32_t i = 0; i < regions[k].bytes; i++, data++) {
            uint8_t *p = byte_at(d, &regions[k], i);

            if (p) {
                *p = *data;
            }
        }
    }
    memory_barrier();
}

bool disk_rest_untouched(const struct disk_rig *d, const struct disk_region *regions, unsigned n)
{
    static bool covered[DISK_PAGES * PAGE_SIZE];

    memset(covered, 0, sizeof(covered));
    for (unsigned k = 0; k < n; k++) {
        for (uint32_t i = 0; i < regions[k].bytes; i++) {
            const uint8_t *p = byte_at(d, &regions[k], i);

            if (p) {
                covered[(uint64_t)p - d->data.spa] = true;
            }
        }
    }
    for (uint32_t i = 0; i < d->data.len; i++) {
        uint64_t a = d->data.spa + i;

        if (!covered[i] && *(volatile uint8_t *)a != buf_canary_byte(a)) {
            mark(MARK_CHANGED, "memory");
            return false;
        }
    }
    return buf_untouched_but(&d->data, 0, d->data.len) && buf_untouched_but(&d->decoy, 0, 0);
}

uint32_t disk_read_messages(struct disk_rig *d, struct listener *l, bool wanted)
{
    struct disk_region region = {DISK_BUF_IOVA, DISK_SECTOR};

    l->count = 0;
    if (disk_move(d, false, disk_read_lba(d, 1), 1, &region, 1) != DISK_DONE) {
        rule_error(d->r->c, "a read of mapped pages is not done: status 0x%x", d->status);
        return 0;
    }
    (void)irq_wait(l->count != 0, wanted ? AMDVI_WAIT_US / 4 : 1);
    irq_settle();
    return l->count;
}
