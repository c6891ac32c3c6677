// SPDX-License-Identifier: GPL-2.0-or-later
// The rule list, the choice of rules, their distribution over boots, and the scratch disk.
#include <glib/gstdio.h>
#include <string.h>

#include "../disk.h"
#include "../plan.h"
#include "../rules.h"
#include "../util.h"

static const char list[] =
    "AMDVI-PT-001 A pt_one ref=2.2.3 needs=ide hw-safe=yes may-kill=no controls=both "
    "timeout-ms=500 | The first\n"
    "AMDVI-PT-002 M pt_two ref=2.2.3 needs=ide,testdev hw-safe=no may-kill=yes controls=none "
    "timeout-ms=10000 | The | second\n"
    "\n"
    "IVRS-HD-011 U hd_three timeout-ms=1 | Third\n";

static void test_parse(void)
{
    g_autoptr(RuleTable) table = rule_table_parse(list, "list", NULL);

    g_assert_cmpuint(table->rules->len, ==, 3);
    const Rule *two = rule_table_find(table, "AMDVI-PT-002");
    g_assert_cmpstr(two->name, ==, "pt_two");
    g_assert_cmpint(two->tag, ==, 'M');
    g_assert_cmpstr(two->ref, ==, "2.2.3");
    g_assert_cmpstr(two->needs, ==, "ide,testdev");
    g_assert_false(two->hw_safe);
    g_assert_true(two->may_kill);
    g_assert_true(two->controls_none);
    g_assert_cmpuint(two->timeout_ms, ==, 10000);
    g_assert_cmpstr(two->title, ==, "The | second");
    const Rule *one = rule_table_find(table, "AMDVI-PT-001");
    g_assert_true(one->hw_safe);
    g_assert_false(one->may_kill);
    g_assert_false(one->controls_none);
    g_assert_null(rule_table_find(table, "AMDVI-PT-003"));
}

static void test_malformed(void)
{
    static const char *const bad[] = {
        "",
        "\n\n",
        "AMDVI-PT-001 A pt_one timeout-ms=500\n",
        "AMDVI-PT-001 A | title\n",
        "AMDVI-PT-001 A pt_one | no timeout\n",
        "amdvi-pt-001 A pt_one timeout-ms=5 | small letters\n",
        "AMDVI-PT-001 B pt_one timeout-ms=5 | tag\n",
        "AMDVI-PT-001 A pt-one timeout-ms=5 | name\n",
        "AMDVI-PT-001 A pt_one timeout-ms=0 | zero\n",
        "AMDVI-PT-001 A pt_one timeout-ms=99999999 | too long\n",
        "AMDVI-PT-001 A pt_one timeout-ms=5 may-kil=yes | unknown key\n",
        "AMDVI-PT-001 A pt_one timeout-ms=5 may-kill=maybe | value\n",
        "AMDVI-PT-001 A pt_one timeout-ms=5 controls=some | value\n",
        "AMDVI-PT-001 A pt_one  timeout-ms=5 | two spaces\n",
        "AMDVI-PT-001 A pt_one timeout-ms=5 | x\nAMDVI-PT-001 A pt_one timeout-ms=5 | twice\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", bad[i]);
        g_assert_null(rule_table_parse(bad[i], "list", &error));
        g_assert_error(error, AVC_ERROR, AVC_TROUBLE);
    }
}

// What `run` less `skip` chooses, as the last digits of the IDs.
static char *choose(const char *run, const char *skip, GError **error)
{
    g_autoptr(RuleTable) table = rule_table_parse(list, "list", NULL);
    const char *runs[] = {run, NULL};
    const char *skips[] = {skip, NULL};
    g_autoptr(GPtrArray) rules = rule_table_select(table, runs, skips, error);
    GString *text = g_string_new(NULL);

    for (guint i = 0; rules && i < rules->len; i++) {
        const Rule *rule = rules->pdata[i];
        g_string_append_c(text, rule->id[strlen(rule->id) - 1]);
    }
    return g_string_free(text, FALSE);
}

static void test_select(void)
{
    static const struct {
        const char *run, *skip, *chosen;
    } cases[] = {
        {NULL, NULL, "121"},         {"AMDVI-PT-001", NULL, "1"},    {"AMDVI-*", NULL, "12"},
        {"*HD*,pt_two", NULL, "21"}, {"AMDVI-PT-00?", "*-002", "1"}, {NULL, "AMDVI-*", "1"},
    };
    static const struct {
        const char *run, *skip;
    } bad[] = {
        {"nix", NULL},
        {"AMDVI-*,nix", NULL},
        {"", NULL},
        {"AMDVI-*,", NULL},
        {NULL, "nix"},
        {NULL, "*"},
        {"AMDVI-PT-001", "*-001"},
        {"AMDVI-PT", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *chosen = choose(cases[i].run, cases[i].skip, NULL);
        g_assert_cmpstr(chosen, ==, cases[i].chosen);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *chosen = choose(bad[i].run, bad[i].skip, &error);
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
    }
}

// `count` rules, each third one may-kill if `kill`, over boots: every rule exactly once.
static GPtrArray *plan(guint count, gboolean kill, guint jobs, guint room, RuleTable **table)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < count; i++) {
        g_string_append_printf(text, "AMDVI-PT-%03u A pt_%u timeout-ms=5 may-kill=%s | x\n", i, i,
                               kill && i % 3 == 2 ? "yes" : "no");
    }
    *table = rule_table_parse(text->str, "list", NULL);
    GPtrArray *boots = plan_boots((*table)->rules, jobs, room);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < boots->len; i++) {
        GPtrArray *rules = boots->pdata[i];
        for (guint j = 0; j < rules->len; j++) {
            const Rule *rule = rules->pdata[j];
            g_assert_true(!rule->may_kill || rules->len == 1);
            g_assert_true(g_hash_table_add(seen, rules->pdata[j]));
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, count);
    return boots;
}

