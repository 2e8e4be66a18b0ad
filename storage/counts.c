//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - see counts.h. The bytes: first slot, number of slots, sizes of models and extras, then
//  models (for each slot: the distribution; for a normal one: how many low bits are split off,
//  and the mean without them), extras (varints: low bits, and what has no symbol), and words, the
//  first ones being where the states start.
#include "storage/counts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/distribution.h"

#define STATE_MIN (1u << 16)

//  --- writing ---------------------------------------------------------------------------------

typedef struct {
    uint32_t states[COUNTS_STATES];
    uint16_t *next; //  Words are written backwards: the last one is read first
} coder_t;

static void
s_encode (coder_t *self, unsigned turn, const distribution_t *model, unsigned symbol)
{
    uint32_t frequency = model->frequency[symbol], state = self->states[turn];
    if (state >= (uint64_t) frequency << (32 - SCALE_BITS)) {
        *--self->next = (uint16_t) state;
        state >>= 16;
    }
    self->states[turn] =
        ((state / frequency) << SCALE_BITS) + state % frequency + model->start[symbol];
}

//  The symbol of a count, before it is asked whether the model has it.
static uint64_t
s_symbol (const choice_t *choice, uint64_t value)
{
    if (!distribution_is_normal (choice->number))
        return value;
    int64_t difference = (int64_t) ((value >> choice->low_bits) - choice->mean);
    return ((uint64_t) difference << 1) ^ (uint64_t) (difference >> 63);
}

static bool
s_has (const distribution_t *model, uint64_t symbol)
{
    return symbol < ESCAPE && model->frequency[symbol] > 0;
}

static void
s_put_extras (bytes_t *extras, const choice_t *choice, const uint64_t *values, unsigned frames)
{
    const distribution_t *model = distribution_get (choice->number);
    uint64_t low = (1ULL << choice->low_bits) - 1;
    for (unsigned i = 0; i < frames; i++) {
        uint64_t symbol = s_symbol (choice, values[i]);
        if (choice->low_bits > 0)
            bytes_put_varint (extras, values[i] & low);
        if (!s_has (model, symbol))
            bytes_put_varint (extras, symbol);
    }
}

static void
s_put_models (bytes_t *models, bytes_t *extras, choice_t *choices, const uint64_t *values,
              unsigned slots, unsigned frames)
{
    for (unsigned slot = 0; slot < slots; slot++) {
        const uint64_t *column = values + (size_t) slot * frames;
        choice_t *choice = &choices[slot];
        *choice = distribution_choose (column, frames);
        uint8_t byte = (uint8_t) choice->number;
        bytes_put (models, &byte, 1);
        if (distribution_is_normal (choice->number)) {
            bytes_put_varint (models, choice->low_bits);
            bytes_put_varint (models, choice->mean);
        }
        if (choice->number != DISTRIBUTION_ZERO)
            s_put_extras (extras, choice, column, frames);
    }
}

static void
s_put_words (bytes_t *bytes, const choice_t *choices, const uint64_t *values, unsigned slots,
             unsigned frames)
{
    size_t room = (size_t) slots * frames + 2 * COUNTS_STATES;
    uint16_t *words = malloc (room * sizeof *words);
    assert (words);
    coder_t coder = {.next = words + room};
    for (unsigned turn = 0; turn < COUNTS_STATES; turn++)
        coder.states[turn] = STATE_MIN;
    for (unsigned slot = slots; slot-- > 0;) {
        const choice_t *choice = &choices[slot];
        const distribution_t *model = distribution_get (choice->number);
        for (unsigned i = frames; choice->number != DISTRIBUTION_ZERO && i-- > 0;) {
            uint64_t symbol = s_symbol (choice, values[(size_t) slot * frames + i]);
            s_encode (&coder, i % COUNTS_STATES, model,
                      s_has (model, symbol) ? (unsigned) symbol : ESCAPE);
        }
    }
    for (unsigned turn = COUNTS_STATES; turn-- > 0;) {
        *--coder.next = (uint16_t) coder.states[turn];
        *--coder.next = (uint16_t) (coder.states[turn] >> 16);
    }
    for (; coder.next < words + room; coder.next++) {
        uint8_t pair[2] = {(uint8_t) *coder.next, (uint8_t) (*coder.next >> 8)};
        bytes_put (bytes, pair, 2);
    }
    free (words);
}

void
counts_put (bytes_t *bytes, const uint64_t *values, unsigned first, unsigned end, unsigned frames)
{
    choice_t choices[BUCKET_SLOTS];
    bytes_t models = {0}, extras = {0};
    assert (frames <= COUNTS_FRAMES_MAX && first <= end && end <= BUCKET_SLOTS);
    s_put_models (&models, &extras, choices, values, end - first, frames);
    bytes_put_varint (bytes, first);
    bytes_put_varint (bytes, end - first);
    bytes_put_varint (bytes, models.size);
    bytes_put_varint (bytes, extras.size);
    bytes_put (bytes, models.data, models.size);
    bytes_put (bytes, extras.data, extras.size);
    s_put_words (bytes, choices, values, end - first, frames);
    bytes_clear (&models);
    bytes_clear (&extras);
}

//  --- reading ---------------------------------------------------------------------------------

static uint32_t
s_take_word (counts_reader_t *self)
{
    if (self->words.end - self->words.next < 2) {
        self->words.fault = true;
        return 0;
    }
    uint32_t word = self->words.next[0] | (uint32_t) self->words.next[1] << 8;
    self->words.next += 2;
    return word;
}

