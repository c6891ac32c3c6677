// SPDX-License-Identifier: GPL-2.0-or-later
// From an emulator's trace and a guest's marks to a picture: what is taken from them, what is
// refused, and what comes out.
#include <string.h>

#include "../timeline.h"
#include "../util.h"

// The guest's counter runs at 2000 ticks a microsecond; it was 1000000 at 500.000000 s.
static const char golden[] =
    "7@500.000005:fw_cfg_select 0x55 key 0x1000 '', ret: 0\n"
    "7@500.000105:fw_cfg_select 0x55 key 0x1001 '', ret: 0\n"
    "7@500.001003:bmdma_cmd_writeb val: 0x00000009\n"
    "7@500.001010:dma_blk_io dbs=0x7fa0 bs=0x7fb0 offset=512 to_dev=0\n"
    "7@500.001020:amdvi_cache_update  update iotlb domid 0x410 devid: 00:02.0 gpa 0x4 hpa 0x1\n"
    "7@500.001022:amdvi_cache_update  update iotlb domid 0x410 devid: 00:02.0 gpa 0x5 hpa 0x2\n"
    "7@500.001030:nbd_send_request Sending request to server: { .from = 512, .len = 16384, "
    ".cookie = 1, .flags = 0x0, .type = 0 (read) }\n"
    "7@500.003000:amdvi_command_exec command buffer head at 0x30 command buffer tail at 0x50\n"
    "7@500.003002:amdvi_pages_inval AMD-Vi pages for domain 0x410 invalidated\n"
    "7@500.003004:amdvi_command_exec command buffer head at 0x40 command buffer tail at 0x50\n"
    "7@500.003006:amdvi_completion_wait completion wait requested with store address 0x24\n"
    "6@500.006000:nbd_receive_simple_reply Got simple reply: { .error = 0 (success), "
    "cookie = 1 }\n"
    "6@500.006010:dma_complete dbs=0x7fa0 ret=0 cb=0x56\n"
    "7@500.009005:fw_cfg_select 0x55 key 0x1002 '', ret: 0\n";

typedef struct {
    guint64 us; // since the counter was 1000000
    const char *event;
    const char *text;
} Moment;

static const Moment marks_golden[] = {
    {0, "clock", "key=4096 ticks=20000"}, // 0 to 10 us
    {100, "clock", "key=4097 ticks=20000"},
    {1000, "open", "disk read of 32 sectors from 1 on"},
    {1000, "start", "READ DMA"},
    {2000, "entry", "0"},
    {2500, "queue", "00000000 30000410 40000000 00000000"},
    {2900, "doorbell", ""},
    {3500, "complete", ""},
    {4000, "give", "canary"},
    {5000, "release", "old ok"},
    {7000, "end", "BMISTA 0x04"},
    {8000, "changed", "memory"},
    {9000, "clock", "key=4098 ticks=20000"},
};

static GPtrArray *make_marks(const Moment *lines, gsize count)
{
    GPtrArray *marks = g_ptr_array_new_with_free_func(mark_free);

    for (gsize i = 0; i < count; i++) {
        g_ptr_array_add(marks,
                        mark_new(1000000 + lines[i].us * 2000, lines[i].event, lines[i].text));
    }
    return marks;
}

// The scenes of the marks and the trace; the clocks match.
static GPtrArray *build(const Moment *lines, gsize count, const char *text)
{
    g_autoptr(Trace) trace = trace_parse(text, strlen(text));
    g_autoptr(GPtrArray) marks = make_marks(lines, count);
    g_autoptr(GError) error = NULL;
    Clock clock;

    clock_match(marks, trace, &clock, &error);
    g_assert_no_error(error);
    return timeline_build(marks, trace, &clock);
}

static const TimelineEvent *find(const Scene *scene, const char *label)
{
    for (guint i = 0; i < scene->events->len; i++) {
        const TimelineEvent *event = scene->events->pdata[i];
        if (strcmp(event->label, label) == 0) {
            return event;
        }
    }
    return NULL;
}

static void expect_event(const Scene *scene, const char *label, Lane lane, Look look, gint64 from,
                         gint64 to, guint count)
{
    const TimelineEvent *event = find(scene, label);

    g_test_message("%s", label);
    g_assert_nonnull(event);
    g_assert_cmpint(event->lane, ==, lane);
    g_assert_cmpint(event->look, ==, look);
    g_assert_cmpint(event->from, ==, from);
    g_assert_cmpint(event->to, ==, to);
    g_assert_cmpuint(event->count, ==, count);
}

