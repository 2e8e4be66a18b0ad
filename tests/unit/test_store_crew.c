//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims: a crew does every item once, whoever asks, and whether it has helpers or not.
//  Meant for ThreadSanitizer as well.
#include "test_store.h"
#include <pthread.h>
#include <stdatomic.h>
#include "storage/crew.h"

enum { ITEMS = 300, ASKERS = 4, ROUNDS = 50 };

typedef struct {
    unsigned done[ITEMS]; //  Not atomic: each item is one thread's
} asked_t;

static void
s_do (void *context, size_t index)
{
    asked_t *asked = context;
    asked->done[index]++;
}

static void *
s_ask (void *argument)
{
    crew_t *crew = argument;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        asked_t asked = {{0}};
        size_t count = round * 7 % ITEMS;
        crew_share (crew, s_do, &asked, count);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal (asked.done[i], i < count);
    }
    return NULL;
}

static void
test_a_crew_does_each_item_once (void **state)
{
    (void) state;
    for (unsigned helpers = 0; helpers <= CREW_HELPERS_MAX; helpers++) {
        crew_t *crew = crew_new (helpers, "crew");
        s_ask (crew);
        crew_destroy (&crew);
        assert_null (crew);
    }
}

static void
test_who_asks_a_busy_crew_waits_for_its_turn (void **state)
{
    (void) state;
    crew_t *crew = crew_new (CREW_HELPERS_MAX, "crew");
    pthread_t askers[ASKERS];
    for (unsigned i = 0; i < ASKERS; i++)
        assert_int_equal (pthread_create (&askers[i], NULL, s_ask, crew), 0);
    for (unsigned i = 0; i < ASKERS; i++)
        pthread_join (askers[i], NULL);
    crew_destroy (&crew);
}

//  The first item is done only once another one is being done, on another thread.
static void
s_meet (void *context, size_t index)
{
    atomic_uint *met = context;
    (void) index;
    atomic_fetch_add (met, 1);
    while (atomic_load (met) < 2)
        ;
}

static void
test_a_crew_works_on_several_items_at_a_time (void **state)
{
    (void) state;
    atomic_uint met = 0;
    crew_t *crew = crew_new (1, "crew");
    crew_share (crew, s_meet, &met, 2);
    assert_int_equal (atomic_load (&met), 2);
    crew_destroy (&crew);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_crew_does_each_item_once),
        cmocka_unit_test (test_who_asks_a_busy_crew_waits_for_its_turn),
        cmocka_unit_test (test_a_crew_works_on_several_items_at_a_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
