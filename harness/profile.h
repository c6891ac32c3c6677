// SPDX-License-Identifier: GPL-2.0-or-later
// Machine profiles: harness/machines/NAME.conf (docs/machine-profiles.md).
#pragma once

#include <glib.h>

#include "results.h"
#include "rules.h"

typedef enum { DOOR_PVH, DOOR_ISO, DOOR_EFI } BootDoor;

typedef struct {
    char *spec;        // what profile_load() was given
    char *name;        // as on the command line, with settings: "mutant-pvh,mutant=x"
    char *folder_name; // the same, fit for a file name
    char *path;
    GChecksum *sum; // SHA-256 of the profile's files, in the order they are read
    char *description;
    char *emulator; // patched, stock, mutant, or a path; NULL: must be given with --emulator
    BootDoor door;  // kernel, ISO, or EFI application
    char *machine;  // text after -machine
    char *memory;   // text after -m
    char *firmware; // these four: shell-quoted QEMU arguments
    char *devices;
    char *args;
    char *disk;    // "file" or "nbd": how the scratch disk is given to the emulator
    char *command; // shell-quoted; replaces the QEMU command line altogether, or NULL
    char *lacks;   // comma list of needs (docs/results-format.md section 3) not met, or NULL
    char *options; // more words for the kernel's command line, settings filled in
    gboolean serial_stdio; // with `command`: the serial line is its standard input and output
    ExitMode exit;
    double boot_timeout_s;
    double silence_s;  // longest silence on the serial line outside rules
    double qmp_s;      // how long QMP may be silent before the emulator counts as hung
    double grace_s;    // between quit, SIGTERM and SIGKILL
    double rule_scale; // factor for the rules' own limits
    guint serial_limit_mib;
    gboolean all_fail;    // settings with expect=fail
    char *rules;          // globs of the settings' rules=, or NULL
    GHashTable *settings; // placeholder name to value
    GHashTable *skips;    // rule ID to reason
    GPtrArray *fails;     // of FailSection
} Profile;

typedef struct {
    char *version;     // "10.0.13"
    GHashTable *rules; // rule ID to finding
} FailSection;

// "pvh", "iso" or "efi", as in profiles and results.
const char *profile_door_name(BootDoor door);

// Loads the profile that `spec` names: NAME or FILE (with a slash), then any number of ,KEY=VALUE
// settings. `folders`: NULL-terminated list of folders to search. NULL and `error` (AVC_USAGE,
// naming file, group and key) if it cannot be read or is malformed.
Profile *profile_load(const char *spec, const char *const *folders, GError **error);
void profile_free(Profile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profile, profile_free)

// FALSE and `error` (AVC_USAGE) if the profile expects something of a rule that `table` lacks.
gboolean profile_check_rules(const Profile *profile, const RuleTable *table, GError **error);

// What is expected with an emulator of version `base` (NULL: unknown). `*note` is set to a
// sentence for the user where the failures listed are those of another version, or of none; else
// to NULL. The caller frees the note; the tables belong to the profile.
Expectations profile_expectations(const Profile *profile, const char *base, char **note);

// Replaces each {name} in the profile's `options` and `disk` by what its settings say. FALSE and
// `error` (AVC_USAGE) on an unknown name, or a disk that is neither "file" nor "nbd".
gboolean profile_expand_settings(Profile *profile, GError **error);

// Is the scratch disk served by the harness?
gboolean profile_serves_disk(const Profile *profile);

// Splits `text` like a shell and replaces {name} in each word by what `values` or the profile's
// settings say. NULL and `error` (AVC_USAGE) on bad quoting or an unknown name. `key` names the
// profile key in the message.
GStrv profile_expand(const Profile *profile, const char *key, const char *text, GHashTable *values,
                     GError **error);
