// SPDX-License-Identifier: GPL-2.0-or-later
#include "timeline.h"

#include <string.h>

// Events of one kind that are closer than this are drawn as one, in microseconds; so are things
// that last,
#define CLOSE_US  100
#define SPAN_US   5000
// but not what lasted longer: that is what the picture is about.
#define LONG_US   2000
// The end of what is under way.
#define OPEN      G_MAXINT64
// How exactly the two clocks are matched: what is closer may have been in the other order.
#define EXACT_US  50
// Lines of detail that are kept of such a group.
#define LINES_MAX 8u

typedef struct {
    Scene *scene;
    gint64 start;          // in the emulator's time
    GHashTable *under_way; // "dbs 0x1234", "cookie 1", "slot 0" to the TimelineEvent that it began
} Builder;

static void event_free(gpointer data)
{
    TimelineEvent *event = data;

    g_free(event->label);
    g_string_free(event->detail, TRUE);
    g_free(event);
}

static void scene_free(gpointer data)
{
    Scene *scene = data;

    g_free(scene->what);
    g_ptr_array_unref(scene->events);
    g_free(scene);
}

static gboolean is_short(const TimelineEvent *event)
{
    return event->to != OPEN && event->to - event->last < LONG_US;
}

// The group to which an event of this kind belongs, or NULL.
static TimelineEvent *find_group(const Scene *scene, Lane lane, Look look, gint64 from,
                                 const char *label)
{
    for (guint i = scene->events->len; i > 0; i--) {
        TimelineEvent *event = scene->events->pdata[i - 1];

        if (event->lane == lane && event->look == look && strcmp(event->label, label) == 0) {
            gint64 close = look == LOOK_SPAN ? SPAN_US : CLOSE_US;
            return is_short(event) && from - event->to <= close ? event : NULL;
        }
    }
    return NULL;
}

static void add_detail(TimelineEvent *event, gint64 at, const char *detail)
{
    event->count++;
    if (event->count <= LINES_MAX) {
        g_string_append_printf(event->detail, "%s%" G_GINT64_FORMAT " us: %s",
                               event->detail->len ? "\n" : "", at, detail);
    } else if (event->count == LINES_MAX + 1) {
        g_string_append(event->detail, "\n...");
    }
}

// NULL if there is no room for it.
static TimelineEvent *add(Builder *b, Lane lane, Look look, gint64 at, const char *label,
                          const char *detail)
{
    Scene *scene = b->scene;
    TimelineEvent *event = find_group(scene, lane, look, at, label);

    if (!event) {
        if (scene->events->len >= TIMELINE_EVENTS_MAX) {
            scene->dropped++;
            return NULL;
        }
        event = g_new0(TimelineEvent, 1);
        event->lane = lane;
        event->look = look;
        event->from = at;
        event->label = g_strdup(label);
        event->detail = g_string_new(NULL);
        g_ptr_array_add(scene->events, event);
    }
    event->to = MAX(event->to, at);
    event->last = at;
    add_detail(event, at, detail);
    return event;
}

static char *key_of(const TraceEvent *event, const char *kind, const char *before)
{
    guint64 number;

    return trace_number(event, before, &number)
               ? g_strdup_printf("%s %" G_GINT64_MODIFIER "x", kind, number)
               : NULL;
}

// Something begins that will last. `key`: by what its end will be known; taken over.
static void begin_span(Builder *b, Lane lane, gint64 at, const char *label, const char *detail,
                       char *key)
{
    TimelineEvent *event = add(b, lane, LOOK_SPAN, at, label, detail);

    if (event && key) {
        event->to = OPEN;
        g_hash_table_replace(b->under_way, key, event);
    } else {
        g_free(key);
    }
}

// Its end. The label with which it began, or NULL if it did not begin in this scene.
static const char *end_span(Builder *b, gint64 at, char *key)
{
    g_autofree char *owned = key;
    TimelineEvent *event = key ? g_hash_table_lookup(b->under_way, key) : NULL;

    if (!event) {
        return NULL;
    }
    event->to = at;
    g_hash_table_remove(b->under_way, key);
    return event->label;
}

