//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire_token - one token of canonical msgpack, read from its bytes; and the inside of a
//  wire_reader_t. Private to wire.c, which checks a message, wire_take.c, which hands out its
//  tokens, and histogram_wire.c, where most of a frame's tokens are. Inline, for a frame has 350
//  tokens and a broker reads 100,000 frames a second.
//  Source: https://github.com/msgpack/msgpack/blob/master/spec.md
#ifndef SCHEMA_WIRE_TOKEN_H
#define SCHEMA_WIRE_TOKEN_H

#include <endian.h>
#include <math.h>
#include <string.h>
#include "schema/wire.h"

typedef struct {
    uint64_t value; //  Number (a real's bits), items of an array, or length of a string
    uint64_t size;  //  In bytes; of an array: of its header
    wire_type_t type;
} token_t;

struct wire_reader_t {
    const uint8_t *data; //  The message, borrowed
    const uint8_t *next; //  Token to take next
    const uint8_t *end;  //  Of the message's item; next once a call failed
    bool failed;         //  A call failed
};

//  Nothing is left to take from then on. Returns -1.
static inline int
wire_reader_fail (wire_reader_t *self)
{
    self->failed = true;
    self->end = self->next;
    return -1;
}

//  An unsigned number of 1, 2, 4 or 8 bytes, most significant first.
static inline uint64_t
s_big_endian (const uint8_t *data, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | data[i];
    return value;
}

//  A number whose tag is followed by 2^width_log2 bytes; it is canonical when the next shorter
//  form cannot hold it.
static inline int
s_read_uint (const uint8_t *data, unsigned width_log2, token_t *token)
{
    static const uint64_t shorter_max[] = {127, UINT8_MAX, UINT16_MAX, UINT32_MAX};
    uint64_t value = s_big_endian (data + 1, 1u << width_log2);
    *token = (token_t){value, 1 + (1u << width_log2), WIRE_UINT};
    return value > shorter_max[width_log2] ? 1 : -1;
}

static inline int
s_read_int (const uint8_t *data, unsigned width_log2, token_t *token)
{
    static const int64_t shorter_min[] = {-32, INT8_MIN, INT16_MIN, INT32_MIN};
    unsigned bits = 8u << width_log2;
    uint64_t raw = s_big_endian (data + 1, bits / 8) << (64 - bits);
    int64_t value = (int64_t) raw >> (64 - bits);
    *token = (token_t){(uint64_t) value, 1 + bits / 8, WIRE_INT};
    return value < shorter_min[width_log2] ? 1 : -1;
}

static inline int
s_read_real (const uint8_t *data, token_t *token)
{
    double value;
    uint64_t bits = s_big_endian (data + 1, 8);
    memcpy (&value, &bits, sizeof value);
    *token = (token_t){bits, 9, WIRE_REAL};
    return isfinite (value) ? 1 : -1;
}

//  A length in 2^width_log2 bytes behind the tag, which the next shorter form, up to shorter_max,
//  must not be able to hold. Of a string, size counts its header only.
static inline int
s_read_length (const uint8_t *data, unsigned width_log2, uint64_t shorter_max, wire_type_t type,
               token_t *token)
{
    uint64_t length = s_big_endian (data + 1, 1u << width_log2);
    *token = (token_t){length, 1 + (1u << width_log2), type};
    return length > shorter_max ? 1 : -1;
}

#define WIRE_NIL_TAG 0xc0

//  How many bytes follow each tag from 0xc0 to 0xdf before a string's characters; -1: a type that
//  we do not have.
static const int8_t s_tail_bytes[32] = {
    0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 8, 1, 2, 4,  8,  //  nil, real 64, uint
    1, 2,  4,  8,  -1, -1, -1, -1, -1, 1,  2,  4, 2, 4, -1, -1, //  int, string, array
};

