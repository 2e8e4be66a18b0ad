//  SPDX-License-Identifier: GPL-2.0-or-later
//  local_times - times of day mean the zone of who wrote them, which who answers cannot know.
#ifndef QUERY_LOCAL_TIMES_H
#define QUERY_LOCAL_TIMES_H

#include <stddef.h>

//  A copy of the statement in which the quoted times behind since and until that have no Z are unix
//  times, read in this process's zone. It has the same size, and all else stands where it stood, so
//  that places in errors stay true; what is no time, or no statement, is left to be refused. Caller
//  frees.
char *local_times_resolve (const char *text, size_t size);

#endif
