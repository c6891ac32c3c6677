// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the rules share that take the memory of an IDE transfer away while it is under way, and give
 * it to somebody else once the completion is seen (docs/rules.md section 7.1).
 */
#ifndef TESTS_GIVE_RIG_H
#define TESTS_GIVE_RIG_H

#include "tests/hold_rig.h"

/* One way to take it away. */
struct giving {
    bool write;
    /* What memory says of it afterwards, and as it was before; @arg is the rule's. False: the rule
     * is an error. */
    void (*withdraw)(struct ide_rig *t, void *arg);
    bool (*restore)(struct ide_rig *t, void *arg);
    void *arg;
    /* What the IOMMU is told: these commands, and the completion of all. */
    const struct amdvi_cmd *cmd;
    unsigned count;
    const char *how; /* "unmapped and flushed page by page" */
    const char *key; /* of the observation when the completion came */
};

/**
 * A transfer of HOLD_BYTES at t->iova through one entry of the table: undisturbed first, then with
 * its memory taken away while it is under way. Whether it ends before the completion, goes
 * elsewhere or is aborted is free. False where there is no going on; the rule then has failed, or
 * is an error.
 */
bool give_away(struct ide_rig *t, const struct giving *g);

#endif
