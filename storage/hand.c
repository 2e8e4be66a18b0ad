//  SPDX-License-Identifier: GPL-2.0-or-later
//  hand - see hand.h.
#include "storage/hand.h"

#include <assert.h>
#include <stdlib.h>
#include "storage/repair.h"

hand_t *
hand_new (void)
{
    hand_t *self = malloc (sizeof *self);
    assert (self);
    *self = (hand_t){.reader = wire_reader_new (),
                     .sheet = sheet_new (),
                     .drafts = holdings_new (),
                     .repair = repair_new ()};
    assert (self->reader);
    return self;
}

void
hand_destroy (hand_t **self_p)
{
    hand_t *self = *self_p;
    if (!self)
        return;
    wire_reader_destroy (&self->reader);
    sheet_destroy (&self->sheet);
    holdings_destroy (&self->drafts);
    repair_destroy (&self->repair);
    bytes_clear (&self->value);
    free (self);
    *self_p = NULL;
}
