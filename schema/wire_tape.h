//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire_tape - the inside of a wire_reader_t, private to wire.c, which records tokens, and
//  wire_take.c, which hands them out.
#ifndef SCHEMA_WIRE_TAPE_H
#define SCHEMA_WIRE_TAPE_H

#include "schema/wire.h"

typedef struct {
    uint64_t value;  //  Number (a real's bits), items of an array, or length of a string
    uint32_t offset; //  Of its first byte in the message
    uint32_t type;   //  wire_type_t
} token_t;

typedef struct {
    token_t *tokens; //  WIRE_MAX_BYTES of them: a token has at least one byte
    size_t count;    //  Tokens on the tape
    size_t offset;   //  Shortest size of all of them, bytes
} tape_t;

struct wire_reader_t {
    tape_t tape;         //  Tokens of the message
    const uint8_t *data; //  The message, borrowed
    size_t next;         //  Token to take next
    bool failed;         //  A call failed
};

//  Bytes before the characters of a string of that length.
size_t wire_string_header_size (uint64_t length);

#endif
