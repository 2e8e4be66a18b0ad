//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire - canonical msgpack: the only code that touches msgpack-c.
//
//  Canonical means: arrays, unsigned and signed integers, 64-bit reals, strings and nil only;
//  every length and integer in its shortest form, integers from 0 up in an unsigned one; reals
//  finite. What the reader accepts the writer would write byte for byte.
//  Nothing here allocates after wire_reader_new, asserts on input, or reads past the end.
#ifndef SCHEMA_WIRE_H
#define SCHEMA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Longest message part that is read, in bytes.
#define WIRE_MAX_BYTES 65536
//  Deepest nesting that is read; the item itself is level 1.
#define WIRE_MAX_DEPTH 8

//  A writer into the caller's buffer. When the buffer is too small it sets overflow, keeps
//  counting and writes nothing more; check once, at the end.
typedef struct {
    uint8_t *data;   //  Caller's buffer
    size_t capacity; //  Its size, bytes
    size_t size;     //  Bytes written so far
    bool overflow;   //  Something did not fit
} wire_writer_t;

void wire_writer_init (wire_writer_t *self, void *buffer, size_t capacity);
void wire_put_array (wire_writer_t *self, uint32_t items);
void wire_put_uint (wire_writer_t *self, uint64_t value);
//  So many unsigned integers, one after another.
void wire_put_uints (wire_writer_t *self, const uint64_t *values, size_t count);
void wire_put_int (wire_writer_t *self, int64_t value);
//  value must be finite.
void wire_put_real (wire_writer_t *self, double value);
void wire_put_string (wire_writer_t *self, const char *text, size_t length);
//  Put text as wire_take_text takes it: cut to max bytes at a character's boundary, and "?" in
//  place of every byte that is no part of valid text.
void wire_put_text (wire_writer_t *self, const char *text, size_t max);
void wire_put_nil (wire_writer_t *self);
//  The size of what was written, or 0 when it did not fit.
size_t wire_writer_size (const wire_writer_t *self);

//  A reader of one message at a time. Not safe for use by two threads.
typedef struct wire_reader_t wire_reader_t;

wire_reader_t *wire_reader_new (void);
void wire_reader_destroy (wire_reader_t **self_p);

//  Check one message of one top-level item. Returns 0, or -1 when the bytes are not canonical
//  msgpack of these types, nest deeper than WIRE_MAX_DEPTH, are longer than WIRE_MAX_BYTES, or do
//  not end exactly where the item ends. The data must outlive the reading.
int wire_read (wire_reader_t *self, const void *data, size_t size);

//  The same without looking ahead: each token is checked when it is taken, and wire_done says
//  whether the message was one all the way. For readers that take every token, and believe no
//  array's length before its items came.
void wire_open (wire_reader_t *self, const void *data, size_t size);

//  The same of what a message of any length begins with: its first WIRE_MAX_BYTES. For telling who
//  sent what cannot be read.
void wire_open_beginning (wire_reader_t *self, const void *data, size_t size);

//  Check the first of items that stand one after another, as in a file. Returns 1 and its size
//  in *used; 0 when the data end before the item does; -1 when it is not canonical msgpack, or
//  longer than WIRE_MAX_BYTES.
int wire_read_first (wire_reader_t *self, const void *data, size_t size, size_t *used);

//  Take the next token, in the order of the bytes. Return 0, or -1 when the next token is of
//  another type or there is none; after a -1 every further call returns -1 too, so that a
//  sequence may be checked once at its end by wire_done.
int wire_take_array (wire_reader_t *self, uint32_t *items);
int wire_take_uint (wire_reader_t *self, uint64_t *value);
int wire_take_int (wire_reader_t *self, int64_t *value);
//  So many unsigned integers, one after another.
int wire_take_uints (wire_reader_t *self, uint64_t *values, size_t count);
int wire_take_real (wire_reader_t *self, double *value);
//  text is not terminated and points into the message.
int wire_take_string (wire_reader_t *self, const char **text, size_t *length);
int wire_take_nil (wire_reader_t *self);
//  An array of exactly so many items.
int wire_expect_array (wire_reader_t *self, uint32_t items);
//  An unsigned integer of at most max.
int wire_take_limited (wire_reader_t *self, uint64_t max, uint64_t *value);
//  An unsigned integer 0 or 1.
int wire_take_bool (wire_reader_t *self, bool *value);
//  Copy a string of at most capacity - 1 bytes of valid text (schema/text.h), terminated.
int wire_take_text (wire_reader_t *self, char *buffer, size_t capacity);

//  What the next token is (it is not taken).
typedef enum {
    WIRE_END, //  There is none, or a call failed
    WIRE_ARRAY,
    WIRE_UINT, //  An integer from 0 up
    WIRE_INT,  //  An integer below 0
    WIRE_REAL,
    WIRE_STRING,
    WIRE_NIL
} wire_type_t;
wire_type_t wire_next (const wire_reader_t *self);
//  Items of the array that is the next token; 0 where it is another.
uint32_t wire_next_items (const wire_reader_t *self);
//  True where the next token is nil.
bool wire_is_nil (const wire_reader_t *self);
//  Byte offset at which the next token starts, from the start of the message.
size_t wire_offset (const wire_reader_t *self);
//  0 when all tokens were taken and none failed, else -1.
int wire_done (const wire_reader_t *self);

#endif
