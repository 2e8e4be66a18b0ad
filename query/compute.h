//  SPDX-License-Identifier: GPL-2.0-or-later
//  compute - the value of one expression for one partial. Pure.
#ifndef QUERY_COMPUTE_H
#define QUERY_COMPUTE_H

#include "query/expression.h"
#include "schema/partial.h"
#include "schema/table.h"

//  The cell: real, sum, buckets (whose histogram is the caller's to free), or null where no frame
//  of the partial measured the metric, or where there is no such value (the mean of no events).
//
//      avg        sum / events; of a count metric the mean per present second
//      sum count  exact totals of the events that ended in the window
//      rate       events per present second
//      time       accrued inside the window, stints in progress included
//      min max    the outer edges of the buckets that hold events
//      pN         nearest rank, within 4.4 % (histogram_quantile)
cell_t expression_compute (const expression_t *expression, const partial_t *partial);

//  The unit of its column.
unit_t expression_unit (const expression_t *expression);

#endif
