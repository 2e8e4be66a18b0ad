//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_file - frames one after another in a file. A name that ends in .json means JSON, one
//  object a line (schema/frame_json.h); any other means payloads as on the wire, one after another.
//  Memory is bounded whatever the file holds. Not safe for use by two threads.
//
//      frame_file_t *file = frame_file_open ("db/metrics.json", FRAME_FILE_READ, error);
//      while (frame_file_next (file, &frame, error) == 1)
//          ...
//      frame_file_close (&file);
#ifndef SCHEMA_FRAME_FILE_H
#define SCHEMA_FRAME_FILE_H

#include <stdbool.h>
#include "schema/frame.h"

typedef enum {
    FRAME_FILE_READ,
    FRAME_FILE_APPEND //  Made where it does not exist; its folder must
} frame_file_mode_t;

typedef struct frame_file_t frame_file_t;

#define FRAME_FILE_ERROR_MAX 511

//  Open a file. Returns NULL and fills error (one line: the file, why) on failure.
frame_file_t *frame_file_open (const char *path, frame_file_mode_t mode,
                               char error[FRAME_FILE_ERROR_MAX + 1]);
void frame_file_close (frame_file_t **self_p);

//  Append a frame in one write, so that a killed writer leaves whole frames only; what a full disk
//  cuts short is taken back. Returns 0, or -1 and fills error.
int frame_file_append (frame_file_t *self, const frame_t *frame,
                       char error[FRAME_FILE_ERROR_MAX + 1]);

//  Read the next frame. Returns 1; 0 at the end; -1 where the file is damaged or cannot be read,
//  and says in error at which byte. Frames before the damage are good; nothing after it is read.
int frame_file_next (frame_file_t *self, frame_t *frame, char error[FRAME_FILE_ERROR_MAX + 1]);

//  True for a path whose frames are JSON.
bool frame_file_is_json (const char *path);

#endif
