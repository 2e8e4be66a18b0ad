//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts_check - counts that were written, compared with those that they should be. Which symbol
//  should come is known, so nothing is looked up: that it comes is seen from the slots that are its
//  own. Both halves are walked side by side, four symbols of each at a time, for a step has to wait
//  for the one before it, and one half alone leaves the processor idle.
#include "storage/counts_self.h"

#include <endian.h>
#include <string.h>

//  --- four symbols ------------------------------------------------------------------------------

//  Of a half's four states some take a word after a step: how far behind the first word those of
//  the second to the fourth state are, and how many bytes of words it takes.
typedef struct {
    uint8_t second, third, fourth, bytes;
} refill_t;

//  By the states that take one, a bit each.
static const refill_t s_refills[1 << COUNTS_STATES] = {
    {0, 0, 0, 0}, {2, 2, 2, 2}, {0, 2, 2, 2}, {2, 4, 4, 4}, {0, 0, 2, 2}, {2, 2, 4, 4},
    {0, 2, 4, 4}, {2, 4, 6, 6}, {0, 0, 0, 2}, {2, 2, 2, 4}, {0, 2, 2, 4}, {2, 4, 4, 6},
    {0, 0, 2, 4}, {2, 2, 4, 6}, {0, 2, 4, 6}, {2, 4, 6, 8},
};

//  A half on its way through a frame.
typedef struct {
    lanes_t states;
    lanes_t right; //  The highest bit of each, as long as all symbols were the known ones
    const uint8_t *next;
} walk_t;

//  A word, and one behind it.
static inline uint32_t
s_two_words (const uint8_t *bytes)
{
    uint32_t words;
    memcpy (&words, bytes, sizeof words);
    return le32toh (words);
}

static inline lanes_t
s_words (const uint8_t *next, const refill_t *refill)
{
    lanes_t words = {s_two_words (next), s_two_words (next + refill->second),
                     s_two_words (next + refill->third), s_two_words (next + refill->fourth)};
    return words & 0xFFFF;
}

//  Leave four symbols behind that have these slots.
static inline void
s_step (walk_t *self, lanes_t spans)
{
    lanes_t first = spans & 0xFFFF, count = spans >> 16;
    lanes_t above = (self->states & (SCALE - 1)) - first;
    self->right &= (above - count) & ~above;
    lanes_t decoded = count * (self->states >> SCALE_BITS) + above;
    lanes_t low = (lanes_t) (decoded >> 16 == 0);
    const refill_t *refill = &s_refills[counts_which (low)];
    lanes_t refilled = decoded << 16 | s_words (self->next, refill);
    self->states = (refilled & low) | (decoded & ~low);
    self->next += refill->bytes;
}

static inline uint32_t
s_span (const distribution_t *model, uint8_t symbol)
{
    symbol_slots_t span = model->span[symbol];
    return span.first | (uint32_t) span.count << 16;
}

static inline lanes_t
s_spans (const counts_models_t *by, size_t i, const uint8_t *known)
{
    const distribution_t *const *models = &by->models[i];
    const uint16_t *places = &by->places[i];
    return (lanes_t){s_span (models[0], known[places[0]]), s_span (models[1], known[places[1]]),
                     s_span (models[2], known[places[2]]), s_span (models[3], known[places[3]])};
}

//  --- frames ------------------------------------------------------------------------------------

static walk_t
s_begin (const counts_half_t *half)
{
    walk_t self = {.right = (lanes_t){0} - 1, .next = half->words.next};
    memcpy (&self.states, half->states, sizeof self.states);
    return self;
}

//  Returns whether all symbols were the known ones, and all words were there.
static bool
s_end (const walk_t *self, counts_half_t *half)
{
    memcpy (half->states, &self->states, sizeof half->states);
    half->words.next = self->next;
    return self->next <= half->words.end &&
           (self->right[0] & self->right[1] & self->right[2] & self->right[3]) >> 31;
}

