// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/smp.h"

#include <stddef.h>

#include "arch/apic_encode.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/lapic.h"
#include "arch/paging.h"
#include "arch/percpu.h"
#include "arch/time.h"
#include "arch/trampoline.h"
#include "lib/page_alloc.h"
#include "lib/string.h"

/* Memory of a CPU, from below: a page that is not there, the stack, the IST stacks, struct ap. */
#define STACK_PAGES 4
#define AP_PAGES    (1 + STACK_PAGES + IST_COUNT + 1)

/* AMD64 Architecture Programmer's Manual volume 2, section 16.5; the times are those that all
 * operating systems use. */
#define INIT_US    10000u
#define STARTUP_US 200u
#define COME_US    10000000u

#define ONE_MIB      0x100000ull
#define FOUR_GIB     0x100000000ull
#define MSR_EFER     0xc0000080u
#define EFER_LMA     0x400u
#define SEL_CODE32   0x18
#define SEL_CODE64   0x08
#define CR0_TASK     0x8u /* TS, which nothing here uses */
#define LEAF_X2APIC  0xbu
#define LEAF_BASIC   1u
#define OWN_CPU_ONLY 1u

enum state { AP_ABSENT, AP_PARKED, AP_RUNNING, AP_RETURNED, AP_EXCEPTION };

struct ap {
    struct cpu cpu;
    uint64_t ist;
    uint32_t starts; /* how often it has come through the trampoline */
    uint32_t state;  /* enum state; written by CPU 0 only while parked, by the AP only otherwise */
    void (*fn)(void *arg);
    void *arg;
    struct exception_info ex; /* of fn */
    struct exception_info idle_ex;
    uint32_t idle_exceptions;
};

_Static_assert(sizeof(struct ap) <= PAGE_SIZE, "a CPU's page");

static struct trampoline_slot slots[SMP_MAX]; /* [n] is CPU n + 1 */
static unsigned others;
static uint64_t trampoline_page;
static uint32_t own_id;

static struct ap *ap_of(unsigned n)
{
    return n >= 1 && n <= others ? (struct ap *)slots[n - 1].cpu : NULL;
}

static uint32_t state_of(const struct ap *ap)
{
    return __atomic_load_n(&ap->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct ap *ap, enum state s)
{
    __atomic_store_n(&ap->state, (uint32_t)s, __ATOMIC_RELEASE);
}

/* ---- on the other CPU ------------------------------------------------------------------------ */

static void wake(void *arg)
{
    (void)arg; /* that it came is all */
}

static void call(void *arg)
{
    struct ap *ap = arg;

    ap->fn(ap->arg);
}

/* Interrupts come in here, and in no other place of this CPU but windows that a function opens. */
static void park(void *arg)
{
    struct ap *ap = arg;

    while (state_of(ap) != AP_RUNNING) {
        /* STI takes effect behind HLT, so a wake-up between the look and the halt is not lost. */
        __asm__ volatile("sti; hlt; cli" : : : "memory");
    }
}

static _Noreturn void ap_main(struct ap *ap)
{
    struct exception_info ex;

    /* An INIT may have come anywhere. */
    ap->cpu = (struct cpu){.number = ap->cpu.number, .apic_id = ap->cpu.apic_id};
    exceptions_init_cpu(&ap->cpu, ap->ist, PAGE_SIZE);
    (void)lapic_init(); /* it was so on the first CPU, or nobody could have sent us here */
    set_state(ap, AP_PARKED);
    __atomic_fetch_add(&ap->starts, 1, __ATOMIC_RELEASE);
    for (;;) {
        if (!exceptions_try(park, ap, &ex)) {
            ap->idle_ex = ex;
            __atomic_fetch_add(&ap->idle_exceptions, 1, __ATOMIC_RELEASE);
            continue;
        }
        set_state(ap, exceptions_try(call, ap, &ap->ex) ? AP_RETURNED : AP_EXCEPTION);
    }
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool add_cpu(uint32_t id)
{
    uint64_t block = page_alloc(PAGE_LOW, AP_PAGES * PAGE_SIZE, PAGE_SIZE);
    uint64_t stack_top = block + (1 + STACK_PAGES) * PAGE_SIZE;
    struct ap *ap = (struct ap *)(stack_top + IST_COUNT * PAGE_SIZE);

    if (block == 0 || !paging_unmap_page(block)) {
        return false;
    }
    ap->cpu.number = others + 1;
    ap->cpu.apic_id = id;
    ap->ist = stack_top;
    slots[others++] = (struct trampoline_slot){
        .apic_id = id,
        .stack_top = stack_top,
        .cpu = (uintptr_t)ap,
    };
    return true;
}

static bool known(uint32_t id)
{
    for (unsigned i = 0; i < others; i++) {
        if (slots[i].apic_id == id) {
            return true;
        }
    }
    return id == own_id;
}

static uint64_t read_cr3(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}

/* Put the code into @page. The CPUs get the paging mode and the rights that this one has. */
static void install(uint64_t page)
{
    size_t size = (size_t)(trampoline_end - trampoline_start);
    struct trampoline_params *p =
        (struct trampoline_params *)(page + (uint64_t)(trampoline_params_at - trampoline_start));
    uint64_t cr0, cr4;

    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    memcpy((void *)page, trampoline_start, size);
    *p = (struct trampoline_params){
        .far_offset = (uint32_t)(page + (uint64_t)(trampoline_code32 - trampoline_start)),
        .far_selector = SEL_CODE32,
        .far64_offset = (uint32_t)(page + (uint64_t)(trampoline_code64 - trampoline_start)),
        .far64_selector = SEL_CODE64,
        .gdt_limit = (uint16_t)(trampoline_gdt_end - trampoline_gdt - 1),
        .gdt_base = (uint32_t)(page + (uint64_t)(trampoline_gdt - trampoline_start)),
        .cr3 = (uint32_t)read_cr3(),
        .efer = (uint32_t)rdmsr(MSR_EFER) & ~EFER_LMA,
        .cpuid_leaf = lapic_is_x2apic() ? LEAF_X2APIC : LEAF_BASIC,
        .cr0 = cr0 & ~(uint64_t)CR0_TASK,
        .cr4 = cr4,
        .entry = (uintptr_t)ap_main,
        .slots = (uintptr_t)slots,
        .slot_count = others,
    };
}

static unsigned arrived(void)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= others; i++) {
        n += smp_started(i);
    }
    return n;
}

