// SPDX-License-Identifier: GPL-2.0-or-later
// Machine profiles: what they say, what they may not say, and the command line they make.
#include <glib/gstdio.h>
#include <string.h>

#include "../emulator.h"
#include "../profile.h"
#include "../spawn.h"
#include "../util.h"

static char *folder;

static char *write_profile(const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static Profile *load(const char *spec, GError **error)
{
    const char *folders[] = {folder, NULL};
    return profile_load(spec, folders, error);
}

#define BASE "[machine]\nmachine=q35\nmemory=192M\n"

static void test_good(void)
{
    g_autofree char *common = write_profile("common.inc", BASE "description=one\ntimeout-s=9\n"
                                                               "[expected-skip]\nAMDVI-PT-001=x\n");
    g_autofree char *path = write_profile("good.conf", "[machine]\n"
                                                       "include=common.inc\n"
                                                       "description=two\n"
                                                       "boot=iso\n"
                                                       "silence-s=0.25\n"
                                                       "exit=halt\n"
                                                       "options=budget=3 x={mutant}\n"
                                                       "[set]\n"
                                                       "mutant=none\n"
                                                       "[expected-skip]\n"
                                                       "AMDVI-PT-002=EFR.X=0; no\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) p = load("good,mutant=abc,rules=AMDVI-*+X,expect=fail", &error);

    g_assert_no_error(error);
    g_assert_cmpstr(p->name, ==, "good,mutant=abc");
    g_assert_cmpstr(p->folder_name, ==, "good-mutant-abc");
    g_assert_cmpstr(p->description, ==, "two");
    g_assert_cmpstr(p->machine, ==, "q35");
    g_assert_cmpint(p->door, ==, DOOR_ISO);
    g_assert_cmpfloat(p->boot_timeout_s, ==, 9);
    g_assert_cmpfloat(p->silence_s, ==, 0.25);
    g_assert_cmpfloat(p->qmp_s, ==, 2);
    g_assert_cmpint(p->exit, ==, EXIT_HALT);
    g_assert_cmpstr(p->rules, ==, "AMDVI-*,X");
    g_assert_cmpstr(p->options, ==, "budget=3 x=abc");
    g_assert_true(p->all_fail);
    g_assert_cmpstr(g_hash_table_lookup(p->settings, "mutant"), ==, "abc");
    g_assert_cmpstr(g_hash_table_lookup(p->skips, "AMDVI-PT-001"), ==, "x");
    g_assert_cmpstr(g_hash_table_lookup(p->skips, "AMDVI-PT-002"), ==, "EFR.X=0; no");

    g_autoptr(Profile) by_path = load(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(by_path->name, ==, "good");
}

static void test_bad(void)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "[machine]"},
        {"machine=q35\n", "cannot read the profile"},
        {"[machine]\nmemory=1\n", "[machine] machine: the value is missing"},
        {"[machine]\nmachine=q35\n", "[machine] memory: the value is missing"},
        {BASE "memroy=2\n", "[machine] memroy: unknown key"},
        {BASE "boot=floppy\n", "[machine] boot: bad value"},
        {BASE "exit=never\n", "[machine] exit: bad value"},
        {BASE "timeout-s=\n", "[machine] timeout-s: bad value"},
        {BASE "timeout-s=0\n", "[machine] timeout-s: bad value"},
        {BASE "timeout-s=-1\n", "[machine] timeout-s: bad value"},
        {BASE "timeout-s=nan\n", "[machine] timeout-s: bad value"},
        {BASE "timeout-s=inf\n", "[machine] timeout-s: bad value"},
        {BASE "qmp-s=2s\n", "[machine] qmp-s: bad value"},
        {BASE "serial-limit-mib=0\n", "[machine] serial-limit-mib: bad value"},
        {BASE "serial=stdio\n", "goes only with command="},
        {BASE "serial=carrier-pigeon\n", "[machine] serial: bad value"},
        {BASE "include=nowhere.inc\n", "nowhere.inc"},
        {BASE "options=x={colour}\n", "options: unknown placeholder {colour}"},
        {BASE "include=bad.conf\n", "include each other"},
        {BASE "[expected-fail]\nAMDVI-PT-001=x\n", "unknown group [expected-fail]"},
        {BASE "[expected-fail ten]\nAMDVI-PT-001=x\n", "unknown group [expected-fail ten]"},
        {BASE "[expected-fail 10.0.13]\nAMDVI-PT-001=\n", "the value is missing"},
        {BASE "[expected-fail 10.0.13]\npt_one=x\n", "not a rule ID"},
        {BASE "[expected-skip]\nAMDVI-PT-001=  \n", "the value is missing"},
        {BASE "[Machine]\nx=y\n", "unknown group [Machine]"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = write_profile("bad.conf", cases[i].text);
        g_autoptr(GError) error = NULL;
        g_assert_null(load("bad", &error));
        g_test_message("%s", error->message);
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
        g_assert_nonnull(strstr(error->message, cases[i].message));
        g_assert_nonnull(strstr(error->message, "bad.conf"));
    }
}

static void test_settings(void)
{
    static const char *const bad[] = {
        "set,", "set,mutant", "set,mutant=", "set,colour=red", "set,=x", "set,expect=maybe",
        "",     ",x=y"};
    g_autofree char *path = write_profile("set.conf", BASE "[set]\nmutant=none\n");

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(load(bad[i], &error));
        g_assert_error(error, AVC_ERROR, AVC_USAGE);
    }
}

