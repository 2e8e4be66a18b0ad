//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about what chunks are made of: counts and columns come back as they were put.
#include "test_store.h"
#include "test_chance.h"
#include "storage/column.h"
#include "storage/counts.h"
#include "storage/distribution.h"

static counts_writer_t *s_writer; //  One for all tests, as a store has one for all minutes

//  Counts of every size and shape: constant, rare, bursts, growing, near 2^64.
static uint64_t
s_count (unsigned shape, unsigned slot, unsigned i)
{
    switch (shape) {
    case 0:
        return slot % 5 == 0 ? 1000003 : 0;
    case 1:
        return chance_number () % 100 == 0;
    case 2:
        return chance_number () % 60 == 0 ? chance_number () >> (chance_number () % 64) : 0;
    case 3:
        return (uint64_t) slot * i * i;
    case 4:
        return UINT64_MAX - chance_number () % (1 + (1ULL << slot % 63));
    case 5:
        return chance_number () >> (chance_number () % 64);
    case 7: //  Plain
        return chance_number () % (2 + slot % 12);
    default:
        return (uint64_t) fabs (exp2 (slot % 40) + exp2 (slot % 30) * chance_normal ());
    }
}

//  Read a half and clear what was read.
static void
s_take_half (counts_reader_t *reader, counts_side_t side, counts_t *frames, unsigned count)
{
    counts_t taken;
    for (unsigned i = 0; i < counts_half (count, side); i++) {
        uint64_t *frame = frames[counts_place (count, side, i)];
        assert_int_equal (counts_next (reader, side, taken), 1);
        assert_memory_equal (taken + reader->models.first, frame + reader->models.first,
                             8 * (reader->models.end - reader->models.first));
        memset (frame + reader->models.first, 0, 8 * (reader->models.end - reader->models.first));
    }
    assert_int_equal (counts_next (reader, side, taken), 0);
}

//  The halves in either order, for they do not depend on each other.
static void
s_assert_counts_given_back (const bytes_t *bytes, counts_t *frames, unsigned count,
                            counts_side_t first)
{
    counts_reader_t reader;
    const taker_t taker = {bytes->data, bytes->data + bytes->size, false};
    counts_begin (&reader, &taker, count);
    assert_false (reader.fault);
    s_take_half (&reader, first, frames, count);
    s_take_half (&reader, first == COUNTS_FRONT ? COUNTS_BACK : COUNTS_FRONT, frames, count);
    for (unsigned i = 0; i < count; i++)
        for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
            assert_true (frames[i][slot] == 0);
}

static void
test_counts_of_any_shape_are_given_back (void **state)
{
    static counts_t frames[COUNTS_FRAMES_MAX];
    (void) state;
    chance_state = 5;
    for (unsigned round = 0; round < 140; round++) {
        unsigned count = 1 + (unsigned) (chance_number () % COUNTS_FRAMES_MAX);
        unsigned first = (unsigned) (chance_number () % BUCKET_SLOTS);
        for (unsigned slot = first; slot < BUCKET_SLOTS && slot < first + round; slot++)
            for (unsigned i = 0; i < count; i++)
                frames[i][slot] = s_count (round % 7, slot, i);
        bytes_t bytes = {0};
        counts_put (s_writer, &bytes, frames, count, 0, BUCKET_SLOTS);
        s_assert_counts_given_back (&bytes, frames, count, round % 2);
        bytes_clear (&bytes);
    }
}

//  Read all frames. Returns whether they could be read.
static bool
s_read_all (const bytes_t *bytes, counts_t *frames, unsigned count)
{
    counts_reader_t reader;
    const taker_t taker = {bytes->data, bytes->data + bytes->size, false};
    memset (frames, 0, count * sizeof *frames);
    counts_begin (&reader, &taker, count);
    bool could = !reader.fault;
    for (counts_side_t side = COUNTS_FRONT; could && side < COUNTS_HALVES; side++)
        for (unsigned i = 0; could && i < counts_half (count, side); i++)
            could = counts_next (&reader, side, frames[counts_place (count, side, i)]) == 1;
    return could;
}

//  Whether what was put are these frames, and add up to these events.
static bool
s_are (const bytes_t *bytes, const counts_t *frames, const uint64_t *events, unsigned count)
{
    static counts_reader_t reader;
    const taker_t taker = {bytes->data, bytes->data + bytes->size, false};
    counts_begin (&reader, &taker, count);
    return counts_are (&reader, frames, events, count);
}

