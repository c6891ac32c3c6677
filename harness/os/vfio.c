// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 0x1000u

/* VFIO's own number of the region that is configuration space */
#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX

static void must(int status, const char *what)
{
    if (status < 0) {
        die("VFIO: %s: %s", what, strerror(errno));
    }
}

struct vfio vfio_open(const struct pci *p)
{
    struct vfio v;
    struct vfio_group_status status = {.argsz = sizeof(status)};
    char path[64];

    pci_unbind(p);
    pci_set(p, "driver_override", "vfio-pci");

    int probe = open("/sys/bus/pci/drivers_probe", O_WRONLY);

    must(write(probe, p->name, strlen(p->name)) < 0 ? -1 : 0, "drivers_probe");
    close(probe);

    must(v.container = open("/dev/vfio/vfio", O_RDWR), "/dev/vfio/vfio");
    snprintf(path, sizeof(path), "/dev/vfio/%u", pci_group(p));
    must(v.group = open(path, O_RDWR), path);
    must(ioctl(v.group, VFIO_GROUP_GET_STATUS, &status), "VFIO_GROUP_GET_STATUS");
    if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
        die("VFIO: the group of %s is not viable", p->name);
    }
    must(ioctl(v.group, VFIO_GROUP_SET_CONTAINER, &v.container), "VFIO_GROUP_SET_CONTAINER");
    must(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
    must(v.device = ioctl(v.group, VFIO_GROUP_GET_DEVICE_FD, p->name), "VFIO_GROUP_GET_DEVICE_FD");
    return v;
}

static struct vfio_region_info region(const struct vfio *v, unsigned index)
{
    struct vfio_region_info info = {.argsz = sizeof(info), .index = index};

    must(ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info), "VFIO_DEVICE_GET_REGION_INFO");
    return info;
}

volatile uint8_t *vfio_bar(const struct vfio *v, unsigned bar, size_t bytes)
{
    struct vfio_region_info config = region(v, CONFIG), info = region(v, bar);
    uint16_t command = 0;
    off_t at = (off_t)config.offset + 4;

    must(pread(v->device, &command, 2, at) == 2 ? 0 : -1, "reading configuration space");
    command |= 0x0006; /* memory, bus master */
    must(pwrite(v->device, &command, 2, at) == 2 ? 0 : -1, "writing configuration space");

    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->device, (off_t)info.offset);

    must(memory == MAP_FAILED ? -1 : 0, "mapping a BAR");
    return memory;
}

volatile uint32_t *vfio_page(const struct vfio *v, uint64_t iova, uint32_t rights)
{
    void *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    struct vfio_iommu_type1_dma_map map = {
        .argsz = sizeof(map),
        .flags = rights,
        .vaddr = (uintptr_t)page,
        .iova = iova,
        .size = PAGE,
    };

    must(page == MAP_FAILED ? -1 : 0, "a page of memory");
    must(ioctl(v->container, VFIO_IOMMU_MAP_DMA, &map), "VFIO_IOMMU_MAP_DMA");
    return page;
}

void vfio_enable_msi(const struct vfio *v)
{
    int32_t fd = eventfd(0, 0);
    _Alignas(struct vfio_irq_set) uint8_t request[sizeof(struct vfio_irq_set) + sizeof(fd)];
    struct vfio_irq_set set = {
        .argsz = sizeof(request),
        .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
        .index = VFIO_PCI_MSI_IRQ_INDEX,
        .count = 1,
    };

    must(fd, "eventfd");
    memcpy(request, &set, sizeof(set));
    memcpy(request + sizeof(set), &fd, sizeof(fd));
    must(ioctl(v->device, VFIO_DEVICE_SET_IRQS, request), "VFIO_DEVICE_SET_IRQS");
}
