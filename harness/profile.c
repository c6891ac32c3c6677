// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile.h"

#include <string.h>

#include "util.h"

#define INCLUDE_DEPTH_MAX 8

static void fail_section_free(gpointer data)
{
    FailSection *section = data;
    g_free(section->version);
    g_hash_table_unref(section->rules);
    g_free(section);
}

void profile_free(Profile *p)
{
    char *texts[] = {p->spec,    p->name,   p->folder_name, p->path,    p->description, p->emulator,
                     p->machine, p->memory, p->firmware,    p->devices, p->args,        p->command,
                     p->options, p->rules,  p->lacks,       p->disk};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_checksum_free(p->sum);
    g_hash_table_unref(p->settings);
    g_hash_table_unref(p->skips);
    g_ptr_array_unref(p->fails);
    g_free(p);
}

static gboolean bad(GError **error, const char *path, const char *group, const char *key,
                    const char *what)
{
    g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: [%s] %s: %s", path, group, key, what);
    return FALSE;
}

static gboolean set_text(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
    return TRUE;
}

static gboolean set_seconds(double *field, const char *value)
{
    char *end;
    double number = g_ascii_strtod(value, &end);

    if (!*value || *end || !(number > 0 && number <= 86400)) {
        return FALSE;
    }
    *field = number;
    return TRUE;
}

static gboolean set_boolean_word(gboolean *field, const char *value, const char *yes,
                                 const char *no)
{
    *field = strcmp(value, yes) == 0;
    return *field || strcmp(value, no) == 0;
}

