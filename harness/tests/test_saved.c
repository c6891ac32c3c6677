// SPDX-License-Identifier: GPL-2.0-or-later
// Results written as JSON and read back, and files that are not what they should be.
#include <glib/gstdio.h>
#include <string.h>

#include "../output.h"
#include "../resume.h"
#include "../saved.h"
#include "../util.h"

static const char list[] = "AMDVI-PT-001 A pt_one ref=2.2.3 timeout-ms=5 | One\n"
                           "AMDVI-PT-002 A pt_two ref=2.2.3 timeout-ms=5 | Two\n"
                           "AMDVI-PT-003 A pt_three ref=2.2.3 timeout-ms=5 | Three\n"
                           "AMDVI-PT-004 A pt_four ref=2.2.3 timeout-ms=5 | Four\n";

static RuleTable *table;
static char *folder;

static Result *add_result(MachineResults *all, const char *id, Status status, Status verdict)
{
    Result *result = result_new_owning(rule_table_find(table, id));

    result->status = status;
    result->verdict = verdict;
    result->finished = verdict != STATUS_NONE;
    g_ptr_array_add(all->results, result);
    return result;
}

// A run of four rules: one passed, one crashed as expected, one was cut off, one had no turn.
static MachineResults *make(void)
{
    MachineResults *all = machine_results_new();

    all->machine = g_strdup("one,mode=x");
    all->door = "pvh";
    all->accel = "kvm";
    all->emulator.path = g_strdup("/bin/emu");
    all->emulator.kind = "other";
    all->emulator.version = g_strdup("QEMU 10.0.13");
    all->emulator.digest = g_strdup("abcd");
    all->setup.profile = g_strdup("/etc/one.conf,mode=x");
    all->setup.profile_digest = g_strdup("1234");
    all->setup.kernel = g_strdup("/k");
    all->setup.iso = g_strdup("/i");
    all->setup.efi = g_strdup("/e");
    all->setup.image_digest = g_strdup("5678");
    all->setup.device_args = g_strdup("-x 'y z'");
    all->setup.reverse = TRUE;
    all->setup.timeout_s = 1.5;
    all->started = g_strdup("2026-01-02T03:04:05Z");
    all->duration_ms = 77;
    all->seed = 4294967295;
    g_ptr_array_add(all->platform, pair_new("cpu", "x"));

    BootRecord *boot = boot_record_new(3, 4);
    boot->command = g_strsplit("emu -a", " ", -1);
    boot->signo = 9;
    boot->outcome = OUTCOME_STOPPED;
    boot->duration_ms = 76;
    g_ptr_array_add(boot->errors, g_strdup("line 5 is missing"));
    g_ptr_array_add(all->boots, boot);
    g_ptr_array_add(all->errors, g_strdup("an error"));

    Result *one = add_result(all, "AMDVI-PT-001", STATUS_PASS, STATUS_PASS);
    Control *control = g_new0(Control, 1);
    control->kind = CONTROL_NEG;
    control->ok = TRUE;
    control->text = g_strdup("seen");
    g_ptr_array_add(one->controls, control);
    g_ptr_array_add(one->obs, pair_new("value", "0x12"));
    g_ptr_array_add(one->diag, g_strdup("a line"));
    g_ptr_array_add(one->marks, mark_new(G_MAXINT64, "start", "READ DMA"));
    one->us = 1234;
    one->boot = 2;
    Result *two = add_result(all, "AMDVI-PT-002", STATUS_NONE, STATUS_KNOWN);
    g_free(two->reason);
    two->reason = g_strdup("emulator crashed");
    two->finding = g_strdup("docs/x.md");
    Result *three = add_result(all, "AMDVI-PT-003", STATUS_NONE, STATUS_ERROR);
    three->finished = FALSE;
    add_result(all, "AMDVI-PT-004", STATUS_NONE, STATUS_NONE);
    return all;
}

