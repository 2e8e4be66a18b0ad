//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_group - nodes that share a group of the inbox.
#ifndef TESTS_UNIT_TEST_GROUP_H
#define TESTS_UNIT_TEST_GROUP_H

#include <stdio.h>
#include "storage/store_key.h"

//  The names of so many nodes, which lie stride bytes apart: those of the first one's group.
static inline void
name_group (char *names, size_t stride, unsigned count)
{
    unsigned group = store_group ("n0"), found = 0;
    for (unsigned i = 0; found < count; i++) {
        snprintf (names + found * stride, NODE_NAME_MAX + 1, "n%u", i);
        found += store_group (names + found * stride) == group;
    }
}

#endif
