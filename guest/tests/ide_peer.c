// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regions that lie in the memory of another device (docs/rules.md IDE-BM-021). An emulator cannot
 * hand such memory to the disk: it copies, and what it has for copies is less than a request may
 * have regions for. So it has to do the request in pieces, which end where they happen to.
 */
#include "arch/cpu.h"
#include "arch/io.h"
#include "check/mark.h"
#include "drivers/ide/regs.h"
#include "drivers/testdev/regs.h"
#include "lib/string.h"
#include "tests/env.h"
#include "tests/ide_rig.h"

#define RAM        IDE_IOVA
#define RAM_PAGES  5u
#define PEER       0x40040000u /* IOVA of the other device's memory */
#define PEER_PAGES 5u
#define PEER_BYTES (PEER_PAGES * (uint32_t)PAGE_SIZE)
#define SECTORS    10u

/*
 * Each has 1400h bytes, of which more than 1000h lie in the other device. Where the first 1000h of
 * these end, the request is in the middle of a sector.
 */
static const ide_entry across_pages[] = {
    {RAM + 0x1c00, 0x00000100}, {PEER + 0x0c00, 0x00001200}, {RAM + 0x0800, 0x80000100}};

/* They end in the second region in the device, so less than a sector of it is left over. */
static const ide_entry two_regions[] = {{RAM + 0x2600, 0x00000100},
                                        {PEER + 0x2000, 0x00000f80},
                                        {PEER + 0x4400, 0x00000200},
                                        {RAM + 0x3e80, 0x80000180}};

/* They end with a sector, and a region of RAM that is shorter than one follows. */
static const ide_entry ram_between[] = {{PEER + 0x1000, 0x00001000},
                                        {RAM + 0x1380, 0x00000080},
                                        {PEER + 0x3e00, 0x00000200},
                                        {RAM + 0x0000, 0x80000180}};

static const struct {
    const ide_entry *e;
    unsigned n;
} tables[] = {{across_pages, 3}, {two_regions, 4}, {ram_between, 4}};

/* What the other device's memory has to hold. */
static uint8_t peer_image[PEER_BYTES];

static uint64_t peer_at(uint32_t off)
{
    return env.testdev.base + TESTDEV_BUFFER + off;
}

/* All of it, with the image; it takes accesses of 4 bytes. */
static void peer_fill(void)
{
    for (uint32_t off = 0; off < PEER_BYTES; off += 4) {
        uint32_t word;

        memcpy(&word, peer_image + off, 4);
        mmio_write32(peer_at(off), word);
    }
}

static bool peer_holds(void)
{
    for (uint32_t off = 0; off < PEER_BYTES; off += 4) {
        uint32_t word = mmio_read32(peer_at(off));

        if (memcmp(&word, peer_image + off, 4) != 0) {
            mark(MARK_CHANGED, "device");
            return false;
        }
    }
    return true;
}

static bool in_peer(uint32_t iova)
{
    return iova - PEER < PEER_BYTES;
}

/* What the regions have to hold from now on, or, with @put, hold: the data of the request. */
static void spread(struct ide_rig *t, const ide_entry *e, unsigned n, bool put)
{
    for (uint32_t i = 0, at = 0; i < n; at += e[i][1] & 0xffff, i++) {
        if (in_peer(e[i][0])) {
            memcpy(peer_image + (e[i][0] - PEER), t->data + at, e[i][1] & 0xffff);
        } else if (put) {
            ide_rig_put(t, e[i][0], t->data + at, e[i][1] & 0xffff);
        } else {
            ide_rig_want(t, e[i][0], t->data + at, e[i][1] & 0xffff);
        }
    }
    if (put) {
        peer_fill();
    }
}

/* Memory, device and disk before the request. */
static bool prepare(struct ide_rig *t, bool write, uint32_t lba, const ide_entry *e, unsigned n)
{
    if (write && !env_may_write(lba, SECTORS)) {
        rule_error(t->c, "sectors from %u on are not in the scratch area: nothing is written", lba);
        return false;
    }
    if (!ide_rig_pio(t, lba, SECTORS + 1, t->before)) {
        return false;
    }
    ide_rig_data(t);
    ide_rig_canary(t);
    for (uint32_t i = 0; i < PEER_BYTES; i++) {
        peer_image[i] = buf_canary_byte(PEER + i);
    }
    peer_fill();
    for (unsigned i = 0; i < n; i++) {
        ide_rig_prd(t, i, e[i][0], e[i][1]);
    }
    if (write) {
        spread(t, e, n, true);
    } else {
        memcpy(t->data, t->before, SECTORS * IDE_SECTOR);
    }
    return true;
}

/* A request through the table, and all that has to be so afterwards. False: there is no next one.
 */
