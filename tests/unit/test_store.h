//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_store - what the store's tests share: a folder that is gone afterwards, and records.
#ifndef TESTS_UNIT_TEST_STORE_H
#define TESTS_UNIT_TEST_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "storage/store.h"

typedef struct {
    char root[64];  //  Removed with all in it
    char path[128]; //  Of the store, below root
    store_t *store; //  Open, unless a test closes it
} fixture_t;

static inline store_t *
open_store (const char *path)
{
    char error[512];
    store_options_t options = {.memory_bytes = 4 << 20};
    store_t *store = store_new (path, &options, error);
    if (!store)
        fail_msg ("%s", error);
    return store;
}

static inline void
reopen (fixture_t *fixture)
{
    store_destroy (&fixture->store);
    fixture->store = open_store (fixture->path);
}

static inline int
set_up (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    assert_non_null (fixture);
    strcpy (fixture->root, "/tmp/kpulse-store-XXXXXX");
    assert_non_null (mkdtemp (fixture->root));
    snprintf (fixture->path, sizeof fixture->path, "%s/var/n1", fixture->root);
    fixture->store = open_store (fixture->path);
    *state = fixture;
    return 0;
}

static inline int
remove_entry (const char *path, const struct stat *status, int flag, struct FTW *walk)
{
    (void) status, (void) flag, (void) walk;
    return remove (path);
}

static inline int
tear_down (void **state)
{
    fixture_t *fixture = *state;
    store_destroy (&fixture->store);
    nftw (fixture->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free (fixture);
    return 0;
}

//  A record whose bytes are a text.
static inline store_record_t
record (const char *node, uint64_t epoch, uint64_t seq, int64_t start_wall_s, const char *text)
{
    return (store_record_t){.node = node,
                            .epoch = epoch,
                            .seq = seq,
                            .start_wall_s = start_wall_s,
                            .span_s = 1,
                            .data = text,
                            .size = strlen (text)};
}

static inline store_verdict_t
append_one (store_t *store, store_record_t one)
{
    store_verdict_t verdict;
    assert_int_equal (store_append (store, &one, 1, &verdict), 0);
    return verdict;
}

#endif