static void write_json(const char *text)
{
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_round_trip(void)
{
    MachineResults *all = make();
    g_autofree char *text = output_json(all);
    g_autoptr(GError) error = NULL;

    write_json(text);
    g_autoptr(Saved) saved = saved_load(folder, &error);
    g_assert_no_error(error);
    const MachineResults *read = saved->results;
    g_assert_cmpstr(read->machine, ==, "one,mode=x");
    g_assert_cmpstr(read->accel, ==, "kvm");
    g_assert_cmpstr(read->emulator.digest, ==, "abcd");
    g_assert_cmpstr(read->setup.profile, ==, "/etc/one.conf,mode=x");
    g_assert_cmpstr(read->setup.profile_digest, ==, "1234");
    g_assert_cmpstr(read->setup.image_digest, ==, "5678");
    g_assert_cmpstr(read->setup.device_args, ==, "-x 'y z'");
    g_assert_null(read->setup.emulator);
    g_assert_null(read->setup.rules_list);
    g_assert_true(read->setup.reverse);
    g_assert_cmpfloat(read->setup.timeout_s, ==, 1.5);
    g_assert_cmpuint(read->seed, ==, 4294967295);
    g_assert_cmpint(read->duration_ms, ==, 77);
    g_assert_cmpstr(((Pair *)read->platform->pdata[0])->value, ==, "x");

    const BootRecord *boot = read->boots->pdata[0];
    g_assert_cmpuint(boot->number, ==, 3);
    g_assert_cmpstr(boot->command[1], ==, "-a");
    g_assert_null(boot->command[2]);
    g_assert_cmpint(boot->exit, ==, -1);
    g_assert_cmpint(boot->signo, ==, 9);
    g_assert_cmpint(boot->outcome, ==, OUTCOME_STOPPED);
    g_assert_cmpstr(boot->errors->pdata[0], ==, "line 5 is missing");
    g_assert_cmpstr(read->errors->pdata[0], ==, "an error");

    g_assert_cmpuint(saved->rules->len, ==, 4);
    g_assert_cmpuint(saved->finished->len, ==, 2);
    const FinishedRule *one = saved->finished->pdata[0];
    const FinishedRule *two = saved->finished->pdata[1];
    g_assert_cmpstr(one->id, ==, "AMDVI-PT-001");
    g_assert_cmpint(one->result->verdict, ==, STATUS_PASS);
    g_assert_cmpuint(one->result->us, ==, 1234);
    g_assert_cmpuint(one->result->boot, ==, 2);
    const Control *control = one->result->controls->pdata[0];
    g_assert_cmpint(control->kind, ==, CONTROL_NEG);
    g_assert_true(control->ok);
    g_assert_cmpstr(control->text, ==, "seen");
    g_assert_cmpstr(((Pair *)one->result->obs->pdata[0])->value, ==, "0x12");
    g_assert_cmpstr(one->result->diag->pdata[0], ==, "a line");
    g_assert_cmpuint(one->result->marks->len, ==, 1);
    const Mark *mark = one->result->marks->pdata[0];
    g_assert_cmpuint(mark->tsc, ==, G_MAXINT64);
    g_assert_cmpstr(mark->event, ==, "start");
    g_assert_cmpstr(mark->text, ==, "READ DMA");
    // What a profile makes of a failure is for the profile to say again.
    g_assert_cmpint(two->result->verdict, ==, STATUS_FAIL);
    g_assert_cmpint(two->result->status, ==, STATUS_NONE);
    g_assert_cmpstr(two->result->reason, ==, "emulator crashed");
    machine_results_free(all);
}

static void test_locked(void)
{
    MachineResults *all = make();
    g_autofree char *text = output_json(all);
    g_autoptr(GError) error = NULL;

    write_json(text);
    g_autoptr(Saved) first = saved_load(folder, NULL);
    g_assert_nonnull(first);
    g_assert_null(saved_load(folder, &error));
    g_assert_error(error, AVC_ERROR, AVC_USAGE);
    g_assert_nonnull(strstr(error->message, "another amdvi-check is at work"));
    machine_results_free(all);
}

// Cut off anywhere, or with one value of another type, it is refused with one sentence.
static void test_bad(void)
{
    static const char *const edits[][2] = {
        {"\"amdvi-check-results\"", "\"other\""},
        {"\"version\" : 1,", "\"version\" : 2,"},
        {"\"seed\" : \"4294967295\"", "\"seed\" : \"4294967296\""},
        {"\"seed\" : \"4294967295\"", "\"seed\" : 5"},
        {"\"finished\" : true", "\"finished\" : 1"},
        {"\"verdict\" : \"pass\"", "\"verdict\" : \"fine\""},
        {"\"outcome\" : \"stopped\"", "\"outcome\" : null"},
        {"\"kind\" : \"neg\"", "\"kind\" : \"zero\""},
        {"\"us\" : 1234", "\"us\" : \"1234\""},
        {"\"timeout_s\" : 1.5", "\"timeout_s\" : \"1.5\""},
        {"\"a line\"", "{}"},
        {"\"profile_digest\"", "\"profile_digits\""},
    };
    MachineResults *all = make();
    g_autofree char *text = output_json(all);
    gsize length = strlen(text);

    for (gsize i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) edited = g_string_new(text);
        g_assert_cmpuint(g_string_replace(edited, edits[i][0], edits[i][1], 0), >, 0);
        write_json(edited->str);
        g_assert_null(saved_load(folder, &error));
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
        g_assert_null(strchr(error->message, '\n'));
    }
    for (gsize cut = 0; cut + 2 < length; cut += 61) {
        g_autoptr(GError) error = NULL;
        g_autofree char *start = g_strndup(text, cut);
        write_json(start);
        g_assert_null(saved_load(folder, &error));
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
    }
    machine_results_free(all);
}

