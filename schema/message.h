//  SPDX-License-Identifier: GPL-2.0-or-later
//  message - requests and replies on the ROUTER sockets of workers and brokers.
//
//  A message is one or more parts. Part 0 is its header, canonical msgpack:
//
//      request  [1, "ask", id, form, timeout_ms, statement]
//      reply    [1, "answer", id, form, since_wall_s, until_wall_s]
//                   + parts: form "rows": the table's columns, then a part per row;
//                            form "partials": a part per partial
//      reply    [1, "error", id, code, position, message, expected, hint]
//      request  [1, "announce", node, publish endpoint, answer endpoint, version]     no reply
//
//      request  [1, "ask-manifest", id, node, from_epoch, from_seq]
//      reply    [1, "manifest", id, node] + a part: a page of it (schema/manifest.h)
//      request  [1, "ask-replay", id, node, epoch, first_seq, last_seq]
//      reply    [1, "replay", id, node, epoch, first_seq, through_seq] + a part per frame
//
//  id is the asker's own number, returned as it came. position is the byte of the statement at
//  which an error lies, -1 where it has none. A replay covers first_seq to through_seq, which may
//  be less than was asked for; frames of that stretch that are not in it are not held.
#ifndef SCHEMA_MESSAGE_H
#define SCHEMA_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/frame.h"
#include "schema/manifest.h"

#define MESSAGE_VERSION     1
#define STATEMENT_MAX_BYTES 65000 //  What fits one part with its header
#define ENDPOINT_MAX        255
#define MESSAGE_TEXT_MAX    511

typedef enum {
    FORM_ROWS,    //  The answer is a table
    FORM_PARTIALS //  A select's answer is partials, to be joined and finished by the asker
} answer_form_t;

typedef enum {
    MESSAGE_ASK,
    MESSAGE_ANSWER,
    MESSAGE_ERROR,
    MESSAGE_ANNOUNCE,
    MESSAGE_ASK_MANIFEST,
    MESSAGE_MANIFEST,
    MESSAGE_ASK_REPLAY,
    MESSAGE_REPLAY
} message_kind_t;

typedef enum {
    ERROR_SYNTAX,      //  The statement cannot be read
    ERROR_UNKNOWN,     //  It names a node, metric or function that does not exist
    ERROR_UNSUPPORTED, //  It asks what is not recorded, or cannot be computed
    ERROR_BUSY,        //  Too many statements are waiting; try again
    ERROR_INTERNAL     //  The store could not be read
} error_code_t;

//  One header, decoded. Only the members of its kind are meaningful. Texts are terminated
//  copies except statement, which points into the data it was decoded from.
typedef struct {
    message_kind_t kind;
    uint64_t id;
    answer_form_t form;
    uint32_t timeout_ms;   //  ASK
    const char *statement; //  ASK: not terminated
    size_t statement_size;
    int64_t since_wall_s; //  ANSWER to a select: the window; 0 otherwise
    int64_t until_wall_s;
    error_code_t code;                   //  ERROR
    int32_t position;                    //  ERROR: byte in the statement, or -1
    char text[MESSAGE_TEXT_MAX + 1];     //  ERROR: what is wrong
    char expected[MESSAGE_TEXT_MAX + 1]; //  ERROR: what may stand there, or ""
    char hint[MESSAGE_TEXT_MAX + 1];     //  ERROR: a guess or a way out, or ""
    char node[NODE_NAME_MAX + 1];        //  ANNOUNCE, and all of manifest and replay
    char publish_endpoint[ENDPOINT_MAX + 1];
    char answer_endpoint[ENDPOINT_MAX + 1];
    char version[VERSION_TEXT_MAX + 1];
    uint64_t from_epoch, from_seq; //  ASK_MANIFEST
    seq_range_t range;             //  ASK_REPLAY: frames asked for; REPLAY: frames covered
} message_t;

//  Encode a header. Returns its size, or 0 if it does not fit. Texts too long are cut at a
//  character's boundary.
size_t message_encode (const message_t *self, void *buffer, size_t capacity);

//  Decode a header; returns 0, or -1 when malformed. Trusts nothing.
int message_decode (message_t *self, wire_reader_t *reader, const void *data, size_t size);

//  Of an ASK longer than any message: who asks and how long the statement is, for telling him so.
//  statement is NULL. Returns 0, or -1 where it is none.
int message_decode_long_ask (message_t *self, wire_reader_t *reader, const void *data, size_t size);

#endif
