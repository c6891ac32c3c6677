// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the command buffer share: a ring of any length with sentinels behind it, words
 * that commands store to, stopping and starting, and the way back after a halt.
 */
#ifndef TESTS_CMD_RIG_H
#define TESTS_CMD_RIG_H

#include "tests/rig.h"

/* Control: IommuEn and EventLogEn, without and with CmdBufEn. */
#define CMD_OFF 0x0005ull
#define CMD_ON  0x1005ull

/* Status */
#define CMD_COM_WAIT_INT 0x04ull
#define CMD_RUN          0x10ull

/* What a word holds that no command has stored to. */
#define CMD_CANARY 0xa5a5a5a5a5a5a5a5ull

/** A page of 512 words for COMPLETION_WAIT stores, all with the canary. NULL: the rule is an error.
 */
volatile uint64_t *cmd_words(struct rig *r);

/** COMPLETION_WAIT, s=1, by hand: dw0 = address | 1, dw1 = opcode 1 | address 51:32, dw2 and dw3 =
 * data. */
struct amdvi_cmd cmd_store(volatile uint64_t *word, uint64_t data);

/**
 * Controls of a rule about commands: a COMPLETION_WAIT completes and leaves CmdBufRun at 1 and the
 * event log empty, and the same command with s=0, i=1 leaves its word alone, so that a store is the
 * doing of a command.
 */
void cmd_controls(struct rig *r);

/**
 * Write CmdTail on CPU 1 where there is one, so that this CPU can watch what comes of it from the
 * first moment. Returns false if CPU 1 cannot be had.
 */
bool cmd_ring_elsewhere(struct rig *r);

/** Wait until CPU 1 has come back from what it was given. */
void cmd_join(struct rig *r);

/** CmdHead, once it is @end (in bytes) or the time is over. */
uint64_t cmd_head_at(struct rig *r, uint64_t end);

/** Write Control, with what the IVHD asks for besides, and wait, with a limit, until CmdBufRun
 * follows its CmdBufEn. Returns whether it does. */
bool cmd_control(struct rig *r, uint64_t control);

/**
 * Fetching stopped, a ring of 2^@log2 entries at @base, CmdHead = CmdTail = @start entries,
 * fetching started. Returns false, and the rule is an error, if it does not stop.
 */
bool cmd_use_ring(struct rig *r, uint64_t base, unsigned log2, unsigned start);

/** Does CmdBufRun become 0 within a limit? */
bool cmd_halted(struct rig *r);

/**
 * The command at @entry (its address) is illegal: CmdBufRun becomes 0, and there is one record, all
 * 128 bits of it as they have to be. The rule fails if not; @name says which command it was.
 */
void cmd_expect_illegal(struct rig *r, uint64_t entry, const char *name);

/** The documented way back (CMD-027): CmdBufEn=0, CmdHead = CmdTail = @start entries, CmdBufEn=1.
 */
void cmd_restart_at(struct rig *r, unsigned start);

/** The same, at entry 0. */
void cmd_restart(struct rig *r);

#endif
