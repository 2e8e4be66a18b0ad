//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_json - tables as JSON, see format.h.
#ifndef SUBSCRIBER_FORMAT_JSON_H
#define SUBSCRIBER_FORMAT_JSON_H

#include <stdio.h>
#include "schema/table.h"

void format_json (const table_t *table, FILE *out);
void format_ndjson (const table_t *table, FILE *out);

#endif