// A file is included from beside the profile, also where that is named from the current folder.
static void test_relative(void)
{
    g_autofree char *common = write_profile("beside.inc", BASE);
    g_autofree char *path = write_profile("beside.conf", "[machine]\ninclude=beside.inc\n");
    g_autofree char *start = g_get_current_dir();
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_chdir(folder), ==, 0);
    g_autoptr(Profile) p = load("./beside.conf", &error);
    g_assert_cmpint(g_chdir(start), ==, 0);
    g_assert_no_error(error);
    g_assert_cmpstr(p->machine, ==, "q35");
    g_assert_cmpstr(p->path, ==, path);
}

static void test_missing(void)
{
    g_autofree char *a = write_profile("a.conf", BASE);
    g_autofree char *b = write_profile("b.conf", BASE);
    g_autoptr(GError) error = NULL;

    g_assert_null(load("zz", &error));
    g_assert_error(error, AVC_ERROR, AVC_USAGE);
    g_assert_nonnull(strstr(error->message, "a, b"));
    g_clear_error(&error);
    g_assert_null(load("./nowhere.conf", &error));
    g_assert_error(error, AVC_ERROR, AVC_USAGE);
}

static void test_versions(void)
{
    static const struct {
        const char *base, *finding;
        const char *note; // part of it, or NULL for none
    } cases[] = {
        {"10.0.13", "thirteen", NULL},
        {"10.0.9", "nine", NULL},
        {"10.0.14", "thirteen", "those of 10.0.13 are used"},
        {"10.0.2", "thirteen", "those of 10.0.13 are used"},
        {"10.1.0", NULL, "every failure counts"},
        {"9.2.1", NULL, "every failure counts"},
        {NULL, NULL, "every failure counts"},
    };
    g_autofree char *path = write_profile("v.conf", BASE "[expected-fail 10.0.9]\n"
                                                         "AMDVI-PT-001=nine\n"
                                                         "[expected-fail 10.0.13]\n"
                                                         "AMDVI-PT-001=thirteen\n");
    g_autoptr(Profile) p = load("v", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *note = NULL;
        Expectations e = profile_expectations(p, cases[i].base, &note);
        const char *finding = e.fails ? g_hash_table_lookup(e.fails, "AMDVI-PT-001") : NULL;
        g_assert_cmpstr(finding, ==, cases[i].finding);
        g_assert_cmpint(note != NULL, ==, cases[i].note != NULL);
        g_assert_true(!note || strstr(note, cases[i].note));
    }

    g_autofree char *plain_path = write_profile("plain.conf", BASE);
    g_autoptr(Profile) plain = load("plain", NULL);
    g_autofree char *note = NULL;
    profile_expectations(plain, NULL, &note);
    g_assert_null(note);
}

