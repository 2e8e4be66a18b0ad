//  SPDX-License-Identifier: GPL-2.0-or-later
//  source - picks the kind of source and passes calls on to it.
#include "publisher/source.h"
#include "program/exit_code.h"
#include "publisher/source_ops.h"
#include <string.h>

//  What follows the prefix, or NULL where text does not begin with it.
static const char *
s_after (const char *text, const char *prefix)
{
    size_t length = strlen (prefix);
    return strncmp (text, prefix, length) == 0 ? text + length : NULL;
}

source_t *
source_new (const char *text, const scope_t *scope, source_error_t *error)
{
    const char *path = s_after (text, "replay:");
    const char *spec = s_after (text, "synthetic:");
    if (strcmp (text, "bpf") == 0)
        return source_new_bpf (scope, error);
    if (path)
        return source_new_replay (path, error);
    if (spec)
        return source_new_synthetic (spec, error);
    return source_fail (error, EXIT_USAGE,
                        "source: '%.100s' is unknown: write bpf, replay:FILE or synthetic:SPEC",
                        text);
}

void
source_destroy (source_t **self_p)
{
    if (*self_p)
        (*self_p)->destroy (*self_p);
    *self_p = NULL;
}

int
source_read (source_t *self, frame_t *frame)
{
    return self->read (self, frame);
}