void
counts_begin (counts_reader_t *self, const taker_t *taker, unsigned frames)
{
    taker_t all = *taker;
    *self = (counts_reader_t){.frames = frames};
    uint64_t first = taker_varint (&all), count = taker_varint (&all);
    uint64_t models_size = taker_varint (&all), extras_size = taker_varint (&all);
    const uint8_t *models = taker_bytes (&all, models_size);
    const uint8_t *extras = taker_bytes (&all, extras_size);
    if (all.fault || first > BUCKET_SLOTS || count > BUCKET_SLOTS - first ||
        frames > COUNTS_FRAMES_MAX) {
        self->words.fault = true;
        return;
    }
    self->models = (taker_t){models, models + models_size, false};
    self->extras = (taker_t){extras, extras + extras_size, false};
    self->words = all;
    self->slot = (unsigned) first;
    self->end = (unsigned) (first + count);
    for (unsigned turn = 0; turn < COUNTS_STATES; turn++) {
        self->states[turn] = s_take_word (self) << 16;
        self->states[turn] |= s_take_word (self);
    }
}

static choice_t
s_take_choice (counts_reader_t *self)
{
    const uint8_t *byte = taker_bytes (&self->models, 1);
    choice_t choice = {.number = byte ? *byte : 0};
    if (choice.number >= DISTRIBUTIONS)
        self->models.fault = true;
    else if (distribution_is_normal (choice.number)) {
        choice.low_bits = (unsigned) taker_varint (&self->models);
        choice.mean = taker_varint (&self->models);
        if (choice.low_bits > 63)
            self->models.fault = true;
    }
    return choice;
}

//  Decode one symbol. Whether a word is taken is hard to foresee, so that there is no jump: two
//  bytes are read in any case.
static inline uint8_t
s_decode (const distribution_t *model, uint32_t *state, const uint8_t **next)
{
    uint32_t entry = model->slots[*state & (SCALE - 1)];
    uint32_t decoded = (entry >> 8 & 0xFFF) * (*state >> SCALE_BITS) + (entry >> 20);
    uint32_t refilled = decoded << 16 | (*next)[0] | (uint32_t) (*next)[1] << 8;
    bool refill = decoded < STATE_MIN;
    *state = refill ? refilled : decoded;
    *next += refill ? 2 : 0;
    return (uint8_t) entry;
}

//  Decode a column's symbols where there are words enough for all of them.
static void
s_take_symbols (counts_reader_t *self, const distribution_t *model, uint8_t *symbols)
{
    uint32_t a = self->states[0], b = self->states[1], c = self->states[2], d = self->states[3];
    const uint8_t *next = self->words.next;
    unsigned i = 0;
    for (; i + COUNTS_STATES <= self->frames; i += COUNTS_STATES) {
        symbols[i] = s_decode (model, &a, &next);
        symbols[i + 1] = s_decode (model, &b, &next);
        symbols[i + 2] = s_decode (model, &c, &next);
        symbols[i + 3] = s_decode (model, &d, &next);
    }
    uint32_t states[COUNTS_STATES] = {a, b, c, d};
    for (unsigned turn = 0; i < self->frames; i++, turn++)
        symbols[i] = s_decode (model, &states[turn], &next);
    memcpy (self->states, states, sizeof states);
    self->words.next = next;
}

//  The same near the end of the words.
static void
s_take_last_symbols (counts_reader_t *self, const distribution_t *model, uint8_t *symbols)
{
    static const uint8_t none[2];
    for (unsigned i = 0; i < self->frames; i++) {
        bool has_words = self->words.end - self->words.next >= 2;
        const uint8_t *next = has_words ? self->words.next : none, *before = next;
        symbols[i] = s_decode (model, &self->states[i % COUNTS_STATES], &next);
        self->words.fault |= next != before && !has_words;
        self->words.next += has_words ? next - before : 0;
    }
}

static void
s_take_normal (counts_reader_t *self, const choice_t *choice, const uint8_t *symbols,
               uint64_t *values)
{
    for (unsigned i = 0; i < self->frames; i++) {
        uint64_t low = choice->low_bits > 0 ? taker_varint (&self->extras) : 0;
        uint64_t folded = symbols[i] == ESCAPE ? taker_varint (&self->extras) : symbols[i];
        uint64_t difference = (folded >> 1) ^ (0 - (folded & 1));
        values[i] = ((choice->mean + difference) << choice->low_bits) | low;
    }
}

static void
s_take_values (counts_reader_t *self, const choice_t *choice, uint64_t *values)
{
    uint8_t symbols[COUNTS_FRAMES_MAX] = {0};
    if (self->words.end - self->words.next >= 2 * (int64_t) self->frames)
        s_take_symbols (self, distribution_get (choice->number), symbols);
    else
        s_take_last_symbols (self, distribution_get (choice->number), symbols);
    if (self->words.fault)
        return;
    if (distribution_is_normal (choice->number))
        s_take_normal (self, choice, symbols, values);
    else
        for (unsigned i = 0; i < self->frames; i++)
            values[i] = symbols[i] == ESCAPE ? taker_varint (&self->extras) : symbols[i];
}

int
counts_next (counts_reader_t *self, unsigned *slot, uint64_t *values)
{
    if (self->words.fault)
        return -1;
    if (self->slot == self->end)
        return 0;
    choice_t choice = s_take_choice (self);
    if (self->models.fault)
        return -1;
    if (choice.number == DISTRIBUTION_ZERO)
        memset (values, 0, self->frames * sizeof *values);
    else
        s_take_values (self, &choice, values);
    *slot = self->slot++;
    return self->words.fault || self->extras.fault ? -1 : 1;
}
