// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/rtl8139/rtl8139.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/paging.h"
#include "arch/time.h"
#include "drivers/rtl8139/cplus.h"
#include "drivers/rtl8139/regs.h"
#include "drivers/rtl8139/rx.h"
#include "platform/pci.h"

uint8_t rtl8139_read8(const struct rtl8139 *d, uint16_t off)
{
    return mmio_read8(d->base + off);
}

uint16_t rtl8139_read16(const struct rtl8139 *d, uint16_t off)
{
    return mmio_read16(d->base + off);
}

uint32_t rtl8139_read32(const struct rtl8139 *d, uint16_t off)
{
    return mmio_read32(d->base + off);
}

void rtl8139_write8(const struct rtl8139 *d, uint16_t off, uint8_t v)
{
    memory_barrier();
    mmio_write8(d->base + off, v);
}

void rtl8139_write16(const struct rtl8139 *d, uint16_t off, uint16_t v)
{
    memory_barrier();
    mmio_write16(d->base + off, v);
}

void rtl8139_write32(const struct rtl8139 *d, uint16_t off, uint32_t v)
{
    memory_barrier();
    mmio_write32(d->base + off, v);
}

bool rtl8139_reset(struct rtl8139 *d)
{
    rtl8139_write8(d, RTL8139_CR, RTL8139_CR_RST);

    bool ok = wait_until(!(rtl8139_read8(d, RTL8139_CR) & RTL8139_CR_RST), RTL8139_WAIT_US);

    rtl8139_write16(d, RTL8139_IMR, 0);
    rtl8139_write16(d, RTL8139_ISR, 0xffff);
    return ok;
}

const char *rtl8139_discover(struct rtl8139 *d)
{
    const struct pci_dev *dev = pci_find_id(RTL8139_VENDOR, RTL8139_DEVICE, NULL);

    *d = (struct rtl8139){0};
    if (!dev) {
        return "no RTL8139 (PCI 10ec:8139)";
    }
    d->devid = dev->devid;
    d->revision = pci_read8(d->devid, PCI_CLASS_REVISION);
    d->base = pci_bar_mem(d->devid, 1);
    if (!d->base || !paging_map(d->base, RTL8139_WINDOW_BYTES, true)) {
        return "the RTL8139 has no memory BAR";
    }
    pci_command(d->devid, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    if (!rtl8139_reset(d)) {
        return "the RTL8139 does not come out of its reset";
    }
    for (unsigned i = 0; i < sizeof(d->mac); i++) {
        d->mac[i] = rtl8139_read8(d, (uint16_t)(RTL8139_IDR0 + i));
    }
    if (d->mac[0] & 1) {
        return "the RTL8139 has a group address for its own";
    }
    return NULL;
}

/* The configurations are taken over only while the engines are enabled. */
static void engines_on(const struct rtl8139 *d, uint32_t rcr, bool loopback)
{
    rtl8139_write8(d, RTL8139_CR, RTL8139_CR_TE | RTL8139_CR_RE);
    rtl8139_write32(d, RTL8139_TCR,
                    RTL8139_TCR_IFG | RTL8139_TCR_DMA_1024 | (loopback ? RTL8139_TCR_LOOPBACK : 0));
    rtl8139_write32(d, RTL8139_RCR,
                    rcr | RTL8139_RCR_NO_THRESHOLD | RTL8139_RCR_DMA_1024 | RTL8139_RCR_AB |
                        RTL8139_RCR_APM);
    rtl8139_write16(d, RTL8139_ISR, 0xffff);
}

void rtl8139_start(const struct rtl8139 *d, const struct rtl8139_setup *s)
{
    rtl8139_write32(d, RTL8139_RBSTART, s->rx_iova);
    engines_on(d, s->rx_log2 << RTL8139_RCR_RBLEN_SHIFT | (s->rx_wrap ? RTL8139_RCR_WRAP : 0),
               s->loopback);
}

void rtl8139_tx(const struct rtl8139 *d, unsigned slot, uint32_t iova, uint32_t len)
{
    rtl8139_write32(d, (uint16_t)(RTL8139_TSAD0 + 4 * slot), iova);
    rtl8139_write32(d, (uint16_t)(RTL8139_TSD0 + 4 * slot), len & RTL8139_TSD_SIZE);
}

static bool bus_error(const struct rtl8139 *d)
{
    return rtl8139_read16(d, RTL8139_ISR) & RTL8139_INT_SERR;
}

bool rtl8139_tx_wait(const struct rtl8139 *d, unsigned slot, uint32_t *tsd)
{
    uint16_t off = (uint16_t)(RTL8139_TSD0 + 4 * slot);
    uint32_t ended = RTL8139_TSD_TOK | RTL8139_TSD_TUN | RTL8139_TSD_TABT;
    bool ok =
        wait_until(((*tsd = rtl8139_read32(d, off)) & ended) || bus_error(d), RTL8139_WAIT_US);

    memory_barrier();
    return ok;
}

bool rtl8139_rx_wait(const struct rtl8139 *d)
{
    bool ok = wait_until(!(rtl8139_read8(d, RTL8139_CR) & RTL8139_CR_BUFE), RTL8139_WAIT_US);

    memory_barrier();
    return ok;
}

void rtl8139_rx_release(const struct rtl8139 *d, uint32_t offset)
{
    rtl8139_write16(d, RTL8139_CAPR, (uint16_t)(offset - RTL8139_RX_CAPR_BIAS));
}

bool rtl8139_has_cplus(const struct rtl8139 *d)
{
    return d->revision >= RTL8139_REVISION_CP;
}

/* The ring addresses are taken only in C+ mode, which CPCR selects. */
void rtl8139_cp_start(const struct rtl8139 *d, const struct rtl8139_cp_setup *s)
{
    rtl8139_write16(d, RTL8139_CPCR,
                    RTL8139_CPCR_DAC | RTL8139_CPCR_MULRW | RTL8139_CPCR_RX | RTL8139_CPCR_TX);
    rtl8139_write32(d, RTL8139_RDSAR, (uint32_t)s->rx_iova);
    rtl8139_write32(d, RTL8139_RDSAR + 4, (uint32_t)(s->rx_iova >> 32));
    rtl8139_write32(d, RTL8139_TNPDS, (uint32_t)s->tx_iova);
    rtl8139_write32(d, RTL8139_TNPDS + 4, (uint32_t)(s->tx_iova >> 32));
    engines_on(d, 0, s->loopback);
}

void rtl8139_cp_poll(const struct rtl8139 *d)
{
    rtl8139_write8(d, RTL8139_TPPOLL, RTL8139_TPPOLL_NPQ);
}

static volatile uint32_t *descriptor(uint64_t ring, unsigned i)
{
    return (volatile uint32_t *)(ring + (uint64_t)i * RTL8139_CP_BYTES);
}

void rtl8139_cp_put(uint64_t ring, unsigned i, uint32_t dw0, uint64_t iova)
{
    volatile uint32_t *dw = descriptor(ring, i);

    dw[1] = 0;
    dw[2] = (uint32_t)iova;
    dw[3] = (uint32_t)(iova >> 32);
    memory_barrier();
    dw[0] = dw0;
    memory_barrier();
}

uint32_t rtl8139_cp_get(uint64_t ring, unsigned i, unsigned dw)
{
    return descriptor(ring, i)[dw];
}

bool rtl8139_cp_wait(const struct rtl8139 *d, uint64_t ring, unsigned i)
{
    bool ok =
        wait_until(!(descriptor(ring, i)[0] & RTL8139_CP_OWN) || bus_error(d), RTL8139_WAIT_US);

    memory_barrier();
    return ok;
}
