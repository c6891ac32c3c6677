// SPDX-License-Identifier: GPL-2.0-or-later
#include "stop.h"

#include <glib-unix.h>
#include <signal.h>

static gboolean wanted;
static void (*watcher)(gpointer data);
static gpointer watcher_data;

static gboolean on_signal(gpointer data)
{
    (void)data;
    wanted = TRUE;
    if (watcher) {
        watcher(watcher_data);
    }
    return G_SOURCE_CONTINUE;
}

void stop_catch(void)
{
    g_unix_signal_add(SIGINT, on_signal, NULL);
    g_unix_signal_add(SIGTERM, on_signal, NULL);
}

gboolean stop_wanted(void)
{
    return wanted;
}

void stop_watch(void (*func)(gpointer data), gpointer data)
{
    watcher = func;
    watcher_data = data;
}
