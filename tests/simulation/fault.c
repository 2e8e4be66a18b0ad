//  SPDX-License-Identifier: GPL-2.0-or-later
//  fault - see fault.h.
#include "tests/simulation/fault.h"
#include "tests/simulation/world.h"
#include <stdio.h>

static const char *const s_names[FAULT_KINDS] = {
    [FAULT_CUT] = "cut both ways",
    [FAULT_CUT_UP] = "cut from worker",
    [FAULT_CUT_DOWN] = "cut to worker",
    [FAULT_LOSS] = "loss",
    [FAULT_DUPLICATE] = "duplication",
    [FAULT_DELAY] = "delay and reordering",
    [FAULT_GARBLE] = "garbling",
    [FAULT_CONFLICT] = "conflicting duplicates",
    [FAULT_WORKER_KILL] = "worker killed",
    [FAULT_WORKER_STOP] = "worker stopped",
    [FAULT_WORKER_POWER] = "worker loses power",
    [FAULT_BROKER_KILL] = "broker killed",
    [FAULT_BROKER_STOP] = "broker stopped",
    [FAULT_BROKER_FULL] = "broker's disk full",
    [FAULT_CLOCK_STEP] = "worker's clock set",
    [FAULT_SPOOL_FULL] = "spool's disk full",
    [FAULT_SPOOL_LOST] = "spool lost",
    [FAULT_RETENTION] = "short retention",
    [FAULT_LIE_SILENT] = "worker does not answer",
    [FAULT_LIE_EMPTY] = "empty replays",
    [FAULT_LIE_SHORT] = "short replays",
    [FAULT_LIE_ELSEWHERE] = "replays of other frames",
};

size_t
faults_draw (uint64_t seed, unsigned workers, int64_t from_ms, int64_t until_ms,
             fault_t faults[FAULTS_MAX])
{
    world_t *chance = world_new (~seed, false);
    size_t count = FAULTS_MIN + world_random (chance, FAULTS_MAX - FAULTS_MIN + 1);
    for (size_t i = 0; i < count; i++) {
        fault_t *fault = &faults[i];
        fault->kind = (fault_kind_t) world_random (chance, FAULT_KINDS);
        fault->worker = (unsigned) world_random (chance, workers);
        fault->start_ms =
            from_ms + (int64_t) world_random (chance, (uint64_t) (until_ms - from_ms));
        fault->duration_ms = 100 + (int64_t) world_random (chance, 40000);
        if (fault->start_ms + fault->duration_ms > until_ms)
            fault->duration_ms = until_ms - fault->start_ms;
        fault->amount = (unsigned) world_random (chance, 100);
    }
    world_destroy (&chance);
    return count;
}

void
fault_print (const fault_t *self, char text[128])
{
    snprintf (text, 128, "%7.3f s to %7.3f s  n%u  %s (%u)", (double) self->start_ms / 1000.0,
              (double) (self->start_ms + self->duration_ms) / 1000.0, self->worker + 1,
              s_names[self->kind], self->amount);
}
