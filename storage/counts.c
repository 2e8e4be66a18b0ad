//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - see counts.h; storage/counts_put.c writes them, storage/counts_check.c compares them.
//  The bytes: first slot, number of slots, sizes of models and of the front half; models (for each
//  slot: the distribution; for a normal one: how many low bits are split off, and the mean without
//  them); then each half: size of extras, extras (varints: low bits, and what has no symbol), and
//  words, the first ones being where the states start.
#include "storage/counts_self.h"

#include <endian.h>
#include <string.h>

#define PLAIN_BITS 24 //  A plain count has no more, so that nothing overflows 32

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

//  --- how slots are coded -----------------------------------------------------------------------

//  Where the symbol of a slot stands, which is at from the first one. A block's symbols are put
//  together of four vectors of four: four slots apart, they share 32 bits.
static unsigned
s_place (unsigned at)
{
    unsigned byte = at % COUNTS_BLOCK / COUNTS_LANES;
    if (__BYTE_ORDER == __BIG_ENDIAN)
        byte = COUNTS_LANES - 1 - byte;
    return at / COUNTS_BLOCK * COUNTS_BLOCK + at % COUNTS_LANES * COUNTS_LANES + byte;
}

//  How many slots there are, with what fills the last block.
static size_t
s_padded_width (const counts_models_t *self)
{
    return (self->end - self->first + COUNTS_BLOCK - 1) / COUNTS_BLOCK * COUNTS_BLOCK;
}

void
counts_models_begin (counts_models_t *self, unsigned first, unsigned end)
{
    self->first = first;
    self->end = end;
    size_t width = s_padded_width (self);
    self->coded = 0;
    self->is_wide = false;
    memset (self->means, 0, width * sizeof self->means[0]);
    memset (self->folds, 0, width * sizeof self->folds[0]);
    memset (self->lowest, 0, width);
    memset (self->reach, 0, width);
}

void
counts_models_add (counts_models_t *self, unsigned slot, unsigned number, uint64_t mean,
                   unsigned low_bits)
{
    const distribution_t *model = distribution_get (number);
    bool is_normal = distribution_is_normal (number);
    unsigned at = slot - self->first, place = s_place (at);
    self->is_wide |= low_bits > 0 || mean >> PLAIN_BITS != 0;
    self->means[at] = (uint32_t) mean;
    self->folds[at] = 0 - (uint32_t) is_normal;
    self->lowest[place] = model->lowest;
    self->reach[place] = (uint8_t) (model->highest - model->lowest);
    self->models[self->coded] = model;
    self->places[self->coded] = (uint16_t) place;
    self->slots[self->coded++] = (counts_slot_t){.mean = mean,
                                                 .low_bits = (uint8_t) low_bits,
                                                 .is_normal = is_normal,
                                                 .slot = (uint16_t) slot};
}

void
counts_models_end (counts_models_t *self)
{
    for (self->padded = self->coded; self->padded % COUNTS_STATES != 0; self->padded++) {
        self->models[self->padded] = distribution_certain ();
        self->places[self->padded] = 0;
    }
}

//  --- blocks of plain counts --------------------------------------------------------------------

static inline lanes_t
s_lanes (const void *from)
{
    lanes_t lanes;
    memcpy (&lanes, from, sizeof lanes);
    return lanes;
}

//  Four counts, of which the bits are added to those of others.
static inline lanes_t
s_narrow (const uint64_t *counts, pair_t *bits)
{
    pair_t low, high;
    wide_t wide;
    memcpy (&low, counts, sizeof low);
    memcpy (&high, counts + COUNTS_LANES / 2, sizeof high);
    memcpy (&wide, counts, sizeof wide);
    *bits |= low | high;
    return __builtin_convertvector(wide, lanes_t);
}