static void test_rules(void)
{
    MachineResults *all = make();
    g_autofree char *text = output_json(all);
    g_autoptr(GError) error = NULL;

    write_json(text);
    g_autoptr(Saved) saved = saved_load(folder, NULL);
    g_autoptr(GPtrArray) rules = resume_rules(saved, table, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rules->len, ==, 4);

    g_autoptr(RuleTable) less =
        rule_table_parse("AMDVI-PT-001 A pt_one ref=2.2.3 timeout-ms=5 | One\n", "less", NULL);
    g_assert_null(resume_rules(saved, less, &error));
    g_assert_error(error, AVC_ERROR, AVC_USAGE);
    g_assert_nonnull(strstr(error->message, "AMDVI-PT-002 is not in the rule list"));
    machine_results_free(all);
}

// Each of the four digests and versions stands in the way, and is named.
static void test_check(void)
{
    MachineResults *now = make();
    g_autofree char *text = output_json(now);
    char **fields[] = {&now->setup.profile_digest, &now->setup.image_digest, &now->emulator.version,
                       &now->emulator.digest};
    static const char *const names[] = {"digest of the profile", "digest of the kernel",
                                        "version of the emulator", "digest of the emulator"};

    write_json(text);
    g_autoptr(Saved) saved = saved_load(folder, NULL);
    g_assert_true(resume_check(saved, now, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autoptr(GError) error = NULL;
        char *kept = *fields[i];
        *fields[i] = g_strdup("else");
        g_assert_false(resume_check(saved, now, &error));
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
        g_assert_nonnull(strstr(error->message, names[i]));
        g_free(*fields[i]);
        *fields[i] = kept;
    }
    machine_results_free(now);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    table = rule_table_parse(list, "list", NULL);
    folder = g_dir_make_tmp("amdvi-check-XXXXXX", NULL);
    g_test_add_func("/saved/round-trip", test_round_trip);
    g_test_add_func("/saved/locked", test_locked);
    g_test_add_func("/saved/bad", test_bad);
    g_test_add_func("/resume/rules", test_rules);
    g_test_add_func("/resume/check", test_check);
    int status = g_test_run();
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    g_unlink(path);
    g_rmdir(folder);
    g_free(folder);
    rule_table_free(table);
    return status;
}