static void test_unknown_rules(void)
{
    g_autoptr(RuleTable) table =
        rule_table_parse("AMDVI-PT-001 A pt_one timeout-ms=5 | One\n", "list", NULL);
    g_autofree char *a = write_profile("a.conf", BASE "[expected-skip]\nAMDVI-PT-001=x\n");
    g_autofree char *b = write_profile("b.conf", BASE "[expected-skip]\nAMDVI-PT-002=x\n");
    g_autofree char *c = write_profile("c.conf", BASE "[expected-fail 1.0]\nAMDVI-PT-003=x\n");
    g_autoptr(Profile) good = load("a", NULL);
    g_autoptr(Profile) skip = load("b", NULL);
    g_autoptr(Profile) fail = load("c", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(profile_check_rules(good, table, NULL));
    g_assert_false(profile_check_rules(skip, table, NULL));
    g_assert_false(profile_check_rules(fail, table, &error));
    g_assert_nonnull(strstr(error->message, "c.conf: [expected-fail 1.0] AMDVI-PT-003"));
}

static void test_expand(void)
{
    static const struct {
        const char *text, *words; // joined by '|'; NULL: an error
    } cases[] = {
        {"-a b", "-a|b"},
        {"-x '{mutant} y'", "-x|m n y"},
        {"{mutant}{mutant}", "m nm n"},
        {"-qmp '{\"a\":{\"b\":1}}'", "-qmp|{\"a\":{\"b\":1}}"},
        {"{} {1} {", "{}|{1}|{"},
        {"", ""},
        {"  ", ""},
        {"{unknown}", NULL},
        {"'open", NULL},
    };
    g_autofree char *path = write_profile("set.conf", BASE "[set]\nmutant=m n\n");
    g_autoptr(Profile) p = load("set", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = profile_expand(p, "args", cases[i].text, NULL, &error);
        if (!cases[i].words) {
            g_assert_error(error, AVC_ERROR, AVC_USAGE);
            continue;
        }
        g_assert_no_error(error);
        g_autofree char *joined = g_strjoinv("|", words);
        g_assert_cmpstr(joined, ==, cases[i].words);
    }
}

static char *command_of(const char *profile, gboolean by_hand, gboolean kvm)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) p = load(profile, &error);
    g_assert_no_error(error);
    SpawnSpec spec = {
        .profile = p,
        .emulator = "/bin/emu",
        .kernel = "/k.elf",
        .iso = "/a,b.iso",
        .efi = "/c.efi",
        .disk = "/out,put/disk.raw",
        .folder = "/run",
        .cmdline = "run=A-1,A-2 seed=1",
        .kvm = kvm,
        .extra = "-extra 'x y'",
    };
    g_auto(GStrv) argv = spawn_command(&spec, by_hand, &error);
    g_assert_no_error(error);
    return g_strjoinv("|", argv);
}

static void test_disk(void)
{
    g_autofree char *plain = write_profile("plain.conf", BASE);
    g_autofree char *held = write_profile("held.conf", BASE "disk=nbd\n");
    g_autofree char *any = write_profile("any.conf", BASE "disk={how}\n[set]\nhow=file\n");
    static const struct {
        const char *spec;
        gboolean served;
    } cases[] = {{"plain", FALSE}, {"held", TRUE}, {"any", FALSE}, {"any,how=nbd", TRUE}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Profile) p = load(cases[i].spec, NULL);
        g_assert_nonnull(p);
        g_autofree char *run = command_of(cases[i].spec, FALSE, FALSE);
        g_autofree char *by_hand = command_of(cases[i].spec, TRUE, FALSE);
        gboolean nbd = strstr(run, "|driver=raw,node-name=scratch,file.driver=nbd,"
                                   "file.server.type=fd,file.server.str=6|") != NULL;
        gboolean file = strstr(run, "file.filename=/out,,put/disk.raw|") != NULL;

        g_assert_cmpuint(profile_serves_disk(p), ==, cases[i].served);
        g_assert_cmpuint(nbd, ==, cases[i].served);
        g_assert_cmpuint(file, ==, !cases[i].served);
        // Nobody serves what a person starts.
        g_assert_nonnull(strstr(by_hand, "file.filename=/out,,put/disk.raw|"));
    }

    g_autoptr(GError) error = NULL;
    g_assert_null(load("any,how=cd", &error));
    g_assert_nonnull(strstr(error->message, "[machine] disk: it is neither file nor nbd"));
    g_autofree char *own = write_profile("own.conf", "[machine]\ncommand=emu {nbd}\n");
    g_autoptr(Profile) p = load("own", NULL);
    g_autofree char *line = command_of("own", FALSE, FALSE);
    g_assert_true(profile_serves_disk(p));
    g_assert_true(g_str_has_prefix(line, "emu|6|"));
}

