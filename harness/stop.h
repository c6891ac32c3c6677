// SPDX-License-Identifier: GPL-2.0-or-later
// SIGINT and SIGTERM as a wish that the program can hear at any time, from the first file that it
// makes to the last that it writes.
#pragma once

#include <glib.h>

// From here on the two signals end nothing by themselves. To be called once, before anything is
// made that a sudden end would leave unfinished.
void stop_catch(void);

// TRUE once one of the signals has come and the main loop has run.
gboolean stop_wanted(void);

// `func` is called from the main loop each time one of the signals comes; NULL ends that.
void stop_watch(void (*func)(gpointer data), gpointer data);
