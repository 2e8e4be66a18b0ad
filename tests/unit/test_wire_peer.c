//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about schema/wire's reading, against msgpack-c's parser as a peer: both accept the same
//  messages, of the golden vectors and of what becomes of them by chance.
//
//  The peer tells canonical form by sizes: each token adds the shortest size it can have, and what
//  is accepted is what these add up to. It refuses integers from 0 up in a signed form.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#define MSGPACK_EMBED_STACK_SIZE 8 //  WIRE_MAX_DEPTH
#include <msgpack.h>
#include <msgpack/unpack_define.h>
#include "tests/unit/test_wire.h"

#define ROUNDS     20000 //  Of each vector
#define TOKENS_MAX 4096

typedef struct {
    wire_type_t types[TOKENS_MAX];
    uint64_t values[TOKENS_MAX]; //  Numbers, items, lengths
    size_t count;
    size_t size; //  The shortest they can have
} tape_t;

static int
s_append (tape_t *self, wire_type_t type, uint64_t value, size_t size)
{
    assert_true (self->count < TOKENS_MAX);
    self->types[self->count] = type;
    self->values[self->count++] = value;
    self->size += size;
    return 0;
}

static size_t
s_uint_size (uint64_t value)
{
    if (value < 128)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

static size_t
s_negative_size (int64_t value)
{
    if (value >= -32)
        return 1;
    if (value >= INT8_MIN)
        return 2;
    if (value >= INT16_MIN)
        return 3;
    return value >= INT32_MIN ? 5 : 9;
}

static size_t
s_string_header_size (uint64_t length)
{
    if (length < 32)
        return 1;
    if (length <= UINT8_MAX)
        return 2;
    return length <= UINT16_MAX ? 3 : 5;
}

static size_t
s_array_header_size (uint64_t items)
{
    if (items < 16)
        return 1;
    return items <= UINT16_MAX ? 3 : 5;
}

static int
s_append_uint (tape_t *self, uint64_t value)
{
    return s_append (self, WIRE_UINT, value, s_uint_size (value));
}

static int
s_append_int (tape_t *self, int64_t value)
{
    if (value >= 0)
        return MSGPACK_UNPACK_PARSE_ERROR;
    return s_append (self, WIRE_INT, (uint64_t) value, s_negative_size (value));
}

//  --- msgpack-c's parser with callbacks that append to the tape ---------------------------------
//  The template's "object" is what a callback hands to the container around it: here nothing.

typedef char nothing_t;

#define msgpack_unpack_struct(name)     struct s_parser##name
#define msgpack_unpack_func(type, name) __attribute__ ((unused)) static type s_parse##name
#define msgpack_unpack_callback(name)   s_on##name
#define msgpack_unpack_object           nothing_t
#define msgpack_unpack_user             tape_t

static nothing_t
s_on_root (tape_t *self)
{
    (void) self;
    return 0;
}

#define ON_NUMBER(name, type, append)                                                              \
    static int s_on##name (tape_t *self, type value, nothing_t *object)                            \
    {                                                                                              \
        *object = 0;                                                                               \
        return append (self, value);                                                               \
    }
ON_NUMBER (_uint8, uint8_t, s_append_uint)
ON_NUMBER (_uint16, uint16_t, s_append_uint)
ON_NUMBER (_uint32, uint32_t, s_append_uint)
ON_NUMBER (_uint64, uint64_t, s_append_uint)
ON_NUMBER (_int8, int8_t, s_append_int)
ON_NUMBER (_int16, int16_t, s_append_int)
ON_NUMBER (_int32, int32_t, s_append_int)
ON_NUMBER (_int64, int64_t, s_append_int)

static int
s_on_double (tape_t *self, double value, nothing_t *object)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    *object = 0;
    return isfinite (value) ? s_append (self, WIRE_REAL, bits, 9) : MSGPACK_UNPACK_PARSE_ERROR;
}

static int
s_on_nil (tape_t *self, nothing_t *object)
{
    *object = 0;
    return s_append (self, WIRE_NIL, 0, 1);
}

static int
s_on_str (tape_t *self, const char *base, const char *text, unsigned length, nothing_t *object)
{
    (void) base;
    (void) text;
    *object = 0;
    return s_append (self, WIRE_STRING, length, s_string_header_size (length) + length);
}

//  Every item has at least a byte, so an array of more items than bytes can follow is a lie.
static int
s_on_array (tape_t *self, unsigned items, nothing_t *object)
{
    *object = 0;
    if (items > WIRE_MAX_BYTES - self->size)
        return MSGPACK_UNPACK_PARSE_ERROR;
    return s_append (self, WIRE_ARRAY, items, s_array_header_size (items));
}

static int
s_on_array_item (tape_t *self, nothing_t *array, nothing_t item)
{
    (void) self;
    (void) array;
    (void) item;
    return 0;
}

