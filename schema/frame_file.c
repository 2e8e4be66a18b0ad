//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_file - frames in files. A window of the file, large enough for one frame of either form,
//  is kept in memory; a frame is cut off its front.

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/frame_file.h"
#include "schema/frame_json.h"

#define WINDOW_BYTES (FRAME_JSON_MAX_BYTES + 1) //  With its newline

_Static_assert(WINDOW_BYTES > FRAME_MAX_BYTES, "the window holds a frame of either form");

struct frame_file_t {
    int fd;
    char *path;
    bool json;             //  Frames are lines of JSON
    bool ended;            //  The window holds all that is left
    wire_reader_t *reader; //  Scratch
    char *window;          //  WINDOW_BYTES of the file
    size_t start;          //  In the window: the next frame
    size_t end;            //  In the window: behind what was read
    uint64_t offset;       //  In the file: the next frame
};

bool
frame_file_is_json (const char *path)
{
    size_t length = strlen (path);
    return length >= 5 && strcmp (path + length - 5, ".json") == 0;
}

static int
s_refuse (const frame_file_t *self, const char *what, const char *why, char *error)
{
    snprintf (error, FRAME_FILE_ERROR_MAX + 1, "%s: %s: %s", self->path, what, why);
    return -1;
}

frame_file_t *
frame_file_open (const char *path, frame_file_mode_t mode, char error[FRAME_FILE_ERROR_MAX + 1])
{
    int flags = mode == FRAME_FILE_READ ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
    int fd = open (path, flags | O_CLOEXEC, 0644);
    if (fd < 0) {
        snprintf (error, FRAME_FILE_ERROR_MAX + 1, "%s: cannot be opened: %s", path,
                  strerror (errno));
        return NULL;
    }
    frame_file_t *self = calloc (1, sizeof *self);
    assert (self);
    self->fd = fd;
    self->path = strdup (path);
    self->json = frame_file_is_json (path);
    self->reader = wire_reader_new ();
    self->window = malloc (WINDOW_BYTES);
    assert (self->path && self->window);
    return self;
}

void
frame_file_close (frame_file_t **self_p)
{
    frame_file_t *self = *self_p;
    if (self) {
        close (self->fd);
        wire_reader_destroy (&self->reader);
        free (self->window);
        free (self->path);
        free (self);
        *self_p = NULL;
    }
}

//  --- appending ----------------------------------------------------------------------------------

//  The frame's bytes in the window. Returns how many, or 0 where the frame has a fault.
static size_t
s_fill_window (frame_file_t *self, const frame_t *frame)
{
    if (!self->json)
        return frame_encode (frame, self->window, WINDOW_BYTES);
    char *text = frame_json_encode (frame);
    size_t size = text ? strlen (text) : 0;
    if (size > 0) {
        assert (size < WINDOW_BYTES);
        memcpy (self->window, text, size);
        self->window[size++] = '\n';
    }
    free (text);
    return size;
}

//  Write all or nothing: a part that was written is cut off again.
static int
s_write (frame_file_t *self, size_t size)
{
    ssize_t written;
    do
        written = write (self->fd, self->window, size);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t) size)
        return 0;
    int reason = written < 0 ? errno : ENOSPC;
    if (written > 0) {
        off_t end = lseek (self->fd, 0, SEEK_END);
        if (end >= written && ftruncate (self->fd, end - written) != 0)
            reason = errno;
    }
    errno = reason;
    return -1;
}

int
frame_file_append (frame_file_t *self, const frame_t *frame, char error[FRAME_FILE_ERROR_MAX + 1])
{
    size_t size = s_fill_window (self, frame);
    if (size == 0)
        return s_refuse (self, "this is no frame", frame_fault (frame), error);
    if (s_write (self, size))
        return s_refuse (self, "cannot be written", strerror (errno), error);
    return 0;
}

//  --- reading ------------------------------------------------------------------------------------

//  Move what is left to the front of the window and fill the rest from the file.
static int
s_read_on (frame_file_t *self)
{
    self->end -= self->start;
    memmove (self->window, self->window + self->start, self->end);
    self->start = 0;
    while (!self->ended && self->end < WINDOW_BYTES) {
        ssize_t size = read (self->fd, self->window + self->end, WINDOW_BYTES - self->end);
        if (size < 0 && errno != EINTR)
            return -1;
        if (size > 0)
            self->end += (size_t) size;
        self->ended = size == 0;
    }
    return 0;
}

//  Decode the frame at the front of the window. Returns 1 and its size in *used, 0 where its end
//  is not in the window, -1 where it is damaged.
static int
s_next_payload (frame_file_t *self, frame_t *frame, size_t *used, const char **reason)
{
    const char *front = self->window + self->start;
    int rc = wire_read_first (self->reader, front, self->end - self->start, used);
    if (rc < 0)
        *reason = "it is not one item of canonical msgpack of at most 64 KiB";
    if (rc == 1 && frame_decode (frame, self->reader, front, *used, reason))
        rc = -1;
    return rc;
}

static int
s_next_line (frame_file_t *self, frame_t *frame, size_t *used, const char **reason,
             char json_error[FRAME_JSON_ERROR_MAX + 1])
{
    const char *front = self->window + self->start;
    size_t left = self->end - self->start;
    const char *newline = memchr (front, '\n', left);
    *reason = json_error;
    if (left == 0 || (!newline && !self->ended && left < WINDOW_BYTES))
        return 0;
    size_t size = newline ? (size_t) (newline - front) : left;
    *used = newline ? size + 1 : size;
    return frame_json_decode (frame, front, size, json_error) ? -1 : 1;
}

static int
s_damaged (const frame_file_t *self, const char *reason, char *error)
{
    char place[64];
    snprintf (place, sizeof place, "damaged at byte %" PRIu64, self->offset);
    return s_refuse (self, place, reason, error);
}

int
frame_file_next (frame_file_t *self, frame_t *frame, char error[FRAME_FILE_ERROR_MAX + 1])
{
    char json_error[FRAME_JSON_ERROR_MAX + 1];
    const char *reason = NULL;
    size_t used = 0;
    for (;;) {
        int rc = self->json ? s_next_line (self, frame, &used, &reason, json_error)
                            : s_next_payload (self, frame, &used, &reason);
        if (rc < 0)
            return s_damaged (self, reason, error);
        if (rc == 1)
            break;
        if (self->ended)
            return self->start == self->end
                       ? 0
                       : s_damaged (self, "the file ends within a frame", error);
        if (s_read_on (self))
            return s_refuse (self, "cannot be read", strerror (errno), error);
    }
    self->start += used;
    self->offset += used;
    return 1;
}
