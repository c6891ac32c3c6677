// SPDX-License-Identifier: GPL-2.0-or-later
// TAP, JUnit, JSON and the table, read back where something can read them.
#include <json-glib/json-glib.h>
#include <string.h>

#include "../host.h"
#include "../output.h"
#include "../util.h"

static const char list[] = "AMDVI-PT-001 A pt_one ref=2.2.3 timeout-ms=5 | One <&> \"quoted\"\n"
                           "AMDVI-PT-002 A pt_two ref=2.2.3 timeout-ms=5 | Two\n"
                           "AMDVI-PT-003 M pt_three ref=2.2.3 timeout-ms=5 | Three\n"
                           "AMDVI-PT-004 A pt_four ref=2.2.3 timeout-ms=5 | Four\n"
                           "AMDVI-PT-005 A pt_five ref=2.2.3 timeout-ms=5 | Five\n"
                           "AMDVI-PT-006 A pt_six ref=2.2.3 timeout-ms=5 | Six\n";

static RuleTable *table;

static MachineResults *make(const char *machine)
{
    static const struct {
        Status verdict;
        gboolean unexpected;
        const char *reason, *finding;
    } rows[] = {
        {STATUS_PASS, FALSE, "", NULL},
        {STATUS_FAIL, TRUE, "value <differs> & more", NULL},
        {STATUS_FAIL, TRUE, "another", NULL},
        {STATUS_SKIP, FALSE, "EFR.X=0 # not a directive", NULL},
        {STATUS_KNOWN, FALSE, "as always", "docs/findings/x.md"},
        {STATUS_ERROR, TRUE, "no verdict\nat all", NULL},
    };
    MachineResults *all = machine_results_new();

    all->machine = g_strdup(machine);
    all->door = "pvh";
    all->accel = "tcg";
    all->emulator = (EmulatorInfo){g_strdup("/bin/emu"), "stock", g_strdup("QEMU 10.0.13"),
                                   g_strdup("10.0.13"), NULL};
    all->started = g_strdup("2026-01-02T03:04:05Z");
    all->duration_ms = 1234;
    all->seed = 4294967295u;
    all->complete = TRUE;
    g_ptr_array_add(all->platform, pair_new("efr", "0x29d3"));
    BootRecord *boot = boot_record_new(1, 6);
    boot->exit = 35;
    boot->outcome = OUTCOME_DONE;
    boot->command = g_strsplit("/bin/emu -x y", " ", -1);
    g_ptr_array_add(all->boots, boot);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Result *result = result_new(table->rules->pdata[i]);
        result->verdict = rows[i].verdict;
        result->status = i == 5 ? STATUS_NONE : rows[i].verdict;
        result->unexpected = rows[i].unexpected;
        g_free(result->reason);
        result->reason = g_strdup(rows[i].reason);
        result->finding = g_strdup(rows[i].finding);
        result->us = 1500 * i;
        result->boot = 1;
        g_ptr_array_add(all->results, result);
    }
    results_sum_up(all);
    return all;
}

static GPtrArray *both(void)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)machine_results_free);
    g_ptr_array_add(all, make("one"));
    g_ptr_array_add(all, make("two"));
    return all;
}

static JsonObject *member(JsonObject *object, const char *name)
{
    g_assert_true(json_object_has_member(object, name));
    return json_object_get_object_member(object, name);
}

static void test_json(void)
{
    MachineResults *all = make("one");
    static Control control = {CONTROL_POS, TRUE, (char *)"works"};
    Result *second = all->results->pdata[1];
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(second->controls, &control);
    g_ptr_array_add(second->diag, (gpointer) "bad \xff byte \"and\" more");
    g_autofree char *text = output_json(all);
    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(json_object_get_string_member(root, "format"), ==, "amdvi-check-results");
    g_assert_cmpint(json_object_get_int_member(root, "version"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(root, "machine"), ==, "one");
    g_assert_true(json_object_get_boolean_member(root, "complete"));
    g_assert_cmpint(json_object_get_int_member(root, "exit"), ==, 3);
    g_assert_cmpint(json_object_get_int_member(root, "duration_ms"), ==, 1234);
    g_assert_cmpstr(json_object_get_string_member(member(root, "platform"), "efr"), ==, "0x29d3");
    g_assert_cmpstr(json_object_get_string_member(member(root, "emulator"), "base"), ==, "10.0.13");
    g_assert_cmpint(json_object_get_int_member(member(root, "summary"), "fail"), ==, 2);
    g_assert_cmpint(json_object_get_int_member(member(root, "summary"), "unexpected"), ==, 3);

    JsonArray *boots = json_object_get_array_member(root, "boots");
    JsonObject *boot = json_array_get_object_element(boots, 0);
    g_assert_cmpint(json_object_get_int_member(boot, "exit"), ==, 35);
    g_assert_true(json_object_get_null_member(boot, "signal"));
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(boot, "command")), ==, 3);

    JsonArray *rules = json_object_get_array_member(root, "rules");
    g_assert_cmpuint(json_array_get_length(rules), ==, 6);
    JsonObject *rule = json_array_get_object_element(rules, 1);
    g_assert_cmpstr(json_object_get_string_member(rule, "verdict"), ==, "fail");
    g_assert_cmpstr(json_object_get_string_member(rule, "reason"), ==, "value <differs> & more");
    JsonArray *controls = json_object_get_array_member(rule, "controls");
    g_assert_cmpstr(
        json_object_get_string_member(json_array_get_object_element(controls, 0), "kind"), ==,
        "pos");
    g_assert_true(json_object_get_null_member(json_array_get_object_element(rules, 5), "status"));
    g_assert_cmpstr(
        json_object_get_string_member(json_array_get_object_element(rules, 4), "finding"), ==,
        "docs/findings/x.md");
    machine_results_free(all);
}