static void
s_assert_change_found (const bytes_t *bytes, counts_t *frames, uint64_t *events, unsigned count,
                       unsigned slot)
{
    unsigned place = (unsigned) (chance_number () % count);
    uint64_t *changed = &frames[place][slot];
    uint64_t before = *changed;
    *changed = chance_number () % 2 ? before ^ 1ULL << chance_number () % 64 : before + 1;
    events[place] += *changed - before;
    assert_false (s_are (bytes, frames, events, count));
    events[place] -= *changed - before;
    assert_false (s_are (bytes, frames, events, count));
    *changed = before;
    events[place] ^= 1ULL << chance_number () % 64;
    assert_false (s_are (bytes, frames, events, count));
    events[place] = 0;
    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        events[place] += frames[place][i];
}

static void
s_draw (counts_t *frames, uint64_t *events, unsigned count, unsigned shape, unsigned first,
        unsigned end)
{
    memset (frames, 0, COUNTS_FRAMES_MAX * sizeof *frames);
    memset (events, 0, COUNTS_FRAMES_MAX * sizeof *events);
    for (unsigned slot = first; slot < end; slot++)
        for (unsigned i = 0; i < count; i++) {
            frames[i][slot] = s_count (shape, slot, i);
            events[i] += frames[i][slot];
        }
}

static void
test_counts_are_told_from_all_others (void **state)
{
    static counts_t frames[COUNTS_FRAMES_MAX];
    uint64_t events[COUNTS_FRAMES_MAX];
    (void) state;
    chance_state = 6;
    for (unsigned round = 0; round < 160; round++) {
        unsigned count = 1 + (unsigned) (chance_number () % 90);
        unsigned first = (unsigned) (chance_number () % BUCKET_SLOTS);
        unsigned end = first + 1 + round < BUCKET_SLOTS ? first + 1 + round : BUCKET_SLOTS;
        s_draw (frames, events, count, round % 8, first, end);
        bytes_t bytes = {0};
        counts_put (s_writer, &bytes, frames, count, first, end);
        assert_true (s_are (&bytes, frames, events, count));
        for (unsigned change = 0; change < 20; change++)
            s_assert_change_found (&bytes, frames, events, count,
                                   first + (unsigned) (chance_number () % (end - first)));
        bytes_clear (&bytes);
    }
}

//  A bit of the words or states that is changed makes other counts of them, or is not read at all.
static void
test_counts_whose_bytes_changed_are_told_apart (void **state)
{
    static counts_t frames[COUNTS_FRAMES_MAX], read[COUNTS_FRAMES_MAX];
    uint64_t events[COUNTS_FRAMES_MAX];
    bytes_t bytes = {0};
    (void) state;
    chance_state = 8;
    s_draw (frames, events, 21, 7, 100, 190);
    counts_put (s_writer, &bytes, frames, 21, 100, 190);
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t *byte = &bytes.data[chance_number () % bytes.size];
        uint8_t before = *byte;
        *byte ^= (uint8_t) (1u << chance_number () % 8);
        bool is_same =
            s_read_all (&bytes, read, 21) && memcmp (read, frames, 21 * sizeof *read) == 0;
        if (s_are (&bytes, frames, events, 21))
            assert_true (is_same);
        *byte = before;
    }
    bytes_clear (&bytes);
}

//  Read all that can be. Returns what the last call did.
static int
s_read_half (counts_reader_t *reader, counts_side_t side)
{
    counts_t taken;
    int rc = 1;
    while (rc == 1)
        rc = counts_next (reader, side, taken);
    return rc;
}

static void
test_counts_that_end_too_early_are_none (void **state)
{
    static counts_t frames[60];
    bytes_t bytes = {0};
    counts_reader_t reader;
    (void) state;
    chance_state = 7;
    for (unsigned i = 0; i < 60; i++)
        for (unsigned slot = 0; slot < 20; slot++)
            frames[i][slot] = s_count (6, slot, i);
    counts_put (s_writer, &bytes, frames, 60, 0, 20);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *cut = malloc (size + 1);
        memcpy (cut, bytes.data, size);
        const taker_t taker = {cut, cut + size, false};
        counts_begin (&reader, &taker, 60);
        if (!reader.fault)
            s_read_half (&reader, COUNTS_FRONT);
        assert_int_equal (s_read_half (&reader, COUNTS_BACK), -1);
        free (cut);
    }
    bytes_clear (&bytes);
}

static void
test_the_distributions_are_the_same_everywhere (void **state)
{
    (void) state;
    assert_true (distribution_digest () == 0x2635393CDED2F09ULL);
}

static void
s_assert_divided (const distribution_t *model, unsigned symbol, uint32_t state)
{
    uint32_t exact = state / model->span[symbol].count;
    uint32_t divided = distribution_divide (model, symbol, state);
    assert_in_range (divided, exact > 0 ? exact - 1 : 0, exact);
}