//  The last block, of which only some counts are a frame's, with zeros behind them.
static inline const uint64_t *
s_last_block (wide_t last[COUNTS_LANES], const uint64_t *counts, unsigned count)
{
    last[0] = last[1] = last[2] = last[3] = (wide_t){0};
    memcpy (last, counts, count * sizeof *counts);
    return (const uint64_t *) last;
}

//  How many of a frame's counts can be read as whole blocks where they stand: behind the last slot
//  are zeros, up to the frame's end.
static inline unsigned
s_readable (const counts_models_t *self)
{
    unsigned padded = (unsigned) s_padded_width (self);
    return self->first + padded <= BUCKET_SLOTS ? padded : self->end - self->first;
}

//  What is against a frame being plain: bits of any count, of any folded one, and of blocks where
//  a symbol is out of range.
typedef struct {
    pair_t counts;
    lanes_t folded;
    block_t outside;
} misfits_t;

//  The symbols of a block.
static inline void
s_fold_block (const counts_models_t *self, unsigned at, const uint64_t *counts, uint8_t *symbols,
              misfits_t *misfits)
{
    lanes_t packed = {0};
    block_t block, lowest, reach;
    for (unsigned i = 0; i < COUNTS_LANES; i++, at += COUNTS_LANES, counts += COUNTS_LANES) {
        lanes_t above = s_narrow (counts, &misfits->counts) - s_lanes (self->means + at);
        lanes_t folded = above + (above & s_lanes (self->folds + at));
        folded ^= (lanes_t) ((signs_t) above < 0);
        misfits->folded |= folded;
        packed |= folded << 8 * i;
    }
    at -= COUNTS_BLOCK;
    memcpy (symbols + at, &packed, sizeof packed);
    memcpy (&block, &packed, sizeof block);
    memcpy (&lowest, self->lowest + at, sizeof lowest);
    memcpy (&reach, self->reach + at, sizeof reach);
    misfits->outside |= (block_t) (block - lowest > reach);
}

static bool
s_is_plain (const misfits_t *misfits)
{
    pair_t outside;
    lanes_t folded = misfits->folded >> 8;
    memcpy (&outside, &misfits->outside, sizeof outside);
    pair_t any = misfits->counts >> PLAIN_BITS | outside | (pair_t) folded;
    return (any[0] | any[1]) == 0;
}

VECTOR_CLONES
bool
counts_symbols (const counts_models_t *self, const uint64_t *frame, counts_symbols_t symbols)
{
    const uint64_t *counts = frame + self->first;
    unsigned width = s_readable (self), at = 0;
    misfits_t misfits = {.counts = {0}};
    if (self->is_wide)
        return false;
    for (; at + COUNTS_BLOCK <= width; at += COUNTS_BLOCK)
        s_fold_block (self, at, counts + at, symbols, &misfits);
    if (at < width) {
        wide_t last[COUNTS_LANES];
        s_fold_block (self, at, s_last_block (last, counts + at, width - at), symbols, &misfits);
    }
    return s_is_plain (&misfits);
}

//  Some counts of the symbols of a block, those whose symbols are the lowest bytes, as low 32 bits
//  with a sign.
static inline signs_t
s_unfold (const counts_models_t *self, unsigned at, lanes_t symbols)
{
    lanes_t symbol = symbols & 0xFF, unfolded = symbol >> 1 ^ -(symbol & 1);
    lanes_t above = symbol ^ ((symbol ^ unfolded) & s_lanes (self->folds + at));
    return (signs_t) (s_lanes (self->means + at) + above);
}

//  The counts of a block's symbols, where all have one and no bits are split off.
static inline void
s_unfold_block (const counts_models_t *self, unsigned at, const uint8_t *symbols, uint64_t *values)
{
    lanes_t packed = s_lanes (symbols + at);
    for (unsigned i = 0; i < COUNTS_LANES; i++, packed >>= 8, values += COUNTS_LANES) {
        signs_t unfolded = s_unfold (self, at + i * COUNTS_LANES, packed);
        wide_t wide = __builtin_convertvector(unfolded, wide_t);
        memcpy (values, &wide, sizeof wide);
    }
}

