//  SPDX-License-Identifier: GPL-2.0-or-later
//  run - one simulated run: workers, a broker, faults, and the promises checked at the end.
#ifndef SIMULATION_RUN_H
#define SIMULATION_RUN_H

#include "tests/simulation/fault.h"
#include "tests/simulation/memory_store.h"

#define RUN_FAULTY_MS  260000 //  Faults end by then
#define RUN_MS         300000 //  The last frames that must have arrived
#define RUN_SETTLED_MS 360000 //  Long enough after that for the longest back-off

typedef struct {
    uint64_t seed;
    plant_t plant;
    uint64_t without; //  Bit i: leave fault i out
    bool tracing;     //  Print the end of the trace where a promise is broken
} run_options_t;

typedef struct {
    char broken[256]; //  The promise that was broken; "" where all were kept
    unsigned workers;
    size_t fault_count;
    fault_t faults[FAULTS_MAX];
    uint64_t issued, refilled, conflicts, lost;
} run_result_t;

void run_simulate (const run_options_t *options, run_result_t *result);

#endif
