//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire - canonical msgpack: the only code that touches msgpack-c.
//
//  Canonical means: arrays, unsigned and signed integers, strings and nil only, every length and
//  integer in its shortest form. What the reader accepts the writer would write byte for byte.
//  Nothing here allocates after wire_reader_new, asserts on input, or reads past the end.
#ifndef SCHEMA_WIRE_H
#define SCHEMA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Longest message part that is read, in bytes.
#define WIRE_MAX_BYTES 65536

//  A writer into the caller's buffer. When the buffer is too small it sets overflow, keeps
//  counting and writes nothing more; check once, at the end.
typedef struct {
    uint8_t *data;   //  Caller's buffer
    size_t capacity; //  Its size, bytes
    size_t size;     //  Bytes written so far
    bool overflow;   //  Something did not fit
} wire_writer_t;

void
wire_writer_init (wire_writer_t *self, void *buffer, size_t capacity);
void
wire_put_array (wire_writer_t *self, uint32_t items);
void
wire_put_uint (wire_writer_t *self, uint64_t value);
void
wire_put_int (wire_writer_t *self, int64_t value);
void
wire_put_string (wire_writer_t *self, const char *text, size_t length);
void
wire_put_nil (wire_writer_t *self);
//  Append bytes that are canonical msgpack already.
void
wire_put_raw (wire_writer_t *self, const void *data, size_t size);

//  A reader that holds the tokens of one message at a time. Not safe for use by two threads.
typedef struct wire_reader_t wire_reader_t;

wire_reader_t *
wire_reader_new (void);
void
wire_reader_destroy (wire_reader_t **self_p);

//  Tokenise one message of one top-level item. Returns 0, or -1 when the bytes are not canonical
//  msgpack of these types, nest deeper than 8, are longer than WIRE_MAX_BYTES, or do not end
//  exactly where the item ends. The data must outlive the reading (strings point into it).
int
wire_read (wire_reader_t *self, const void *data, size_t size);

//  Take the next token, in the order of the bytes. Return 0, or -1 when the next token is of
//  another type or there is none; after a -1 every further call returns -1 too, so that a
//  sequence may be checked once at its end by wire_done.
int
wire_take_array (wire_reader_t *self, uint32_t *items);
int
wire_take_uint (wire_reader_t *self, uint64_t *value);
int
wire_take_int (wire_reader_t *self, int64_t *value);
int
wire_take_string (wire_reader_t *self, const char **text, size_t *length);
int
wire_take_nil (wire_reader_t *self);
//  Copy a string of at most capacity - 1 bytes without NUL bytes, terminated. Returns 0 or -1.
int
wire_take_text (wire_reader_t *self, char *buffer, size_t capacity);
//  True where the next token is nil (it is not taken).
bool
wire_is_nil (const wire_reader_t *self);
//  Byte offset at which the next token starts, from the start of the message.
size_t
wire_offset (const wire_reader_t *self);
//  0 when all tokens were taken and none failed, else -1.
int
wire_done (const wire_reader_t *self);

#endif
