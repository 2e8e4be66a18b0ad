//  SPDX-License-Identifier: GPL-2.0-or-later
//  fault - what goes wrong in one simulated run, when, and to whom: drawn from the run's seed, so
//  that a run can be repeated with some of its faults left out.
#ifndef SIMULATION_FAULT_H
#define SIMULATION_FAULT_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    FAULT_CUT,          //  Nothing passes between the worker and the broker
    FAULT_CUT_UP,       //  Nothing passes from the worker
    FAULT_CUT_DOWN,     //  Nothing passes to the worker
    FAULT_LOSS,         //  amount % of messages are lost, both ways
    FAULT_DUPLICATE,    //  amount % arrive twice
    FAULT_DELAY,        //  Messages take up to amount x 100 ms longer, and overtake each other
    FAULT_GARBLE,       //  amount % arrive with a byte changed
    FAULT_CONFLICT,     //  Frames that arrived come again under their name with other content
    FAULT_WORKER_KILL,  //  At step amount % 3 of a tick; starts again after the duration
    FAULT_WORKER_STOP,  //  Stands still for the duration
    FAULT_WORKER_POWER, //  Killed, and its spool loses up to amount % 5 of its newest frames
    FAULT_BROKER_KILL,
    FAULT_BROKER_STOP,
    FAULT_BROKER_FULL,   //  Its store takes nothing
    FAULT_CLOCK_STEP,    //  The worker's wall clock is set by amount - 50 minutes, for good
    FAULT_SPOOL_FULL,    //  Its spool takes nothing
    FAULT_SPOOL_LOST,    //  It is killed and its spool is gone when it starts again
    FAULT_RETENTION,     //  Its spool keeps only 10 + amount frames from now on
    FAULT_LIE_SILENT,    //  It does not answer
    FAULT_LIE_EMPTY,     //  Its replays are empty
    FAULT_LIE_SHORT,     //  They end early
    FAULT_LIE_ELSEWHERE, //  They hold frames that were not asked for
    FAULT_KINDS
} fault_kind_t;

typedef struct {
    fault_kind_t kind;
    unsigned worker;
    int64_t start_ms, duration_ms;
    unsigned amount; //  0 .. 99
} fault_t;

#define FAULTS_MIN 5
#define FAULTS_MAX 14

//  Draw a run's faults, between from_ms and until_ms. Returns how many.
size_t faults_draw (uint64_t seed, unsigned workers, int64_t from_ms, int64_t until_ms,
                    fault_t faults[FAULTS_MAX]);

//  A fault as a line for people.
void fault_print (const fault_t *self, char text[128]);

#endif