static void test_trace(void)
{
    const char text[] = "qemu: a message of another kind\n"
                        "1@2.000009:later a=0x1f b=12 c=none\n"
                        "1@2.000003:alone\n"
                        "1@2.00003:short_fraction x\n"
                        "1@2.000003 no_colon x\n"
                        "@2.000003:no_pid x\n"
                        "1@99999999999999999999.000003:too_long x\n"
                        "1@2.000003:odd-name x\n"
                        "1@2.000003:\n"
                        "\n"
                        "1@2.000003:second \x01\xff\n"
                        "1@2.000010:cut off";
    g_autoptr(Trace) trace = trace_parse(text, strlen(text));
    const TraceEvent *events = (const TraceEvent *)trace->events->data;
    guint64 value;

    g_assert_cmpuint(trace->events->len, ==, 3);
    g_assert_cmpuint(trace->skipped, ==, 9);
    g_assert_cmpint(events[0].us, ==, 2000003);
    g_assert_cmpstr(events[0].name, ==, "alone");
    g_assert_cmpstr(events[0].args, ==, "");
    g_assert_cmpstr(events[1].name, ==, "second");
    g_assert_cmpstr(events[1].args, ==, "??");
    g_assert_cmpstr(events[2].name, ==, "later");
    g_assert_true(trace_number(&events[2], "a=", &value));
    g_assert_cmpuint(value, ==, 31);
    g_assert_true(trace_number(&events[2], "b=", &value));
    g_assert_cmpuint(value, ==, 12);
    g_assert_false(trace_number(&events[2], "c=", &value));
    g_assert_false(trace_number(&events[2], "d=", &value));
}

static void test_clock(void)
{
    g_autoptr(Trace) trace = trace_parse(golden, strlen(golden));
    g_autoptr(GPtrArray) marks = make_marks(marks_golden, G_N_ELEMENTS(marks_golden));
    g_autoptr(GError) error = NULL;
    Clock clock;

    g_assert_true(clock_match(marks, trace, &clock, &error));
    g_assert_cmpuint(clock.pairs, ==, 3);
    g_assert_cmpint(clock.difference, ==, 0);
    g_assert_cmpint(clock_us(&clock, 1000000), ==, 500000000);
    g_assert_cmpint(clock_us(&clock, 0), ==, 500000000 - 500);
    g_assert_cmpint(clock_us(&clock, 1000000 + 9000 * 2000), ==, 500009000);
}

// `us`: when the emulator saw the second of three accesses, which the guest made from 100 to 110.
static gboolean fits(gint64 us, Clock *clock, GError **error)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(ClockPair));
    const ClockPair three[] = {{1000000, 20000, 5}, {1200000, 20000, us}, {21000000, 20000, 10005}};

    g_array_append_vals(pairs, three, 3);
    return clock_fit(pairs, NULL, clock, error);
}

static void test_clock_refuses(void)
{
    g_autoptr(Trace) trace = trace_parse(golden, strlen(golden));
    g_autoptr(GPtrArray) two = make_marks(marks_golden, G_N_ELEMENTS(marks_golden) - 1);
    g_autoptr(GError) few = NULL, off = NULL, stands = NULL;
    Clock clock;

    g_assert_false(clock_match(two, trace, &clock, &few));
    g_assert_error(few, AVC_ERROR, AVC_TROUBLE);
    g_assert_nonnull(strstr(few->message, "2 accesses are in both records, and 3 are needed"));

    // Within the guest's two readings there is no difference, outside it is counted, up to 200 us.
    g_assert_true(fits(100, &clock, NULL));
    g_assert_cmpint(clock.difference, ==, 0);
    g_assert_true(fits(310, &clock, NULL));
    g_assert_cmpint(clock.difference, ==, 200);
    g_assert_true(fits(60, &clock, NULL));
    g_assert_cmpint(clock.difference, ==, 40);
    g_assert_false(fits(311, &clock, &off));
    g_assert_nonnull(strstr(off->message, "of 3 accesses that both have seen one is 201 us off"));

    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(ClockPair));
    const ClockPair same[] = {{5, 2, 7}, {5, 2, 7}, {5, 2, 7}};
    g_array_append_vals(pairs, same, 3);
    g_assert_false(clock_fit(pairs, NULL, &clock, &stands));
    g_assert_nonnull(strstr(stands->message, "stands still"));
}

