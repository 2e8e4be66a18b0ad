//  SPDX-License-Identifier: GPL-2.0-or-later
//  remarks - what a reader must know about an answer besides its numbers; for standard error.
#ifndef SUBSCRIBER_REMARKS_H
#define SUBSCRIBER_REMARKS_H

#include <stdio.h>
#include "schema/table.h"

//  Say which nodes' data were not measured on a kernel. Nothing where all were. Belongs with every
//  format.
void remark_source (const table_t *table, FILE *out);

//  "(3 rows)", and how many of them lack seconds of their window. For people's formats.
void remark_rows (const table_t *table, FILE *out);

//  Say where a window [since, until) lies in 1970: a number alone is a unix time.
void remark_window (int64_t since_wall_s, int64_t until_wall_s, FILE *out);

//  Append a name to a list like "n1, n2, n3 and 4 more". index counts from 0, of count in all.
void remark_name (const char *name, size_t index, size_t count, FILE *out);

#endif
