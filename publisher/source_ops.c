//  SPDX-License-Identifier: GPL-2.0-or-later
//  source_ops - see source_ops.h.

#include "publisher/source_ops.h"

#include <stdarg.h>
#include <stdio.h>

void *
source_fail (source_error_t *error, int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    error->exit_code = exit_code;
    vsnprintf (error->text, sizeof error->text, format, arguments);
    va_end (arguments);
    return NULL;
}