static void
s_take_plain (const counts_models_t *self, const uint8_t *symbols, uint64_t *values)
{
    unsigned width = self->end - self->first, at = 0;
    values += self->first;
    for (; at + COUNTS_BLOCK <= width; at += COUNTS_BLOCK)
        s_unfold_block (self, at, symbols, values + at);
    if (at < width) {
        uint64_t last[COUNTS_BLOCK];
        s_unfold_block (self, at, symbols, last);
        memcpy (values + at, last, (width - at) * sizeof last[0]);
    }
}

//  What is told of a frame by comparing it with its symbols.
typedef struct {
    lanes_t differences; //  Bits in which a count is not what its symbol tells
    lanes_t events;      //  Sums of the counts
} told_t;

static inline void
s_tell_block (const counts_models_t *self, unsigned at, const uint8_t *symbols,
              const uint64_t *counts, told_t *told)
{
    pair_t bits = {0};
    lanes_t packed = s_lanes (symbols + at);
    for (unsigned i = 0; i < COUNTS_LANES; i++, packed >>= 8, counts += COUNTS_LANES) {
        lanes_t narrow = s_narrow (counts, &bits);
        told->differences |= narrow ^ (lanes_t) s_unfold (self, at + i * COUNTS_LANES, packed);
        told->events += narrow;
    }
}

VECTOR_CLONES
uint64_t
counts_tell (const counts_models_t *self, const uint8_t *symbols, const uint64_t *frame)
{
    unsigned width = s_readable (self), at = 0;
    const uint64_t *counts = frame + self->first;
    told_t told = {.differences = {0}};
    for (; at + COUNTS_BLOCK <= width; at += COUNTS_BLOCK)
        s_tell_block (self, at, symbols, counts + at, &told);
    if (at < width) {
        wide_t last[COUNTS_LANES];
        s_tell_block (self, at, symbols, s_last_block (last, counts + at, width - at), &told);
    }
    lanes_t any = told.differences, events = told.events;
    return any[0] | any[1] | any[2] | any[3]
               ? COUNTS_NOT_TOLD
               : (uint64_t) events[0] + events[1] + events[2] + events[3];
}

//  --- reading: what stands before the frames ----------------------------------------------------

//  Take a slot's distribution. Returns whether it is one.
static bool
s_take_slot (counts_models_t *self, taker_t *models, unsigned slot)
{
    const uint8_t *number = taker_bytes (models, 1);
    uint64_t low_bits = 0, mean = 0;
    if (!number || *number >= DISTRIBUTIONS)
        return false;
    if (*number == DISTRIBUTION_ZERO)
        return true;
    if (distribution_is_normal (*number)) {
        low_bits = taker_varint (models);
        mean = taker_varint (models);
        models->fault |= low_bits > 63;
    }
    counts_models_add (self, slot, *number, mean, (unsigned) low_bits);
    return !models->fault;
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
        self->states[turn] = counts_word (states) << 16 | counts_word (states + COUNTS_WORD_BYTES);
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
    self->fault = !models || !front || first > BUCKET_SLOTS || count > BUCKET_SLOTS - first ||
                  frames > COUNTS_FRAMES_MAX;
    counts_models_begin (&self->models, self->fault ? 0 : (unsigned) first,
                         self->fault ? 0 : (unsigned) (first + count));
    if (self->fault)
        return;
    memset (self->symbols, 0, s_padded_width (&self->models));
    taker_t of_models = {models, models + models_size, false};
    for (unsigned slot = self->models.first; slot < self->models.end && !self->fault; slot++)
        self->fault = !s_take_slot (&self->models, &of_models, slot);
    counts_models_end (&self->models);
    self->fault |=
        !s_begin_half (&self->halves[COUNTS_FRONT], (taker_t){front, front + front_size, false},
                       counts_half (frames, COUNTS_FRONT)) ||
        !s_begin_half (&self->halves[COUNTS_BACK], all, counts_half (frames, COUNTS_BACK));
}