#define TO_MEMORY   "transfer to memory"
#define FROM_MEMORY "transfer from memory"

static void touch(Builder *b, gint64 at, const char *transfer, const char *detail)
{
    gboolean reads = transfer && strcmp(transfer, FROM_MEMORY) == 0;

    add(b, LANE_DEVICE, LOOK_TOUCH, at, reads ? "memory has been read" : "memory has been written",
        detail);
}

// ---- what the emulator's trace says ------------------------------------------------------------

static void take_dma(Builder *b, gint64 at, const TraceEvent *event)
{
    guint64 value = 0;

    if (strcmp(event->name, "dma_blk_io") == 0) {
        gboolean reads = trace_number(event, "to_dev=", &value) && value;
        begin_span(b, LANE_DEVICE, at, reads ? FROM_MEMORY : TO_MEMORY, event->args,
                   key_of(event, "dbs", "dbs="));
        return;
    }
    const char *transfer = end_span(b, at, key_of(event, "dbs", "dbs="));
    if (strstr(event->args, "ret=0")) {
        touch(b, at, transfer, event->args);
    } else {
        add(b, LANE_DEVICE, LOOK_POINT, at, "transfer has failed", event->args);
    }
}

// docs/testdev.md, "Commands".
static void take_testdev(Builder *b, gint64 at, const TraceEvent *event)
{
    enum { WRITE = 1, READ, MAP_WRITE, MAP_READ, RELEASE, DROP };
    guint64 command = 0;

    trace_number(event, "command ", &command);
    switch (command) {
    case WRITE:
    case READ:
        touch(b, at, command == READ ? FROM_MEMORY : TO_MEMORY, event->args);
        break;
    case MAP_WRITE:
    case MAP_READ:
        begin_span(b, LANE_DEVICE, at, command == MAP_READ ? FROM_MEMORY : TO_MEMORY, event->args,
                   key_of(event, "slot", "slot "));
        break;
    case RELEASE:
        touch(b, at, end_span(b, at, key_of(event, "slot", "slot ")), event->args);
        break;
    case DROP:
        end_span(b, at, key_of(event, "slot", "slot "));
        add(b, LANE_DEVICE, LOOK_POINT, at, "transfer dropped", event->args);
        break;
    default:
        add(b, LANE_DEVICE, LOOK_POINT, at, "command", event->args);
    }
}

static void take_bus_master(Builder *b, gint64 at, const TraceEvent *event)
{
    guint64 value = 0;

    trace_number(event, "val: ", &value);
    add(b, LANE_DEVICE, LOOK_POINT, at, value & 1 ? "bus master started" : "bus master stopped",
        event->args);
}

static void take_run_state(Builder *b, gint64 at, const TraceEvent *event)
{
    gboolean runs = g_str_has_suffix(event->args, "(running)");

    add(b, LANE_GUEST, LOOK_POINT, at, runs ? "machine goes on" : "machine stopped", event->args);
}

static void take_nbd(Builder *b, gint64 at, const TraceEvent *event)
{
    static const struct {
        const char *type, *label;
    } requests[] = {{"(read)", "read"}, {"(write)", "write"}, {"(flush)", "flush"}};
    const char *label = "request";

    if (strcmp(event->name, "nbd_receive_simple_reply") == 0) {
        end_span(b, at, key_of(event, "cookie", "cookie = "));
        if (!strstr(event->args, ".error = 0 ")) {
            add(b, LANE_DISK, LOOK_POINT, at, "error", event->args);
        }
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        label = strstr(event->args, requests[i].type) ? requests[i].label : label;
    }
    begin_span(b, LANE_DISK, at, label, event->args, key_of(event, "cookie", "cookie = "));
}

