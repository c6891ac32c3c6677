// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/exceptions.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/descriptors.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "lib/console.h"
#include "lib/exit.h"

#define VECTORS             256
#define VECTOR_NMI          2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT   14
#define VECTOR_MACHINE      18

#define IST_STACK_BYTES 8192
#define MSR_GS_BASE     0xc0000101

#define EXIT_COULD_NOT_RUN 0x13

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

/* AMD64 Architecture Programmer's Manual volume 2, section 4.8.4: 64-bit interrupt gate. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_mid;
    uint32_t offset_high;
    uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, DPL 0, type 14 */

struct idt_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* What exceptions.asm leaves on the stack. */
struct stack_frame {
    uint64_t vector;
    uint64_t error_code;
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

struct try_frame {
    uint64_t regs[7]; /* order known to exceptions.asm */
    struct try_frame *outer;
};

extern const uint8_t exception_stubs[VECTORS][16];
uint64_t exception_try_call(struct try_frame *frame, void (*fn)(void *arg), void *arg);
_Noreturn void exception_unwind(struct try_frame *frame);
_Noreturn void exception_dispatch(const struct stack_frame *frame);

static struct gate idt[VECTORS] __attribute__((aligned(16)));
static struct cpu boot_cpu;
static uint8_t ist_stacks[IST_COUNT][IST_STACK_BYTES] __attribute__((aligned(16)));

static uint8_t ist_for(int vector)
{
    switch (vector) {
    case VECTOR_DOUBLE_FAULT:
        return IST_DOUBLE_FAULT;
    case VECTOR_NMI:
        return IST_NMI;
    case VECTOR_MACHINE:
        return IST_MACHINE_CHECK;
    default:
        return 0;
    }
}

void exceptions_init_cpu(struct cpu *cpu, uint64_t ist, uint64_t ist_bytes)
{
    struct idt_pointer p = {sizeof(idt) - 1, (uintptr_t)idt};

    cpu->self = cpu;
    descriptors_load(&cpu->descriptors, ist, ist_bytes);
    wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
    __asm__ volatile("lidt %0" : : "m"(p) : "memory");
}

void exceptions_init(void)
{
    for (int i = 0; i < VECTORS; i++) {
        uint64_t stub = (uintptr_t)exception_stubs[i];

        idt[i] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = SELECTOR_CODE,
            .ist = ist_for(i),
            .type = GATE_INTERRUPT,
            .offset_mid = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
    exceptions_init_cpu(&boot_cpu, (uintptr_t)ist_stacks, IST_STACK_BYTES);
    /* The firmware's setting of the PICs would deliver some interrupts as exception vectors. */
    outb(PIC1_MASK, 0xff);
    outb(PIC2_MASK, 0xff);
}

static _Noreturn void die(const struct exception_info *ex)
{
    static bool dying;

    if (dying) {
        cpu_halt();
    }
    dying = true;
    console_printf("\namdvi-check: exception %u, error code %lxh, rip %lxh, cr2 %lxh, rsp %lxh\n",
                   ex->vector, ex->error_code, ex->rip, ex->cr2, ex->rsp);
    exit_guest(EXIT_COULD_NOT_RUN);
}

void exception_dispatch(const struct stack_frame *frame)
{
    struct cpu *cpu = this_cpu();
    uint64_t cr2;

    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    cpu->pending = (struct exception_info){
        .vector = (uint8_t)frame->vector,
        .error_code = frame->error_code,
        .rip = frame->rip,
        .cr2 = cr2,
        .rsp = frame->rsp,
    };
    if (cpu->innermost == NULL) {
        die(&cpu->pending);
    }
    irq_abandon();
    exception_unwind(cpu->innermost);
}

bool exceptions_try(void (*fn)(void *arg), void *arg, struct exception_info *ex)
{
    struct cpu *cpu = this_cpu();
    struct try_frame frame = {.outer = cpu->innermost};
    bool came_back;

    cpu->innermost = &frame;
    came_back = exception_try_call(&frame, fn, arg) == 0;
    cpu->innermost = frame.outer;
    if (!came_back) {
        *ex = cpu->pending;
    }
    return came_back;
}
