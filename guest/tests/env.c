// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/env.h"

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/time.h"
#include "check/env.h"
#include "check/report.h"
#include "drivers/amdvi/regs.h"
#include "lib/page_alloc.h"
#include "lib/string.h"
#include "platform/acpi.h"
#include "platform/msi.h"
#include "platform/pci.h"

/* What a board without a host pays once; the host of an emulator may share its CPUs with many. */
#define HOST_US   2000000u
/* The host has to ask the emulator's monitor, which has a limit of its own. */
#define INJECT_US 5000000u

struct env env;

/* What the firmware left: the unit's registers, and the command registers of the devices that are
 * switched on here. */
static struct {
    uint64_t control, dev_tab, cmd_buf, evt_log, excl_base, excl_limit;
    struct {
        uint16_t devid, command;
    } device[6];
    unsigned devices;
    struct msi_state msi;
} found;

static void remember_command(uint16_t devid)
{
    found.device[found.devices].devid = devid;
    found.device[found.devices].command = pci_read16(devid, PCI_COMMAND);
    found.devices++;
}

bool env_may_write(uint32_t lba, uint32_t sectors)
{
    struct env_disk area = {.first = env.scratch_lba, .count = env.scratch_count};

    return env_disk_may_write(&area, lba, sectors);
}

/* Secure nested paging locks the registers and the tables (REG-017); MSR C001_0010h bit 24 is
 * SYSCFG.SNPEn. */
static bool snp_enabled(void)
{
    uint32_t lo, hi;

    if (!(amdvi_read64(&env.iommu, AMDVI_EFR) & AMDVI_EFR_SNP_SUP)) {
        return false;
    }
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0xc0010010u));
    return lo >> 24 & 1;
}

const char *env_init(const struct env_options *opt)
{
    const char *why = amdvi_discover(&env.iommu);

    if (why) {
        return why;
    }

    const struct amdvi *u = &env.iommu;

    found.msi = msi_save(u->devid);
    found.control = amdvi_read64(u, AMDVI_CONTROL);
    found.dev_tab = amdvi_read64(u, AMDVI_DEV_TAB_BASE);
    found.cmd_buf = amdvi_read64(u, AMDVI_CMD_BUF_BASE);
    found.evt_log = amdvi_read64(u, AMDVI_EVT_LOG_BASE);
    found.excl_base = amdvi_read64(u, AMDVI_EXCL_BASE);
    found.excl_limit = amdvi_read64(u, AMDVI_EXCL_LIMIT);
    if (snp_enabled()) {
        return "SNP is on: the IOMMU's registers are locked";
    }
    if ((found.control & AMDVI_CTRL_IOMMU_EN) && !opt->force) {
        return "the firmware already translates (Control.IommuEn=1); \"force\" on the command line "
               "overrides";
    }

    env.seed = opt->seed;
    env.budget = opt->budget;
    const struct pci_dev *ide = pci_find_class(0x010180, 0xffff80, NULL);
    const struct pci_dev *testdev = pci_find_id(0x1234, 0xadc1, NULL);
    const struct pci_dev *edu = pci_find_id(0x1234, 0x11e8, NULL);
    const struct pci_dev *ahci = pci_find_class(0x010601, 0xffffff, NULL);

    if (ide) {
        remember_command(ide->devid);
    }
    if (testdev) {
        remember_command(testdev->devid);
    }
    if (edu) {
        remember_command(edu->devid);
    }
    if (ahci) {
        remember_command(ahci->devid);
    }
    for (unsigned below = 0; below < 2; below++) {
        const struct pci_dev *nvme = env_find_nvme(below);

        if (nvme) {
            remember_command(nvme->devid);
        }
    }
    env_find_ide();
    env.testdev_missing = testdev_discover(&env.testdev);
    env.edu_missing = edu_discover(&env.edu);
    env.rtl8139_missing = rtl8139_discover(&env.rtl8139);
    env_find_disks();

    unsigned bus = 0;

    for (unsigned i = 0; pci_get(i); i++) {
        if (pci_get(i)->devid >> 8 > bus) {
            bus = pci_get(i)->devid >> 8;
        }
    }
    env.devids = (bus + 1) * 256;
    return NULL;
}

/* A host that answers at all is asked once for frames, since a board's harness has no such wire,
 * and to disarm errors that nobody has armed. */
static void find_host(void)
{
    static char answer[64], injects[128], holds[128];
    bool answered = report_host(HOST_US, answer, sizeof(answer), "ping");

    report_platform("host", "%s", answered ? "yes" : "no");
    env.host_missing = env.inject_missing = env.hold_missing = "no host answers";
    if (answered) {
        bool wire = report_host(HOST_US, answer, sizeof(answer), "packets?");
        bool errors = report_host(INJECT_US, injects, sizeof(injects), "inject command count=0");

        env.host_missing = wire ? NULL : answer;
        env.inject_missing = errors ? NULL : injects;
        env.hold_missing = report_host(HOST_US, holds, sizeof(holds), "holds?") ? NULL : holds;
    }
    report_platform("inject", "%s", env.inject_missing ? env.inject_missing : "yes");
    report_platform("hold", "%s", env.hold_missing ? env.hold_missing : "yes");
}