static void test_plan(void)
{
    static const struct {
        guint count;
        gboolean kill;
        guint jobs, room, boots;
    } cases[] = {
        {1, FALSE, 1, 1000, 1},  {7, FALSE, 4, 1000, 1},  {16, FALSE, 4, 1000, 2},
        {40, FALSE, 4, 1000, 4}, {40, FALSE, 1, 1000, 1}, {3, TRUE, 4, 1000, 2},
        {40, FALSE, 1, 130, 4},  {9, TRUE, 1, 1000, 4},   {64, FALSE, 256, 1000, 8},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        RuleTable *table;
        GPtrArray *boots =
            plan(cases[i].count, cases[i].kill, cases[i].jobs, cases[i].room, &table);
        g_assert_cmpuint(boots->len, ==, cases[i].boots);
        g_ptr_array_unref(boots);
        rule_table_free(table);
    }
}

static void test_cmdline(void)
{
    g_autoptr(RuleTable) table = rule_table_parse(list, "list", NULL);
    g_autofree char *plain = plan_cmdline(table->rules, 7, "debug", FALSE, NULL);
    g_autofree char *full = plan_cmdline(table->rules, 7, "halt", TRUE, "budget=3");

    g_assert_cmpstr(plain, ==, "run=AMDVI-PT-001,AMDVI-PT-002,IVRS-HD-011 seed=7 exit=debug");
    g_assert_cmpstr(full, ==,
                    "run=AMDVI-PT-001,AMDVI-PT-002,IVRS-HD-011 seed=7 exit=halt order=reverse "
                    "budget=3");
}

// Computed by another program.
static void test_pattern(void)
{
    g_assert_cmphex(disk_pattern(0, 0, 0), ==, 0xe220a8397b1dcdaf);
    g_assert_cmphex(disk_pattern(0, 1, 0), ==, 0xd6967248fbe68cc3);
    g_assert_cmphex(disk_pattern(1, 1, 63), ==, 0xb41d1166f0fa7f73);
    g_assert_cmphex(disk_pattern(0x123456789abcdef0, 16383, 63), ==, 0x8a415585ca5d96f2);
    g_assert_cmphex(disk_pattern(42, 2, 5), ==, 0xbb095a08560e6dd0);
}

static void poke(const char *path, glong offset)
{
    FILE *file = g_fopen(path, "r+b");
    g_assert_cmpint(fseek(file, offset, SEEK_SET), ==, 0);
    g_assert_cmpint(fputc('!', file), ==, '!');
    fclose(file);
}

static void test_disk(void)
{
    g_autofree char *folder = g_dir_make_tmp("amdvi-check-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "disk.raw", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    static const glong allowed[] = {8388608, 16777215};
    static const struct {
        glong offset;
        const char *message;
    } forbidden[] = {
        {0, "first byte at 0 (LBA 0)"},
        {100, "first byte at 100 (LBA 0)"},
        {512, "first byte at 512 (LBA 1)"},
        {8388607, "first byte at 8388607 (LBA 16383)"},
        {16777216, "its size is now 16777217 bytes"},
    };

    g_assert_true(disk_create(path, 42, NULL));
    g_assert_false(disk_create(path, 42, NULL));
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_cmpuint(length, ==, 16777216);
    g_assert_cmpmem(bytes, 28, "AMDVI-CHECK SCRATCH DISK v1\n", 28);
    g_assert_cmpmem(bytes + 64, 16, "\x2a\0\0\0\0\0\0\0\0\x40\0\0\0\x40\0\0", 16);
    // Sector 2, number 5: bb095a08560e6dd0h, lowest byte first.
    g_assert_cmpmem(bytes + 1024 + 40, 8, "\xd0\x6d\x0e\x56\x08\x5a\x09\xbb", 8);
    g_assert_cmpint(bytes[8388608], ==, 0);

    g_assert_true(disk_verify(path, 42, NULL));
    g_assert_false(disk_verify(path, 43, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        poke(path, allowed[i]);
        g_assert_true(disk_verify(path, 42, NULL));
    }
    g_unlink(path);
    for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(disk_create(path, 42, NULL));
        poke(path, forbidden[i].offset);
        g_assert_false(disk_verify(path, 42, &error));
        g_assert_nonnull(strstr(error->message, forbidden[i].message));
        g_unlink(path);
    }
    g_assert_false(disk_verify(path, 42, NULL));
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rules/parse", test_parse);
    g_test_add_func("/rules/malformed", test_malformed);
    g_test_add_func("/rules/select", test_select);
    g_test_add_func("/plan/boots", test_plan);
    g_test_add_func("/plan/cmdline", test_cmdline);
    g_test_add_func("/disk/pattern", test_pattern);
    g_test_add_func("/disk/image", test_disk);
    return g_test_run();
}