//  Just below and at multiples of the frequency a rounding error would show.
static void
test_states_are_divided_by_frequencies_or_give_one_less (void **state)
{
    (void) state;
    for (unsigned number = 1; number < DISTRIBUTIONS; number++)
        for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) {
            const distribution_t *model = distribution_get (number);
            uint64_t frequency = model->span[symbol].count;
            for (uint64_t quotient = 1; frequency > 0 && quotient <= 1u << 21; quotient *= 2) {
                uint32_t below = (uint32_t) (quotient * frequency - 1);
                s_assert_divided (model, symbol, below);
                s_assert_divided (model, symbol, below - (uint32_t) (quotient / 2 * frequency));
                s_assert_divided (model, symbol, (uint32_t) (quotient / 2 * frequency));
            }
        }
}

static void
test_every_slot_of_a_distribution_is_of_one_symbol (void **state)
{
    (void) state;
    for (unsigned number = 1; number < DISTRIBUTIONS; number++) {
        const distribution_t *model = distribution_get (number);
        unsigned slots = 0;
        for (unsigned symbol = 0; symbol < SYMBOLS; symbol++)
            slots += model->span[symbol].count;
        assert_int_equal (slots, SCALE);
        for (uint32_t slot = 0; slot < SCALE; slot++) {
            symbol_slots_t span = model->span[model->symbol[slot]];
            assert_in_range (slot, span.first, span.first + span.count - 1);
        }
    }
}

static void
test_every_symbol_in_a_distributions_range_has_slots (void **state)
{
    (void) state;
    for (unsigned number = 1; number < DISTRIBUTIONS; number++) {
        const distribution_t *model = distribution_get (number);
        assert_true (model->lowest <= model->highest && model->highest < ESCAPE);
        for (unsigned symbol = model->lowest; symbol <= model->highest; symbol++)
            assert_true (model->span[symbol].count > 0);
    }
}

//  A byte that says how, and each number by itself.
static size_t
s_varints_size (const uint64_t *values, unsigned count)
{
    bytes_t bytes = {0};
    for (unsigned i = 0; i < count; i++)
        bytes_put_varint (&bytes, values[i]);
    size_t size = 1 + bytes.size;
    bytes_clear (&bytes);
    return size;
}

static void
test_columns_of_any_shape_are_given_back (void **state)
{
    (void) state;
    chance_state = 9;
    for (unsigned round = 0; round < 2000; round++) {
        uint64_t values[300], taken[300];
        unsigned count = 1 + (unsigned) (chance_number () % 300);
        for (unsigned i = 0; i < count; i++)
            values[i] = round % 4 == 0   ? chance_number () >> (chance_number () % 64)
                        : round % 4 == 1 ? 7 * i + round
                        : round % 4 == 2 ? 1000000 + chance_number () % (1 + round)
                                         : 0 - (uint64_t) i * round - chance_number () % 3;
        bytes_t bytes = {0};
        column_put (&bytes, values, count);
        if (count > 2) //  Two numbers are always even steps
            assert_in_range (bytes.size, 2, s_varints_size (values, count));
        taker_t taker = {bytes.data, bytes.data + bytes.size, false};
        column_take (&taker, taken, count);
        assert_false (taker.fault);
        assert_ptr_equal (taker.next, taker.end);
        assert_memory_equal (values, taken, 8 * count);
        bytes_clear (&bytes);
    }
}

//  Whatever bytes: numbers in their shortest form, longer ones, more than 64 bits, ends within one.
static void
test_many_varints_are_those_taken_one_by_one (void **state)
{
    (void) state;
    uint8_t bytes[64];
    chance_state = 1;
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = chance_number () % sizeof bytes;
        unsigned more_in_16 = chance_number () % 17;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t) (chance_number () & 0x7F) |
                       (chance_number () % 16 < more_in_16 ? 0x80 : 0);
        taker_t one = {bytes, bytes + size, false}, many = one;
        while (!one.fault) {
            assert_true (taker_varint_of_many (&many) == taker_varint (&one));
            assert_ptr_equal (many.next, one.next);
            assert_int_equal (many.fault, one.fault);
        }
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_counts_of_any_shape_are_given_back),
        cmocka_unit_test (test_counts_that_end_too_early_are_none),
        cmocka_unit_test (test_counts_are_told_from_all_others),
        cmocka_unit_test (test_counts_whose_bytes_changed_are_told_apart),
        cmocka_unit_test (test_the_distributions_are_the_same_everywhere),
        cmocka_unit_test (test_states_are_divided_by_frequencies_or_give_one_less),
        cmocka_unit_test (test_every_slot_of_a_distribution_is_of_one_symbol),
        cmocka_unit_test (test_every_symbol_in_a_distributions_range_has_slots),
        cmocka_unit_test (test_columns_of_any_shape_are_given_back),
        cmocka_unit_test (test_many_varints_are_those_taken_one_by_one),
    };
    s_writer = counts_writer_new ();
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    counts_writer_destroy (&s_writer);
    return failed;
}
