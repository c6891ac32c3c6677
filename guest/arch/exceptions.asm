; SPDX-License-Identifier: GPL-2.0-or-later
;
; The ways in for all 256 vectors: exceptions to exception_dispatch() and from there back to
; exceptions_try(), interrupts to interrupt_dispatch() and back to what they interrupted.

EXCEPTION_VECTORS equ 32

extern exception_dispatch
extern interrupt_dispatch

bits 64
section .text

; Sixteen bytes each. All leave the same words on the stack: vector, error code, then what the CPU
; pushed (RIP, CS, RFLAGS, RSP, SS).
align 16
global exception_stubs
exception_stubs:
%assign vector 0
%rep 256
    align 16
    %if vector >= EXCEPTION_VECTORS
    push dword vector
    jmp interrupt_common
    %else
    %if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
        push byte 0                     ; the CPU pushes no error code here
    %endif
    push dword vector
    jmp exception_common
    %endif
    %assign vector vector + 1
%endrep
    align 16

; No register is saved: an exception ends the function it interrupts, always.
exception_common:
    cld
    mov rdi, rsp
    and rsp, -16
    call exception_dispatch
    ud2

; Everything that a C function may change is saved (no vector registers: the kernel has none). The
; CPU has disabled interrupts; IRET restores the flag.
interrupt_common:
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push rbp
    mov rbp, rsp
    mov edi, [rsp + 10 * 8]             ; the vector
    cld
    and rsp, -16
    call interrupt_dispatch
    mov rsp, rbp
    pop rbp
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    add rsp, 8
    iretq

; uint64_t exception_try_call(struct try_frame *frame, void (*fn)(void *), void *arg)
; 0 if fn came back, 1 if exception_unwind() did. The frame: RBX RBP R12 R13 R14 R15 RSP.
global exception_try_call
exception_try_call:
    mov [rdi], rbx
    mov [rdi + 8], rbp
    mov [rdi + 16], r12
    mov [rdi + 24], r13
    mov [rdi + 32], r14
    mov [rdi + 40], r15
    mov [rdi + 48], rsp
    mov rax, rsi
    mov rdi, rdx
    sub rsp, 8
    call rax
    add rsp, 8
    xor eax, eax
    ret

; void exception_unwind(struct try_frame *frame)
; By IRET and not by a jump, as an IRET is what makes the CPU take NMIs again.
global exception_unwind
exception_unwind:
    mov rbx, [rdi]
    mov rbp, [rdi + 8]
    mov r12, [rdi + 16]
    mov r13, [rdi + 24]
    mov r14, [rdi + 32]
    mov r15, [rdi + 40]
    mov rcx, [rdi + 48]
    lea rdx, [rel .back]
    push qword 0x10                     ; SS
    push rcx                            ; RSP
    push qword 2                        ; RFLAGS: interrupts off
    push qword 0x08                     ; CS
    push rdx                            ; RIP
    iretq
.back:
    mov eax, 1
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
