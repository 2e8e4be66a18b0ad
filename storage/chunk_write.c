//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_write - frames to columns, as storage/chunk_self.h lays them out.
#include "storage/chunk_self.h"

#include <assert.h>
#include "storage/column.h"

#define PART_BYTES 8192 //  More than most metrics take

//  Put the templates. Returns 0 or -1.
static int
s_put_templates (bytes_t *bytes, const sheet_t *sheet)
{
    bytes_put_varint (bytes, sheet->template_count);
    for (unsigned i = 0; i < sheet->template_count; i++) {
        uint8_t buffer[1024];
        size_t size = frame_encode (&sheet->templates[i], buffer, sizeof buffer);
        if (size == 0)
            return -1;
        bytes_put_varint (bytes, size);
        bytes_put (bytes, buffer, size);
    }
    return 0;
}

//  Totals as what they differ by from the sum of the one before and the frame's own.
static void
s_put_totals (bytes_t *bytes, const column_t totals, const column_t own, unsigned count)
{
    column_t off;
    uint64_t before = totals[0] - own[0];
    bytes_put_varint (bytes, before);
    for (unsigned i = 0; i < count; i++) {
        off[i] = totals[i] - own[i] - before;
        before = totals[i];
    }
    column_put (bytes, off, count);
}

static void
s_put_metric (bytes_t *bytes, const sheet_t *sheet, unsigned id)
{
    const sheet_metric_t *metric = &sheet->metrics[id];
    unsigned count = sheet->count;
    column_put (bytes, metric->measured, count);
    column_put (bytes, metric->accrued_ns, count);
    column_put (bytes, chunk_is_count (id) ? metric->counts : metric->sums, count);
    s_put_totals (bytes, metric->total_counts, metric->counts, count);
    s_put_totals (bytes, metric->total_sums, metric->sums, count);
    if (!chunk_is_count (id))
        counts_put (sheet->writer, bytes, metric->frames, count, metric->first, metric->end);
}

int
chunk_write (bytes_t *bytes, const sheet_t *sheet)
{
    bytes_t part = {0};
    assert (sheet->count > 0);
    bytes_put_varint (bytes, sheet->count);
    if (s_put_templates (bytes, sheet))
        return -1;
    bytes_reserve (&part, PART_BYTES);
    for (size_t i = 0; i < SHEET_COLUMNS; i++)
        column_put (bytes, sheet->columns[i], sheet->count);
    bytes_put_varint (bytes, METRIC_COUNT_);
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        part.size = 0;
        if (sheet->metrics[id].present)
            s_put_metric (&part, sheet, id);
        bytes_put_varint (bytes, part.size);
        bytes_put (bytes, part.data, part.size);
    }
    bytes_clear (&part);
    return 0;
}
