// SPDX-License-Identifier: GPL-2.0-or-later
// The little of QMP that the harness needs: is the emulator alive, please quit, and commands that
// the guest asks for.
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

typedef struct Qmp Qmp;

// Speaks on the connected socket `fd`, which it owns from now on. Never blocks.
Qmp *qmp_new(int fd);
void qmp_free(Qmp *qmp);

// Takes what has arrived; also done by the main loop.
void qmp_read(Qmp *qmp);

// Asks for the state. qmp_answered() is TRUE as soon as an answer to it has come.
void qmp_ask(Qmp *qmp);
gboolean qmp_answered(const Qmp *qmp);

// Sends a command. `arguments` is taken over, and may be NULL. One at a time: the answer to an
// earlier one that has not come is not waited for any more.
void qmp_call(Qmp *qmp, const char *command, JsonNode *arguments);

// By qmp_call(): sets a property of the object that `path` names. `value` is taken over.
void qmp_set(Qmp *qmp, const char *path, const char *property, JsonNode *value);

typedef enum { QMP_CALL_WAITS, QMP_CALL_DONE, QMP_CALL_REFUSED } QmpCall;

// What came of the last qmp_call(). `why`, where it was refused: what the emulator says, until the
// next one.
QmpCall qmp_call_state(const Qmp *qmp, const char **why);

// How many times the machine was reset so far and went on.
guint qmp_resets(const Qmp *qmp);

// Asks the emulator to quit.
void qmp_quit(Qmp *qmp);

// TRUE if the emulator told that the guest reset the machine.
gboolean qmp_guest_reset(const Qmp *qmp);
// TRUE if the guest brought the emulator's end about: by a reset, a power-off, or a write to the
// debug exit port with whatever value.
gboolean qmp_guest_ended(const Qmp *qmp);
