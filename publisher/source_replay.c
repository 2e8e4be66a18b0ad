//  SPDX-License-Identifier: GPL-2.0-or-later
//  source_replay - the frames of a recorded file, one a tick, again and again. What was measured is
//  the recording's; node, time and cost are this worker's. Frames say that they are replayed; those
//  of an invented recording stay marked as invented.
#include "program/exit_code.h"
#include "publisher/source_ops.h"
#include "schema/frame_file.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    source_t ops;
    char *path;
    frame_file_t *file; //  NULL: at its end, to be opened again
    frame_t recorded;   //  Read ahead, so that an empty file is refused at the start
    bool begun;         //  A first reading was given
    char error[FRAME_FILE_ERROR_MAX + 1];
} replay_t;

//  Returns 0, or -1 where not even one frame could be read.
static int
s_read_first (replay_t *self)
{
    frame_file_close (&self->file);
    self->file = frame_file_open (self->path, FRAME_FILE_READ, self->error);
    return self->file && frame_file_next (self->file, &self->recorded, self->error) == 1 ? 0 : -1;
}

//  A file whose end is damaged is replayed up to there.
static int
s_read_next (replay_t *self)
{
    if (self->file && frame_file_next (self->file, &self->recorded, self->error) == 1)
        return 0;
    return s_read_first (self);
}

static void
s_copy_measurements (frame_t *frame, const frame_t *recorded)
{
    memcpy (frame->metrics, recorded->metrics, sizeof frame->metrics);
    frame->scope = recorded->scope;
    frame->losses.discards = recorded->losses.discards;
    frame->losses.missing_storage = recorded->losses.missing_storage;
    bool invented = recorded->source == FRAME_FROM_SYNTHETIC;
    frame->source = invented ? FRAME_FROM_SYNTHETIC : FRAME_FROM_REPLAY;
}

//  The first reading covers what lies before the first frame: nothing of the recording.
static int
s_read (source_t *source, frame_t *frame)
{
    replay_t *self = (replay_t *) source;
    if (!self->begun) {
        self->begun = true;
        return 0;
    }
    s_copy_measurements (frame, &self->recorded);
    return s_read_next (self);
}

static void
s_destroy (source_t *source)
{
    replay_t *self = (replay_t *) source;
    frame_file_close (&self->file);
    free (self->path);
    free (self);
}

source_t *
source_new_replay (const char *path, source_error_t *error)
{
    replay_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ops = (source_t){.read = s_read, .destroy = s_destroy};
    self->path = strdup (path);
    assert (self->path);
    if (s_read_first (self) == 0)
        return &self->ops;
    if (self->error[0])
        source_fail (error, EXIT_FAILED, "%s", self->error);
    else
        source_fail (error, EXIT_FAILED, "%.300s: holds no frames to replay", path);
    s_destroy (&self->ops);
    return NULL;
}
