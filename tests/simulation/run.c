//  SPDX-License-Identifier: GPL-2.0-or-later
//  run - see run.h.
#include "tests/simulation/run.h"
#include "tests/simulation/sim_broker.h"
#include "tests/simulation/sim_worker.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    world_t *world;
    network_t network;
    archive_t archive;
    unsigned workers_count;
    sim_worker_t workers[NETWORK_WORKERS_MAX];
    sim_broker_t broker;
    unsigned conflict[NETWORK_WORKERS_MAX]; //  FAULT_CONFLICTs active
    issued_t **forged;                      //  Owned
    size_t forged_count;
    run_result_t *result;
} run_t;

//  --- faults -------------------------------------------------------------------------------------

//  Once a second, a frame that the broker holds comes again with other content.
static void
s_forge (void *context, void *arg)
{
    run_t *run = context;
    unsigned worker = (unsigned) (uintptr_t) arg;
    if (!run->conflict[worker])
        return;
    const issued_t *frame = run->archive.count
                                ? run->archive.frames[world_random (run->world, run->archive.count)]
                                : NULL;
    if (frame && frame->worker == worker && run->broker.up &&
        memory_store_find (run->broker.stores[worker], frame->epoch, frame->seq)) {
        run->forged = realloc (run->forged, (run->forged_count + 1) * sizeof *run->forged);
        assert (run->forged);
        issued_t *forged = run->forged[run->forged_count++] = archive_forge (frame);
        sim_broker_inject (&run->broker, forged);
    }
    world_after (run->world, 300, s_forge, run, arg, NULL);
}

static void
s_cut (run_t *run, unsigned worker, bool up, bool down, int change)
{
    run->network.up[worker].cut += (unsigned) (up ? change : 0);
    run->network.down[worker].cut += (unsigned) (down ? change : 0);
}

static void
s_set_paths (run_t *run, const fault_t *fault, unsigned amount)
{
    path_t *paths[] = {&run->network.up[fault->worker], &run->network.down[fault->worker]};
    for (int i = 0; i < 2; i++) {
        if (fault->kind == FAULT_LOSS)
            paths[i]->loss = amount;
        else if (fault->kind == FAULT_DUPLICATE)
            paths[i]->duplicate = amount;
        else if (fault->kind == FAULT_GARBLE)
            paths[i]->garble = amount;
        else
            paths[i]->delay_ms = 100 * amount;
    }
}

static void
s_lose_spool (sim_worker_t *worker, int64_t down_ms)
{
    sim_worker_kill (worker, down_ms);
    memory_store_destroy (&worker->spool);
    worker->spool = memory_store_new (worker->node, PLANT_NOTHING);
}

static void
s_cut_power (sim_worker_t *worker, const fault_t *fault)
{
    sim_worker_kill (worker, fault->duration_ms);
    memory_store_tear (worker->spool, fault->amount % 5);
}

//  What a fault does once, when it starts.
static void
s_strike (run_t *run, const fault_t *fault)
{
    sim_worker_t *worker = &run->workers[fault->worker];
    int64_t until_ms = fault->start_ms + fault->duration_ms;
    switch (fault->kind) {
    case FAULT_WORKER_KILL:
        worker->kill_step = (kill_step_t) (fault->amount % 3);
        worker->down_ms = fault->duration_ms;
        break;
    case FAULT_WORKER_STOP:
        worker->stopped_until_ms = until_ms;
        break;
    case FAULT_WORKER_POWER:
        s_cut_power (worker, fault);
        break;
    case FAULT_BROKER_KILL:
        sim_broker_kill (&run->broker, fault->duration_ms);
        break;
    case FAULT_BROKER_STOP:
        run->broker.stopped_until_ms = until_ms;
        break;
    case FAULT_CLOCK_STEP:
        worker->wall_offset_ms += ((int64_t) fault->amount - 50) * 60000;
        break;
    case FAULT_SPOOL_LOST:
        s_lose_spool (worker, fault->duration_ms);
        break;
    case FAULT_RETENTION:
        worker->retention = 10 + fault->amount;
        break;
    default:
        break;
    }
}

//  What a fault is while it lasts: change is 1 at its start and -1 at its end.
static void
s_switch (run_t *run, const fault_t *fault, int change)
{
    sim_worker_t *worker = &run->workers[fault->worker];
    unsigned step = (unsigned) change;
    switch (fault->kind) {
    case FAULT_CUT:
        s_cut (run, fault->worker, true, true, change);
        break;
    case FAULT_CUT_UP:
        s_cut (run, fault->worker, true, false, change);
        break;
    case FAULT_CUT_DOWN:
        s_cut (run, fault->worker, false, true, change);
        break;
    case FAULT_LOSS:
    case FAULT_DUPLICATE:
    case FAULT_DELAY:
    case FAULT_GARBLE:
        s_set_paths (run, fault, change > 0 ? fault->amount : 0);
        break;
    case FAULT_CONFLICT:
        run->conflict[fault->worker] += step;
        if (change > 0)
            s_forge (run, (void *) (uintptr_t) fault->worker);
        break;
    case FAULT_BROKER_FULL:
        run->broker.full += step;
        break;
    case FAULT_SPOOL_FULL:
        worker->spool_full += step;
        break;
    case FAULT_LIE_SILENT:
        worker->silent += step;
        break;
    case FAULT_LIE_EMPTY:
        worker->empty += step;
        break;
    case FAULT_LIE_SHORT:
        worker->brief += step;
        break;
    case FAULT_LIE_ELSEWHERE:
        worker->elsewhere += step;
        break;
    default:
        break;
    }
}

