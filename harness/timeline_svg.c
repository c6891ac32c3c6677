// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "timeline.h"

// All in pixels. Text has a fixed pitch, so that its width is known here and not only where the
// picture is shown.
#define MARGIN       16
#define LANE_NAME    76
#define CHAR         6
#define ROW          14
#define LINE         18
#define LANE_FOOT    22 // from a lane's line down to the next lane
#define AXIS         44
#define WIDTH_MIN    960
#define TITLE_CHARS  115
#define TICK_SPACE   70
// Time between two moments: in proportion, but never too close to be told apart, and never so far
// apart that nothing but waiting is to be seen.
#define US_PER_PIXEL 4
#define GAP_MIN      8
#define GAP_MAX      110

static const char *const lane_names[LANE_COUNT] = {"guest", "IOMMU", "device", "disk"};
static const char *const looks[] = {"point", "span", "touch", "bad"};

static const char style[] =
    "<style>\n"
    "text{font:10px monospace;fill:#333}\n"
    ".bg{fill:#fff}.h{font-size:13px;font-weight:bold}.s{font-weight:bold}.dim{fill:#777}\n"
    ".lane{stroke:#bbb}.lead{stroke:#ccc;stroke-width:.7}.axis{stroke:#777}\n"
    ".point{fill:#1f77b4}.span{fill:#9dbbd6}.touch{fill:#2e8b57}.bad{fill:#d00000}\n"
    ".badline{stroke:#d00000;stroke-width:1.5}.badtext{fill:#d00000;font-weight:bold}\n"
    ".hole{fill:#d00000;opacity:.12}.mark{stroke:#777;stroke-dasharray:4 3}\n"
    "@media (prefers-color-scheme:dark){\n"
    "text{fill:#ddd}.bg{fill:#16181c}.dim{fill:#999}.lane{stroke:#555}.lead{stroke:#444}\n"
    ".axis{stroke:#999}.point{fill:#6db3f2}.span{fill:#3f5f80}.touch{fill:#5fc98d}\n"
    ".bad{fill:#ff5c5c}.badline{stroke:#ff5c5c}.badtext{fill:#ff5c5c}\n"
    ".hole{fill:#ff5c5c;opacity:.2}.mark{stroke:#999}}\n"
    "</style>\n";

// Where the moments of a scene lie.
typedef struct {
    GArray *times; // of gint64: all that anything happens at, in order
    GArray *x;     // of int
} Axis;

static gint by_value(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static int gap_width(gint64 us)
{
    return (int)CLAMP(us / US_PER_PIXEL, GAP_MIN, GAP_MAX);
}

static gboolean is_cut(gint64 us)
{
    return us / US_PER_PIXEL > GAP_MAX;
}

static Axis axis_new(const Scene *scene)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(gint64));
    Axis axis = {g_array_new(FALSE, FALSE, sizeof(gint64)), g_array_new(FALSE, FALSE, sizeof(int))};
    const gint64 zero = 0;
    int x = MARGIN + LANE_NAME;

    g_array_append_val(all, zero);
    g_array_append_val(all, scene->length);
    for (guint i = 0; i < scene->events->len; i++) {
        const TimelineEvent *event = scene->events->pdata[i];
        g_array_append_val(all, event->from);
        g_array_append_val(all, event->to);
    }
    g_array_sort(all, by_value);
    for (guint i = 0; i < all->len; i++) {
        gint64 time = g_array_index(all, gint64, i);
        guint n = axis.times->len;

        if (n > 0 && g_array_index(axis.times, gint64, n - 1) == time) {
            continue;
        }
        x += n > 0 ? gap_width(time - g_array_index(axis.times, gint64, n - 1)) : 0;
        g_array_append_val(axis.times, time);
        g_array_append_val(axis.x, x);
    }
    return axis;
}

static void axis_clear(Axis *axis)
{
    g_array_unref(axis->times);
    g_array_unref(axis->x);
}

// All times that are asked for are on the axis.
static int axis_x(const Axis *axis, gint64 time)
{
    guint i = 0;

    g_array_binary_search(axis->times, &time, by_value, &i);
    return g_array_index(axis->x, int, i);
}

static int axis_end(const Axis *axis)
{
    return g_array_index(axis->x, int, axis->x->len - 1);
}

static char *label_of(const TimelineEvent *event)
{
    return event->count > 1 ? g_strdup_printf("%s x%u", event->label, event->count)
                            : g_strdup(event->label);
}

static int width_of(const TimelineEvent *event)
{
    g_autofree char *label = label_of(event);

    return (int)strlen(label) * CHAR + 10;
}

// The row of each event's label, counted from the lane's line up, in the order of the events. From
// right to left, so that no label lies on the line that leads to another. Returns how many rows
// there are.
static int place_labels(const Scene *scene, Lane lane, const Axis *axis, int *rows)
{
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(int)); // of each row, what is taken

    for (guint i = scene->events->len; i > 0; i--) {
        const TimelineEvent *event = scene->events->pdata[i - 1];
        guint row = 0;

        if (event->lane != lane) {
            continue;
        }
        int x = axis_x(axis, event->from);
        while (row < left->len && x + width_of(event) > g_array_index(left, int, row)) {
            row++;
        }
        if (row == left->len) {
            g_array_append_val(left, x);
        }
        for (guint k = 0; k <= row; k++) {
            g_array_index(left, int, k) = x;
        }
        rows[i - 1] = (int)row;
    }
    return (int)left->len;
}

