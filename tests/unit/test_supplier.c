//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about broker/supplier: what it says of frames that workers turned out not to have,
//  and of those that were pulled from them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "broker/supplier.h"

static char s_log[4096];
static suppliers_t *s_suppliers;

static int
s_setup (void **state)
{
    (void) state;
    memset (s_log, 0, sizeof s_log);
    FILE *log = fmemopen (s_log, sizeof s_log, "w");
    setvbuf (log, NULL, _IONBF, 0);
    zsys_set_logstream (log);
    s_suppliers = suppliers_new (1);
    suppliers_set (s_suppliers, "n1", "tcp://127.0.0.1:9");
    suppliers_set (s_suppliers, "n2", "tcp://127.0.0.1:9");
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    suppliers_destroy (&s_suppliers);
    zsys_set_logstream (NULL);
    return 0;
}

static void
s_lose (const char *node, uint64_t first_seq, uint64_t last_seq, int64_t now_mono_ms)
{
    const loss_t loss = {.range = {.epoch = 7, .first_seq = first_seq, .last_seq = last_seq},
                         .cause = LOSS_EXPIRED};
    suppliers_lost (s_suppliers, node, &loss, now_mono_ms);
}

static size_t
s_count_lines (void)
{
    size_t lines = 0;
    for (const char *c = s_log; *c; c++)
        lines += *c == '\n';
    return lines;
}

static void
test_a_loss_is_told_at_once (void **state)
{
    (void) state;
    s_lose ("n1", 3, 5, 1000);
    assert_non_null (strstr (s_log, "n1: frames 3 to 5 of epoch 7 are lost: the worker's retention "
                                    "took them first"));
    s_lose ("n2", 1, 1, 1000);
    assert_int_equal (s_count_lines (), 2); //  Another node's is told at once, too
}

static void
test_losses_again_and_again_are_told_together (void **state)
{
    (void) state;
    for (uint64_t seq = 1; seq < 2000; seq += 2)
        s_lose ("n1", seq, seq, 1000);
    suppliers_tell (s_suppliers, 10999);
    assert_int_equal (s_count_lines (), 1);
    suppliers_tell (s_suppliers, 11000);
    assert_int_equal (s_count_lines (), 2);
    assert_non_null (strstr (s_log, "n1: 999 more frames are lost, in 999 ranges"));
    suppliers_tell (s_suppliers, 30000);
    assert_int_equal (s_count_lines (), 2);
}

static void
test_a_claim_of_any_size_can_be_told (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++)
        s_lose ("n1", 1, UINT64_MAX - 1, 1000);
    suppliers_tell (s_suppliers, 11000);
    assert_non_null (strstr (s_log, "n1: 18446744073709551615 more frames are lost, in 2 ranges"));
}

static void
test_a_gap_that_is_filled_is_told_once_nothing_is_missing (void **state)
{
    (void) state;
    supplier_t *supplier = suppliers_find (s_suppliers, "n1");
    suppliers_whole (s_suppliers, supplier, 1000); //  Nothing was
    supplier_pulled (supplier, 512);
    supplier_pulled (supplier, 88);
    suppliers_tell (s_suppliers, 2000);
    assert_int_equal (s_count_lines (), 0);
    suppliers_whole (s_suppliers, supplier, 2000);
    suppliers_whole (s_suppliers, supplier, 7000);
    assert_int_equal (s_count_lines (), 1);
    assert_non_null (strstr (s_log, "n1: 600 frames pulled again; none that it has is missing"));
}

static void
test_gaps_filled_again_and_again_are_told_together (void **state)
{
    (void) state;
    supplier_t *supplier = suppliers_find (s_suppliers, "n1");
    for (int64_t now_mono_ms = 1000; now_mono_ms < 11000; now_mono_ms += 1000) {
        supplier_pulled (supplier, 1);
        suppliers_whole (s_suppliers, supplier, now_mono_ms);
        suppliers_tell (s_suppliers, now_mono_ms);
    }
    assert_int_equal (s_count_lines (), 1);
    suppliers_tell (s_suppliers, 11000);
    assert_int_equal (s_count_lines (), 2);
    assert_non_null (strstr (s_log, "n1: 9 frames pulled again"));
    supplier_pulled (supplier, 1); //  More is missing, it seems
    suppliers_tell (s_suppliers, 60000);
    assert_int_equal (s_count_lines (), 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_a_loss_is_told_at_once, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_losses_again_and_again_are_told_together, s_setup,
                                         s_teardown),
        cmocka_unit_test_setup_teardown (test_a_claim_of_any_size_can_be_told, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_a_gap_that_is_filled_is_told_once_nothing_is_missing,
                                         s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_gaps_filled_again_and_again_are_told_together,
                                         s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
