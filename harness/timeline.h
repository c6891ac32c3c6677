// SPDX-License-Identifier: GPL-2.0-or-later
// What happened during a transfer that was under way, from the guest's marks and the emulator's
// trace, and a picture of it (docs/timelines.md). No I/O here.
#pragma once

#include "timeline_clock.h"

// Of one transfer; what comes beyond is only counted.
#define TIMELINE_EVENTS_MAX 300u
// Of one rule.
#define TIMELINE_SCENES_MAX 20u

typedef enum { LANE_GUEST, LANE_IOMMU, LANE_DEVICE, LANE_DISK, LANE_COUNT } Lane;

typedef enum {
    LOOK_POINT,
    LOOK_SPAN,      // something that lasted
    LOOK_TOUCH,     // memory of the guest was read or written
    LOOK_FORBIDDEN, // the same, or that it was found out, where nobody may any more
} Look;

typedef struct {
    Lane lane;
    Look look;
    gint64 from, to; // microseconds since it was opened, from the mark `open` on
    gint64 last;     // when the last of them began
    char *label;
    guint count;     // events of the same kind that stand close together are one
    GString *detail; // a line for each, the first few of them
} TimelineEvent;

// One transfer.
typedef struct {
    char *what;        // "disk read of 32 sectors from 1 on"
    GPtrArray *events; // of TimelineEvent, in the order of time
    gint64 length;     // microseconds
    gint64 complete;   // when the completion was seen first, -1 if never
    gint64 given;      // when the pages were given away first, -1 if never
    gint64 touched;    // when they were touched though they must not, -1 if they were not
    gboolean looked;   // after that the guest has looked whether they were
    guint dropped;     // events that found no room
} Scene;

// The transfers of one rule, oldest first, none if it has opened none: of Scene.
GPtrArray *timeline_build(const GPtrArray *marks, const Trace *trace, const Clock *clock);

// What stands around the picture.
typedef struct {
    const char *rule;
    const char *title;
    const char *machine;
    const char *emulator;
    const char *verdict;
    const Clock *clock;
} TimelineHead;

// The picture as SVG: text stays text, no script, nothing from elsewhere, light and dark. The same
// input gives the same bytes. Caller frees.
char *timeline_svg(const TimelineHead *head, const GPtrArray *scenes);