// What is no clock mark, or has no counterpart, makes no pair.
static void test_clock_damaged(void)
{
    static const Moment lines[] = {
        {0, "clock", "key=4096 ticks=20000"},
        {1, "clock", "key=4096"},
        {2, "clock", "key=x ticks=1"},
        {3, "clock", "ticks=1 key=4096"},
        {4, "clock", ""},
        {5, "clock", "key=4100 ticks=1"},
        {6, "give", "key=4097 ticks=1"},
    };
    g_autoptr(Trace) trace = trace_parse(golden, strlen(golden));
    g_autoptr(GPtrArray) marks = make_marks(lines, G_N_ELEMENTS(lines));
    g_autoptr(GArray) pairs = clock_pairs(marks, trace, 0);

    g_assert_cmpuint(pairs->len, ==, 1);
    g_assert_cmpint(g_array_index(pairs, ClockPair, 0).us, ==, 500000005);
}

// The machine stands still for 3 ms while the page is the new owner's, and the guest's counter too.
static void test_clock_stops(void)
{
    static const char *const later[] = {
        "6@500.006000", "6@500.006010", "7@500.009005",
        "6@500.009000", "6@500.009010", "7@500.012005",
    };
    g_autoptr(GString) text = g_string_new(
        "1@400.000000:runstate_set current_run_state 6 (prelaunch) new_state 9 (running)\n"
        "1@500.005500:runstate_set current_run_state 9 (running) new_state 4 (paused)\n"
        "1@500.005600:runstate_set current_run_state 4 (paused) new_state 4 (paused)\n"
        "1@500.008500:runstate_set current_run_state 4 (paused) new_state 9 (running)\n"
        "1@600.000000:runstate_set current_run_state 9 (running) new_state 10 (shutdown)\n");

    g_string_append(text, golden);
    for (gsize i = 0; i < 3; i++) {
        char *at = strstr(text->str, later[i]);
        memcpy(at, later[i + 3], strlen(later[i]));
    }
    g_autoptr(GPtrArray) scenes = build(marks_golden, G_N_ELEMENTS(marks_golden), text->str);
    const Scene *scene = scenes->pdata[0];

    g_assert_cmpint(scene->given, ==, 3000);
    g_assert_cmpint(scene->touched, ==, 8010);
    expect_event(scene, "host lets it go on", LANE_GUEST, LOOK_POINT, 4000, 4000, 1);
    expect_event(scene, "end of transfer seen", LANE_GUEST, LOOK_POINT, 9000, 9000, 1);
    g_assert_cmpint(scene->length, ==, 10000);
    expect_event(scene, "machine stopped", LANE_GUEST, LOOK_POINT, 4500, 4600, 2);
    expect_event(scene, "machine goes on", LANE_GUEST, LOOK_POINT, 7500, 7500, 1);
}

// A guest that was reset uses the keys again.
static void test_clock_again(void)
{
    g_autofree char *text = g_strconcat("7@300.000005:fw_cfg_select 0x55 key 0x1000 '', ret: 0\n"
                                        "7@300.900005:fw_cfg_select 0x55 key 0x1001 '', ret: 0\n"
                                        "7@300.910005:fw_cfg_select 0x55 key 0x1002 '', ret: 0\n",
                                        golden, NULL);
    g_autoptr(GPtrArray) scenes = build(marks_golden, G_N_ELEMENTS(marks_golden), text);

    g_assert_cmpint(((const Scene *)scenes->pdata[0])->touched, ==, 5010);
}

