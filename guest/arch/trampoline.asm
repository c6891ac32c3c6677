; SPDX-License-Identifier: GPL-2.0-or-later
;
; Where a CPU begins after INIT and STARTUP: real mode, CS = the page number << 8, IP = 0. The code
; is copied there, so it holds no address of its own: what it needs stands in struct
; trampoline_params behind it, filled in by arch/smp.c. All CPUs may run it at the same time.
;
; Sources: AMD64 Architecture Programmer's Manual volume 2, sections 14.1.2 (state after INIT), 14.6
; (long mode) and 16.5 (STARTUP).

CR0_PE        equ 1
CR4_PAE       equ 1 << 5
MSR_EFER      equ 0xc0000080
SEL_CODE64    equ 0x08
SEL_DATA      equ 0x10
SLOT_CLAIMED  equ 4
SLOT_STACK    equ 8
SLOT_CPU      equ 16
SLOT_SIZE     equ 24

; offsets in struct trampoline_params
P_FAR         equ 0
P_FAR64       equ 8
P_GDT         equ 14
P_CR3         equ 20
P_EFER        equ 24
P_LEAF        equ 28
P_CR0         equ 32
P_CR4         equ 40
P_ENTRY       equ 48
P_SLOTS       equ 56
P_SLOT_COUNT  equ 64
P_SIZE        equ 72

%define PARAM(n) (trampoline_params_at - trampoline_start + (n))

section .rodata
align 16
bits 16
global trampoline_start
trampoline_start:
    cli
    cld
    mov ax, cs
    mov ds, ax
    movzx ebp, ax
    shl ebp, 4                          ; EBP = the page
    o32 lgdt [PARAM(P_GDT)]
    mov eax, cr0
    or eax, CR0_PE
    mov cr0, eax
    o32 jmp far [PARAM(P_FAR)]

bits 32
global trampoline_code32
trampoline_code32:
    mov ax, SEL_DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, CR4_PAE
    mov cr4, eax
    mov eax, [ebp + PARAM(P_CR3)]
    mov cr3, eax
    mov ecx, MSR_EFER
    mov eax, [ebp + PARAM(P_EFER)]
    xor edx, edx
    wrmsr
    mov eax, [ebp + PARAM(P_CR0)]
    mov cr0, eax
    jmp far [ebp + PARAM(P_FAR64)]

bits 64
global trampoline_code64
trampoline_code64:
    mov ax, SEL_DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov ebp, ebp                        ; the upper half is undefined after the switch
    mov rax, [rbp + PARAM(P_CR4)]
    mov cr4, rax

    mov eax, [rbp + PARAM(P_LEAF)]
    mov esi, eax
    xor ecx, ecx
    cpuid
    cmp esi, 1
    jne .found_id
    mov edx, ebx
    shr edx, 24
.found_id:                              ; EDX = the APIC ID
    mov rsi, [rbp + PARAM(P_SLOTS)]
    mov rcx, [rbp + PARAM(P_SLOT_COUNT)]
.next:
    test rcx, rcx
    jz .stop
    cmp [rsi], edx
    je .mine
    add rsi, SLOT_SIZE
    dec rcx
    jmp .next
.mine:
    mov eax, 1
    xchg eax, [rsi + SLOT_CLAIMED]
    test eax, eax
    jnz .stop
    mov rsp, [rsi + SLOT_STACK]
    mov rdi, [rsi + SLOT_CPU]
    mov rax, [rbp + PARAM(P_ENTRY)]
    xor ebp, ebp
    call rax
.stop:
    cli
    hlt
    jmp .stop

align 8
global trampoline_gdt
trampoline_gdt:
    dq 0
    dq 0x00af9b000000ffff               ; 08h: 64-bit code
    dq 0x00cf93000000ffff               ; 10h: data
    dq 0x00cf9b000000ffff               ; 18h: 32-bit code
global trampoline_gdt_end
trampoline_gdt_end:
align 8
global trampoline_params_at
trampoline_params_at:
    times P_SIZE db 0
global trampoline_end
trampoline_end:

section .note.GNU-stack noalloc noexec nowrite progbits