//  Whether these symbols are the next ones of either half.
VECTOR_CLONES
static bool
s_are_next (counts_reader_t *self, const uint8_t *front_known, const uint8_t *back_known)
{
    counts_half_t *halves = self->halves;
    walk_t front = s_begin (&halves[COUNTS_FRONT]), back = s_begin (&halves[COUNTS_BACK]);
    for (size_t i = 0; i < self->models.padded; i += COUNTS_STATES) {
        s_step (&front, s_spans (&self->models, i, front_known));
        s_step (&back, s_spans (&self->models, i, back_known));
    }
    bool is_front = s_end (&front, &halves[COUNTS_FRONT]);
    return s_end (&back, &halves[COUNTS_BACK]) && is_front;
}

//  A frame that should come next of a half.
typedef struct {
    const uint64_t *counts;
    uint64_t events; //  That they should add up to
    counts_symbols_t known;
} wanted_t;

static void
s_want (wanted_t *self, const counts_t *frames, const uint64_t *events, unsigned place)
{
    static const counts_t none;
    self->counts = frames ? frames[place] : none;
    self->events = events[place];
}

//  Whether the counts are those that readers make of the symbols, and add up to the events.
static bool
s_is_told (const counts_models_t *models, const wanted_t *wanted)
{
    return counts_tell (models, wanted->known, wanted->counts) == wanted->events;
}

//  Whether either half goes on with these frames, which are plain.
static bool
s_are_plain (counts_reader_t *self, const wanted_t *front, const wanted_t *back)
{
    counts_half_t *halves = self->halves;
    halves[COUNTS_FRONT].left--;
    halves[COUNTS_BACK].left--;
    counts_reserve_words (&halves[COUNTS_FRONT]);
    counts_reserve_words (&halves[COUNTS_BACK]);
    return s_are_next (self, front->known, back->known) && s_is_told (&self->models, front) &&
           s_is_told (&self->models, back);
}

//  The sum of so many counts, added up side by side.
static uint64_t
s_sum (const uint64_t *counts, unsigned width)
{
    uint64_t sums[4] = {0, 0, 0, 0};
    unsigned i = 0;
    for (; i + 4 <= width; i += 4) {
        sums[0] += counts[i];
        sums[1] += counts[i + 1];
        sums[2] += counts[i + 2];
        sums[3] += counts[i + 3];
    }
    for (; i < width; i++)
        sums[0] += counts[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

//  Any frame.
static bool
s_is_next (counts_reader_t *self, counts_side_t side, const wanted_t *wanted)
{
    counts_t values;
    unsigned first = self->models.first, width = self->models.end - first;
    return counts_next (self, side, values) == 1 &&
           memcmp (values + first, wanted->counts + first, width * sizeof values[0]) == 0 &&
           s_sum (values + first, width) == wanted->events;
}

//  What counts_put writes begins with no lower states, and no step leads to one from these: so what
//  fills up the last four changes none.
static bool
s_has_states (const counts_half_t *half)
{
    bool has = true;
    for (unsigned i = 0; i < COUNTS_STATES; i++)
        has &= half->states[i] >= STATE_MIN;
    return has;
}

bool
counts_are (counts_reader_t *self, const counts_t *frames, const uint64_t *events, unsigned count)
{
    const counts_models_t *models = &self->models;
    wanted_t front, back;
    bool equal = !self->fault && s_has_states (&self->halves[COUNTS_FRONT]) &&
                 s_has_states (&self->halves[COUNTS_BACK]);
    for (unsigned i = 0; equal && i < counts_half (count, COUNTS_FRONT); i++) {
        s_want (&front, frames, events, counts_place (count, COUNTS_FRONT, i));
        s_want (&back, frames, events, counts_place (count, COUNTS_BACK, i));
        if (counts_symbols (models, front.counts, front.known) &&
            counts_symbols (models, back.counts, back.known))
            equal = s_are_plain (self, &front, &back);
        else
            equal = s_is_next (self, COUNTS_FRONT, &front) && s_is_next (self, COUNTS_BACK, &back);
    }
    if (equal && count % 2 != 0) {
        s_want (&back, frames, events, count / 2);
        equal = s_is_next (self, COUNTS_BACK, &back);
    }
    return equal;
}
