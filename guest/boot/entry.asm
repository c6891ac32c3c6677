; SPDX-License-Identifier: GPL-2.0-or-later
;
; The doors of the kernel and the way to long mode.
;
; Two doors (Multiboot2 Specification 2.0 section 3.3; Xen public header elfnote.h and
; hvm/start_info.h) arrive in 32-bit protected mode, paging off, interrupts off, EBX = the loader's
; information. The third comes from our EFI application in 64-bit mode and goes back there first.
; Each puts a number that names it into EAX and goes on to `go_on`.

MB2_MAGIC_HEADER  equ 0xe85250d6
MB2_MAGIC_LOADER  equ 0x36d76289
PVH_MAGIC         equ 0x336ec578
PHYS32_ENTRY      equ 18
EFI_MAGIC         equ 0x1efa9d0c        ; as in boot/efi.h, like the note
EFI_NOTE_TYPE     equ 1

TAG_OPTIONAL      equ 1
INFO_CMDLINE      equ 1
INFO_MEMORY_MAP   equ 6
INFO_FRAMEBUFFER  equ 8
CONSOLE_EGA_TEXT  equ 1 << 1
INFO_ACPI_OLD     equ 14
INFO_ACPI_NEW     equ 15

EFER              equ 0xc0000080
EFER_LME          equ 1 << 8
CR0_PE            equ 1 << 0
CR0_MP            equ 1 << 1
CR0_WP            equ 1 << 16
CR0_PG            equ 1 << 31
CR4_PAE           equ 1 << 5

PAGE_PRESENT      equ 1 << 0
PAGE_WRITE        equ 1 << 1
PAGE_LARGE        equ 1 << 7

STACK_SIZE        equ 64 * 1024

extern boot_main

section .multiboot2 progbits alloc noexec nowrite align=8
mb2_header:
    dd MB2_MAGIC_HEADER
    dd 0                                ; i386, protected mode
    dd mb2_end - mb2_header
    dd -(MB2_MAGIC_HEADER + 0 + (mb2_end - mb2_header))
    align 8
.need:                                  ; without a memory map we cannot run
    dw 1, 0
    dd .need_end - .need
    dd INFO_MEMORY_MAP
.need_end:
    align 8
.want:
    dw 1, TAG_OPTIONAL
    dd .want_end - .want
    dd INFO_CMDLINE, INFO_FRAMEBUFFER, INFO_ACPI_OLD, INFO_ACPI_NEW
.want_end:
    align 8
.console:                               ; EGA text will do, none will do too
    dw 4, TAG_OPTIONAL
    dd 12
    dd CONSOLE_EGA_TEXT
    align 8
.screen:                                ; no wish as to its size
    dw 5, TAG_OPTIONAL
    dd 20
    dd 0, 0, 32
    align 8
    dw 0, 0
    dd 8
mb2_end:

section .note.pvh note alloc noexec nowrite align=4
    dd 4                                ; bytes of the name
    dd 4                                ; bytes of the value
    dd PHYS32_ENTRY
    db "Xen", 0
    dd entry_pvh

section .note.efi note alloc noexec nowrite align=4
    dd 6
    dd 8
    dd EFI_NOTE_TYPE
    db "AMDVI", 0, 0, 0                 ; padded to words
    dq entry_efi

section .text.entry progbits alloc exec nowrite align=16
bits 32

global entry_multiboot2
entry_multiboot2:
    cmp eax, MB2_MAGIC_LOADER
    je go_on
    xor eax, eax                        ; boot_main() says that it knows no such loader
    jmp go_on

; From the EFI application: 64-bit mode, everything below 4 GiB mapped 1:1 by tables of whatever form
; the firmware chose, RDI = a struct boot_efi below 4 GiB. Leaving long mode (AMD64 Architecture
; Programmer's Manual volume 2, section 14.7) leaves all of that behind.
bits 64
entry_efi:
    cli
    mov ebx, edi
    mov esp, stack_top
    lgdt [gdt_pointer]
    push 0x18
    push .compatibility
    retfq
bits 32
.compatibility:
    mov ecx, 0x10
    mov ds, ecx
    mov es, ecx
    mov ss, ecx
    mov eax, cr0
    and eax, ~CR0_PG
    mov cr0, eax
    mov ecx, EFER
    rdmsr
    and eax, ~EFER_LME
    wrmsr
    xor eax, eax
    mov cr4, eax                        ; no PCIDs, no fifth level
    mov eax, EFI_MAGIC
    jmp go_on

entry_pvh:
    mov eax, PVH_MAGIC

go_on:
    cli
    cld
    mov esp, stack_top
    push 0                              ; boot_main()'s arguments as 64-bit words
    push ebx
    push 0
    push eax

    ; CPUID is there if the ID flag can be turned over.
    pushfd
    pop eax
    mov ecx, eax
    xor eax, 1 << 21
    push eax
    popfd
    pushfd
    pop eax
    xor eax, ecx
    test eax, 1 << 21
    jz no_long_mode
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb no_long_mode
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 29
    jz no_long_mode

    ; 1:1 map of the first 4 GiB by 2 MiB pages. All of it is cacheable as far as the page tables
    ; go; the MTRRs that firmware set make device memory uncached.
    mov dword [pml4], pdpt + (PAGE_PRESENT | PAGE_WRITE)
    mov eax, page_directories + (PAGE_PRESENT | PAGE_WRITE)
    mov edi, pdpt
    mov ecx, 4
.pdpte:
    mov [edi], eax
    add eax, 4096
    add edi, 8
    loop .pdpte
    mov eax, PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE
    mov edi, page_directories
    mov ecx, 4 * 512
.pde:
    mov [edi], eax
    add eax, 2 << 20
    add edi, 8
    loop .pde

    mov eax, pml4
    mov cr3, eax
    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov ecx, EFER
    rdmsr
    or eax, EFER_LME
    wrmsr
    mov eax, cr0
    or eax, CR0_PG | CR0_WP | CR0_MP | CR0_PE
    mov cr0, eax
    lgdt [gdt_pointer]
    jmp 0x08:long_mode

; No console yet: say it on COM1 as the firmware left it, each wait bounded, and stop.
no_long_mode:
    mov esi, .text
    mov dx, 0x3f8
.next:
    lodsb
    test al, al
    jz .stop
    mov ah, al
    mov ecx, 100000
.wait:
    add dx, 5
    in al, dx
    sub dx, 5
    test al, 0x20
    loopz .wait
    mov al, ah
    out dx, al
    jmp .next
.stop:
    cli
    hlt
    jmp .stop
.text:
    db "amdvi-check: this CPU has no 64-bit mode", 13, 10, 0

bits 64
long_mode:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rsp, stack_top - 16             ; the two arguments
    pop rdi
    pop rsi
    xor ebp, ebp
    call boot_main
.stop:
    cli
    hlt
    jmp .stop

section .rodata
align 8
gdt:
    dq 0
    dq 0x00af9b000000ffff               ; 08h: 64-bit code
    dq 0x00cf93000000ffff               ; 10h: data
    dq 0x00cf9b000000ffff               ; 18h: 32-bit code
gdt_end:
gdt_pointer:
    dw gdt_end - gdt - 1
    dq gdt                              ; in 32-bit mode the lower half is taken

section .bss
alignb 4096
global boot_pml4
boot_pml4:
pml4:
    resb 4096
pdpt:
    resb 4096
page_directories:
    resb 4 * 4096
; Taken out of the map once that can be done (arch/paging.h), so that a stack overflow is an
; exception and not a quiet change of the page tables.
global stack_guard
stack_guard:
    resb 4096
    resb STACK_SIZE
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
