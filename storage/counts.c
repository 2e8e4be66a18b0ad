//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - see counts.h. The bytes: first slot, number of slots, sizes of models and of the front
//  half; models (for each slot: the distribution; for a normal one: how many low bits are split
//  off, and the mean without them); then each half: size of extras, extras (varints: low bits, and
//  what has no symbol), and words, the first ones being where the states start.
#include "storage/counts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MIN (1u << 16)

unsigned
counts_half (unsigned frames, counts_side_t side)
{
    return side == COUNTS_FRONT ? frames / 2 : frames - frames / 2;
}

unsigned
counts_place (unsigned frames, counts_side_t side, unsigned nth)
{
    return side == COUNTS_FRONT ? nth : frames - 1 - nth;
}

//  --- writing ---------------------------------------------------------------------------------

//  The slots that are coded, and a half in the making.
typedef struct {
    unsigned coded;
    const distribution_t *models[BUCKET_SLOTS];
    counts_slot_t slots[BUCKET_SLOTS];
    uint8_t *symbols;               //  Owned: those of one half, frame after frame
    bytes_t numbers, extras, words; //  numbers: of the distributions, and means
} writer_t;

static void
s_put_models (writer_t *self, const counts_t *frames, unsigned count, unsigned first, unsigned end)
{
    for (unsigned slot = first; slot < end; slot++) {
        choice_t choice = distribution_choose (&frames[0][slot], BUCKET_SLOTS, count);
        bool is_normal = distribution_is_normal (choice.number);
        uint8_t number = (uint8_t) choice.number;
        bytes_put (&self->numbers, &number, 1);
        if (choice.number == DISTRIBUTION_ZERO)
            continue;
        if (is_normal) {
            bytes_put_varint (&self->numbers, choice.low_bits);
            bytes_put_varint (&self->numbers, choice.mean);
        }
        self->models[self->coded] = distribution_get (choice.number);
        self->slots[self->coded++] = (counts_slot_t){.mean = choice.mean,
                                                     .low_bits = (uint8_t) choice.low_bits,
                                                     .is_normal = is_normal,
                                                     .slot = (uint16_t) slot};
    }
}