//  --- reading frames ----------------------------------------------------------------------------

//  Leave a symbol that is at this slot behind. Whether a word is taken is hard to foresee, so that
//  there is no jump: it is read in any case, and what is done with it is computed.
static inline void
s_advance (symbol_slots_t span, uint32_t slot, uint32_t *state, const uint8_t **next)
{
    uint32_t decoded = span.count * (*state >> SCALE_BITS) + slot - span.first;
    uint32_t refills = 0 - (uint32_t) (decoded < STATE_MIN);
    *state = decoded << (refills & 16) | (counts_word (*next) & refills);
    *next += refills & COUNTS_WORD_BYTES;
}

//  Decode one symbol.
static inline uint8_t
s_decode (const distribution_t *model, uint32_t *state, const uint8_t **next)
{
    uint32_t slot = *state & (SCALE - 1);
    uint8_t symbol = model->symbol[slot];
    s_advance (model->span[symbol], slot, state, next);
    return symbol;
}

void
counts_reserve_words (counts_half_t *self)
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
s_end_words (counts_half_t *self, const uint8_t *next)
{
    self->words.fault |= next > self->words.end;
    self->words.next = next;
}

static void
s_take_symbols (counts_half_t *self, const counts_models_t *by, uint8_t *restrict symbols)
{
    const distribution_t *const *models = by->models;
    const uint16_t *places = by->places;
    uint32_t a = self->states[0], b = self->states[1], c = self->states[2], d = self->states[3];
    const uint8_t *next = self->words.next;
    size_t i = 0, coded = by->coded;
    for (; i + COUNTS_STATES <= coded; i += COUNTS_STATES) {
        symbols[places[i]] = s_decode (models[i], &a, &next);
        symbols[places[i + 1]] = s_decode (models[i + 1], &b, &next);
        symbols[places[i + 2]] = s_decode (models[i + 2], &c, &next);
        symbols[places[i + 3]] = s_decode (models[i + 3], &d, &next);
    }
    uint32_t states[COUNTS_STATES] = {a, b, c, d};
    for (unsigned turn = 0; i < coded; i++, turn++)
        symbols[places[i]] = s_decode (models[i], &states[turn], &next);
    memcpy (self->states, states, sizeof states);
    s_end_words (self, next);
}

static void
s_take_extras (const counts_models_t *self, const uint8_t *symbols, taker_t *extras,
               uint64_t *values)
{
    memset (values + self->first, 0, (self->end - self->first) * sizeof values[0]);
    for (unsigned i = 0; i < self->coded; i++) {
        const counts_slot_t *slot = &self->slots[i];
        uint64_t low = slot->low_bits > 0 ? taker_varint (extras) : 0;
        uint64_t symbol = symbols[self->places[i]];
        if (symbol == ESCAPE)
            symbol = taker_varint (extras);
        if (slot->is_normal)
            symbol = ((slot->mean + varint_unfold (symbol)) << slot->low_bits) | low;
        values[slot->slot] = symbol;
    }
}

int
counts_next (counts_reader_t *self, counts_side_t side, counts_t values)
{
    const counts_models_t *models = &self->models;
    counts_half_t *half = &self->halves[side];
    if (self->fault || half->left == 0)
        return self->fault ? -1 : 0;
    half->left--;
    counts_reserve_words (half);
    s_take_symbols (half, models, self->symbols);
    if (models->is_wide || memchr (self->symbols, ESCAPE, s_padded_width (models)))
        s_take_extras (models, self->symbols, &half->extras, values);
    else
        s_take_plain (models, self->symbols, values);
    self->fault = half->words.fault || half->extras.fault;
    return self->fault ? -1 : 1;
}