static void add_text(GString *svg, int x, int y, const char *class, const char *text)
{
    g_autofree char *safe = g_markup_escape_text(text, -1);

    g_string_append_printf(svg, "<text x=\"%d\" y=\"%d\"%s%s%s>%s</text>\n", x, y,
                           class ? " class=\"" : "", class ? class : "", class ? "\"" : "", safe);
}

static void add_line(GString *svg, int x1, int y1, int x2, int y2, const char *class)
{
    g_string_append_printf(svg, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"/>\n",
                           x1, y1, x2, y2, class);
}

static void add_shape(GString *svg, int x, int end, int y, Look look)
{
    const char *class = looks[look];

    if (look == LOOK_SPAN) {
        g_string_append_printf(svg,
                               "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"8\" class=\"%s\"/>\n",
                               x, y - 4, MAX(end - x, 2), class);
    } else if (look == LOOK_POINT) {
        g_string_append_printf(
            svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"6\" rx=\"3\" class=\"%s\"/>\n",
            x - 3, y - 3, end - x + 6, class);
    } else {
        // A triangle that stands on its tip, so that it is not told by its colour alone.
        g_string_append_printf(svg, "<path d=\"M%d %dl-6 -10h12z\" class=\"%s\"/>\n", end, y + 4,
                               class);
    }
}

static void add_event(GString *svg, const TimelineEvent *event, const Axis *axis, int y, int row)
{
    int x = axis_x(axis, event->from), end = axis_x(axis, event->to);
    int text_y = y - 12 - row * ROW;
    g_autofree char *label = label_of(event);
    g_autofree char *detail = g_markup_escape_text(event->detail->str, -1);
    gboolean bad = event->look == LOOK_FORBIDDEN;

    g_string_append_printf(svg, "<g><title>%s\n%s</title>\n", event->label, detail);
    add_line(svg, x, y, x, text_y + 2, "lead");
    add_shape(svg, x, end, y, event->look);
    add_text(svg, x + 3, text_y, bad ? "badtext" : NULL, label);
    g_string_append(svg, "</g>\n");
}

static char *time_text(gint64 us)
{
    return us < 10000 ? g_strdup_printf("%" G_GINT64_FORMAT " us", us)
                      : g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " ms", us / 1000,
                                        us % 1000 / 100);
}

static void add_axis(GString *svg, const Axis *axis, int y)
{
    int free_from = 0;

    add_line(svg, MARGIN + LANE_NAME, y, axis_end(axis), y, "axis");
    for (guint i = 0; i < axis->times->len; i++) {
        gint64 time = g_array_index(axis->times, gint64, i);
        int x = g_array_index(axis->x, int, i);

        add_line(svg, x, y, x, y + 4, "axis");
        if (x >= free_from) {
            g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, time);
            add_text(svg, x, y + 15, "dim", text);
            free_from = x + TICK_SPACE;
        }
        gint64 before = i > 0 ? g_array_index(axis->times, gint64, i - 1) : 0;
        if (i > 0 && is_cut(time - before)) {
            int middle = x - GAP_MAX / 2;
            g_autofree char *text = time_text(time - before);
            g_string_append_printf(svg, "<path d=\"M%d %dl4 -10M%d %dl4 -10\" class=\"axis\"/>\n",
                                   middle - 4, y + 5, middle + 1, y + 5);
            add_text(svg, middle - (int)strlen(text) * CHAR / 2, y - 7, "dim", text);
        }
    }
    add_text(svg, MARGIN, y + 4, "dim", "us");
}

// What the picture shows, in words.
static char *conclusion(const Scene *scene)
{
    if (scene->given < 0) {
        return g_strdup("No page was given away.");
    }
    if (scene->touched < 0) {
        return g_strdup(scene->looked ? "The page's new owner found nothing changed."
                                      : "Nobody looked at the page after it was given away.");
    }
    return g_strdup_printf(
        "The page was touched %" G_GINT64_FORMAT " us after it was given away%s.",
        scene->touched - scene->given, scene->complete >= 0 ? ", behind the completion" : "");
}