static void test_command(void)
{
    g_autofree char *pvh =
        write_profile("pvh.conf", BASE "devices=-device d\nargs=-device {disk}\n");
    g_autofree char *iso = write_profile("iso.conf", BASE "boot=iso\n");
    g_autofree char *efi = write_profile("efi.conf", BASE "boot=efi\n");
    g_autofree char *net = write_profile("net.conf", BASE "devices=-device n,netdev=net0\n");
    g_autofree char *own =
        write_profile("own.conf", "[machine]\ncommand={emulator} {kernel} {iso} {efi} {cmdline} "
                                  "{disk} {serial} {qmp} {net} {rundir}\n");
    g_autofree char *a = command_of("pvh", FALSE, FALSE);
    g_autofree char *b = command_of("iso", FALSE, TRUE);
    g_autofree char *c = command_of("own", FALSE, FALSE);
    g_autofree char *d = command_of("pvh", TRUE, FALSE);
    g_autofree char *e = command_of("efi", FALSE, FALSE);
    g_autofree char *f = command_of("net", FALSE, FALSE);
    g_autofree char *g = command_of("net", TRUE, FALSE);

    g_assert_true(g_str_has_prefix(a, "/bin/emu|-machine|q35|-accel|tcg|-m|192M|"));
    g_assert_nonnull(strstr(a, "|-kernel|/k.elf|-append|run=A-1,A-2 seed=1|"));
    g_assert_nonnull(strstr(a, "cmdline,string=run=A-1,,A-2 seed=1|"));
    g_assert_nonnull(strstr(a, "file.filename=/out,,put/disk.raw|-device|d|-device|/out,put/disk"));
    g_assert_nonnull(strstr(a, "|socket,id=serial,fd=3|"));
    g_assert_true(g_str_has_suffix(a, "|-extra|x y"));
    g_assert_nonnull(strstr(b, "|-machine|q35,kernel-irqchip=split|-accel|kvm|"));
    g_assert_nonnull(strstr(b, "file=/a,,b.iso|-device|ide-cd,bus=ide.2,drive=cd"));
    g_assert_null(strstr(b, "|-kernel|"));
    g_assert_cmpstr(c, ==,
                    "/bin/emu|/k.elf|/a,b.iso|/c.efi|run=A-1,A-2 seed=1|/out,put/disk.raw|3|4|5|"
                    "/run|-extra|x y");
    g_assert_nonnull(strstr(d, "|-serial|stdio|"));
    g_assert_null(strstr(d, "fd=3"));
    g_assert_nonnull(strstr(e, "|-kernel|/c.efi|-append|run=A-1,A-2 seed=1|"));
    g_assert_null(strstr(e, "k.elf"));
    g_assert_null(strstr(e, "ide-cd"));
    g_assert_null(strstr(a, "|-netdev|"));
    g_assert_nonnull(strstr(f, "|-netdev|dgram,id=net0,local.type=fd,local.str=5|"));
    g_assert_nonnull(strstr(g, "|-netdev|hubport,id=net0,hubid=0|"));
}

static void test_version_text(void)
{
    g_autofree char *debian = emulator_parse_version(
        "QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)\nCopyright");
    g_autofree char *plain = emulator_parse_version("QEMU emulator version 11.0\n");
    g_autofree char *rc = emulator_parse_version("QEMU emulator version 10.1.50 (v10.1.0-rc1)");

    g_assert_cmpstr(debian, ==, "10.0.13");
    g_assert_cmpstr(plain, ==, "11.0");
    g_assert_cmpstr(rc, ==, "10.1.50");
    g_assert_null(emulator_parse_version("Bochs 2.7"));
}

static void test_shell_join(void)
{
    const char *argv[] = {"a", "b c", "", "it's", "run=A-1,A-2", NULL};
    g_autofree char *line = avc_shell_join(argv);
    g_auto(GStrv) back = NULL;

    g_assert_true(g_shell_parse_argv(line, NULL, &back, NULL));
    g_assert_true(g_strv_equal((const char *const *)back, argv));
    g_assert_true(g_str_has_suffix(line, " run=A-1,A-2"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("amdvi-check-XXXXXX", NULL);
    g_test_add_func("/profile/good", test_good);
    g_test_add_func("/profile/bad", test_bad);
    g_test_add_func("/profile/settings", test_settings);
    g_test_add_func("/profile/relative", test_relative);
    g_test_add_func("/profile/versions", test_versions);
    g_test_add_func("/profile/unknown-rules", test_unknown_rules);
    g_test_add_func("/profile/expand", test_expand);
    g_test_add_func("/profile/missing", test_missing);
    g_test_add_func("/spawn/disk", test_disk);
    g_test_add_func("/spawn/command", test_command);
    g_test_add_func("/emulator/version", test_version_text);
    g_test_add_func("/util/shell-join", test_shell_join);
    int status = g_test_run();

    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
    return status;
}