static void test_tap(void)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)machine_results_free);

    g_ptr_array_add(all, make("one"));
    g_autofree char *tap = output_tap(all);
    g_assert_cmpstr(tap, ==,
                    "TAP version 13\n"
                    "1..6\n"
                    "# machine one, emulator QEMU 10.0.13, seed 4294967295\n"
                    "ok 1 - AMDVI-PT-001 pt_one\n"
                    "not ok 2 - AMDVI-PT-002 pt_two\n"
                    "# value <differs> & more\n"
                    "not ok 3 - AMDVI-PT-003 pt_three\n"
                    "# fail (M, review): another\n"
                    "ok 4 - AMDVI-PT-004 pt_four # SKIP EFR.X=0   not a directive\n"
                    "not ok 5 - AMDVI-PT-005 pt_five # TODO docs/findings/x.md\n"
                    "# as always\n"
                    "not ok 6 - AMDVI-PT-006 pt_six\n"
                    "# error: no verdict at all\n");

    MachineResults *only = all->pdata[0];
    only->complete = FALSE;
    g_autofree char *stopped = output_tap(all);
    g_assert_true(g_str_has_suffix(stopped, "\nBail out! one: stopped by the user\n"));

    g_autoptr(GPtrArray) two = both();
    g_autofree char *matrix = output_tap(two);
    g_assert_nonnull(strstr(matrix, "\n1..12\n"));
    g_assert_nonnull(strstr(matrix, "\nok 7 - two AMDVI-PT-001 pt_one\n"));
}

typedef struct {
    guint suites, cases, failures, errors, skipped;
    char *message;
} Seen;

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, gpointer data, GError **error)
{
    Seen *seen = data;
    (void)context;
    (void)error;

    seen->suites += strcmp(element, "testsuite") == 0;
    seen->cases += strcmp(element, "testcase") == 0;
    seen->errors += strcmp(element, "error") == 0;
    seen->skipped += strcmp(element, "skipped") == 0;
    if (strcmp(element, "failure") == 0) {
        seen->failures++;
        for (gsize i = 0; names[i] && !seen->message; i++) {
            if (strcmp(names[i], "message") == 0) {
                seen->message = g_strdup(values[i]);
            }
        }
    }
}

static void test_junit(void)
{
    const GMarkupParser functions = {.start_element = on_start};
    g_autoptr(GPtrArray) all = both();
    BootRecord *boot = ((MachineResults *)all->pdata[1])->boots->pdata[0];
    Seen seen = {0};

    g_ptr_array_add(boot->errors, g_strdup("line 5 \x01 & more"));
    g_autofree char *xml = output_junit(all);
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&functions, 0, &seen, NULL);
    g_autoptr(GError) error = NULL;
    g_markup_parse_context_parse(context, xml, -1, &error);
    g_assert_no_error(error);
    g_markup_parse_context_end_parse(context, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(seen.suites, ==, 2);
    g_assert_cmpuint(seen.cases, ==, 13); // one more for the run that had an error
    g_assert_cmpuint(seen.failures, ==, 4);
    g_assert_cmpuint(seen.errors, ==, 3);
    g_assert_cmpuint(seen.skipped, ==, 4);
    g_assert_cmpstr(seen.message, ==, "value <differs> & more");
    g_assert_nonnull(strstr(xml,
                            "name=\"one\" tests=\"6\" failures=\"2\" errors=\"1\" skipped=\"2\" "
                            "time=\"1.234\" timestamp=\"2026-01-02T03:04:05\""));
    g_assert_nonnull(strstr(xml, "name=\"two\" tests=\"7\" failures=\"2\" errors=\"2\""));
    g_free(seen.message);
}