static void pass(uint64_t us)
{
    (void)wait_until(false, us);
}

static void startup_all(uint64_t page)
{
    for (unsigned i = 0; i < others; i++) {
        if (!smp_started(i + 1)) {
            (void)lapic_ipi(slots[i].apic_id, APIC_ICR_STARTUP | (uint32_t)(page >> 12));
        }
    }
}

unsigned smp_start(const uint32_t *ids, unsigned count, uint64_t page)
{
    own_id = lapic_id();
    this_cpu()->apic_id = own_id;
    if (others != 0 || page == 0 || page >= ONE_MIB || page % PAGE_SIZE != 0 ||
        read_cr3() >= FOUR_GIB) {
        return OWN_CPU_ONLY + arrived();
    }
    for (unsigned i = 0; i < count && others < SMP_MAX - 1; i++) {
        if (!known(ids[i]) && !add_cpu(ids[i])) {
            break;
        }
    }
    if (others == 0 || !irq_claim_vector(IRQ_VECTOR_WAKE, wake, NULL)) {
        return OWN_CPU_ONLY;
    }
    install(page);
    trampoline_page = page;
    for (unsigned i = 0; i < others; i++) {
        (void)lapic_ipi(slots[i].apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT);
    }
    pass(INIT_US);
    startup_all(page);
    (void)wait_until(arrived() == others, STARTUP_US);
    startup_all(page); /* only to those that have not come */
    (void)wait_until(arrived() == others, COME_US);
    return OWN_CPU_ONLY + arrived();
}

/* ---- using ----------------------------------------------------------------------------------- */

unsigned smp_count(void)
{
    return OWN_CPU_ONLY + others;
}

bool smp_started(unsigned n)
{
    const struct ap *ap = ap_of(n);

    return n == 0 || (ap != NULL && state_of(ap) != AP_ABSENT);
}

uint32_t smp_apic_id(unsigned n)
{
    return n == 0 ? own_id : slots[n - 1].apic_id;
}

bool smp_run(unsigned n, void (*fn)(void *arg), void *arg)
{
    struct ap *ap = ap_of(n);
    uint32_t state = ap == NULL ? AP_ABSENT : state_of(ap);

    if (state == AP_ABSENT || state == AP_RUNNING) {
        return false;
    }
    ap->fn = fn;
    ap->arg = arg;
    set_state(ap, AP_RUNNING);
    return lapic_ipi(slots[n - 1].apic_id, APIC_ICR_FIXED | APIC_ICR_ASSERT | IRQ_VECTOR_WAKE);
}

enum smp_result smp_wait(unsigned n, uint64_t us, struct exception_info *ex)
{
    struct ap *ap = ap_of(n);

    if (ap == NULL || state_of(ap) == AP_ABSENT || state_of(ap) == AP_PARKED) {
        return SMP_IDLE;
    }
    if (!wait_until(state_of(ap) != AP_RUNNING, us)) {
        return SMP_BUSY;
    }
    if (state_of(ap) == AP_EXCEPTION) {
        *ex = ap->ex;
        return SMP_EXCEPTION;
    }
    return SMP_RETURNED;
}

static void nothing(void *arg)
{
    (void)arg;
}

static uint32_t starts_of(const struct ap *ap)
{
    return __atomic_load_n(&ap->starts, __ATOMIC_ACQUIRE);
}

bool smp_was_reset(unsigned n)
{
    struct ap *ap = ap_of(n);
    uint32_t before = ap == NULL ? 0 : starts_of(ap);
    bool returned;

    if (!smp_run(n, nothing, NULL)) {
        return false;
    }
    slots[n - 1].claimed = 0;
    /* Twice, as at the start */
    for (unsigned i = 0; i < 2 && starts_of(ap) == before; i++) {
        (void)lapic_ipi(slots[n - 1].apic_id, APIC_ICR_STARTUP | (uint32_t)(trampoline_page >> 12));
        (void)wait_until(starts_of(ap) != before, STARTUP_US);
    }
    (void)wait_until(starts_of(ap) != before || state_of(ap) == AP_RETURNED, COME_US);
    returned = state_of(ap) == AP_RETURNED;
    if (!returned && starts_of(ap) == before) {
        set_state(ap, AP_ABSENT);
    }
    return !returned;
}

bool smp_take_idle_exception(unsigned n, struct exception_info *ex)
{
    struct ap *ap = ap_of(n);

    if (ap == NULL || __atomic_exchange_n(&ap->idle_exceptions, 0, __ATOMIC_ACQUIRE) == 0) {
        return false;
    }
    *ex = ap->idle_ex;
    return true;
}
