//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts_put - counts to bytes, as storage/counts.c lays them out.
#include "storage/counts_self.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    counts_models_t models;
    counts_symbols_t *symbols; //  Owned: each frame's, of one half
    bytes_t numbers, extras;   //  numbers: of the distributions, and means
} writer_t;

static void
s_put_models (writer_t *self, const counts_t *frames, unsigned count, unsigned first, unsigned end)
{
    choice_t choices[BUCKET_SLOTS];
    distribution_choose (&frames[0][first], BUCKET_SLOTS, count, choices, end - first);
    counts_models_begin (&self->models, first, end);
    for (unsigned slot = first; slot < end; slot++) {
        const choice_t *choice = &choices[slot - first];
        uint8_t number = (uint8_t) choice->number;
        bytes_put (&self->numbers, &number, 1);
        if (choice->number == DISTRIBUTION_ZERO)
            continue;
        if (distribution_is_normal (choice->number)) {
            bytes_put_varint (&self->numbers, choice->low_bits);
            bytes_put_varint (&self->numbers, choice->mean);
        }
        counts_models_add (&self->models, slot, choice->number, choice->mean, choice->low_bits);
    }
    counts_models_end (&self->models);
}

//  --- symbols -----------------------------------------------------------------------------------

//  The symbol of a count, or ESCAPE and, among the extras, what has none.
static uint8_t
s_symbol (writer_t *self, unsigned coded, uint64_t count)
{
    const counts_slot_t *slot = &self->models.slots[coded];
    uint64_t wanted = count;
    if (slot->low_bits > 0)
        bytes_put_varint (&self->extras, count & ((1ULL << slot->low_bits) - 1));
    if (slot->is_normal)
        wanted = varint_fold ((count >> slot->low_bits) - slot->mean);
    if (wanted < ESCAPE && self->models.models[coded]->span[wanted].count > 0)
        return (uint8_t) wanted;
    bytes_put_varint (&self->extras, wanted);
    return ESCAPE;
}

static void
s_find_symbols (writer_t *self, const uint64_t *frame, counts_symbols_t symbols)
{
    const counts_models_t *models = &self->models;
    if (counts_symbols (models, frame, symbols))
        return;
    for (unsigned i = 0; i < models->coded; i++)
        symbols[models->places[i]] = s_symbol (self, i, frame[models->slots[i].slot]);
}

//  --- words -------------------------------------------------------------------------------------

//  Words are written backwards: the last one is read first.
static inline uint8_t *
s_put_word (uint8_t *next, uint32_t word)
{
    uint16_t little = htole16 ((uint16_t) word);
    memcpy (next - COUNTS_WORD_BYTES, &little, sizeof little);
    return next - COUNTS_WORD_BYTES;
}

//  Encode one symbol. Whether a word is put is hard to foresee: it is written in any case.
static inline uint8_t *
s_encode (const distribution_t *model, unsigned symbol, uint32_t *state, uint8_t *next)
{
    const symbol_code_t *code = &model->codes[symbol];
    uint32_t full = *state;
    s_put_word (next, full);
    uint32_t is_full = full >= code->limit;
    uint32_t left = full >> (is_full * 16);
    *state = distribution_divide (model, symbol, left) * code->others + left + code->first;
    return next - is_full * COUNTS_WORD_BYTES;
}

//  Encode a frame's symbols, the last one first.
static uint8_t *
s_put_symbols (const counts_models_t *self, const uint8_t *symbols, uint32_t *states, uint8_t *next)
{
    const distribution_t *const *models = self->models;
    const uint16_t *places = self->places;
    size_t i = self->coded;
    for (; i % COUNTS_STATES != 0; i--)
        next = s_encode (models[i - 1], symbols[places[i - 1]], &states[(i - 1) % COUNTS_STATES],
                         next);
    uint32_t a = states[0], b = states[1], c = states[2], d = states[3];
    for (; i > 0; i -= COUNTS_STATES) {
        next = s_encode (models[i - 1], symbols[places[i - 1]], &d, next);
        next = s_encode (models[i - 2], symbols[places[i - 2]], &c, next);
        next = s_encode (models[i - 3], symbols[places[i - 3]], &b, next);
        next = s_encode (models[i - 4], symbols[places[i - 4]], &a, next);
    }
    memcpy (states, (const uint32_t[]){a, b, c, d}, COUNTS_STATES * sizeof a);
    return next;
}

//  The words of so many frames' symbols.
static void
s_put_words (const writer_t *self, bytes_t *bytes, unsigned frames)
{
    size_t room = (size_t) self->models.coded * frames * COUNTS_WORD_BYTES + COUNTS_STATES * 4;
    uint8_t *begin = bytes_reserve (bytes, room), *end = begin + room, *next = end;
    uint32_t states[COUNTS_STATES] = {STATE_MIN, STATE_MIN, STATE_MIN, STATE_MIN};
    for (unsigned i = frames; i-- > 0;)
        next = s_put_symbols (&self->models, self->symbols[i], states, next);
    for (unsigned turn = COUNTS_STATES; turn-- > 0;) {
        next = s_put_word (next, states[turn]);
        next = s_put_word (next, states[turn] >> 16);
    }
    memmove (begin, next, (size_t) (end - next));
    bytes->size += (size_t) (end - next);
}

static void
s_put_half (writer_t *self, bytes_t *bytes, const counts_t *frames, unsigned count,
            counts_side_t side)
{
    unsigned half = counts_half (count, side);
    self->extras.size = 0;
    for (unsigned i = 0; i < half; i++)
        s_find_symbols (self, frames[counts_place (count, side, i)], self->symbols[i]);
    bytes_put_varint (bytes, self->extras.size);
    bytes_put (bytes, self->extras.data, self->extras.size);
    s_put_words (self, bytes, half);
}

void
counts_put (bytes_t *bytes, const counts_t *frames, unsigned count, unsigned first, unsigned end)
{
    assert (count > 0 && count <= COUNTS_FRAMES_MAX && first <= end && end <= BUCKET_SLOTS);
    bytes_t front = {0};
    writer_t *writer = malloc (sizeof *writer);
    assert (writer);
    writer->numbers = writer->extras = (bytes_t){0};
    writer->symbols = malloc (counts_half (count, COUNTS_BACK) * sizeof *writer->symbols);
    assert (writer->symbols);
    s_put_models (writer, frames, count, first, end);
    s_put_half (writer, &front, frames, count, COUNTS_FRONT);
    bytes_put_varint (bytes, first);
    bytes_put_varint (bytes, end - first);
    bytes_put_varint (bytes, writer->numbers.size);
    bytes_put_varint (bytes, front.size);
    bytes_put (bytes, writer->numbers.data, writer->numbers.size);
    bytes_put (bytes, front.data, front.size);
    s_put_half (writer, bytes, frames, count, COUNTS_BACK);
    bytes_clear (&front);
    bytes_clear (&writer->numbers);
    bytes_clear (&writer->extras);
    free (writer->symbols);
    free (writer);
}