static void
s_begin_fault (void *context, void *arg)
{
    run_t *run = context;
    const fault_t *fault = arg;
    char text[128];
    fault_print (fault, text);
    world_trace (run->world, "fault: %s", text);
    s_strike (run, fault);
    s_switch (run, fault, 1);
}

static void
s_end_fault (void *context, void *arg)
{
    const fault_t *fault = arg;
    s_switch (context, fault, -1);
}

//  --- promises -----------------------------------------------------------------------------------

static void __attribute__ ((format (printf, 3, 4)))
s_break (run_t *run, const issued_t *frame, const char *format, ...)
{
    char text[128];
    va_list arguments;
    if (run->result->broken[0])
        return;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    snprintf (run->result->broken, sizeof run->result->broken,
              "%s epoch %" PRIu64 " seq %" PRIu64 ": %s", frame->node, frame->epoch, frame->seq,
              text);
}

static bool
s_is_on_record_as_lost (const run_t *run, const issued_t *frame)
{
    const losses_t *losses = memory_store_losses (run->broker.stores[frame->worker]);
    for (size_t i = 0; i < losses->count; i++) {
        const seq_range_t *range = &losses->items[i].range;
        if (range->epoch == frame->epoch && range->first_seq <= frame->seq &&
            frame->seq <= range->last_seq)
            return true;
    }
    return false;
}

//  Whether the broker can know that the frame existed: something after it was held somewhere.
static bool
s_is_knowable (const run_t *run, const issued_t *frame)
{
    const memory_store_t *stores[] = {run->broker.stores[frame->worker],
                                      run->workers[frame->worker].spool};
    for (int i = 0; i < 2; i++) {
        const ranges_t *ranges = holding_find (memory_store_holding (stores[i]), frame->epoch);
        if (ranges && ranges_last_seq (ranges) > frame->seq)
            return true;
    }
    return false;
}

static void
s_check_frame (run_t *run, const issued_t *frame)
{
    const issued_t *held =
        memory_store_find (run->broker.stores[frame->worker], frame->epoch, frame->seq);
    const issued_t *spooled =
        memory_store_find (run->workers[frame->worker].spool, frame->epoch, frame->seq);
    bool lost = s_is_on_record_as_lost (run, frame);
    if (spooled && !held)
        s_break (run, frame, "in the worker's spool, not in the broker");
    if (held && held->digest != frame->digest)
        s_break (run, frame, "the broker holds other content than was issued");
    if (held && lost)
        s_break (run, frame, "the broker holds it, and calls it lost");
    if (!held && !lost && s_is_knowable (run, frame))
        s_break (run, frame, "neither in the broker nor on record as lost");
}

static void
s_check (run_t *run)
{
    int64_t last_ms = RUN_MS;
    for (size_t i = 0; i < run->archive.count; i++) {
        const issued_t *frame = run->archive.frames[i];
        const sim_worker_t *worker = &run->workers[frame->worker];
        //  The newest frames are still under way.
        if (frame->epoch != worker->epoch ||
            frame->seq + (uint64_t) ((RUN_SETTLED_MS - last_ms) / 1000) < worker->seq)
            s_check_frame (run, frame);
    }
}

//  --- the run ------------------------------------------------------------------------------------

static void
s_open (run_t *run, const run_options_t *options)
{
    run->world = world_new (options->seed, options->tracing);
    run->workers_count = 3 + (unsigned) world_random (run->world, 2);
    run->network = (network_t){.world = run->world,
                               .to_broker = sim_broker_receive,
                               .to_worker = sim_worker_receive,
                               .broker = &run->broker};
    sim_broker_init (&run->broker, run->world, &run->network, run->workers_count, options->plant);
    for (unsigned i = 0; i < run->workers_count; i++) {
        sim_worker_init (&run->workers[i], run->world, &run->network, &run->archive, i);
        run->network.workers[i] = &run->workers[i];
        sim_worker_start (&run->workers[i]);
    }
    sim_broker_start (&run->broker);
}

static void
s_schedule (run_t *run, const run_options_t *options)
{
    run_result_t *result = run->result;
    result->fault_count =
        faults_draw (options->seed, run->workers_count, 5000, RUN_FAULTY_MS, result->faults);
    for (size_t i = 0; i < result->fault_count; i++) {
        fault_t *fault = &result->faults[i];
        if (options->without >> i & 1)
            continue;
        world_after (run->world, fault->start_ms, s_begin_fault, run, fault, NULL);
        world_after (run->world, fault->start_ms + fault->duration_ms, s_end_fault, run, fault,
                     NULL);
    }
}

static void
s_close (run_t *run)
{
    sim_broker_fini (&run->broker);
    for (unsigned i = 0; i < run->workers_count; i++)
        sim_worker_fini (&run->workers[i]);
    world_destroy (&run->world);
    archive_clear (&run->archive);
    for (size_t i = 0; i < run->forged_count; i++)
        free (run->forged[i]);
    free (run->forged);
}

void
run_simulate (const run_options_t *options, run_result_t *result)
{
    run_t run = {.result = result};
    *result = (run_result_t){0};
    s_open (&run, options);
    s_schedule (&run, options);
    world_run (run.world, RUN_SETTLED_MS);
    s_check (&run);
    if (options->tracing && result->broken[0])
        world_print_trace (run.world, 60);
    result->workers = run.workers_count;
    result->issued = run.archive.count;
    result->refilled = run.broker.refilled;
    result->conflicts = run.broker.conflicts;
    result->lost = run.broker.lost;
    s_close (&run);
}