// An emulator may have more events than this knows; they are shown by their names.
static void take_amdvi(Builder *b, gint64 at, const TraceEvent *event)
{
    static const struct {
        const char *name, *label;
    } known[] = {
        {"amdvi_all_inval", "INVALIDATE_IOMMU_ALL"},
        {"amdvi_cache_update", "translation cached"},
        {"amdvi_cmdbuf_resume", "COMPLETION_WAIT goes on"},
        {"amdvi_cmdbuf_stall", "COMPLETION_WAIT waits"},
        {"amdvi_command_exec", "command fetched"},
        {"amdvi_completion_wait", "COMPLETION_WAIT"},
        {"amdvi_devtab_inval", "INVALIDATE_DEVTAB_ENTRY"},
        {"amdvi_dma_begin", "mapping begins"},
        {"amdvi_dma_end", "mapping ends"},
        {"amdvi_dma_revoked", "mapping stale"},
        {"amdvi_event_logged", "event logged"},
        {"amdvi_intr_inval", "INVALIDATE_INTERRUPT_TABLE"},
        {"amdvi_iotlb_hit", "cached translation used"},
        {"amdvi_iotlb_inval", "INVALIDATE_IOTLB_PAGES"},
        {"amdvi_pages_inval", "INVALIDATE_IOMMU_PAGES"},
        {"amdvi_translation_result", "address translated"},
    };
    g_autofree char *plain = NULL;
    const char *label = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(known) && !label; i++) {
        label = strcmp(event->name, known[i].name) == 0 ? known[i].label : NULL;
    }
    if (!label) {
        label = plain = g_strdelimit(g_strdup(event->name + strlen("amdvi_")), "_", ' ');
    }
    add(b, LANE_IOMMU, LOOK_POINT, at, label, event->args);
}

static void take_controller(Builder *b, gint64 at, const TraceEvent *event)
{
    g_autofree char *label = g_strdelimit(g_strdup(event->name), "_", ' ');

    add(b, LANE_DEVICE, LOOK_POINT, at, label, event->args);
}

static void take_trace(Builder *b, gint64 at, const TraceEvent *event)
{
    static const struct {
        const char *prefix;
        void (*take)(Builder *b, gint64 at, const TraceEvent *event);
    } kinds[] = {
        {"amdvi_testdev_command", take_testdev},
        {"amdvi_testdev_result", NULL}, // comes with its command
        {"amdvi_", take_amdvi},
        {"bmdma_cmd_writeb", take_bus_master},
        {"dma_blk_io", take_dma},
        {"dma_complete", take_dma},
        {"nbd_send_request", take_nbd},
        {"nbd_receive_simple_reply", take_nbd},
        {"runstate_set", take_run_state},
        {"ahci_", take_controller},
        {"process_ncq_command", take_controller},
        {"pci_nvme_", take_controller},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(event->name, kinds[i].prefix)) {
            if (kinds[i].take) {
                kinds[i].take(b, at, event);
            }
            return;
        }
    }
}

// ---- what the guest says -----------------------------------------------------------------------

static void take_mark(Builder *b, gint64 at, const Mark *mark)
{
    static const struct {
        const char *event, *label;
    } known[] = {
        {"start", "transfer started"},   {"entry", "entry changed"},
        {"arm", "release armed"},        {"queue", "command queued"},
        {"doorbell", "tail written"},    {"complete", "completion seen"},
        {"give", "page given away"},     {"release", "host lets it go on"},
        {"end", "end of transfer seen"}, {"unchanged", "found unchanged"},
        {"changed", "found changed"},
    };
    Scene *scene = b->scene;
    const char *label = mark->event;
    gboolean changed = strcmp(mark->event, "changed") == 0;

    if (strcmp(mark->event, "clock") == 0 || strcmp(mark->event, "open") == 0) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        label = strcmp(mark->event, known[i].event) == 0 ? known[i].label : label;
    }
    if (strcmp(mark->event, "complete") == 0 && scene->complete < 0) {
        scene->complete = at;
    }
    if (strcmp(mark->event, "give") == 0 && scene->given < 0) {
        scene->given = at;
    }
    scene->looked =
        scene->looked || (scene->given >= 0 && g_str_has_suffix(mark->event, "changed"));
    add(b, LANE_GUEST, changed && scene->given >= 0 ? LOOK_FORBIDDEN : LOOK_POINT, at, label,
        mark->text);
}