static guint count(const char *text, const char *what)
{
    guint n = 0;

    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what)) {
        n++;
    }
    return n;
}

// A rule reports its first failed expectation as the reason, too.
static void test_no_repetition(void)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    MachineResults *results = make("one");
    Result *second = results->results->pdata[1];

    g_ptr_array_set_size(second->diag, 0);
    g_ptr_array_add(second->diag, second->reason);
    g_ptr_array_add(second->diag, (gpointer) "one more line");
    g_ptr_array_add(one, results);
    char *forms[] = {output_tap(one), output_table(one, 0, FALSE), output_details(results, FALSE)};
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_assert_cmpuint(count(forms[i], "value <differs> & more"), ==, 1);
        g_assert_cmpuint(count(forms[i], "one more line"), ==, 1);
        g_free(forms[i]);
    }
    g_autofree char *xml = output_junit(one);
    g_assert_cmpuint(count(xml, "value &lt;differs&gt; &amp; more"), ==, 1);
    machine_results_free(results);
}

static void test_table(void)
{
    g_autoptr(GPtrArray) two = both();
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, two->pdata[0]);
    g_autofree char *single = output_table(one, 80, FALSE);
    g_autofree char *matrix = output_table(two, 120, FALSE);
    g_autofree char *narrow = output_table(two, 60, FALSE);
    g_autofree char *color = output_table(one, 80, TRUE);

    g_assert_nonnull(strstr(single, "! fail (M, review) AMDVI-PT-003"));
    g_assert_nonnull(strstr(single, "      value <differs> & more\n"));
    g_assert_nonnull(strstr(single, "as always; see docs/findings/x.md\n"));
    g_assert_nonnull(
        strstr(single, "one: 1 pass, 2 fail, 1 skip, 1 known, 1 error; 3 unexpected; 1.2 s\n"));
    g_assert_null(strchr(single, '\033'));
    g_assert_nonnull(strchr(color, '\033'));
    g_assert_nonnull(strstr(matrix, "one                 two\n"));
    g_assert_nonnull(strstr(narrow, "one (pvh, tcg), QEMU 10.0.13\n"));
    g_assert_nonnull(strstr(narrow, "two (pvh, tcg), QEMU 10.0.13\n"));

    // In a file nothing is cut.
    Rule *rule = table->rules->pdata[0];
    g_free(rule->title);
    rule->title = g_strnfill(150, 't');
    g_autofree char *file = output_table(one, 0, FALSE);
    g_autofree char *wide = output_table(two, 0, FALSE);
    g_autofree char *cut = output_table(one, 80, FALSE);
    g_assert_nonnull(strstr(file, rule->title));
    g_assert_nonnull(strstr(wide, rule->title));
    g_assert_nonnull(strstr(wide, "one                 two\n"));
    g_assert_null(strstr(cut, rule->title));
    g_assert_nonnull(strstr(cut, "tttt..."));

    g_auto(GStrv) lines = g_strsplit(matrix, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_assert_cmpint(g_utf8_strlen(lines[i], -1), <=, 120);
    }
}

static void test_host(void)
{
    Host host = {.net = NULL};
    HostRequest ping = {1, (char *)"ping", (char *)""};
    HostRequest other = {2, (char *)"fly", (char *)"high"};
    g_autofree char *yes = host_answer(&host, &ping);
    g_autofree char *no = host_answer(&host, &other);

    g_assert_true(g_str_has_prefix(yes, "AVC1 host 1 ok amdvi-check " AVC_VERSION " *"));
    g_assert_true(g_str_has_prefix(no, "AVC1 host 2 refused unknown verb fly *"));
}

static void test_format(void)
{
    g_autofree char *us = avc_format_us(999);
    g_autofree char *ms = avc_format_us(1500);
    g_autofree char *s = avc_format_us(2500000);

    g_assert_cmpstr(us, ==, "999 us");
    g_assert_cmpstr(ms, ==, "1.5 ms");
    g_assert_cmpstr(s, ==, "2.50 s");
    g_assert_cmpstr(avc_signal_name(11), ==, "SIGSEGV");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    table = rule_table_parse(list, "list", NULL);
    g_test_add_func("/output/json", test_json);
    g_test_add_func("/output/tap", test_tap);
    g_test_add_func("/output/junit", test_junit);
    g_test_add_func("/output/no-repetition", test_no_repetition);
    g_test_add_func("/output/table", test_table);
    g_test_add_func("/host/answers", test_host);
    g_test_add_func("/util/format", test_format);
    int status = g_test_run();
    rule_table_free(table);
    return status;
}