//  The symbol of a count, or ESCAPE and, among the extras, what has none.
static uint8_t
s_symbol (writer_t *self, unsigned coded, uint64_t count)
{
    const counts_slot_t *slot = &self->slots[coded];
    uint64_t wanted = count;
    if (slot->low_bits > 0)
        bytes_put_varint (&self->extras, count & ((1ULL << slot->low_bits) - 1));
    if (slot->is_normal)
        wanted = varint_fold ((count >> slot->low_bits) - slot->mean);
    if (wanted < ESCAPE && self->models[coded]->span[wanted] > 0)
        return (uint8_t) wanted;
    bytes_put_varint (&self->extras, wanted);
    return ESCAPE;
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

//  Encode a frame's symbols, the last one first.
static uint8_t *
s_put_symbols (const writer_t *self, const uint8_t *symbols, uint32_t *states, uint8_t *next)
{
    const distribution_t *const *models = self->models;
    unsigned i = self->coded;
    for (; i % COUNTS_STATES != 0; i--)
        next = s_encode (models[i - 1], symbols[i - 1], &states[(i - 1) % COUNTS_STATES], next);
    uint32_t a = states[0], b = states[1], c = states[2], d = states[3];
    for (; i > 0; i -= COUNTS_STATES) {
        next = s_encode (models[i - 1], symbols[i - 1], &d, next);
        next = s_encode (models[i - 2], symbols[i - 2], &c, next);
        next = s_encode (models[i - 3], symbols[i - 3], &b, next);
        next = s_encode (models[i - 4], symbols[i - 4], &a, next);
    }
    memcpy (states, (const uint32_t[]){a, b, c, d}, COUNTS_STATES * sizeof a);
    return next;
}

//  The words of so many frames' symbols.
static void
s_put_words (writer_t *self, unsigned frames)
{
    size_t room = (size_t) self->coded * frames * COUNTS_WORD_BYTES + COUNTS_STATES * 4;
    self->words.size = 0;
    uint8_t *begin = bytes_reserve (&self->words, room), *end = begin + room, *next = end;
    uint32_t states[COUNTS_STATES] = {STATE_MIN, STATE_MIN, STATE_MIN, STATE_MIN};
    for (unsigned i = frames; i-- > 0;)
        next = s_put_symbols (self, self->symbols + (size_t) i * self->coded, states, next);
    for (unsigned turn = COUNTS_STATES; turn-- > 0;) {
        next = s_put_word (next, states[turn]);
        next = s_put_word (next, states[turn] >> 16);
    }
    self->words.size = (size_t) (end - next);
    memmove (begin, next, self->words.size);
}

static void
s_put_half (writer_t *self, bytes_t *bytes, const counts_t *frames, unsigned count,
            counts_side_t side)
{
    uint8_t *symbol = self->symbols;
    unsigned half = counts_half (count, side);
    self->extras.size = 0;
    for (unsigned i = 0; i < half; i++)
        for (unsigned k = 0; k < self->coded; k++)
            *symbol++ =
                s_symbol (self, k, frames[counts_place (count, side, i)][self->slots[k].slot]);
    s_put_words (self, half);
    bytes_put_varint (bytes, self->extras.size);
    bytes_put (bytes, self->extras.data, self->extras.size);
    bytes_put (bytes, self->words.data, self->words.size);
}

void
counts_put (bytes_t *bytes, const counts_t *frames, unsigned count, unsigned first, unsigned end)
{
    assert (count > 0 && count <= COUNTS_FRAMES_MAX && first <= end && end <= BUCKET_SLOTS);
    bytes_t front = {0};
    writer_t *writer = calloc (1, sizeof *writer);
    assert (writer);
    s_put_models (writer, frames, count, first, end);
    writer->symbols = malloc ((size_t) counts_half (count, COUNTS_BACK) * writer->coded + 1);
    assert (writer->symbols);
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
    bytes_clear (&writer->words);
    free (writer->symbols);
    free (writer);
}

//  --- reading: what stands before the frames ----------------------------------------------------

//  Take a slot's distribution. Returns whether it is one.
static bool
s_take_slot (counts_reader_t *self, taker_t *models, unsigned slot)
{
    const uint8_t *number = taker_bytes (models, 1);
    if (!number || *number >= DISTRIBUTIONS)
        return false;
    if (*number == DISTRIBUTION_ZERO)
        return true;
    counts_slot_t *to = &self->slots[self->coded++];
    self->models[self->coded - 1] = distribution_get (*number);
    *to = (counts_slot_t){.is_normal = distribution_is_normal (*number), .slot = (uint16_t) slot};
    if (to->is_normal) {
        uint64_t low_bits = taker_varint (models);
        to->mean = taker_varint (models);
        to->low_bits = (uint8_t) low_bits;
        self->has_low_bits |= low_bits > 0;
        models->fault |= low_bits > 63;
    }
    return !models->fault;
}

static uint32_t
s_word_at (const uint8_t *bytes)
{
    return bytes[0] | (uint32_t) bytes[1] << 8;
}

//  Begin a half that is all of what a taker has. Returns whether it can be.
static bool
s_begin_half (counts_half_t *self, taker_t taker, unsigned frames)
{
    uint64_t extras_size = taker_varint (&taker);
    const uint8_t *extras = taker_bytes (&taker, extras_size);
    const uint8_t *states = taker_bytes (&taker, sizeof self->states);
    self->left = frames;
    self->is_last = false;
    if (!extras || !states)
        return false;
    self->extras = (taker_t){extras, extras + extras_size, false};
    for (unsigned turn = 0; turn < COUNTS_STATES; turn++, states += 2 * COUNTS_WORD_BYTES)
        self->states[turn] = s_word_at (states) << 16 | s_word_at (states + COUNTS_WORD_BYTES);
    self->words = taker;
    return true;
}

void
counts_begin (counts_reader_t *self, const taker_t *taker, unsigned frames)
{
    taker_t all = *taker;
    uint64_t first = taker_varint (&all), count = taker_varint (&all);
    uint64_t models_size = taker_varint (&all), front_size = taker_varint (&all);
    const uint8_t *models = taker_bytes (&all, models_size);
    const uint8_t *front = taker_bytes (&all, front_size);
    self->first = self->end = self->coded = 0;
    self->has_low_bits = false;
    self->fault = !models || !front || first > BUCKET_SLOTS || count > BUCKET_SLOTS - first ||
                  frames > COUNTS_FRAMES_MAX;
    if (self->fault)
        return;
    self->first = (unsigned) first;
    self->end = (unsigned) (first + count);
    taker_t of_models = {models, models + models_size, false};
    for (unsigned slot = self->first; slot < self->end && !self->fault; slot++)
        self->fault = !s_take_slot (self, &of_models, slot);
    self->fault |=
        !s_begin_half (&self->halves[COUNTS_FRONT], (taker_t){front, front + front_size, false},
                       counts_half (frames, COUNTS_FRONT)) ||
        !s_begin_half (&self->halves[COUNTS_BACK], all, counts_half (frames, COUNTS_BACK));
}

//  --- reading frames ----------------------------------------------------------------------------

//  Decode one symbol. Whether a word is taken is hard to foresee, so that there is no jump: it is
//  read in any case, and what is done with it is computed.
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

//  Before a frame, see that as many bytes as its words may take can be read, whether the words end
//  before or not.
static void
s_reserve_words (counts_half_t *self)
{
    size_t left = (size_t) (self->words.end - self->words.next);
    if (self->is_last || left >= COUNTS_FRAME_BYTES)
        return;
    memcpy (self->last, self->words.next, left);
    memset (self->last + left, 0, sizeof self->last - left);
    self->words = (taker_t){self->last, self->last + left, false};
    self->is_last = true;
}

static void
s_take_symbols (counts_half_t *self, const distribution_t *const *models, size_t coded,
                uint8_t *symbols)
{
    s_reserve_words (self);
    uint32_t a = self->states[0], b = self->states[1], c = self->states[2], d = self->states[3];
    const uint8_t *next = self->words.next;
    size_t i = 0;
    for (; i + COUNTS_STATES <= coded; i += COUNTS_STATES) {
        symbols[i] = s_decode (models[i], &a, &next);
        symbols[i + 1] = s_decode (models[i + 1], &b, &next);
        symbols[i + 2] = s_decode (models[i + 2], &c, &next);
        symbols[i + 3] = s_decode (models[i + 3], &d, &next);
    }
    uint32_t states[COUNTS_STATES] = {a, b, c, d};
    for (unsigned turn = 0; i < coded; i++, turn++)
        symbols[i] = s_decode (models[i], &states[turn], &next);
    memcpy (self->states, states, sizeof states);
    self->words.fault |= next > self->words.end;
    self->words.next = next;
}

//  The counts of symbols, where all have one and no bits are split off.
static void
s_take_plain (const counts_slot_t *slots, size_t coded, const uint8_t *symbols, uint64_t *values)
{
    for (size_t i = 0; i < coded; i++) {
        uint64_t folds = slots[i].is_normal, symbol = symbols[i];
        values[slots[i].slot] = slots[i].mean + ((symbol >> folds) ^ (0 - (symbol & folds)));
    }
}

static void
s_take_extras (const counts_slot_t *slots, unsigned coded, const uint8_t *symbols, taker_t *extras,
               uint64_t *values)
{
    for (unsigned i = 0; i < coded; i++) {
        uint64_t low = slots[i].low_bits > 0 ? taker_varint (extras) : 0;
        uint64_t symbol = symbols[i] == ESCAPE ? taker_varint (extras) : symbols[i];
        if (slots[i].is_normal)
            symbol = ((slots[i].mean + varint_unfold (symbol)) << slots[i].low_bits) | low;
        values[slots[i].slot] = symbol;
    }
}

int
counts_next (counts_reader_t *self, counts_side_t side, counts_t values)
{
    uint8_t *symbols = self->symbols;
    counts_half_t *half = &self->halves[side];
    if (self->fault || half->left == 0)
        return self->fault ? -1 : 0;
    half->left--;
    memset (values + self->first, 0, (self->end - self->first) * sizeof values[0]);
    s_take_symbols (half, self->models, self->coded, symbols);
    if (self->has_low_bits || memchr (symbols, ESCAPE, self->coded))
        s_take_extras (self->slots, self->coded, symbols, &half->extras, values);
    else
        s_take_plain (self->slots, self->coded, symbols, values);
    self->fault = half->words.fault || half->extras.fault;
    return self->fault ? -1 : 1;
}