void env_platform(void)
{
    const struct amdvi *u = &env.iommu;
    struct cpuid_regs v = cpuid(0, 0), f = cpuid(1, 0);
    char vendor[13];

    memcpy(vendor, &v.ebx, 4);
    memcpy(vendor + 4, &v.edx, 4);
    memcpy(vendor + 8, &v.ecx, 4);
    vendor[12] = '\0';
    report_platform("cpu_vendor", "%s", vendor);
    report_platform("cpu_signature", "%08x", f.eax);
    report_platform("iommu_devid", "%04x", u->devid);
    report_platform("iommu_id", "%08x", pci_read32(u->devid, PCI_VENDOR_ID));
    report_platform("iommu_cap", "%08x", u->cap_header);
    report_platform("iommu_efr", "%016llx", (unsigned long long)amdvi_read64(u, AMDVI_EFR));
    report_platform("ivhd_types", "%x", u->ivhd_types);
    report_platform("acpi_rejected", "%u", acpi_rejected());
    report_platform("ide", "%s", env.ide_missing ? env.ide_missing : "yes");
    report_platform("ide_scratch_sectors", "%u", env.scratch_count);
    report_platform("testdev", "%s", env.testdev_missing ? env.testdev_missing : "yes");
    report_platform("edu", "%s", env.edu_missing ? env.edu_missing : "yes");
    report_platform("ahci", "%s", env.ahci_disk.missing ? env.ahci_disk.missing : "yes");
    report_platform("nvme", "%s", env.nvme_disk.missing ? env.nvme_disk.missing : "yes");
    report_platform("nvme_below", "%s",
                    env.nvme_below_disk.missing ? env.nvme_below_disk.missing : "yes");
    env.cpus = env_report_cpus();
    report_platform("pages_low", "%llu", (unsigned long long)page_free_count(PAGE_LOW));
    report_platform("pages_high", "%llu", (unsigned long long)page_free_count(PAGE_HIGH));

    report_platform("rtl8139", "%s", env.rtl8139_missing ? env.rtl8139_missing : "yes");
    find_host();
}

bool env_has(const char *need, const char **why)
{
    if (strcmp(need, "ide") == 0) {
        *why = env.ide_missing ? env.ide_missing
               : env.scratch_count
                   ? NULL
                   : "the disk carries no scratch signature, so it is not written to";
    } else if (strcmp(need, "testdev") == 0) {
        *why = env.testdev_missing;
    } else if (strcmp(need, "edu") == 0) {
        *why = env.edu_missing;
    } else if (strcmp(need, "rtl8139") == 0) {
        *why = env.rtl8139_missing;
    } else if (strcmp(need, "ahci") == 0) {
        *why = env.ahci_disk.missing;
    } else if (strcmp(need, "nvme") == 0) {
        *why = env.nvme_disk.missing;
    } else if (strcmp(need, "nvme-below") == 0) {
        *why = env.nvme_below_disk.missing;
    } else if (strcmp(need, "host") == 0) {
        *why = env.host_missing;
    } else if (strcmp(need, "inject") == 0) {
        *why = env.inject_missing;
    } else if (strcmp(need, "hold") == 0) {
        *why = env.hold_missing;
    } else if (strcmp(need, "apic") == 0) {
        *why = lapic_present() ? NULL : "no local APIC";
    } else if (strcmp(need, "cpus2") == 0) {
        *why = env.cpus >= 2 ? NULL : "a second CPU does not run";
    } else {
        *why = "this kernel knows no such need";
    }
    return !*why;
}

void env_restore(void)
{
    struct amdvi *u = &env.iommu;

    if (!env.rtl8139_missing) {
        (void)rtl8139_reset(&env.rtl8139);
    }
    env_rest_disks();
    (void)amdvi_disable(u);
    amdvi_write64(u, AMDVI_DEV_TAB_BASE, found.dev_tab);
    amdvi_write64(u, AMDVI_CMD_BUF_BASE, found.cmd_buf);
    amdvi_write64(u, AMDVI_EVT_LOG_BASE, found.evt_log);
    amdvi_write64(u, AMDVI_EXCL_BASE, found.excl_base);
    amdvi_write64(u, AMDVI_EXCL_LIMIT, found.excl_limit);
    msi_restore(u->devid, &found.msi);
    amdvi_write64(u, AMDVI_CONTROL, found.control);
    for (unsigned i = 0; i < found.devices; i++) {
        pci_write16(found.device[i].devid, PCI_COMMAND, found.device[i].command);
    }
}
