// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the AHCI and NVMe drivers write into memory, against golden literals worked out by hand from
 * AHCI 1.3.1 section 4.2 and NVM Express 1.4 sections 4.2, 4.6 and 6.15. The "device" is memory.
 */
#include "arch/time.h"
#include "drivers/ahci/ahci.h"
#include "drivers/nvme/nvme.h"
#include "unit/tap.h"

#define PAGE 4096u

/* Time stands still until the first look at it, and is then over. */
deadline_t deadline_in(uint64_t us)
{
    (void)us;
    return 0;
}

bool deadline_passed(deadline_t d)
{
    (void)d;
    return true;
}

void time_add_waited(deadline_t begin)
{
    (void)begin;
}

/* Registers of the port. */
static uint32_t port[32];
static unsigned acknowledged, recovered;

uint32_t ahci_port_read(const struct ahci *a, unsigned reg)
{
    (void)a;
    return port[reg / 4];
}

void ahci_port_write(const struct ahci *a, unsigned reg, uint32_t v)
{
    (void)a;
    port[reg / 4] = v;
}

void ahci_acknowledge(const struct ahci *a)
{
    (void)a;
    acknowledged++;
}

bool ahci_recover(struct ahci *a)
{
    (void)a;
    recovered++;
    return true;
}

/* Four pages, which hold EEh. */
static uint64_t page(void)
{
    static _Alignas(PAGE) uint8_t pages[5][4 * PAGE];
    static unsigned used;

    memset(pages[used], 0xee, sizeof(pages[used]));
    return (uint64_t)pages[used++];
}

static void ahci(void)
{
    struct ahci a = {0};
    struct ahci_region regions[] = {{0x35a712343e04, 0x1fc}, {0x123456789a, 2}, {0x8000, 0x400000}};
    uint64_t list = page(), table = page();
    const uint32_t *header = (const uint32_t *)list, *prdt = (const uint32_t *)(table + 0x80);
    const uint8_t *fis = (const uint8_t *)table;
    struct ahci_result res;

    a.mem.list = (struct ahci_page){list, 0};
    a.mem.table = (struct ahci_page){table, 0x1b4698766000};
    ahci_prepare(&a, 0x35, true, 0x123456789abc, 0x1f2, regions, 3);
    IS(header[0], 0x00030045, "AHCI header: FIS of 5 dwords, write, 3 regions");
    IS(header[1], 0, "AHCI header: no byte moved yet");
    IS(header[2], 0x98766000, "AHCI header: command table");
    IS(header[3], 0x00001b46, "AHCI header: its upper half");
    IS(header[4] | header[5] | header[6] | header[7], 0, "AHCI header: the rest");
    IS(header[8], 0xeeeeeeee, "AHCI: the next slot is not touched");
    OK(memcmp(fis,
              "\x27\x80\x35\x00\xbc\x9a\x78\x40\x56\x34\x12\x00\xf2\x01\x00\x00\x00\x00\x00\x00",
              20) == 0,
       "AHCI FIS: command, LBA of 48 bits, count");
    IS(prdt[0], 0x12343e04, "AHCI PRDT: address");
    IS(prdt[1], 0x000035a7, "AHCI PRDT: upper half");
    IS(prdt[2], 0, "AHCI PRDT: reserved");
    IS(prdt[3], 0x1fb, "AHCI PRDT: bytes less 1");
    IS(prdt[5], 0x12, "AHCI PRDT: upper half of the second");
    IS(prdt[7], 1, "AHCI PRDT: the smallest region");
    IS(prdt[11], 0x3fffff, "AHCI PRDT: the largest region");
    IS(prdt[12], 0xeeeeeeee, "AHCI PRDT: nothing behind the last entry");
    ahci_prepare(&a, 0x25, false, 1, 65536, regions, 1);
    IS(header[0], 0x00010005, "AHCI header: read, 1 region");
    IS(fis[12] | fis[13], 0, "AHCI FIS: 65536 sectors are written as 0");

    ahci_start(&a);
    IS(port[0x38 / 4], 1, "AHCI: slot 0 is issued");
    IS(acknowledged, 1, "AHCI: the status is cleared first");
    OK(ahci_active(&a), "AHCI: active while the bit is set");
    OK(!ahci_finish(&a, &res) && res.timed_out, "AHCI: and not finished");
    port[0x10 / 4] = 0x20000000;
    OK(!ahci_active(&a), "AHCI: not active after a fatal error");
    OK(ahci_finish(&a, &res) && res.is == 0x20000000 && res.ci == 1, "AHCI: which is an end");
    port[0x10 / 4] = 1;
    port[0x38 / 4] = 0;
    OK(!ahci_active(&a) && ahci_finish(&a, &res) && res.ci == 0, "AHCI: nor once the bit is 0");
    IS(recovered, 0, "AHCI: no step puts anything right");
}

