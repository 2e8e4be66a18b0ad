//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts_put - counts to bytes, as storage/counts.c lays them out.
#include "storage/counts_self.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define SPILL_BYTES (COUNTS_STATES * COUNTS_WORD_BYTES) //  Written before the first word, at most

struct counts_writer_t {
    counts_models_t models;
    counts_symbols_t *symbols;     //  Owned: each frame's
    unsigned capacity;             //  Frames that these have room for
    bytes_t numbers;               //  Of the distributions, and means
    bytes_t extras[COUNTS_HALVES]; //  What has no symbol
    bytes_t words[COUNTS_HALVES];
    bytes_t front; //  The front half
};

counts_writer_t *
counts_writer_new (void)
{
    counts_writer_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
counts_writer_destroy (counts_writer_t **self_p)
{
    counts_writer_t *self = *self_p;
    if (!self)
        return;
    bytes_clear (&self->front);
    bytes_clear (&self->numbers);
    for (counts_side_t side = COUNTS_FRONT; side < COUNTS_HALVES; side++) {
        bytes_clear (&self->extras[side]);
        bytes_clear (&self->words[side]);
    }
    free (self->symbols);
    free (self);
    *self_p = NULL;
}

static void
s_begin (counts_writer_t *self, unsigned count)
{
    self->numbers.size = self->front.size = 0;
    self->extras[COUNTS_FRONT].size = self->extras[COUNTS_BACK].size = 0;
    if (count <= self->capacity)
        return;
    free (self->symbols);
    self->symbols = malloc (count * sizeof *self->symbols);
    assert (self->symbols);
    self->capacity = count;
}

static void
s_put_models (counts_writer_t *self, const counts_t *frames, unsigned count, unsigned first,
              unsigned end)
{
    choice_t choices[BUCKET_SLOTS];
    if (first < end)
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
s_symbol (const counts_models_t *models, bytes_t *extras, unsigned coded, uint64_t count)
{
    const counts_slot_t *slot = &models->slots[coded];
    uint64_t wanted = count;
    if (slot->low_bits > 0)
        bytes_put_varint (extras, count & ((1ULL << slot->low_bits) - 1));
    if (slot->is_normal)
        wanted = varint_fold ((count >> slot->low_bits) - slot->mean);
    if (wanted < ESCAPE && models->models[coded]->span[wanted].count > 0)
        return (uint8_t) wanted;
    bytes_put_varint (extras, wanted);
    return ESCAPE;
}

static void
s_find_symbols (const counts_models_t *models, bytes_t *extras, const uint64_t *frame,
                counts_symbols_t symbols)
{
    if (counts_symbols (models, frame, symbols))
        return;
    memset (symbols, 0, sizeof (counts_symbols_t)); //  What fills up the last four is some symbol
    for (unsigned i = 0; i < models->coded; i++)
        symbols[models->places[i]] = s_symbol (models, extras, i, frame[models->slots[i].slot]);
}

static void
s_find_all_symbols (counts_writer_t *self, const counts_t *frames, unsigned count)
{
    for (counts_side_t side = COUNTS_FRONT; side < COUNTS_HALVES; side++)
        for (unsigned i = 0; i < counts_half (count, side); i++) {
            unsigned place = counts_place (count, side, i);
            s_find_symbols (&self->models, &self->extras[side], frames[place],
                            self->symbols[place]);
        }
}

//  --- words -------------------------------------------------------------------------------------
//  Symbols are encoded from the last one on, four at a time, and words written backwards: the last
//  one is read first. The halves are encoded side by side, as counts_check.c walks them.

//  Of four states some give a word away before a step, the fourth one first: how far before its
//  word those of the third, second and first states are, and how many bytes of words there are; a
//  byte each, the lowest first. By the states that give none, a bit each.
static const uint32_t s_spills[1 << COUNTS_STATES] = {
    0x08060402, 0x06060402, 0x06040402, 0x04040402, 0x06040202, 0x04040202, 0x04020202, 0x02020202,
    0x06040200, 0x04040200, 0x04020200, 0x02020200, 0x04020000, 0x02020000, 0x02000000, 0x00000000,
};

//  A half on its way from its last frame to its first one.
typedef struct {
    lanes_t states;
    uint8_t *next, *end; //  Behind the next word, and behind the last one
} encoder_t;

static inline void
s_put_word (uint8_t *place, uint32_t word)
{
    uint16_t little = htole16 ((uint16_t) word);
    memcpy (place, &little, sizeof little);
}

//  All four are written, and those that are none overwritten: there is no jump to be mispredicted.
static inline void
s_put_words (encoder_t *self, lanes_t words, uint32_t spill)
{
    uint8_t *last = self->next - COUNTS_WORD_BYTES;
    s_put_word (last, words[3]);
    s_put_word (last - (spill & 0xFF), words[2]);
    s_put_word (last - (spill >> 8 & 0xFF), words[1]);
    s_put_word (last - (spill >> 16 & 0xFF), words[0]);
    self->next -= spill >> 24;
}

//  What four symbols are encoded with.
typedef struct {
    lanes_t slots, reciprocals;
} codes_t;

static inline uint64_t
s_code (const distribution_t *model, uint8_t symbol)
{
    uint64_t code;
    memcpy (&code, &model->codes[symbol], sizeof code);
    return code;
}

static inline codes_t
s_codes (const counts_models_t *by, size_t i, const uint8_t *symbols)
{
    const distribution_t *const *models = &by->models[i];
    const uint16_t *places = &by->places[i];
    lanes_t low = (lanes_t) (pair_t){s_code (models[0], symbols[places[0]]),
                                     s_code (models[1], symbols[places[1]])};
    lanes_t high = (lanes_t) (pair_t){s_code (models[2], symbols[places[2]]),
                                      s_code (models[3], symbols[places[3]])};
    return (codes_t){__builtin_shufflevector (low, high, 0, 2, 4, 6),
                     __builtin_shufflevector (low, high, 1, 3, 5, 7)};
}

//  Which states do not give a word away.
static inline lanes_t
s_fits (lanes_t states, codes_t codes)
{
    return (lanes_t) ((signs_t) (states >> (32 - SCALE_BITS)) < (signs_t) (codes.slots >> 16));
}

static inline lanes_t
s_encode (lanes_t states, codes_t codes)
{
    lanes_t first = codes.slots & 0xFFFF, count = codes.slots >> 16, fits = s_fits (states, codes);
    lanes_t left = (states & fits) | (states >> 16 & ~fits);
    lanes_t quotient = counts_multiply_high (left, codes.reciprocals); //  Or one less
    lanes_t rest = left - quotient * count;
    lanes_t is_it = (lanes_t) ((signs_t) rest < (signs_t) count);
    return (quotient << SCALE_BITS) + rest + first + ((SCALE - count) & ~is_it);
}

//  Where words are put is known late, and some processors read nothing before they know where all
//  that comes before is written: so what the next step needs is read before words are put.

VECTOR_CLONES
static void
s_encode_frame (const counts_models_t *by, encoder_t *self, const uint8_t *symbols)
{
    for (size_t i = by->padded; i > 0; i -= COUNTS_STATES) {
        codes_t codes = s_codes (by, i - COUNTS_STATES, symbols);
        uint32_t spill = s_spills[counts_which (s_fits (self->states, codes))];
        s_put_words (self, self->states, spill);
        self->states = s_encode (self->states, codes);
    }
}

VECTOR_CLONES
static void
s_encode_frames (const counts_models_t *by, encoder_t *front, const uint8_t *front_symbols,
                 encoder_t *back, const uint8_t *back_symbols)
{
    if (by->padded == 0)
        return;
    encoder_t one = *front, other = *back;
    codes_t codes = s_codes (by, by->padded - COUNTS_STATES, front_symbols);
    codes_t other_codes = s_codes (by, by->padded - COUNTS_STATES, back_symbols);
    for (size_t i = by->padded; i > 0; i -= COUNTS_STATES) {
        size_t before = i >= 2 * COUNTS_STATES ? i - 2 * COUNTS_STATES : 0;
        codes_t next_codes = s_codes (by, before, front_symbols);
        codes_t next_other_codes = s_codes (by, before, back_symbols);
        uint32_t spill = s_spills[counts_which (s_fits (one.states, codes))];
        uint32_t other_spill = s_spills[counts_which (s_fits (other.states, other_codes))];
        s_put_words (&one, one.states, spill);
        s_put_words (&other, other.states, other_spill);
        one.states = s_encode (one.states, codes);
        other.states = s_encode (other.states, other_codes);
        codes = next_codes;
        other_codes = next_other_codes;
    }
    *front = one;
    *back = other;
}

//  The symbols of a half have so many words at most.
static void
s_begin_encoder (encoder_t *self, bytes_t *words, const counts_models_t *by, unsigned frames)
{
    size_t room = (size_t) by->padded * frames * COUNTS_WORD_BYTES + sizeof self->states;
    words->size = 0;
    self->states = (lanes_t){STATE_MIN, STATE_MIN, STATE_MIN, STATE_MIN};
    self->next = self->end = bytes_reserve (words, SPILL_BYTES + room) + SPILL_BYTES + room;
}

static void
s_end_encoder (encoder_t *self)
{
    for (unsigned turn = COUNTS_STATES; turn-- > 0;) {
        self->next -= 2 * COUNTS_WORD_BYTES;
        s_put_word (self->next, self->states[turn] >> 16);
        s_put_word (self->next + COUNTS_WORD_BYTES, self->states[turn]);
    }
}

static void
s_encode_halves (counts_writer_t *self, encoder_t encoders[COUNTS_HALVES], unsigned count)
{
    encoder_t *front = &encoders[COUNTS_FRONT], *back = &encoders[COUNTS_BACK];
    unsigned pairs = counts_half (count, COUNTS_FRONT);
    for (counts_side_t side = COUNTS_FRONT; side < COUNTS_HALVES; side++)
        s_begin_encoder (&encoders[side], &self->words[side], &self->models,
                         counts_half (count, side));
    if (count % 2 != 0)
        s_encode_frame (&self->models, back, self->symbols[pairs]);
    for (unsigned i = pairs; i-- > 0;)
        s_encode_frames (&self->models, front, self->symbols[i], back,
                         self->symbols[counts_place (count, COUNTS_BACK, i)]);
    s_end_encoder (front);
    s_end_encoder (back);
}

//  --- the whole ---------------------------------------------------------------------------------

static void
s_put_half (bytes_t *bytes, const bytes_t *extras, const encoder_t *encoder)
{
    bytes_put_varint (bytes, extras->size);
    bytes_put (bytes, extras->data, extras->size);
    bytes_put (bytes, encoder->next, (size_t) (encoder->end - encoder->next));
}

static void
s_put (counts_writer_t *self, bytes_t *bytes, unsigned count)
{
    encoder_t encoders[COUNTS_HALVES];
    s_encode_halves (self, encoders, count);
    s_put_half (&self->front, &self->extras[COUNTS_FRONT], &encoders[COUNTS_FRONT]);
    bytes_put_varint (bytes, self->models.first);
    bytes_put_varint (bytes, self->models.end - self->models.first);
    bytes_put_varint (bytes, self->numbers.size);
    bytes_put_varint (bytes, self->front.size);
    bytes_put (bytes, self->numbers.data, self->numbers.size);
    bytes_put (bytes, self->front.data, self->front.size);
    s_put_half (bytes, &self->extras[COUNTS_BACK], &encoders[COUNTS_BACK]);
}

void
counts_put (counts_writer_t *self, bytes_t *bytes, const counts_t *frames, unsigned count,
            unsigned first, unsigned end)
{
    assert (count > 0 && count <= COUNTS_FRAMES_MAX && first <= end && end <= BUCKET_SLOTS);
    s_begin (self, count);
    s_put_models (self, frames, count, first, end);
    if (first < end)
        s_find_all_symbols (self, frames, count);
    s_put (self, bytes, count);
}