static void test_scene(void)
{
    g_autoptr(GPtrArray) scenes = build(marks_golden, G_N_ELEMENTS(marks_golden), golden);
    const Scene *scene = scenes->pdata[0];

    g_assert_cmpuint(scenes->len, ==, 1);
    g_assert_cmpstr(scene->what, ==, "disk read of 32 sectors from 1 on");
    g_assert_cmpint(scene->length, ==, 7000);
    g_assert_cmpint(scene->complete, ==, 2500);
    g_assert_cmpint(scene->given, ==, 3000);
    g_assert_cmpint(scene->touched, ==, 5010);
    g_assert_true(scene->looked);
    g_assert_cmpuint(scene->dropped, ==, 0);
    expect_event(scene, "transfer started", LANE_GUEST, LOOK_POINT, 0, 0, 1);
    expect_event(scene, "entry changed", LANE_GUEST, LOOK_POINT, 1000, 1000, 1);
    expect_event(scene, "completion seen", LANE_GUEST, LOOK_POINT, 2500, 2500, 1);
    expect_event(scene, "page given away", LANE_GUEST, LOOK_POINT, 3000, 3000, 1);
    expect_event(scene, "found changed", LANE_GUEST, LOOK_FORBIDDEN, 7000, 7000, 1);
    expect_event(scene, "translation cached", LANE_IOMMU, LOOK_POINT, 20, 22, 2);
    expect_event(scene, "command fetched", LANE_IOMMU, LOOK_POINT, 2000, 2004, 2);
    expect_event(scene, "INVALIDATE_IOMMU_PAGES", LANE_IOMMU, LOOK_POINT, 2002, 2002, 1);
    expect_event(scene, "COMPLETION_WAIT", LANE_IOMMU, LOOK_POINT, 2006, 2006, 1);
    expect_event(scene, "bus master started", LANE_DEVICE, LOOK_POINT, 3, 3, 1);
    expect_event(scene, "transfer to memory", LANE_DEVICE, LOOK_SPAN, 10, 5010, 1);
    expect_event(scene, "memory has been written", LANE_DEVICE, LOOK_FORBIDDEN, 5010, 5010, 1);
    expect_event(scene, "read", LANE_DISK, LOOK_SPAN, 30, 5000, 1);
    g_assert_null(find(scene, "clock"));
}

// The same, but what the guest finds is `found`, and the pages are given away at `given`.
static GPtrArray *build_found(const char *found, guint64 given, const char *text)
{
    Moment lines[G_N_ELEMENTS(marks_golden)];

    memcpy(lines, marks_golden, sizeof(lines));
    lines[8].us = given;
    lines[11].event = found;
    return build(lines, G_N_ELEMENTS(lines), text);
}

static void test_innocent(void)
{
    g_autoptr(GPtrArray) unchanged = build_found("unchanged", 4000, golden);
    const Scene *scene = unchanged->pdata[0];

    g_assert_cmpint(scene->touched, ==, -1);
    g_assert_true(scene->looked);
    expect_event(scene, "memory has been written", LANE_DEVICE, LOOK_TOUCH, 5010, 5010, 1);
    expect_event(scene, "found unchanged", LANE_GUEST, LOOK_POINT, 7000, 7000, 1);

    // Closer than the clocks are exact: it may well have been later.
    g_autoptr(GPtrArray) close = build_found("changed", 6060, golden);
    scene = close->pdata[0];
    expect_event(scene, "memory has been written", LANE_DEVICE, LOOK_FORBIDDEN, 5010, 5010, 1);
    g_assert_cmpint(scene->touched, ==, 5060);
    g_autoptr(GPtrArray) apart = build_found("changed", 6061, golden);
    expect_event(apart->pdata[0], "memory has been written", LANE_DEVICE, LOOK_TOUCH, 5010, 5010,
                 1);

    // Over before the page was given away: whoever has changed it then, it was not this.
    g_autoptr(GPtrArray) late = build_found("changed", 6500, golden);
    scene = late->pdata[0];
    expect_event(scene, "memory has been written", LANE_DEVICE, LOOK_TOUCH, 5010, 5010, 1);
    expect_event(scene, "found changed", LANE_GUEST, LOOK_FORBIDDEN, 7000, 7000, 1);
    g_assert_cmpint(scene->touched, ==, 7000);

    // Nobody has given a page away.
    Moment lines[G_N_ELEMENTS(marks_golden)];
    memcpy(lines, marks_golden, sizeof(lines));
    lines[8].event = "entry";
    g_autoptr(GPtrArray) kept = build(lines, G_N_ELEMENTS(lines), golden);
    scene = kept->pdata[0];
    g_assert_cmpint(scene->given, ==, -1);
    g_assert_cmpint(scene->touched, ==, -1);
    g_assert_false(scene->looked);
    expect_event(scene, "found changed", LANE_GUEST, LOOK_POINT, 7000, 7000, 1);
    expect_event(scene, "memory has been written", LANE_DEVICE, LOOK_TOUCH, 5010, 5010, 1);
}