static void nvme(void)
{
    struct nvme n = {.cap = 0x0000000200000000}; /* doorbells 16 bytes apart */
    uint64_t regs = page(), sq = page(), cq = page();
    const uint32_t *e = (const uint32_t *)sq;
    uint32_t *c = (uint32_t *)cq;
    const uint32_t *bell = (const uint32_t *)(regs + 0x1000);
    struct nvme_result res;

    memset((void *)regs, 0, 4 * PAGE);
    memset((void *)cq, 0, PAGE);
    n.base = regs;
    n.cid = 0x1233;
    n.io = (struct nvme_queue){.sq = {sq, 0}, .cq = {cq, 0}, .id = 1, .phase = true};
    IS(nvme_start(&n, true, 0x123456789a, 24, 0x35a712343e04, 0x1b469876c000), 0x1234,
       "NVMe: identifier");
    IS(e[0], 0x12340001, "NVMe WRITE: identifier and opcode");
    IS(e[1], 1, "NVMe WRITE: namespace");
    IS(e[6], 0x12343e04, "NVMe WRITE: PRP1");
    IS(e[7], 0x000035a7, "NVMe WRITE: its upper half");
    IS(e[8], 0x9876c000, "NVMe WRITE: PRP2");
    IS(e[9], 0x00001b46, "NVMe WRITE: its upper half");
    IS(e[10], 0x3456789a, "NVMe WRITE: LBA");
    IS(e[11], 0x12, "NVMe WRITE: its upper half");
    IS(e[12], 23, "NVMe WRITE: sectors less 1");
    IS(e[2] | e[3] | e[4] | e[5] | e[13] | e[14] | e[15], 0, "NVMe WRITE: the rest");
    IS(e[16], 0xeeeeeeee, "NVMe: the next entry is not touched");
    IS(bell[8], 1, "NVMe: the submission doorbell of queue 1 has the tail");
    OK(nvme_active(&n), "NVMe: active without a completion");
    OK(!nvme_finish(&n, &res) && res.timed_out, "NVMe: and not finished");
    IS(nvme_start(&n, false, 1, 65536, 0, 0), 0x1235, "NVMe: the next identifier");
    IS(e[16], 0x12350002, "NVMe READ: identifier and opcode");
    IS(e[28], 0xffff, "NVMe READ: 65536 sectors");
    IS(bell[8], 2, "NVMe: the tail again");

    c[2] = 0x00010002; /* queue 1, head 2 */
    c[3] = 0x80091234; /* DNR, SC 4, phase 1 */
    OK(!nvme_active(&n) && nvme_finish(&n, &res), "NVMe: a completion");
    IS(res.cid, 0x1234, "NVMe: its identifier");
    IS(res.status, 0x4004, "NVMe: its status");
    IS(res.sq_head, 2, "NVMe: head of the submission queue");
    IS(bell[12], 1, "NVMe: the completion doorbell of queue 1 has the head");
    c[4 * 1 + 3] = 0x1235;
    OK(nvme_active(&n), "NVMe: the other phase is no completion");
    n.io.head = 63;
    c[4 * 63 + 3] = 0x00011236;
    OK(nvme_finish(&n, &res) && n.io.head == 0 && !n.io.phase,
       "NVMe: the phase changes at the end");
    c[3] = 0x00001237;
    OK(!nvme_active(&n), "NVMe: and the next lap is told by it");
    c[3] = 0x00011237;
    *(uint32_t *)(regs + 0x1c) = 2;
    OK(!nvme_active(&n) && !nvme_finish(&n, &res) && !res.timed_out && res.csts == 2,
       "NVMe: a controller that has failed is not waited for");
}

int main(void)
{
    ahci();
    nvme();
    return tap_done();
}
