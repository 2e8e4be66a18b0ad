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

//  What the slots become before they are put.
typedef struct {
    unsigned slots, frames;
    choice_t *choices; //  Owned: one a slot
    uint8_t *symbols;  //  Owned: frames a slot
    bytes_t models, extras, words;
} writer_t;

//  The symbol, where the distribution has one for it.
static uint8_t
s_symbol (writer_t *self, const distribution_t *model, uint64_t wanted)
{
    if (wanted < ESCAPE && model->span[wanted] > 0)
        return (uint8_t) wanted;
    bytes_put_varint (&self->extras, wanted);
    return ESCAPE;
}

static void
s_put_normal (writer_t *self, const choice_t *choice, const uint64_t *counts, uint8_t *symbols)
{
    const distribution_t *model = distribution_get (choice->number);
    uint64_t low = (1ULL << choice->low_bits) - 1;
    bytes_put_varint (&self->models, choice->low_bits);
    bytes_put_varint (&self->models, choice->mean);
    for (unsigned i = 0; i < self->frames; i++) {
        if (choice->low_bits > 0)
            bytes_put_varint (&self->extras, counts[i] & low);
        symbols[i] =
            s_symbol (self, model, varint_fold ((counts[i] >> choice->low_bits) - choice->mean));
    }
}

static void
s_put_binomial (writer_t *self, const choice_t *choice, const uint64_t *counts, uint8_t *symbols)
{
    const distribution_t *model = distribution_get (choice->number);
    for (unsigned i = 0; i < self->frames; i++)
        symbols[i] = s_symbol (self, model, counts[i]);
}

static void
s_put_models (writer_t *self, const column_t *slots)
{
    for (unsigned slot = 0; slot < self->slots; slot++) {
        choice_t *choice = &self->choices[slot];
        uint8_t *symbols = self->symbols + (size_t) slot * self->frames;
        *choice = distribution_choose (slots[slot], self->frames);
        bytes_put (&self->models, &(uint8_t){(uint8_t) choice->number}, 1);
        if (distribution_is_normal (choice->number))
            s_put_normal (self, choice, slots[slot], symbols);
        else if (choice->number != DISTRIBUTION_ZERO)
            s_put_binomial (self, choice, slots[slot], symbols);
    }
}

//  Words are written backwards: the last one is read first.
static inline uint8_t *
s_put_word (uint8_t *next, uint32_t word)
{
    next[-2] = (uint8_t) word;
    next[-1] = (uint8_t) (word >> 8);
    return next - COUNTS_WORD_BYTES;
}

//  Encode one symbol. Whether a word is put is hard to foresee: it is written in any case.
static inline uint8_t *
s_encode (const distribution_t *model, unsigned symbol, uint32_t *state, uint8_t *next)
{
    uint32_t first = model->span[symbol] & 0xFFFF, frequency = model->span[symbol] >> 16;
    uint32_t full = *state;
    s_put_word (next, full);
    uint32_t is_full = full >= (uint64_t) frequency << (32 - SCALE_BITS);
    uint32_t left = full >> (is_full * 16);
    uint32_t quotient = distribution_divide (model, symbol, left);
    *state = (quotient << SCALE_BITS) + left - quotient * frequency + first;
    return next - is_full * COUNTS_WORD_BYTES;
}

//  Encode a column's symbols, the last one first.
static uint8_t *
s_put_symbols (const distribution_t *model, const uint8_t *symbols, unsigned frames,
               uint32_t *states, uint8_t *next)
{
    unsigned i = frames;
    for (; i % COUNTS_STATES != 0; i--)
        next = s_encode (model, symbols[i - 1], &states[(i - 1) % COUNTS_STATES], next);
    uint32_t a = states[0], b = states[1], c = states[2], d = states[3];
    for (; i > 0; i -= COUNTS_STATES) {
        next = s_encode (model, symbols[i - 1], &d, next);
        next = s_encode (model, symbols[i - 2], &c, next);
        next = s_encode (model, symbols[i - 3], &b, next);
        next = s_encode (model, symbols[i - 4], &a, next);
    }
    memcpy (states, (const uint32_t[]){a, b, c, d}, COUNTS_STATES * sizeof a);
    return next;
}

static void
s_put_words (writer_t *self)
{
    size_t room = (size_t) self->slots * self->frames * COUNTS_WORD_BYTES + COUNTS_STATES * 4;
    uint8_t *begin = bytes_reserve (&self->words, room), *end = begin + room, *next = end;
    uint32_t states[COUNTS_STATES] = {STATE_MIN, STATE_MIN, STATE_MIN, STATE_MIN};
    for (unsigned slot = self->slots; slot-- > 0;) {
        unsigned number = self->choices[slot].number;
        if (number != DISTRIBUTION_ZERO)
            next = s_put_symbols (distribution_get (number),
                                  self->symbols + (size_t) slot * self->frames, self->frames,
                                  states, next);
    }
    for (unsigned turn = COUNTS_STATES; turn-- > 0;) {
        next = s_put_word (next, states[turn]);
        next = s_put_word (next, states[turn] >> 16);
    }
    self->words.size = (size_t) (end - next);
    memmove (begin, next, self->words.size);
}

static void
s_put_all (const writer_t *self, bytes_t *bytes, unsigned first)
{
    bytes_put_varint (bytes, first);
    bytes_put_varint (bytes, self->slots);
    bytes_put_varint (bytes, self->models.size);
    bytes_put_varint (bytes, self->extras.size);
    bytes_put (bytes, self->models.data, self->models.size);
    bytes_put (bytes, self->extras.data, self->extras.size);
    bytes_put (bytes, self->words.data, self->words.size);
}

