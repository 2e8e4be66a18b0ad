//  SPDX-License-Identifier: GPL-2.0-or-later
//  drawing - text that is shown again and again in the same place: each drawing over the one
//  before it. Where that is not possible (no terminal, or a dumb one) they follow one another.
#ifndef SUBSCRIBER_DRAWING_H
#define SUBSCRIBER_DRAWING_H

#include "subscriber/screen.h"

typedef struct {
    size_t lines; //  Of the drawing that stands there; 0: none
    size_t columns, rows;
    bool is_full; //  Of the whole screen, from its upper left corner
} drawing_t;

//  Print text, lines that end in newlines, to out, over what was printed before. Lines are cut to
//  the screen's width (escape sequences take no room) and the text to its height; the last line
//  then tells how many lines more there are, but for a full screen.
void drawing_show (drawing_t *self, const char *text, const screen_t *screen, FILE *out);

//  True where drawings are made over one another.
bool drawing_is_in_place (const screen_t *screen);

#endif
