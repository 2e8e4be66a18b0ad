//  SPDX-License-Identifier: GPL-2.0-or-later
//  metric: the rows of metrics.def can be found by both names, and their order is the wire's.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "schema/metric.h"

static int
s_find (const char *name)
{
    return metric_find (name, strlen (name));
}

static void
test_metric_order_is_the_wire_order_for_ever (void **state)
{
    (void) state;
    assert_int_equal (METRIC_cpudist, 0);
    assert_int_equal (METRIC_offcpu, 1);
    assert_int_equal (METRIC_runqlat, 2);
    assert_int_equal (METRIC_pidpersec, 3);
}

static void
test_metric_is_found_by_name_and_short_name_in_any_case (void **state)
{
    (void) state;
    assert_int_equal (s_find ("cpudist"), METRIC_cpudist);
    assert_int_equal (s_find ("cpu"), METRIC_cpudist);
    assert_int_equal (s_find ("RunQLat"), METRIC_runqlat);
}

static void
test_metric_is_not_found_by_part_of_a_name (void **state)
{
    (void) state;
    assert_int_equal (s_find (""), -1);
    assert_int_equal (s_find ("cpud"), -1);
    assert_int_equal (s_find ("cpudist_"), -1);
    assert_int_equal (metric_find ("cpu_avg", 3), METRIC_cpudist);
}

static void
test_metric_names_are_unique (void **state)
{
    (void) state;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        assert_int_equal (s_find (metric_get (id)->name), id);
        assert_int_equal (s_find (metric_get (id)->short_name), id);
    }
}

static void
test_metric_pidpersec_counts_tasks (void **state)
{
    (void) state;
    assert_int_equal (metric_get (METRIC_pidpersec)->kind, METRIC_COUNT);
    assert_string_equal (metric_unit_name (metric_get (METRIC_pidpersec)->unit), "tasks");
    assert_string_equal (metric_unit_name (metric_get (METRIC_runqlat)->unit), "ns");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_metric_order_is_the_wire_order_for_ever),
        cmocka_unit_test (test_metric_is_found_by_name_and_short_name_in_any_case),
        cmocka_unit_test (test_metric_is_not_found_by_part_of_a_name),
        cmocka_unit_test (test_metric_names_are_unique),
        cmocka_unit_test (test_metric_pidpersec_counts_tasks),
    };
    return cmocka_run_group_tests_name ("metric", tests, NULL, NULL);
}