// Each line of the trace by itself taken away, cut short in every place, and all of them backwards:
// the picture is another one, but there is one, or the clocks do not match.
static void test_damaged(void)
{
    g_autoptr(GPtrArray) marks = make_marks(marks_golden, G_N_ELEMENTS(marks_golden));

    for (gsize cut = 0; cut <= strlen(golden); cut++) {
        g_autoptr(Trace) trace = trace_parse(golden, cut);
        Clock clock;
        gboolean whole = cut == strlen(golden);

        g_assert_cmpint(clock_match(marks, trace, &clock, NULL), ==, whole);
        if (!whole) { // the clock of the whole, and what is left of the rest
            clock = (Clock){.tsc = 1000000, .us = 500000000, .us_per_tick = 1 / 2000.0};
        }
        g_autoptr(GPtrArray) scenes = timeline_build(marks, trace, &clock);
        const Scene *scene = scenes->pdata[0];
        const TimelineEvent *span = find(scene, "transfer to memory");
        gboolean ended = find(scene, "memory has been written") != NULL;

        g_assert_cmpint(scene->touched, ==, ended ? 5010 : 7000);
        g_assert_true(!span || span->to == (ended ? 5010 : 7000)); // not over yet
    }

    g_auto(GStrv) lines = g_strsplit(golden, "\n", -1);
    guint count = g_strv_length(lines) - 1; // the last is empty
    g_autoptr(GString) backwards = g_string_new(NULL);
    for (guint i = count; i > 0; i--) {
        g_string_append_printf(backwards, "%s\n", lines[i - 1]);
    }
    g_autoptr(GPtrArray) scenes = build(marks_golden, G_N_ELEMENTS(marks_golden), backwards->str);
    expect_event(scenes->pdata[0], "transfer to memory", LANE_DEVICE, LOOK_SPAN, 10, 5010, 1);
    g_assert_cmpint(((const Scene *)scenes->pdata[0])->touched, ==, 5010);
}

static void test_failed_transfer(void)
{
    g_auto(GStrv) parts = g_strsplit(golden, "ret=0 cb", 2);
    g_autofree char *text = g_strconcat(parts[0], "ret=-5 cb", parts[1], NULL);
    g_autoptr(GPtrArray) scenes = build_found("unchanged", 4000, text);

    expect_event(scenes->pdata[0], "transfer has failed", LANE_DEVICE, LOOK_POINT, 5010, 5010, 1);
    g_assert_null(find(scenes->pdata[0], "memory has been written"));
}

// The slots of the test device, and events that nobody knows.
static void test_other_events(void)
{
    g_auto(GStrv) parts = g_strsplit(golden, "7@500.009005", 2);
    g_autofree char *text = g_strconcat(
        parts[0],
        "7@500.001100:amdvi_testdev_command command 4 slot 3 iova 0x1000 length 0x10\n"
        "7@500.001101:amdvi_testdev_result command 4 result 0x0 done 0x10\n"
        "7@500.001200:amdvi_testdev_command command 3 slot 1 iova 0x1000 length 0x10\n"
        "7@500.004500:amdvi_testdev_command command 5 slot 3 iova 0x1000 length 0x10\n"
        "7@500.004600:amdvi_testdev_command command 6 slot 1 iova 0x1000 length 0x10\n"
        "7@500.004700:amdvi_some_new_thing x\n"
        "7@500.004800:pci_nvme_read cid 1\n"
        "7@500.004900:e1000_nothing_of_ours x\n"
        "7@500.004950:nbd_receive_simple_reply Got simple reply: { .error = 5 (EIO), cookie = 9 }\n"
        "7@500.009005",
        parts[1], NULL);
    g_autoptr(GPtrArray) scenes = build_found("unchanged", 4000, text);
    const Scene *scene = scenes->pdata[0];

    expect_event(scene, "transfer from memory", LANE_DEVICE, LOOK_SPAN, 100, 3500, 1);
    expect_event(scene, "memory has been read", LANE_DEVICE, LOOK_TOUCH, 3500, 3500, 1);
    expect_event(scene, "transfer dropped", LANE_DEVICE, LOOK_POINT, 3600, 3600, 1);
    expect_event(scene, "some new thing", LANE_IOMMU, LOOK_POINT, 3700, 3700, 1);
    expect_event(scene, "pci nvme read", LANE_DEVICE, LOOK_POINT, 3800, 3800, 1);
    expect_event(scene, "error", LANE_DISK, LOOK_POINT, 3950, 3950, 1);
    g_assert_null(find(scene, "testdev result"));
    for (guint i = 0; i < scene->events->len; i++) {
        g_assert_null(strstr(((const TimelineEvent *)scene->events->pdata[i])->label, "nothing"));
    }
}

