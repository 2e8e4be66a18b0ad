//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - see counts.h. The bytes: first slot, number of slots, sizes of models and extras, then
//  models (for each slot: the distribution; for a normal one: how many low bits are split off,
//  and the mean without them), extras (varints: low bits, and what has no symbol), and words, the
//  first ones being where the states start.
#include "storage/counts.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SCALE_BITS 11
#define SCALE      (1u << SCALE_BITS)
#define STATE_MIN  (1u << 16)
#define SYMBOLS    256
#define ESCAPE     255 //  The symbol of all that have none

#define MODEL_ZERO 0 //  All counts are 0
#define MEANS      14
#define SPREADS    6
#define BINOMIALS  (MEANS * SPREADS)
#define NORMALS    27
#define MODELS     (1 + BINOMIALS + NORMALS)

#define MEAN_MAX    12.0 //  Of a negative binomial model
#define MEAN_STEPS  4.0  //  Of its square root, a unit
#define NORMAL_LOW  0.125
#define NORMAL_STEP 1.2599210498948732 //  The cube root of 2
#define NORMAL_BITS 4                  //  A deviation of 2^4 and more is split

typedef struct {
    uint16_t frequency[SYMBOLS];
    uint16_t start[SYMBOLS];
    uint32_t slots[SCALE]; //  Symbol, its frequency << 8, and how far above its start << 20
} model_t;

static const double s_spreads[SPREADS] = {1.0, 1.5, 2.5, 5.0, 12.0, 40.0};
static model_t *s_models; //  MODELS of them, made once
static pthread_once_t s_once = PTHREAD_ONCE_INIT;

//  --- distributions ---------------------------------------------------------------------------

//  exp (x) for -64 < x <= 0, by basic operations.
static double
s_exp (double x)
{
    double term = 1, sum = 1;
    x /= 1024;
    for (int i = 1; i < 12; i++) {
        term = term * x / i;
        sum += term;
    }
    for (int i = 0; i < 10; i++)
        sum *= sum;
    return sum;
}

//  Give each symbol its share of SCALE; what is too rare for one is left to ESCAPE.
static void
s_set_frequencies (model_t *self, const double *weights)
{
    double total = 0;
    unsigned left = SCALE - 1, start = 0, common = 0;
    for (unsigned i = 0; i < ESCAPE; i++)
        total += weights[i];
    for (unsigned i = 0; i < ESCAPE; i++) {
        unsigned share = (unsigned) (weights[i] / total * (SCALE - 1) + 0.5);
        self->frequency[i] = (uint16_t) (share < left ? share : left);
        left -= self->frequency[i];
        if (self->frequency[i] > self->frequency[common])
            common = i;
    }
    self->frequency[common] = (uint16_t) (self->frequency[common] + left);
    self->frequency[ESCAPE] = 1;
    for (unsigned i = 0; i < SYMBOLS; i++) {
        self->start[i] = (uint16_t) start;
        for (unsigned k = 0; k < self->frequency[i]; k++)
            self->slots[start + k] = i | (uint32_t) self->frequency[i] << 8 | (uint32_t) k << 20;
        start += self->frequency[i];
    }
    assert (start == SCALE);
}

//  Negative binomial with this mean and variance spread * mean; Poisson for a spread of 1.
static void
s_set_binomial (model_t *self, double mean, double spread)
{
    double weights[ESCAPE] = {1};
    double size = spread > 1 ? mean / (spread - 1) : 0;
    for (unsigned k = 1; k < ESCAPE; k++)
        weights[k] = spread > 1 ? weights[k - 1] * (k - 1 + size) / k * (1 - 1 / spread)
                                : weights[k - 1] * mean / k;
    s_set_frequencies (self, weights);
}

//  Normal, with a hundredth of it four times as wide, of symbols 0, -1, 1, -2, 2 ...
static void
s_set_normal (model_t *self, double deviation)
{
    double weights[ESCAPE];
    for (unsigned symbol = 0; symbol < ESCAPE; symbol++) {
        unsigned steps = (symbol + 1) / 2;
        double distance = steps / deviation;
        double exponent = -distance * distance / 2;
        weights[symbol] = 0.99 * (exponent > -60 ? s_exp (exponent) : 0) +
                          0.01 / 4 * (exponent > -960 ? s_exp (exponent / 16) : 0);
    }
    s_set_frequencies (self, weights);
}

static void
s_make_models (void)
{
    s_models = calloc (MODELS, sizeof *s_models);
    assert (s_models);
    for (unsigned i = 0; i < BINOMIALS; i++) {
        unsigned step = i / SPREADS;
        double root = (step + 0.5) / MEAN_STEPS;
        s_set_binomial (&s_models[1 + i], root * root, s_spreads[i % SPREADS]);
    }
    double deviation = NORMAL_LOW;
    for (unsigned i = 0; i < NORMALS; i++, deviation *= NORMAL_STEP)
        s_set_normal (&s_models[1 + BINOMIALS + i], deviation);
}

