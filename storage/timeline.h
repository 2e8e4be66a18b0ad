//  SPDX-License-Identifier: GPL-2.0-or-later
//  timeline - which seconds of a window are accounted for. Pure: no disk.
//  Stretches in order, apart from one another. Not safe for shared writing.
#ifndef STORAGE_TIMELINE_H
#define STORAGE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Seconds from .. until, until not included.
typedef struct {
    int64_t from_wall_s, until_wall_s;
} stretch_t;

typedef struct {
    stretch_t window;
    stretch_t *items; //  Owned; all inside the window, none touch
    size_t count;
    size_t capacity;
} timeline_t;

//  Begin with nothing; until_wall_s must not be before since_wall_s.
void timeline_init (timeline_t *self, int64_t since_wall_s, int64_t until_wall_s);
void timeline_fini (timeline_t *self);

//  Account for the seconds of a stretch that lie in the window. Returns how many of them were not
//  accounted for before. One that is empty or reversed has none.
uint64_t timeline_add (timeline_t *self, int64_t from_wall_s, int64_t until_wall_s);

//  The stretch between item index - 1 (0: the window's start) and item index (count: its end),
//  which is not accounted for. Returns whether it has a second.
bool timeline_hole (const timeline_t *self, size_t index, stretch_t *hole);

#endif