static void test_several(void)
{
    static const Moment lines[] = {
        {0, "clock", "key=4096 ticks=20000"},
        {100, "clock", "key=4097 ticks=20000"},
        {200, "give", "of nothing"},
        {1000, "open", "the first"},
        {1500, "end", ""},
        {1600, "open", "the second"},
        {9000, "clock", "key=4098 ticks=20000"},
    };
    g_autoptr(GPtrArray) scenes = build(lines, G_N_ELEMENTS(lines), golden);
    const Scene *second = scenes->pdata[1];

    g_assert_cmpuint(scenes->len, ==, 2);
    g_assert_cmpstr(((const Scene *)scenes->pdata[0])->what, ==, "the first");
    g_assert_cmpint(((const Scene *)scenes->pdata[0])->length, ==, 500);
    g_assert_cmpint(((const Scene *)scenes->pdata[0])->given, ==, -1);
    g_assert_cmpint(second->length, ==, 0); // nothing but that
    g_assert_cmpuint(second->events->len, ==, 0);

    // What is noted before the first transfer is about none.
    g_autoptr(Trace) trace = trace_parse(golden, strlen(golden));
    g_autoptr(GPtrArray) before = make_marks(lines, 3);
    const Clock clock = {.tsc = 1000000, .us = 500000000, .us_per_tick = 1 / 2000.0};
    g_autoptr(GPtrArray) none = timeline_build(before, trace, &clock);
    g_assert_cmpuint(none->len, ==, 0);
}

// A guest and an emulator that never stop talking.
static void test_bounds(void)
{
    g_autoptr(GPtrArray) marks = make_marks(marks_golden, G_N_ELEMENTS(marks_golden));
    g_autoptr(GString) text = g_string_new(golden);
    Clock clock;

    for (int i = 0; i < 20000; i++) { // labels that are all different
        g_string_append_printf(text, "7@500.0045%02d:amdvi_event_%d x\n", i % 100, i);
    }
    g_autoptr(Trace) trace = trace_parse(text->str, text->len);
    g_assert_true(clock_match(marks, trace, &clock, NULL));
    g_autoptr(GPtrArray) scenes = timeline_build(marks, trace, &clock);
    const Scene *scene = scenes->pdata[0];
    g_assert_cmpuint(scene->events->len, ==, TIMELINE_EVENTS_MAX);
    g_assert_cmpuint(scene->dropped, >, 19000);

    for (int i = 0; i < 1000; i++) {
        g_ptr_array_add(marks, mark_new(19000000, "open", "again"));
    }
    g_autoptr(GPtrArray) many = timeline_build(marks, trace, &clock);
    g_assert_cmpuint(many->len, ==, TIMELINE_SCENES_MAX);
}

static void on_element(GMarkupParseContext *context, const char *name, const char **names,
                       const char **values, gpointer data, GError **error)
{
    (void)context, (void)names, (void)values, (void)error;
    g_assert_cmpstr(name, !=, "script");
    g_assert_cmpstr(name, !=, "image");
    (*(guint *)data)++;
}

static char *draw(const GPtrArray *scenes, const char *title)
{
    const Clock clock = {.pairs = 3, .difference = 17};
    const TimelineHead head = {"AMDVI-INF-001", title, "stock-held-pvh", "QEMU 10", "fail", &clock};
    char *svg = timeline_svg(&head, scenes);
    const GMarkupParser parser = {.start_element = on_element};
    guint elements = 0;
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &elements, NULL);
    g_autoptr(GError) error = NULL;

    g_markup_parse_context_parse(context, svg, -1, &error);
    g_assert_no_error(error);
    g_markup_parse_context_end_parse(context, &error);
    g_assert_no_error(error);
    g_markup_parse_context_free(context);
    g_assert_cmpuint(elements, >, 10);
    g_assert_null(strstr(strstr(svg, "xmlns") + 40, "http")); // nothing from elsewhere
    return svg;
}

