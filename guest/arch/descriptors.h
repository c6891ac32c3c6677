// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GDT and TSS of the only CPU.
 */
#ifndef ARCH_DESCRIPTORS_H
#define ARCH_DESCRIPTORS_H

#define SELECTOR_CODE 0x08 /* as in boot/entry.asm */
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

/* Entries of the interrupt stack table: vectors that may find no good stack. */
#define IST_DOUBLE_FAULT  1
#define IST_NMI           2
#define IST_MACHINE_CHECK 3

/** Load a GDT with a TSS whose interrupt stack table has the three stacks above. */
void descriptors_init(void);

#endif
