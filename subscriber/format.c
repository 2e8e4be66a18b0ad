//  SPDX-License-Identifier: GPL-2.0-or-later
//  format - see format.h.
#include "subscriber/format.h"

#include <string.h>
#include "subscriber/format_delimited.h"
#include "subscriber/format_heat.h"
#include "subscriber/format_json.h"
#include "subscriber/format_table.h"
#include "subscriber/format_vertical.h"
#include "subscriber/sheet.h"

static const char *const s_names[] = {
    [FORMAT_AUTO] = "auto", [FORMAT_TABLE] = "table",   [FORMAT_VERTICAL] = "vertical",
    [FORMAT_HEAT] = "heat", [FORMAT_CSV] = "csv",       [FORMAT_TSV] = "tsv",
    [FORMAT_JSON] = "json", [FORMAT_NDJSON] = "ndjson",
};

int
format_find (const char *name, format_t *format)
{
    for (size_t i = 0; i < sizeof s_names / sizeof s_names[0]; i++)
        if (strcmp (s_names[i], name) == 0) {
            *format = (format_t) i;
            return 0;
        }
    return -1;
}

const char *
format_name (format_t format)
{
    return s_names[format];
}

bool
format_is_for_people (format_t format)
{
    return format == FORMAT_AUTO || format == FORMAT_TABLE || format == FORMAT_VERTICAL ||
           format == FORMAT_HEAT;
}

//  Who selects has asked for each column; of what is shown the first ones matter most.
static void
s_print_auto (const table_t *table, const screen_t *screen, FILE *out)
{
    if (table_rows (table) == 0 || format_table_fits (table, screen))
        format_table (table, screen, out);
    else if (table_has_coverage (table) || !format_table_leading (table, screen, out))
        format_vertical (table, screen, out);
}

void
format_print (format_t format, const table_t *table, const screen_t *screen, FILE *out)
{
    switch (format) {
    case FORMAT_AUTO:
        s_print_auto (table, screen, out);
        break;
    case FORMAT_HEAT:
        if (format_heat_draws (table))
            format_heat (table, screen, out);
        else
            s_print_auto (table, screen, out);
        break;
    case FORMAT_TABLE:
        format_table (table, screen, out);
        break;
    case FORMAT_VERTICAL:
        format_vertical (table, screen, out);
        break;
    case FORMAT_CSV:
        format_csv (table, out);
        break;
    case FORMAT_TSV:
        format_tsv (table, out);
        break;
    case FORMAT_JSON:
        format_json (table, out);
        break;
    case FORMAT_NDJSON:
        format_ndjson (table, out);
        break;
    }
}