//  Types that we do not have. The macros stand in place of callbacks, of any arguments.
#define s_on_true(...)     MSGPACK_UNPACK_PARSE_ERROR
#define s_on_false(...)    MSGPACK_UNPACK_PARSE_ERROR
#define s_on_float(...)    MSGPACK_UNPACK_PARSE_ERROR
#define s_on_bin(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_ext(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_map(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_map_item(...) MSGPACK_UNPACK_PARSE_ERROR

#include <msgpack/unpack_template.h>

//  Whether the peer accepts the data as one canonical item; fills tape.
static bool
s_peer_accepts (tape_t *tape, const uint8_t *data, size_t size)
{
    static struct s_parser_context parser;
    size_t used = 0;
    parser.user.count = parser.user.size = 0;
    s_parse_init (&parser);
    int rc = s_parse_execute (&parser, (const char *) data, size, &used);
    *tape = parser.user;
    return rc == 1 && used == size && tape->size == used;
}

static uint64_t
s_take_value (void)
{
    uint64_t value = 0;
    int64_t number;
    double real;
    uint32_t items;
    const char *text;
    size_t length;
    switch (wire_next (s_reader)) {
    case WIRE_UINT:
        assert_int_equal (wire_take_uint (s_reader, &value), 0);
        return value;
    case WIRE_INT:
        assert_int_equal (wire_take_int (s_reader, &number), 0);
        return (uint64_t) number;
    case WIRE_REAL:
        assert_int_equal (wire_take_real (s_reader, &real), 0);
        memcpy (&value, &real, sizeof value);
        return value;
    case WIRE_ARRAY:
        assert_int_equal (wire_take_array (s_reader, &items), 0);
        return items;
    case WIRE_STRING:
        assert_int_equal (wire_take_string (s_reader, &text, &length), 0);
        return length;
    case WIRE_NIL:
        assert_int_equal (wire_take_nil (s_reader), 0);
        return 0;
    case WIRE_END:
        break;
    }
    fail_msg ("a token is missing");
    return 0;
}

static void
s_expect_tokens (const tape_t *tape)
{
    for (size_t i = 0; i < tape->count; i++) {
        assert_int_equal (wire_next (s_reader), tape->types[i]);
        assert_true (s_take_value () == tape->values[i]);
    }
    assert_int_equal (wire_done (s_reader), 0);
}

//  Compare on a copy without a byte to spare. Returns whether it was accepted.
static bool
s_compare (const uint8_t *data, size_t size)
{
    static tape_t tape;
    uint8_t *copy = malloc (size ? size : 1);
    memcpy (copy, data, size);
    bool accepted = s_peer_accepts (&tape, copy, size);
    assert_int_equal (wire_read (s_reader, copy, size), accepted ? 0 : -1);
    if (accepted)
        s_expect_tokens (&tape);
    free (copy);
    return accepted;
}

//  Change, insert or remove a few bytes; half of what is put in are tags.
static size_t
s_mutate (uint8_t *data, size_t size)
{
    for (int edits = 1 + rand () % 3; edits > 0 && size > 1; edits--) {
        size_t at = (size_t) rand () % size;
        int with = rand () % 2 ? rand () % 256 : 0x90 + rand () % 0x50;
        int edit = rand () % 4;
        if (edit == 0)
            memmove (&data[at], &data[at + 1], --size - at);
        else if (edit == 1) {
            memmove (&data[at + 1], &data[at], size++ - at);
            data[at] = (uint8_t) with;
        } else
            data[at] = (uint8_t) with;
    }
    return rand () % 8 ? size : (size_t) rand () % (size + 1);
}

static void
test_accepts_what_msgpack_c_does_and_nothing_else (void **state)
{
    (void) state;
    static const char *vectors[] = {"frame_v1_busy", "frame_v1_extreme", "message_v1_error",
                                    "partial_v1", "table_v1_row"};
    unsigned accepted = 0;
    srand (1);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t size = s_load_golden (vectors[i]);
        assert_true (s_compare (s_golden, size));
        for (int round = 0; round < ROUNDS; round++) {
            uint8_t mutant[sizeof s_golden + 8];
            memcpy (mutant, s_golden, size);
            accepted += s_compare (mutant, s_mutate (mutant, size));
        }
    }
    assert_true (accepted > ROUNDS / 10); //  Else chance would test refusals only
}

static void
test_reads_random_tags_as_msgpack_c_does (void **state)
{
    (void) state;
    unsigned accepted = 0;
    srand (2);
    for (int round = 0; round < 10 * ROUNDS; round++) {
        uint8_t data[24];
        size_t size = 1 + (size_t) rand () % sizeof data;
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t) (rand () % 3 ? 0x90 + rand () % 0x70 : rand () % 256);
        accepted += s_compare (data, size);
    }
    assert_true (accepted > 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_accepts_what_msgpack_c_does_and_nothing_else),
        cmocka_unit_test (test_reads_random_tags_as_msgpack_c_does),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