static gboolean set_exit(Profile *p, const char *value)
{
    static const char *const names[] = {"debug", "acpi", "halt"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            p->exit = (ExitMode)i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *profile_door_name(BootDoor door)
{
    static const char *const names[] = {"pvh", "iso", "efi"};

    return names[door];
}

static gboolean set_door(Profile *p, const char *value)
{
    for (BootDoor door = DOOR_PVH; door <= DOOR_EFI; door++) {
        if (strcmp(value, profile_door_name(door)) == 0) {
            p->door = door;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean set_mib(guint *field, const char *value)
{
    guint64 number;

    if (!avc_parse_decimal(value, 1024, &number) || number == 0) {
        return FALSE;
    }
    *field = (guint)number;
    return TRUE;
}

// One key of [machine]. `*known` tells an unknown key from a bad value.
static gboolean set_key(Profile *p, const char *key, const char *value, gboolean *known)
{
    struct {
        const char *key;
        char **field;
    } texts[] = {
        {"description", &p->description},
        {"emulator", &p->emulator},
        {"machine", &p->machine},
        {"memory", &p->memory},
        {"firmware", &p->firmware},
        {"devices", &p->devices},
        {"args", &p->args},
        {"disk", &p->disk},
        {"command", &p->command},
        {"options", &p->options},
        {"lacks", &p->lacks},
    };
    struct {
        const char *key;
        double *field;
    } times[] = {
        {"timeout-s", &p->boot_timeout_s},
        {"silence-s", &p->silence_s},
        {"qmp-s", &p->qmp_s},
        {"grace-s", &p->grace_s},
        {"rule-timeout-scale", &p->rule_scale},
    };

    *known = TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (strcmp(key, texts[i].key) == 0) {
            return set_text(texts[i].field, value);
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        if (strcmp(key, times[i].key) == 0) {
            return set_seconds(times[i].field, value);
        }
    }
    if (strcmp(key, "boot") == 0) {
        return set_door(p, value);
    }
    if (strcmp(key, "serial") == 0) {
        return set_boolean_word(&p->serial_stdio, value, "stdio", "fd");
    }
    if (strcmp(key, "exit") == 0) {
        return set_exit(p, value);
    }
    if (strcmp(key, "serial-limit-mib") == 0) {
        return set_mib(&p->serial_limit_mib, value);
    }
    *known = FALSE;
    return FALSE;
}

static gboolean read_machine(Profile *p, GKeyFile *file, const char *path, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, "machine", NULL, NULL);

    for (gsize i = 0; keys && keys[i]; i++) {
        gboolean known;
        if (strcmp(keys[i], "include") == 0) {
            continue;
        }
        g_autofree char *value = g_key_file_get_string(file, "machine", keys[i], NULL);
        if (!value) {
            return bad(error, path, "machine", keys[i], "the value is not valid text");
        }
        if (!set_key(p, keys[i], value, &known)) {
            return bad(error, path, "machine", keys[i], known ? "bad value" : "unknown key");
        }
    }
    return TRUE;
}

static gboolean read_rules(GHashTable *table, GKeyFile *file, const char *group, const char *path,
                           GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

    for (gsize i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, group, keys[i], NULL);
        if (!avc_is_rule_id(keys[i])) {
            return bad(error, path, group, keys[i], "not a rule ID");
        }
        if (!value || !*g_strstrip(value)) {
            return bad(error, path, group, keys[i], "the value is missing");
        }
        g_hash_table_insert(table, g_strdup(keys[i]), g_strdup(value));
    }
    return TRUE;
}

static gboolean read_settings(Profile *p, GKeyFile *file, const char *path, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, "set", NULL, NULL);

    for (gsize i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, "set", keys[i], NULL);
        if (!value) {
            return bad(error, path, "set", keys[i], "the value is not valid text");
        }
        g_hash_table_insert(p->settings, g_strdup(keys[i]), g_steal_pointer(&value));
    }
    return TRUE;
}

static FailSection *fail_section(Profile *p, const char *version)
{
    for (guint i = 0; i < p->fails->len; i++) {
        FailSection *section = p->fails->pdata[i];
        if (strcmp(section->version, version) == 0) {
            return section;
        }
    }
    FailSection *section = g_new0(FailSection, 1);
    section->version = g_strdup(version);
    section->rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_ptr_array_add(p->fails, section);
    return section;
}

static gboolean is_version(const char *text)
{
    return g_regex_match_simple("^[0-9]+\\.[0-9]+(\\.[0-9]+)*$", text, 0, 0);
}

static gboolean read_group(Profile *p, GKeyFile *file, const char *group, const char *path,
                           GError **error)
{
    if (strcmp(group, "machine") == 0) {
        return read_machine(p, file, path, error);
    }
    if (strcmp(group, "set") == 0) {
        return read_settings(p, file, path, error);
    }
    if (strcmp(group, "expected-skip") == 0) {
        return read_rules(p->skips, file, group, path, error);
    }
    if (g_str_has_prefix(group, "expected-fail ")) {
        const char *version = group + strlen("expected-fail ");
        if (is_version(version)) {
            return read_rules(fail_section(p, version)->rules, file, group, path, error);
        }
    }
    g_set_error(error, AVC_ERROR, AVC_USAGE, "%s: unknown group [%s]", path, group);
    return FALSE;
}

// Included files are read first, so that what includes them has the last word.
// `from`: the file that includes this one, or NULL.
static gboolean read_file(Profile *p, const char *path, const char *from, int depth, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) local = NULL;

    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &text, &length, &local) ||
        !g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, &local)) {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "cannot read the profile %s%s%s: %s", path,
                    from ? ", included by " : "", from ? from : "", local->message);
        return FALSE;
    }
    g_checksum_update(p->sum, (const guchar *)text, (gssize)length);

    g_autofree char *include = g_key_file_get_string(file, "machine", "include", NULL);
    if (include) {
        if (depth == INCLUDE_DEPTH_MAX) {
            return bad(error, path, "machine", "include", "too many files include each other");
        }
        g_autofree char *folder = g_path_get_dirname(path);
        g_autofree char *other = g_canonicalize_filename(include, folder);
        if (!read_file(p, other, path, depth + 1, error)) {
            return FALSE;
        }
    }

    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (gsize i = 0; groups[i]; i++) {
        if (!read_group(p, file, groups[i], path, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *list_profiles(const char *const *folders)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; folders[i]; i++) {
        g_autoptr(GDir) dir = g_dir_open(folders[i], 0, NULL);
        const char *name;
        while (dir && (name = g_dir_read_name(dir))) {
            if (g_str_has_suffix(name, ".conf")) {
                g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(".conf")));
            }
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

static char *find_profile(const char *name, const char *const *folders, GError **error)
{
    if (strchr(name, '/')) {
        return g_canonicalize_filename(name, NULL); // what it includes is beside it
    }
    for (gsize i = 0; folders[i]; i++) {
        g_autofree char *file = g_strconcat(name, ".conf", NULL);
        g_autofree char *path = g_build_filename(folders[i], file, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    g_autofree char *all = list_profiles(folders);
    g_set_error(error, AVC_ERROR, AVC_USAGE, "there is no machine '%s'; there are: %s", name, all);
    return NULL;
}

static gboolean apply_setting(Profile *p, const char *setting, GError **error)
{
    const char *equals = strchr(setting, '=');

    if (!equals || equals == setting || !equals[1]) {
        g_set_error(error, AVC_ERROR, AVC_USAGE, "--machine %s: '%s' is not KEY=VALUE", p->name,
                    setting);
        return FALSE;
    }
    g_autofree char *key = g_strndup(setting, (gsize)(equals - setting));
    if (strcmp(key, "rules") == 0) {
        set_text(&p->rules, equals + 1);
        g_strdelimit(p->rules, "+", ',');
        return TRUE;
    }
    if (strcmp(key, "expect") == 0 && set_boolean_word(&p->all_fail, equals + 1, "fail", "pass")) {
        return TRUE;
    }
    if (!g_hash_table_contains(p->settings, key)) {
        g_set_error(error, AVC_ERROR, AVC_USAGE,
                    "--machine %s: %s has no setting '%s' in its group [set]", p->name, p->path,
                    key);
        return FALSE;
    }
    g_hash_table_insert(p->settings, g_steal_pointer(&key), g_strdup(equals + 1));
    return TRUE;
}

// What people call the machine: the profile's name and its own settings, without what only
// chooses rules.
static void name_profile(Profile *p, const char *name, char **settings)
{
    GString *text = g_string_new(NULL);
    g_autofree char *base = g_path_get_basename(name);

    if (strchr(name, '/') && g_str_has_suffix(base, ".conf")) {
        base[strlen(base) - strlen(".conf")] = '\0';
    }
    g_string_assign(text, base);
    for (gsize i = 0; settings[i]; i++) {
        if (!g_str_has_prefix(settings[i], "rules=") && !g_str_has_prefix(settings[i], "expect=")) {
            g_string_append_printf(text, ",%s", settings[i]);
        }
    }
    p->name = g_string_free(text, FALSE);
    p->folder_name = g_strdup(p->name);
    g_strcanon(p->folder_name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
               '-');
}

static gboolean check(const Profile *p, GError **error)
{
    if (!p->command && (!p->machine || !p->memory)) {
        return bad(error, p->path, "machine", p->machine ? "memory" : "machine",
                   "the value is missing (or give command=)");
    }
    if (p->serial_stdio && !p->command) {
        return bad(error, p->path, "machine", "serial", "stdio goes only with command=");
    }
    return TRUE;
}

Profile *profile_load(const char *spec, const char *const *folders, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ",", -1);

    if (!parts[0] || !parts[0][0]) {
        g_set_error_literal(error, AVC_ERROR, AVC_USAGE, "--machine needs the name of a profile");
        return NULL;
    }
    g_autofree char *path = find_profile(parts[0], folders, error);
    if (!path) {
        return NULL;
    }

    g_autoptr(Profile) p = g_new0(Profile, 1);
    p->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    p->skips = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    p->fails = g_ptr_array_new_with_free_func(fail_section_free);
    p->spec = g_strdup(spec);
    p->sum = g_checksum_new(G_CHECKSUM_SHA256);
    p->path = g_steal_pointer(&path);
    p->boot_timeout_s = 120;
    p->silence_s = 30;
    p->qmp_s = 2;
    p->grace_s = 2;
    p->rule_scale = 1;
    p->serial_limit_mib = 16;
    p->disk = g_strdup("file");
    name_profile(p, parts[0], parts + 1);
    if (!read_file(p, p->path, NULL, 0, error) || !check(p, error)) {
        return NULL;
    }
    for (gsize i = 1; parts[i]; i++) {
        if (!apply_setting(p, parts[i], error)) {
            return NULL;
        }
    }
    return profile_expand_settings(p, error) ? g_steal_pointer(&p) : NULL;
}
