//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_status - what every drawing says besides its numbers: how many nodes there are, which of
//  them are silent, what was missed, what is not measured now.
#ifndef SUBSCRIBER_LIVE_STATUS_H
#define SUBSCRIBER_LIVE_STATUS_H

#include <stdio.h>
#include "subscriber/live_view.h"
#include "subscriber/screen.h"

//  Print "3 nodes, 1 silent: n3, 4 frames missed", without a line end. What is wrong is marked.
void live_status_print (const live_stage_t *stage, int64_t now_mono_ns, const screen_t *screen,
                        FILE *out);

//  Print the newest notice, if there is one, without a line end.
void live_status_print_notice (const live_stage_t *stage, const screen_t *screen, FILE *out);

#endif
