// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/edu_rig.h"

#include <stddef.h>

#include "platform/msi.h"
#include "tests/env.h"
#include "tests/irq_rig.h"

/* The message first: without it a status that is not clear drives the pin. */
static void rest(void *arg)
{
    (void)arg;
    edu_acknowledge(&env.edu, 0xffffffff);
    msi_enable(env.edu.devid, false);
}

struct rig *edu_rig_begin(struct check *c)
{
    struct rig *r = rig_begin(c);

    if (!r) {
        return NULL;
    }
    irq_rig_join(r);
    rest(NULL);
    rule_at_end(c, rest, NULL);
    return r;
}