// The guest has found its page changed: by the last touch between giving it away and finding out,
// of those that the trace knows.
static void blame(Scene *scene)
{
    TimelineEvent *found = NULL, *culprit = NULL;

    for (guint i = 0; i < scene->events->len; i++) {
        TimelineEvent *event = scene->events->pdata[i];

        if (event->lane == LANE_GUEST && event->look == LOOK_FORBIDDEN && !found) {
            found = event;
        }
    }
    for (guint i = 0; found && i < scene->events->len; i++) {
        TimelineEvent *event = scene->events->pdata[i];

        if (event->look == LOOK_TOUCH && event->to + EXACT_US >= scene->given &&
            event->from <= found->from) {
            culprit = event;
        }
    }
    if (culprit) {
        culprit->look = LOOK_FORBIDDEN;
    }
    scene->touched = culprit ? MAX(culprit->to, scene->given) : found ? found->from : -1;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const TimelineEvent *x = *(TimelineEvent *const *)a;
    const TimelineEvent *y = *(TimelineEvent *const *)b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->lane != y->lane ? (int)x->lane - (int)y->lane : strcmp(x->label, y->label);
}

static guint first_at(const Trace *trace, gint64 us)
{
    guint low = 0, high = trace->events->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(trace->events, TraceEvent, middle).us < us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// One transfer: the marks from `first` up to `end`, and what the trace has in this time.
static Scene *build_scene(const GPtrArray *marks, guint first, guint end, const Trace *trace,
                          const Clock *clock)
{
    const Mark *open = marks->pdata[first];
    Scene *scene = g_new0(Scene, 1);
    Builder b = {
        .scene = scene,
        .start = clock_us(clock, open->tsc),
        .under_way = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };

    scene->what = g_strdup(open->text);
    scene->events = g_ptr_array_new_with_free_func(event_free);
    scene->complete = scene->given = scene->touched = -1;
    for (guint i = first; i < end; i++) {
        const Mark *mark = marks->pdata[i];
        gint64 at = clock_us(clock, mark->tsc) - b.start;

        // Marks come in the order in which they were noted; time does not go back.
        take_mark(&b, MAX(at, scene->length), mark);
        if (strcmp(mark->event, "clock") != 0) {
            scene->length = MAX(scene->length, at);
        }
    }
    for (guint i = first_at(trace, b.start); i < trace->events->len; i++) {
        const TraceEvent *event = &g_array_index(trace->events, TraceEvent, i);

        if (event->us > b.start + scene->length) {
            break;
        }
        take_trace(&b, event->us - b.start, event);
    }

    GHashTableIter iter;
    gpointer event;
    g_hash_table_iter_init(&iter, b.under_way);
    while (g_hash_table_iter_next(&iter, NULL, &event)) {
        ((TimelineEvent *)event)->to = scene->length; // not over yet
    }
    g_hash_table_unref(b.under_way);
    blame(scene);
    g_ptr_array_sort(scene->events, by_time);
    return scene;
}

GPtrArray *timeline_build(const GPtrArray *marks, const Trace *trace, const Clock *clock)
{
    GPtrArray *scenes = g_ptr_array_new_with_free_func(scene_free);
    guint first = marks->len;

    for (guint i = 0; i <= marks->len && scenes->len < TIMELINE_SCENES_MAX; i++) {
        const Mark *mark = i < marks->len ? marks->pdata[i] : NULL;

        if (mark && strcmp(mark->event, "open") != 0) {
            continue;
        }
        if (first < i) {
            g_ptr_array_add(scenes, build_scene(marks, first, i, trace, clock));
        }
        first = i;
    }
    return scenes;
}
