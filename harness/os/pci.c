// SPDX-License-Identifier: GPL-2.0-or-later
#include "pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

#define COMMAND           4 /* in configuration space */
#define COMMAND_IO_MEMORY 0x0003
#define COMMAND_MASTER    0x0004

static void path_of(const struct pci *p, const char *attribute, char *path, size_t size)
{
    snprintf(path, size, DEVICES "/%s/%s", p->name, attribute);
}

static unsigned read_number(const char *name, const char *attribute)
{
    char path[128];
    unsigned value = ~0u;

    snprintf(path, sizeof(path), DEVICES "/%s/%s", name, attribute);

    FILE *file = fopen(path, "r");

    if (!file || fscanf(file, "%x", &value) != 1) {
        die("%s cannot be read", path);
    }
    fclose(file);
    return value;
}

struct pci pci_find(unsigned vendor, unsigned device, bool far)
{
    DIR *dir = opendir(DEVICES);
    const struct dirent *entry;
    struct pci found = {{0}};

    if (!dir) {
        die("%s cannot be read", DEVICES);
    }
    while ((entry = readdir(dir))) {
        if (strlen(entry->d_name) != 12 || (strncmp(entry->d_name, "0000:00:", 8) != 0) != far) {
            continue;
        }
        if (read_number(entry->d_name, "vendor") == vendor &&
            read_number(entry->d_name, "device") == device) {
            memcpy(found.name, entry->d_name, 13);
        }
    }
    closedir(dir);
    if (!found.name[0]) {
        die("there is no device %04x:%04x %s", vendor, device,
            far ? "behind a bridge" : "on bus 0");
    }
    return found;
}

void pci_set(const struct pci *p, const char *attribute, const char *text)
{
    char path[128];

    path_of(p, attribute, path, sizeof(path));

    int fd = open(path, O_WRONLY);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        die("%s does not take '%s': %s", path, text, strerror(errno));
    }
    close(fd);
}

void pci_unbind(const struct pci *p)
{
    char path[128];

    path_of(p, "driver", path, sizeof(path));
    if (access(path, F_OK) == 0) {
        pci_set(p, "driver/unbind", p->name);
    }
}

void pci_enable(const struct pci *p)
{
    char path[128];
    uint16_t command = 0;

    pci_set(p, "enable", "1");
    path_of(p, "config", path, sizeof(path));

    int fd = open(path, O_RDWR);

    if (fd < 0 || pread(fd, &command, 2, COMMAND) != 2) {
        die("%s cannot be read", path);
    }
    command |= COMMAND_IO_MEMORY | COMMAND_MASTER;
    if (pwrite(fd, &command, 2, COMMAND) != 2) {
        die("%s cannot be written", path);
    }
    close(fd);
}

volatile uint8_t *pci_map(const struct pci *p, unsigned bar, size_t bytes)
{
    char attribute[16], path[128];

    snprintf(attribute, sizeof(attribute), "resource%u", bar);
    path_of(p, attribute, path, sizeof(path));

    int fd = open(path, O_RDWR | O_SYNC);
    /* A BAR may be smaller than a page, what is mapped may not. */
    void *at = mmap(NULL, (bytes + 0xfff) & ~0xffful, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        die("%s cannot be mapped: %s", path, strerror(errno));
    }
    close(fd);
    return at;
}

uint16_t pci_port(const struct pci *p, unsigned bar)
{
    char path[128];
    unsigned long long start = 0;

    path_of(p, "resource", path, sizeof(path));

    FILE *file = fopen(path, "r");

    if (!file) {
        die("%s cannot be read", path);
    }
    for (unsigned line = 0; line <= bar; line++) {
        if (fscanf(file, "%llx %*x %*x", &start) != 1) {
            die("%s has no line %u", path, bar);
        }
    }
    fclose(file);
    if (start == 0 || start > 0xffff) {
        die("BAR %u of %s is no port", bar, p->name);
    }
    return (uint16_t)start;
}

unsigned pci_group(const struct pci *p)
{
    char path[128], target[256] = {0};
    const char *number;

    path_of(p, "iommu_group", path, sizeof(path));
    if (readlink(path, target, sizeof(target) - 1) < 0 || !(number = strrchr(target, '/'))) {
        die("%s is in no IOMMU group", p->name);
    }
    return (unsigned)strtoul(number + 1, NULL, 10);
}