static void test_svg(void)
{
    g_autoptr(GPtrArray) scenes = build(marks_golden, G_N_ELEMENTS(marks_golden), golden);
    g_autoptr(GPtrArray) same = build(marks_golden, G_N_ELEMENTS(marks_golden), golden);
    g_autoptr(GPtrArray) good = build_found("unchanged", 4000, golden);
    g_autofree char *one = draw(scenes, "a & b < \"c\"");
    g_autofree char *two = draw(same, "a & b < \"c\"");
    g_autofree char *innocent = draw(good, "plain");
    static const char *const wanted[] = {
        ">AMDVI-INF-001: a &amp; b &lt; &quot;c&quot;</text>",
        ">stock-held-pvh, QEMU 10: fail</text>",
        "matched by 3 accesses that both have seen, the worst 17 us off",
        ">1. disk read of 32 sectors from 1 on</text>",
        "class=\"badtext\">The page was touched 2010 us after it was given away, behind the "
        "completion.</text>",
        "class=\"badtext\">memory has been written</text>",
        "class=\"hole\"/>",
        "class=\"badline\"/>",
        ">command fetched x2</text>",
        ">guest</text>",
        ">IOMMU</text>",
        ">device</text>",
        ">disk</text>",
        "<title>page given away\n3000 us: canary</title>",
        "@media (prefers-color-scheme:dark)",
        ">1000 us</text>", // of the longest waits
    };

    g_assert_cmpstr(one, ==, two);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_test_message("%s", wanted[i]);
        g_assert_nonnull(strstr(one, wanted[i]));
    }
    // Red is in the legend, but nowhere else.
    g_assert_null(strstr(innocent, "class=\"badtext\""));
    g_assert_null(strstr(innocent, "class=\"hole\""));
    g_assert_nonnull(strstr(innocent, ">The page&apos;s new owner found nothing changed.</text>"));
}

// Text from outside, whatever it holds, breaks neither the picture nor its form.
static void test_svg_hostile(void)
{
    g_auto(GStrv) parts = g_strsplit(golden, "AMD-Vi", 2);
    g_autofree char *text =
        g_strconcat(parts[0], "</title><script>\x02\xc3\x28]]>&#0;\"'", parts[1], NULL);
    Moment lines[G_N_ELEMENTS(marks_golden)];

    memcpy(lines, marks_golden, sizeof(lines));
    lines[2].text = "<svg onload=\"x\"> & more";
    lines[4].event = "script";
    lines[6].text = "]]></g></svg>";
    g_autoptr(GPtrArray) scenes = build(lines, G_N_ELEMENTS(lines), text);
    g_autofree char *svg = draw(scenes, "</text></svg>");
    g_assert_null(strstr(svg, "<script"));

    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autofree char *empty = draw(none, "no transfer");
    g_assert_nonnull(strstr(empty, "</svg>"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timeline/trace", test_trace);
    g_test_add_func("/timeline/clock", test_clock);
    g_test_add_func("/timeline/clock-refuses", test_clock_refuses);
    g_test_add_func("/timeline/clock-damaged", test_clock_damaged);
    g_test_add_func("/timeline/clock-stops", test_clock_stops);
    g_test_add_func("/timeline/clock-again", test_clock_again);
    g_test_add_func("/timeline/scene", test_scene);
    g_test_add_func("/timeline/innocent", test_innocent);
    g_test_add_func("/timeline/damaged", test_damaged);
    g_test_add_func("/timeline/failed-transfer", test_failed_transfer);
    g_test_add_func("/timeline/other-events", test_other_events);
    g_test_add_func("/timeline/several", test_several);
    g_test_add_func("/timeline/bounds", test_bounds);
    g_test_add_func("/timeline/svg", test_svg);
    g_test_add_func("/timeline/svg-hostile", test_svg_hostile);
    return g_test_run();
}
