//  SPDX-License-Identifier: GPL-2.0-or-later
//  tables - what the broker says to show nodes, show gaps and show stats, from its registry, its
//  store and its counters. Called on the service's thread.
#ifndef BROKER_TABLES_H
#define BROKER_TABLES_H

#include "broker/intake.h"
#include "broker/recorder.h"
#include "broker/refill.h"
#include "broker/registry.h"
#include "query/answer.h"
#include "query/service.h"
#include "storage/keeper.h"

typedef struct tables_t tables_t;

//  All are borrowed and must outlive the tables.
tables_t *tables_new (store_t *store, keeper_t *keeper, registry_t *registry, recorder_t *recorder,
                      refill_t *refill);
void tables_destroy (tables_t **self_p);

//  The counters of intake, which is another thread's, as of now.
void tables_set_intake (tables_t *self, const intake_stats_t *stats);

//  Make the table of SHOW_NODES, SHOW_GAPS or SHOW_STATS; the caller destroys it. Returns 0, or
//  -1 and fills error.
int tables_show (tables_t *self, statement_kind_t kind, table_t **table, query_error_t *error);

#endif
