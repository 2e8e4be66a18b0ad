//  SPDX-License-Identifier: GPL-2.0-or-later
//  What the codecs' tests share: a reader, and the golden vectors of schema/golden/.
#ifndef TESTS_UNIT_TEST_WIRE_H
#define TESTS_UNIT_TEST_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "schema/wire.h"

static wire_reader_t *s_reader;

static int
s_set_up (void **state)
{
    (void) state;
    s_reader = wire_reader_new ();
    return 0;
}

static int
s_tear_down (void **state)
{
    (void) state;
    wire_reader_destroy (&s_reader);
    return 0;
}

static uint8_t s_golden[1024];

//  Read a golden vector into s_golden; returns its size.
static inline size_t
s_load_golden (const char *name)
{
    char path[128];
    snprintf (path, sizeof path, "schema/golden/%s.msgpack", name);
    FILE *file = fopen (path, "rb");
    if (!file)
        fail_msg ("%s: run this test from the root of the tree", path);
    size_t size = fread (s_golden, 1, sizeof s_golden, file);
    fclose (file);
    return size;
}

#endif