void
counts_put (bytes_t *bytes, const column_t *slots, unsigned first, unsigned end, unsigned frames)
{
    assert (frames <= COUNTS_FRAMES_MAX && first <= end && end <= BUCKET_SLOTS);
    writer_t writer = {.slots = end - first, .frames = frames};
    writer.choices = malloc ((writer.slots + 1) * sizeof *writer.choices);
    writer.symbols = malloc ((size_t) writer.slots * frames + 1);
    assert (writer.choices && writer.symbols);
    s_put_models (&writer, slots + first);
    s_put_words (&writer);
    s_put_all (&writer, bytes, first);
    free (writer.choices);
    free (writer.symbols);
    bytes_clear (&writer.models);
    bytes_clear (&writer.extras);
    bytes_clear (&writer.words);
}

//  --- reading ---------------------------------------------------------------------------------

static uint32_t
s_word_at (const uint8_t *bytes)
{
    return bytes[0] | (uint32_t) bytes[1] << 8;
}

static void
s_take_states (counts_reader_t *self)
{
    for (unsigned turn = 0; turn < COUNTS_STATES; turn++) {
        const uint8_t *bytes = taker_bytes (&self->words, 2 * COUNTS_WORD_BYTES);
        if (bytes)
            self->states[turn] = s_word_at (bytes) << 16 | s_word_at (bytes + COUNTS_WORD_BYTES);
    }
}

void
counts_begin (counts_reader_t *self, const taker_t *taker, unsigned frames)
{
    taker_t all = *taker;
    uint64_t first = taker_varint (&all), count = taker_varint (&all);
    uint64_t models_size = taker_varint (&all), extras_size = taker_varint (&all);
    const uint8_t *models = taker_bytes (&all, models_size);
    const uint8_t *extras = taker_bytes (&all, extras_size);
    self->words = all;
    self->slot = self->end = 0;
    self->is_last = false;
    self->frames = frames;
    if (all.fault || first > BUCKET_SLOTS || count > BUCKET_SLOTS - first ||
        frames > COUNTS_FRAMES_MAX) {
        self->words.fault = true;
        return;
    }
    self->models = (taker_t){models, models + models_size, false};
    self->extras = (taker_t){extras, extras + extras_size, false};
    self->slot = (unsigned) first;
    self->end = (unsigned) (first + count);
    s_take_states (self);
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

//  Decode one symbol. Whether a word is taken is hard to foresee, so that there is no jump: it is
//  read in any case.
static inline uint8_t
s_decode (const distribution_t *model, uint32_t *state, const uint8_t **next)
{
    uint32_t slot = *state & (SCALE - 1);
    uint8_t symbol = model->symbol[slot];
    uint32_t span = model->span[symbol];
    uint32_t decoded = (span >> 16) * (*state >> SCALE_BITS) + slot - (span & 0xFFFF);
    uint32_t refills = 0 - (uint32_t) (decoded < STATE_MIN);
    *state = decoded << (refills & 16) | (s_word_at (*next) & refills);
    *next += refills & COUNTS_WORD_BYTES;
    return symbol;
}

//  Before a column, see that as many bytes as its words may take can be read, whether the words
//  end before or not.
static void
s_reserve_words (counts_reader_t *self)
{
    size_t left = (size_t) (self->words.end - self->words.next);
    if (self->is_last || left >= COUNTS_COLUMN_BYTES)
        return;
    memset (self->last, 0, sizeof self->last);
    memcpy (self->last, self->words.next, left);
    self->words = (taker_t){self->last, self->last + left, false};
    self->is_last = true;
}

//  Decode a column's symbols.
static void
s_take_symbols (counts_reader_t *self, const distribution_t *model, uint8_t *symbols)
{
    s_reserve_words (self);
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
    self->words.fault |= next > self->words.end;
    self->words.next = next;
}

//  Differences from a mean, where all of them have a symbol and no bits are split off.
static void
s_unfold_all (uint64_t mean, const uint8_t *symbols, unsigned frames, uint64_t *values)
{
    for (unsigned i = 0; i < frames; i++)
        values[i] = mean + varint_unfold (symbols[i]);
}

static void
s_take_normal (counts_reader_t *self, const choice_t *choice, const uint8_t *symbols,
               uint64_t *values)
{
    for (unsigned i = 0; i < self->frames; i++) {
        uint64_t low = choice->low_bits > 0 ? taker_varint (&self->extras) : 0;
        uint64_t folded = symbols[i] == ESCAPE ? taker_varint (&self->extras) : symbols[i];
        values[i] = ((choice->mean + varint_unfold (folded)) << choice->low_bits) | low;
    }
}

static void
s_take_binomial (counts_reader_t *self, const uint8_t *symbols, uint64_t *values)
{
    for (unsigned i = 0; i < self->frames; i++)
        values[i] = symbols[i] == ESCAPE ? taker_varint (&self->extras) : symbols[i];
}

static void
s_take_values (counts_reader_t *self, const choice_t *choice, uint64_t *values)
{
    uint8_t symbols[COUNTS_FRAMES_MAX];
    s_take_symbols (self, distribution_get (choice->number), symbols);
    if (self->words.fault)
        return;
    if (!distribution_is_normal (choice->number))
        s_take_binomial (self, symbols, values);
    else if (choice->low_bits > 0 || memchr (symbols, ESCAPE, self->frames))
        s_take_normal (self, choice, symbols, values);
    else
        s_unfold_all (choice->mean, symbols, self->frames, values);
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
