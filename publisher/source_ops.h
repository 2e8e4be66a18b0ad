//  SPDX-License-Identifier: GPL-2.0-or-later
//  source_ops - what each kind of source implements. source.c dispatches; nobody else includes
//  this but the sources themselves.
#ifndef PUBLISHER_SOURCE_OPS_H
#define PUBLISHER_SOURCE_OPS_H

#include "publisher/source.h"

//  Allocated by source_new_X as the first member of its own state; read and destroy cast back.
struct source_t {
    int (*read) (source_t *self, frame_t *frame); //  As source_read
    void (*destroy) (source_t *self);             //  Frees self and all it holds
};

//  Fill error and return NULL, for "return source_fail (...)".
void *source_fail (source_error_t *error, int exit_code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
