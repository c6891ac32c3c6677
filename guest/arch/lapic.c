// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/lapic.h"

#include "arch/apic_encode.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "arch/paging.h"
#include "arch/time.h"

#define CPUID_1_EDX_APIC   (1u << 9)
#define CPUID_1_ECX_X2APIC (1u << 21)

#define MSR_APIC_BASE     0x1bu
#define APIC_BASE_EXTD    (1ULL << 10)
#define APIC_BASE_ENABLE  (1ULL << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ULL

/* Offsets of the xAPIC; the MSR of the x2APIC is 800h + offset / 16. */
#define REG_ID          0x020u
#define REG_TPR         0x080u
#define REG_EOI         0x0b0u
#define REG_LDR         0x0d0u
#define REG_DFR         0x0e0u /* xAPIC only */
#define REG_SVR         0x0f0u
#define REG_TMR         0x180u /* eight of them */
#define REG_ICR_LOW     0x300u
#define REG_ICR_HIGH    0x310u
#define REG_LVT_TIMER   0x320u
#define REG_LVT_THERMAL 0x330u
#define REG_LVT_PERF    0x340u
#define REG_LVT_LINT0   0x350u
#define REG_LVT_LINT1   0x360u
#define REG_LVT_ERROR   0x370u
#define REG_VERSION     0x030u
#define REG_TIMER_COUNT 0x380u
#define REG_TIMER_DIV   0x3e0u
#define MSR_X2APIC      0x800u

#define SVR_ENABLE  0x100u
#define LVT_MASKED  0x10000u
#define LVT_PERIOD  0x20000u
#define DIV_BY_1    0xbu
#define PAGE        4096u
#define IPI_WAIT_US 10000u

static bool present, x2apic;
static uint64_t mmio;

static uint32_t read_reg(uint32_t reg)
{
    return x2apic ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16) : mmio_read32(mmio + reg);
}

static void write_reg(uint32_t reg, uint32_t v)
{
    if (x2apic) {
        wrmsr(MSR_X2APIC + reg / 16, v);
    } else {
        mmio_write32(mmio + reg, v);
    }
}

/* Which mode, and where. Once, by the first CPU. */
static bool choose(void)
{
    struct cpuid_regs f = cpuid(1, 0);
    uint64_t base;

    if (!(f.edx & CPUID_1_EDX_APIC)) {
        return false;
    }
    base = rdmsr(MSR_APIC_BASE);
    x2apic = (f.ecx & CPUID_1_ECX_X2APIC) != 0;
    mmio = base & APIC_BASE_ADDRESS;
    present = x2apic || paging_map(mmio, PAGE, true);
    return present;
}

bool lapic_init(void)
{
    static const uint16_t always[] = {REG_LVT_TIMER, REG_LVT_LINT0, REG_LVT_LINT1, REG_LVT_ERROR};
    uint64_t base;
    unsigned lvts;

    if (!present && !choose()) {
        return false;
    }
    base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    wrmsr(MSR_APIC_BASE, base);
    if (x2apic && !(base & APIC_BASE_EXTD)) {
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
    }
    for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        write_reg(always[i], LVT_MASKED);
    }
    lvts = (read_reg(REG_VERSION) >> 16 & 0xff) + 1;
    if (lvts >= 5) {
        write_reg(REG_LVT_PERF, LVT_MASKED);
    }
    if (lvts >= 6) {
        write_reg(REG_LVT_THERMAL, LVT_MASKED);
    }
    write_reg(REG_TPR, 0);
    write_reg(REG_SVR, SVR_ENABLE | IRQ_VECTOR_SPURIOUS);
    return true;
}

bool lapic_present(void)
{
    return present;
}

bool lapic_is_x2apic(void)
{
    return x2apic;
}

uint32_t lapic_id(void)
{
    return x2apic ? read_reg(REG_ID) : read_reg(REG_ID) >> 24;
}

void lapic_set_logical(uint8_t id)
{
    if (!x2apic) {
        write_reg(REG_DFR, 0xffffffff);
        write_reg(REG_LDR, (uint32_t)id << 24);
    }
}

bool lapic_level(uint8_t vector)
{
    return read_reg(REG_TMR + vector / 32 * 0x10u) >> vector % 32 & 1;
}

void lapic_timer_start(uint8_t vector, uint32_t count)
{
    write_reg(REG_TIMER_DIV, DIV_BY_1);
    write_reg(REG_LVT_TIMER, LVT_PERIOD | vector);
    write_reg(REG_TIMER_COUNT, count);
}

void lapic_timer_stop(void)
{
    write_reg(REG_LVT_TIMER, LVT_MASKED);
    write_reg(REG_TIMER_COUNT, 0);
}

void lapic_eoi(void)
{
    write_reg(REG_EOI, 0);
}

bool lapic_ipi(uint32_t dest, uint32_t low)
{
    uint64_t icr = apic_icr(x2apic, dest, low);

    memory_barrier(); /* an MSR write of the x2APIC does not wait for earlier stores */
    if (x2apic) {
        wrmsr(MSR_X2APIC + REG_ICR_LOW / 16, icr);
        return true;
    }
    if (dest > APIC_XAPIC_ID_MAX ||
        !wait_until(!(read_reg(REG_ICR_LOW) & APIC_ICR_PENDING), IPI_WAIT_US)) {
        return false;
    }
    write_reg(REG_ICR_HIGH, (uint32_t)(icr >> 32));
    write_reg(REG_ICR_LOW, (uint32_t)icr);
    return true;
}