static void add_scene(GString *svg, const Scene *scene, guint number, int *y, int *width)
{
    Axis axis = axis_new(scene);
    g_autofree int *rows = g_new0(int, scene->events->len + 1);
    g_autofree char *heading = g_strdup_printf("%u. %s", number, scene->what);
    g_autofree char *words = conclusion(scene);
    GString *lanes = g_string_new(NULL); // drawn above the marks that go through all of them

    add_text(svg, MARGIN, *y, "s", heading);
    add_text(svg, MARGIN, *y + LINE, scene->touched >= 0 ? "badtext" : NULL, words);
    if (scene->dropped) {
        g_autofree char *text = g_strdup_printf("%u more events are not drawn.", scene->dropped);
        add_text(svg, MARGIN + ((int)strlen(words) + 2) * CHAR, *y + LINE, "dim", text);
    }
    int top = *y + LINE + 8, line = top;

    for (Lane lane = 0; lane < LANE_COUNT; lane++) {
        line += place_labels(scene, lane, &axis, rows) * ROW + LANE_FOOT;
        add_line(lanes, MARGIN + LANE_NAME, line, axis_end(&axis), line, "lane");
        add_text(lanes, MARGIN, line + 4, "s", lane_names[lane]);
        for (guint i = 0; i < scene->events->len; i++) {
            const TimelineEvent *event = scene->events->pdata[i];
            if (event->lane == lane) {
                add_event(lanes, event, &axis, line, rows[i]);
                *width = MAX(*width, axis_x(&axis, event->from) + width_of(event) + MARGIN);
            }
        }
    }
    int bottom = line + LANE_FOOT;

    if (scene->touched >= 0 && scene->given >= 0) {
        int from = axis_x(&axis, scene->given), to = axis_x(&axis, scene->touched);
        g_string_append_printf(
            svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"hole\"/>\n", from, top,
            to - from, bottom - top);
        add_line(svg, to, top, to, bottom, "badline");
    }
    for (int i = 0; i < 2; i++) {
        gint64 at = i ? scene->given : scene->complete;
        if (at >= 0) {
            add_line(svg, axis_x(&axis, at), top, axis_x(&axis, at), bottom, "mark");
        }
    }
    g_string_append(svg, lanes->str);
    g_string_free(lanes, TRUE);
    add_axis(svg, &axis, bottom);
    *width = MAX(*width, axis_end(&axis) + TICK_SPACE);
    *y = bottom + AXIS;
    axis_clear(&axis);
}

// In lines that fit, broken between words.
static void add_title(GString *svg, const TimelineHead *head, int *y)
{
    g_autofree char *text = g_strdup_printf("%s: %s", head->rule, head->title);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);

    for (gsize i = 0; words[i]; i++) {
        if (line->len && line->len + 1 + strlen(words[i]) > TITLE_CHARS) {
            add_text(svg, MARGIN, *y, "h", line->str);
            *y += LINE;
            g_string_truncate(line, 0);
        }
        g_string_append_printf(line, "%s%s", line->len ? " " : "", words[i]);
    }
    add_text(svg, MARGIN, *y, "h", line->str);
    *y += LINE;
}

static void add_legend(GString *svg, int *y)
{
    static const struct {
        Look look;
        const char *text;
    } entries[] = {
        {LOOK_POINT, "event"},
        {LOOK_SPAN, "under way"},
        {LOOK_TOUCH, "memory touched"},
        {LOOK_FORBIDDEN, "forbidden touch"},
    };
    int x = MARGIN;

    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        gboolean span = entries[i].look == LOOK_SPAN;
        add_shape(svg, x + 6, x + (span ? 22 : 6), *y - 4, entries[i].look);
        add_text(svg, x + (span ? 28 : 18), *y, NULL, entries[i].text);
        x += (span ? 28 : 18) + ((int)strlen(entries[i].text) + 3) * CHAR;
    }
    add_text(svg, x, *y, "dim",
             "dashed: completion seen, page given away; //: time left out; xN: N events");
    *y += LINE;
}

char *timeline_svg(const TimelineHead *head, const GPtrArray *scenes)
{
    g_autoptr(GString) body = g_string_new(NULL);
    GString *svg = g_string_new(NULL);
    g_autofree char *machine =
        g_strdup_printf("%s, %s: %s", head->machine, head->emulator, head->verdict);
    g_autofree char *clocks = g_strdup_printf(
        "One clock: the guest's time-stamp counter and the emulator's trace, matched by %u "
        "accesses that both have seen, the worst %" G_GINT64_FORMAT " us off.",
        head->clock->pairs, head->clock->difference);
    g_autofree char *name = g_markup_printf_escaped("%s on %s", head->rule, head->machine);
    int y = MARGIN + 12, width = WIDTH_MIN;

    add_title(body, head, &y);
    add_text(body, MARGIN, y, NULL, machine);
    y += LINE;
    add_text(body, MARGIN, y, "dim", clocks);
    y += LINE;
    add_legend(body, &y);
    y += LINE / 2;
    for (guint i = 0; i < scenes->len; i++) {
        add_scene(body, scenes->pdata[i], i + 1, &y, &width);
    }
    g_string_append_printf(svg,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                           "viewBox=\"0 0 %d %d\">\n<title>%s</title>\n",
                           width, y, width, y, name);
    g_string_append(svg, style);
    g_string_append_printf(svg, "<rect width=\"%d\" height=\"%d\" class=\"bg\"/>\n", width, y);
    g_string_append(svg, body->str);
    g_string_append(svg, "</svg>\n");
    return g_string_free(svg, FALSE);
}