uint64_t
counts_digest (void)
{
    pthread_once (&s_once, s_make_models);
    return XXH64 (s_models, MODELS * sizeof *s_models, 0);
}

//  --- choosing one ----------------------------------------------------------------------------

//  How one bucket's counts are coded.
typedef struct {
    unsigned model;
    unsigned low_bits; //  Split off, of a normal one
    uint64_t mean;     //  Of the rest, likewise
} choice_t;

static bool
s_is_normal (unsigned model)
{
    return model > BINOMIALS;
}

static unsigned
s_choose_spread (double spread)
{
    unsigned best = 0;
    while (best + 1 < SPREADS && spread > (s_spreads[best] + s_spreads[best + 1]) / 2)
        best++;
    return best;
}

static unsigned
s_choose_normal (double deviation)
{
    unsigned best = 0;
    double of_best = NORMAL_LOW;
    while (best + 1 < NORMALS && deviation > of_best * 1.1224620483093730) {
        of_best *= NORMAL_STEP;
        best++;
    }
    return 1 + BINOMIALS + best;
}

static choice_t
s_choose (const uint64_t *values, unsigned frames)
{
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < frames; i++)
        sum += (double) values[i];
    double mean = sum / frames;
    if (sum == 0)
        return (choice_t){.model = MODEL_ZERO};
    for (unsigned i = 0; i < frames; i++)
        squares += ((double) values[i] - mean) * ((double) values[i] - mean);
    double variance = squares / frames;
    if (mean < MEAN_MAX && variance > mean * 0.6) {
        unsigned step = (unsigned) (sqrt (mean) * MEAN_STEPS);
        return (choice_t){.model = 1 + step * SPREADS + s_choose_spread (variance / mean)};
    }
    choice_t choice = {.low_bits = 0};
    double deviation = sqrt (variance);
    for (; deviation >= 2 << NORMAL_BITS && choice.low_bits < 63; deviation /= 2)
        choice.low_bits++;
    choice.model = s_choose_normal (deviation);
    choice.mean = (mean < 0x1p62 ? (uint64_t) llround (mean) : 1ULL << 62) >> choice.low_bits;
    return choice;
}

//  --- writing ---------------------------------------------------------------------------------

typedef struct {
    uint32_t states[COUNTS_STATES];
    uint16_t *next; //  Words are written backwards: the last one is read first
} coder_t;

static void
s_encode (coder_t *self, unsigned turn, const model_t *model, unsigned symbol)
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
    if (!s_is_normal (choice->model))
        return value;
    int64_t difference = (int64_t) ((value >> choice->low_bits) - choice->mean);
    return ((uint64_t) difference << 1) ^ (uint64_t) (difference >> 63);
}

static bool
s_has (const model_t *model, uint64_t symbol)
{
    return symbol < ESCAPE && model->frequency[symbol] > 0;
}

static void
s_put_extras (bytes_t *extras, const choice_t *choice, const uint64_t *values, unsigned frames)
{
    const model_t *model = &s_models[choice->model];
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
        *choice = s_choose (column, frames);
        uint8_t byte = (uint8_t) choice->model;
        bytes_put (models, &byte, 1);
        if (s_is_normal (choice->model)) {
            bytes_put_varint (models, choice->low_bits);
            bytes_put_varint (models, choice->mean);
        }
        if (choice->model != MODEL_ZERO)
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
        const model_t *model = &s_models[choice->model];
        for (unsigned i = frames; choice->model != MODEL_ZERO && i-- > 0;) {
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
    pthread_once (&s_once, s_make_models);
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
    pthread_once (&s_once, s_make_models);
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
    choice_t choice = {.model = byte ? *byte : 0};
    if (choice.model >= MODELS)
        self->models.fault = true;
    else if (s_is_normal (choice.model)) {
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
s_decode (const model_t *model, uint32_t *state, const uint8_t **next)
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
s_take_symbols (counts_reader_t *self, const model_t *model, uint8_t *symbols)
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
s_take_last_symbols (counts_reader_t *self, const model_t *model, uint8_t *symbols)
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
        s_take_symbols (self, &s_models[choice->model], symbols);
    else
        s_take_last_symbols (self, &s_models[choice->model], symbols);
    if (self->words.fault)
        return;
    if (s_is_normal (choice->model))
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
    if (choice.model == MODEL_ZERO)
        memset (values, 0, self->frames * sizeof *values);
    else
        s_take_values (self, &choice, values);
    *slot = self->slot++;
    return self->words.fault || self->extras.fault ? -1 : 1;
}
