// SPDX-License-Identifier: GPL-2.0-or-later
// Can this host run our kernel under KVM? Only trying tells: /dev/kvm may be a software hypervisor
// that does not run everything, and an emulator may be built without it.
#pragma once

#include "runner.h"

// Opens /dev/kvm and asks its version. FALSE and `error` (AVC_TROUBLE) where KVM cannot be used.
gboolean kvm_check_device(GError **error);

// Boots the kernel of `machine` by -kernel under KVM, lets it list one rule and end. That may take
// 60 s, or the profile's limit for a boot if that is less. SIGINT and SIGTERM end it (stop.h).
// `*seconds` is how long it took. FALSE and `error` (AVC_TROUBLE) with one sentence that says what
// came of it; nothing is left behind.
gboolean kvm_probe(const Machine *machine, double *seconds, GError **error);

// Where such a boot took `seconds`, how much longer than usual may everything take? 1 to 30.
double kvm_patience(double seconds);
