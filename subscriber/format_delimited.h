//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_delimited - tables as CSV and TSV, see format.h.
#ifndef SUBSCRIBER_FORMAT_DELIMITED_H
#define SUBSCRIBER_FORMAT_DELIMITED_H

#include <stdio.h>
#include "schema/table.h"

void format_csv (const table_t *table, FILE *out);
//  Without the header, which an earlier table with the same columns had.
void format_csv_rows (const table_t *table, FILE *out);
void format_tsv (const table_t *table, FILE *out);

#endif
