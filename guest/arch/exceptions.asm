; SPDX-License-Identifier: GPL-2.0-or-later
;
; The 256 ways into exception_dispatch(), and the way back to exceptions_try().

extern exception_dispatch

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
    %if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
        push byte 0                     ; the CPU pushes no error code here
    %endif
    push dword vector
    jmp exception_common
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
