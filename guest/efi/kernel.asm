; SPDX-License-Identifier: GPL-2.0-or-later
;
; The kernel's ELF file as it is, KERNEL being its path.

section .rodata
global kernel_file
global kernel_file_end
align 16
kernel_file:
    incbin KERNEL
kernel_file_end:

section .note.GNU-stack noalloc noexec nowrite progbits