static bool request(struct ide_rig *t, bool write, unsigned table)
{
    const ide_entry *e = tables[table].e;
    unsigned n = tables[table].n;
    uint32_t lba = ide_rig_lba(t, write);
    const char *name = ide_rig_name(write);
    uint8_t to_memory = write ? 0 : IDE_BM_COMMAND_TO_MEMORY;
    bool ended;

    if (!prepare(t, write, lba, e, n)) {
        return false;
    }
    ide_bm_set_table(&env.ide, IDE_TABLE);
    ide_bm_write(&env.ide, IDE_BM_STATUS, 0x06);
    ide_bm_write(&env.ide, IDE_BM_COMMAND, to_memory);
    if (!ide_command(&env.ide, write, lba, SECTORS)) {
        rule_error(t->c, "the drive stays busy");
        return false;
    }
    ide_bm_write(&env.ide, IDE_BM_COMMAND, to_memory | IDE_BM_COMMAND_START);
    ended = ide_bm_wait(&env.ide);
    memory_barrier();
    expect_true(t->c, ended, "%s through table %u: expected an end, actual none, BMISTA 0x%02x",
                name, table, ide_bm_read(&env.ide, IDE_BM_STATUS));
    if (!write) {
        spread(t, e, n, false);
    }
    expect_true(t->c, ide_rig_holds(t),
                "%s through table %u: expected the regions in RAM as they have to be, and nothing "
                "else there changed",
                name, table);
    expect_true(t->c, peer_holds(),
                "%s through table %u: expected the regions in the other device as they have to be, "
                "and nothing else there changed",
                name, table);
    if (!ended) {
        return false;
    }
    expect_u64(t->c, "BMISTA bits 2:0 (Interrupt, Error, Active)", 4,
               ide_bm_read(&env.ide, IDE_BM_STATUS) & IDE_BM_STATE);
    ide_bm_write(&env.ide, IDE_BM_COMMAND, 0);
    (void)ide_status(&env.ide);
    if (!write) {
        return true;
    }
    if (!ide_rig_pio(t, lba, SECTORS + 1, t->sectors)) {
        return false;
    }
    expect_true(t->c, memcmp(t->sectors, t->data, SECTORS * IDE_SECTOR) == 0,
                "%s through table %u: expected the data on the disk, in the order of the regions",
                name, table);
    expect_true(t->c,
                memcmp(t->sectors + SECTORS * IDE_SECTOR, t->before + SECTORS * IDE_SECTOR,
                       IDE_SECTOR) == 0,
                "%s through table %u: expected the sector behind it as it was", name, table);
    return true;
}

/* The device's memory is told from what it ought not to be, and can be reached at all. */
static void controls(struct ide_rig *t)
{
    struct ide_result res;
    uint32_t lba = ide_rig_lba(t, false);

    for (int write = 0; write < 2; write++) {
        control_pos(t->c, ide_rig_moves(t, &env.ide, write, RAM + 0x2000),
                    "a plain %s of one sector moves it", ide_rig_name(write));
    }
    if (!ide_rig_pio(t, lba, 1, t->before)) {
        return;
    }
    for (uint32_t i = 0; i < PEER_BYTES; i++) {
        peer_image[i] = buf_canary_byte(PEER + i);
    }
    peer_fill();
    ide_rig_prd(t, 0, PEER + 0x800, 0x80000200);
    if (!ide_rig_request(t, &env.ide, false, lba, 1, IDE_TABLE, &res)) {
        return;
    }
    control_neg(t->c, !peer_holds(), "that a sector arrives in the device is seen");
    memcpy(peer_image + 0x800, t->before, IDE_SECTOR);
    control_pos(t->c, peer_holds(), "and it arrives where it is to");
}

/* Nothing may be under way any more: a completion would wait for it. */
static void take_memory_away(struct ide_rig *t)
{
    for (uint32_t i = 0; i < RAM_PAGES; i++) {
        volatile uint64_t *slot = amdvi_pt_slot(&t->pt, RAM + i * (uint32_t)PAGE_SIZE, 1);

        if (slot) {
            rig_store(slot, 0);
        }
    }
    expect_true(t->c, amdvi_cmd_and_wait(t->r->u, amdvi_cmd_invalidate_domain(IDE_DOMAIN)),
                "expected a completion after the requests, with their memory taken away");
}

RULE("IDE-BM-021", "A", ide_regions_in_another_device,
     "ref=82801AA:5.14.2 needs=ide,testdev hw-safe=no may-kill=yes controls=both timeout-ms=20000",
     "Regions in the memory of another device, more than 4 KiB and of any even size, between such "
     "in RAM: all bytes move, each to its place, in table order")
{
    struct ide_rig t;

    if (!ide_rig(c, &t, RAM_PAGES)) {
        return;
    }
    for (uint32_t i = 0; i < PEER_PAGES; i++) {
        uint32_t off = i * (uint32_t)PAGE_SIZE;

        if (!amdvi_pt_map(&t.pt, PEER + off, peer_at(off), 1, AMDVI_IR | AMDVI_IW)) {
            rule_error(c, "no memory for page tables");
            return;
        }
    }
    if (!rig_flush(t.r, IDE_DOMAIN)) {
        return;
    }
    controls(&t);
    for (unsigned table = 0; table < sizeof(tables) / sizeof(tables[0]); table++) {
        for (int write = 0; write < 2; write++) {
            if (!request(&t, write, table)) {
                return;
            }
        }
    }
    expect_no_event(t.r, "requests with all their memory mapped");
    take_memory_away(&t);
}