//  A token whose tag is 0xc0 to 0xdf, all of its bytes being there.
static inline int
s_read_tagged (const uint8_t *data, token_t *token)
{
    uint8_t tag = *data;
    if (tag == WIRE_NIL_TAG) {
        *token = (token_t){0, 1, WIRE_NIL};
        return 1;
    }
    if (tag == 0xcb)
        return s_read_real (data, token);
    if (tag <= 0xcf)
        return s_read_uint (data, tag - 0xccu, token);
    if (tag <= 0xd3)
        return s_read_int (data, tag - 0xd0u, token);
    if (tag <= 0xdb)
        return s_read_length (data, tag - 0xd9u,
                              (uint64_t[]){31, UINT8_MAX, UINT16_MAX}[tag - 0xd9], WIRE_STRING,
                              token);
    return s_read_length (data, tag - 0xdbu, tag == 0xdc ? 15 : UINT16_MAX, WIRE_ARRAY, token);
}

//  Read the token at data. Returns 1; 0 where the data end inside it; -1 where it is not canonical.
//  The characters of a string belong to it, the items of an array do not.
static inline int
wire_token_read (const uint8_t *data, const uint8_t *end, token_t *token)
{
    if (data == end)
        return 0;
    uint8_t tag = *data;
    if (tag < 0x80)
        *token = (token_t){tag, 1, WIRE_UINT};
    else if (tag >= 0xe0)
        *token = (token_t){(uint64_t) (int8_t) tag, 1, WIRE_INT};
    else if (tag < 0x90)
        return -1; //  A map
    else if (tag < 0xa0)
        *token = (token_t){tag & 0x0f, 1, WIRE_ARRAY};
    else if (tag < 0xc0)
        *token = (token_t){tag & 0x1f, 1, WIRE_STRING};
    else {
        int tail = s_tail_bytes[tag - 0xc0];
        if (tail < 0 || tail >= end - data)
            return tail < 0 ? -1 : 0;
        if (s_read_tagged (data, token) == -1)
            return -1;
    }
    if (token->type == WIRE_STRING)
        token->size += token->value;
    return token->size <= (uint64_t) (end - data) ? 1 : 0;
}

//  What a token says and where the next one starts, by value, so that a loop over tokens keeps both
//  in registers. next is NULL where no token of the type stands at data.
typedef struct {
    uint64_t value;
    const uint8_t *next;
} wire_found_t;

//  wire_token_read, for a token of one type.
wire_found_t wire_find (const uint8_t *data, const uint8_t *end, wire_type_t type);

#define WIRE_UINT_MAX_BYTES 9

//  A number that is not one byte, where bytes enough for any follow: the most that one can have are
//  read, and those behind it shifted away.
static inline wire_found_t
wire_find_long_uint (const uint8_t *data)
{
    static const uint32_t shorter_max[] = {127, UINT8_MAX, UINT16_MAX, UINT32_MAX};
    unsigned width_log2 = *data - 0xccu;
    if (width_log2 > 3)
        return (wire_found_t){.next = NULL};
    uint64_t value;
    memcpy (&value, data + 1, sizeof value);
    value = be64toh (value) >> (64 - (8u << width_log2));
    const uint8_t *next = data + 1 + (1u << width_log2);
    return (wire_found_t){value, value > shorter_max[width_log2] ? next : NULL};
}

static inline wire_found_t
wire_find_uint (const uint8_t *data, const uint8_t *end)
{
    if (data != end && *data < 0x80)
        return (wire_found_t){*data, data + 1};
    return end - data < WIRE_UINT_MAX_BYTES ? wire_find (data, end, WIRE_UINT)
                                            : wire_find_long_uint (data);
}

static inline wire_found_t
wire_find_array (const uint8_t *data, const uint8_t *end)
{
    if (data != end && *data >> 4 == 0x9)
        return (wire_found_t){*data & 0x0f, data + 1};
    return wire_find (data, end, WIRE_ARRAY);
}

#define WIRE_HIGH_BITS 0x8080808080808080

//  Eight bytes, the first of them lowest.
static inline uint64_t
wire_eight (const uint8_t *data)
{
    uint64_t eight;
    memcpy (&eight, data, sizeof eight);
    return le64toh (eight);
}

//  How many of the bytes at data, up to most, are numbers below 128 of a byte each.
static inline size_t
wire_small_uints (const uint8_t *data, size_t most)
{
    size_t count = 0;
    while (count + 8 <= most && !(wire_eight (data + count) & WIRE_HIGH_BITS))
        count += 8;
    while (count < most && data[count] < 0x80)
        count++;
    return count;
}

#endif
