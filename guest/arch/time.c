// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/time.h"

#include "arch/cpu.h"
#include "arch/io.h"

/* Intel 8254 data sheet; the PC wires the gate and the output of channel 2 to port 61h. */
#define PIT_HZ       1193182ULL
#define PIT_CHANNEL2 0x42
#define PIT_CONTROL  0x43
#define PIT_LOAD2    0xb0 /* channel 2, low byte then high byte, mode 0: count down once */
#define PIT_LATCH2   0x80
#define PORT_B       0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SOUND 0x02

#define SPAN_COUNTS  5966  /* about 5 ms; one count is then 0.02 % */
#define SPAN_MAX     59659 /* 50 ms; the counter wraps after 65536 */
#define POLLS_START  10000
#define POLLS_SPAN   200000
#define FALLBACK_KHZ 1000000ULL

static uint64_t tsc_khz = FALLBACK_KHZ;
static uint64_t tsc_zero;

struct sample {
    uint64_t tsc;   /* in the middle of the latch command */
    uint64_t width; /* how long that command took */
    uint16_t count;
};

static struct sample take_sample(void)
{
    struct sample s;
    uint64_t before = rdtsc();
    uint64_t after;

    outb(PIT_CONTROL, PIT_LATCH2);
    after = rdtsc();
    s.count = inb(PIT_CHANNEL2);
    s.count |= (uint16_t)(inb(PIT_CHANNEL2) << 8);
    s.width = after - before;
    s.tsc = before + s.width / 2;
    return s;
}

/* Leaf 15h: TSC ticks per crystal tick as a fraction, and the crystal where EBX..ECX tell it. */
static uint64_t khz_from_cpuid(void)
{
    struct cpuid_regs r;

    if (cpuid(0, 0).eax < 0x15) {
        return 0;
    }
    r = cpuid(0x15, 0);
    if (r.eax == 0 || r.ebx == 0 || r.ecx == 0) {
        return 0;
    }
    return (uint64_t)r.ecx * r.ebx / r.eax / 1000;
}

/*
 * Counts and ticks between two samples. A sample that took much longer than the quickest one was
 * interrupted (by SMM, or by a host that ran something else) and does not end the measurement.
 */
static uint64_t khz_from_pit(void)
{
    uint8_t port_b = inb(PORT_B);
    uint64_t quickest = UINT64_MAX;
    struct sample first, s;
    uint64_t khz = 0;
    int polls;

    outb(PORT_B, (uint8_t)((port_b & ~PORT_B_SOUND) | PORT_B_GATE2));
    outb(PIT_CONTROL, PIT_LOAD2);
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);

    /* The new count is taken over with the next tick; what is read before is the old one. */
    s = take_sample();
    for (polls = 0; polls < POLLS_START; polls++) {
        first = take_sample();
        if (first.width < quickest) {
            quickest = first.width;
        }
        if (first.count != s.count && first.count > SPAN_MAX && first.width <= 4 * quickest) {
            break;
        }
    }
    for (int i = 0; polls < POLLS_START && i < POLLS_SPAN; i++) {
        uint16_t counts;

        s = take_sample();
        counts = (uint16_t)(first.count - s.count);
        if (counts >= SPAN_COUNTS && (s.width <= 4 * quickest || counts >= SPAN_MAX)) {
            khz = (s.tsc - first.tsc) * PIT_HZ / counts / 1000;
            break;
        }
    }
    outb(PORT_B, port_b);
    return khz;
}

uint64_t time_init(bool *measured)
{
    uint64_t khz = khz_from_cpuid();

    if (khz == 0) {
        khz = khz_from_pit();
    }
    *measured = khz != 0;
    tsc_khz = khz != 0 ? khz : FALLBACK_KHZ;
    tsc_zero = rdtsc();
    return tsc_khz;
}

uint64_t time_us(void)
{
    return (rdtsc() - tsc_zero) * 1000 / tsc_khz;
}

deadline_t deadline_in(uint64_t us)
{
    return rdtsc() + us / 1000 * tsc_khz + us % 1000 * tsc_khz / 1000;
}

bool deadline_passed(deadline_t d)
{
    return (int64_t)(rdtsc() - d) >= 0;
}

static uint64_t waited_ticks;

void time_add_waited(deadline_t begin)
{
    __atomic_fetch_add(&waited_ticks, rdtsc() - begin, __ATOMIC_RELAXED);
}

uint64_t time_waited_us(void)
{
    return __atomic_load_n(&waited_ticks, __ATOMIC_RELAXED) * 1000 / tsc_khz;
}
