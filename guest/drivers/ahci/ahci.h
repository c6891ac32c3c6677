// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AHCI, the first disk of the first controller that has one: one request at a time, in slot 0.
 * Mechanism only. ahci.c: controller and port; request.c: what the port is given.
 */
#ifndef DRIVERS_AHCI_AHCI_H
#define DRIVERS_AHCI_AHCI_H

#include <stdbool.h>
#include <stdint.h>

/* One page of memory, and where the controller finds it. */
struct ahci_page {
    uint64_t spa;
    uint64_t iova;
};

/* What a port reads and writes besides the data. */
struct ahci_memory {
    struct ahci_page list;  /* command list */
    struct ahci_page fis;   /* received FISes */
    struct ahci_page table; /* command table of slot 0 */
};

struct ahci {
    uint16_t devid;
    uint64_t base; /* ABAR */
    uint64_t regs; /* of the port */
    unsigned port;
    uint64_t sectors; /* from IDENTIFY, 48-bit */
    struct ahci_memory mem;
};

/* One entry of the PRDT: @iova and @bytes are even, @bytes is 2 to 4 MiB. */
struct ahci_region {
    uint64_t iova;
    uint32_t bytes;
};

/* How a request ended, or did not; each field as read from the device. */
struct ahci_result {
    bool timed_out;
    uint32_t is;    /* PxIS */
    uint32_t tfd;   /* PxTFD */
    uint32_t ci;    /* PxCI */
    uint32_t cmd;   /* PxCMD */
    uint32_t bytes; /* PRDBC */
};

/** Limit for one request, reset, start or stop, in microseconds. */
#define AHCI_WAIT_US 1000000u

/**
 * Find the first AHCI controller with a disk, reset it, and identify the disk by means of @mem and
 * @data, a page. The port is at rest afterwards. Returns NULL, or what is missing. Nothing may
 * translate meanwhile, or all four pages are mapped.
 */
const char *ahci_discover(struct ahci *a, const struct ahci_memory *mem,
                          const struct ahci_page *data);

/** Reset the controller (GHC.HR) and switch it to AHCI, without interrupts. False on time-out. */
bool ahci_reset(const struct ahci *a);

/** Give the port @mem and start it, with status and errors cleared. False if it does not run. */
bool ahci_port_start(struct ahci *a, const struct ahci_memory *mem);

/** Stop the port: commands, then FISes. False if either goes on. */
bool ahci_port_stop(const struct ahci *a);

/** COMRESET of a port that is stopped, until the disk is there again. False on time-out. */
bool ahci_port_reset(const struct ahci *a);

/** What gets a port to work again after any error: stopped, COMRESET, started. */
bool ahci_recover(struct ahci *a);

/**
 * Read (@write false) or write @count sectors (1 to 65536) from @lba on, through @n regions in
 * their order, to its end. Returns true if the request came to an end, whatever it was.
 */
bool ahci_dma(struct ahci *a, bool write, uint64_t lba, uint32_t count,
              const struct ahci_region *regions, unsigned n, struct ahci_result *res);

/** The same in two halves, for whoever does something in between: the port has it, and its end.
 * False from the first one: it was given nothing. */
bool ahci_dma_begin(struct ahci *a, bool write, uint64_t lba, uint32_t count,
                    const struct ahci_region *regions, unsigned n);
bool ahci_dma_end(struct ahci *a, struct ahci_result *res);

/*
 * The steps of a request, raw: nothing is checked, nothing is put right.
 */

/** Write header, FIS and PRDT into the memory of slot 0. The port is told nothing. */
void ahci_prepare(const struct ahci *a, uint8_t command, bool write, uint64_t lba, uint32_t count,
                  const struct ahci_region *regions, unsigned n);

/** Clear the port's status and have it begin what slot 0 holds. Waits for nothing. */
void ahci_start(const struct ahci *a);

/** Is slot 0 still at work? A port that has stopped with a fatal error is not. */
bool ahci_active(const struct ahci *a);

/** Wait for the end of the request under way and tell how it went. False without an end. */
bool ahci_finish(const struct ahci *a, struct ahci_result *res);

/** Interrupts: which bits of PxIS ask for one, and whether the controller sends any. */
void ahci_interrupts(const struct ahci *a, uint32_t port_enables, bool on);

/** PxIS and then IS are cleared, in this order (section 5.5.3). */
void ahci_acknowledge(const struct ahci *a);

/** IS: the ports with something that they interrupt for. */
uint32_t ahci_pending(const struct ahci *a);

/** Read and write a register of the port (AHCI_PX_CLB ...). */
uint32_t ahci_port_read(const struct ahci *a, unsigned reg);
void ahci_port_write(const struct ahci *a, unsigned reg, uint32_t v);

#endif
