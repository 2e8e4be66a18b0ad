//  SPDX-License-Identifier: GPL-2.0-or-later
//  partial: adding up frames is adding up their numbers, in any order and any grouping; what is
//  encoded is decoded the same. Run from the root of the tree.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "schema/partial.h"
#include "tests/unit/test_wire.h"

//  A frame with events of value_ns in cpudist and tasks in pidpersec.
static frame_t
s_frame (unsigned events, uint64_t value_ns, unsigned tasks)
{
    frame_t self = {.node = "n1", .epoch = 1, .seq = 1, .span_s = 1};
    frame_metric_t *cpudist = &self.metrics[METRIC_cpudist];
    frame_metric_t *pidpersec = &self.metrics[METRIC_pidpersec];
    cpudist->measured = pidpersec->measured = true;
    while (events-- > 0)
        histogram_add (&cpudist->histogram, value_ns);
    cpudist->accrued_ns = 500;
    pidpersec->histogram = (histogram_t){.count = tasks, .sum = tasks};
    return self;
}

static partial_t
s_partial (const char *node, int64_t since, int64_t until, const frame_t *frame)
{
    partial_t self;
    partial_init (&self, node, since, until);
    if (frame)
        partial_add_frame (&self, frame, METRIC_ALL, 1);
    return self;
}

static void
test_partial_starts_with_its_window_expected_and_nothing_present (void **state)
{
    (void) state;
    partial_t self = s_partial ("n1", 100, 160, NULL);
    assert_string_equal (self.node, "n1");
    assert_int_equal (self.expected_s, 60);
    assert_int_equal (self.present_s, 0);
    assert_int_equal (self.frames, 0);
}

static void
test_partial_adds_frames_up (void **state)
{
    (void) state;
    frame_t one = s_frame (3, 100, 23), other = s_frame (4, 900, 1);
    partial_t self = s_partial ("n1", 0, 60, &one);
    partial_add_frame (&self, &other, METRIC_ALL, 2);
    assert_int_equal (self.frames, 2);
    assert_int_equal (self.present_s, 3);
    assert_int_equal (self.metrics[METRIC_cpudist].histogram.count, 7);
    assert_int_equal (self.metrics[METRIC_cpudist].histogram.sum, 3900);
    assert_int_equal (self.metrics[METRIC_cpudist].accrued_ns, 1000);
    assert_int_equal (self.metrics[METRIC_pidpersec].histogram.sum, 24);
}

static void
test_partial_counts_no_presence_for_what_a_frame_did_not_measure (void **state)
{
    (void) state;
    frame_t frame = s_frame (3, 100, 23);
    partial_t self = s_partial ("n1", 0, 60, &frame);
    assert_int_equal (self.metrics[METRIC_cpudist].present_s, 1);
    assert_int_equal (self.metrics[METRIC_runqlat].present_s, 0);
}

static void
test_partial_adds_only_the_metrics_asked_for (void **state)
{
    (void) state;
    frame_t frame = s_frame (3, 100, 23);
    partial_t self = s_partial ("n1", 0, 60, NULL);
    partial_add_frame (&self, &frame, METRIC_BIT (METRIC_pidpersec), 1);
    assert_int_equal (self.metrics[METRIC_cpudist].histogram.count, 0);
    assert_int_equal (self.metrics[METRIC_pidpersec].histogram.count, 23);
}

static void
test_partial_merge_of_adjoining_windows_is_the_whole_window (void **state)
{
    (void) state;
    frame_t one = s_frame (3, 100, 23), other = s_frame (4, 900, 1);
    partial_t left = s_partial ("n1", 0, 30, &one), right = s_partial ("n1", 30, 60, &other);
    partial_t whole = s_partial ("n1", 0, 60, &one);
    partial_add_frame (&whole, &other, METRIC_ALL, 1);
    partial_merge (&right, &left);
    assert_memory_equal (&right, &whole, sizeof whole);
}

static void
test_partial_merge_of_nodes_sums_what_was_expected (void **state)
{
    (void) state;
    frame_t frame = s_frame (3, 100, 23);
    partial_t one = s_partial ("n1", 0, 60, &frame), other = s_partial ("n2", 0, 60, &frame);
    partial_merge (&one, &other);
    assert_string_equal (one.node, "");
    assert_int_equal (one.expected_s, 120);
    assert_int_equal (one.present_s, 2);
    assert_int_equal (one.until_wall_s, 60);
}

static void
test_partial_sums_pass_64_bits (void **state)
{
    (void) state;
    frame_t frame = s_frame (1, UINT64_MAX, 0);
    partial_t self = s_partial ("n1", 0, 60, &frame);
    partial_merge (&self, &self);
    assert_true (self.metrics[METRIC_cpudist].histogram.sum == (uint128_t) UINT64_MAX * 2);
}

static void
test_partial_knows_mixed_scopes_and_synthetic_frames (void **state)
{
    (void) state;
    frame_t all = s_frame (1, 1, 1), pid = s_frame (1, 1, 1);
    pid.scope = (scope_t){.kind = SCOPE_PID, .pid = 3327};
    pid.source = FRAME_FROM_SYNTHETIC;
    partial_t self = s_partial ("n1", 0, 60, &all), other = s_partial ("n2", 0, 60, &pid);
    partial_t none = s_partial ("n3", 0, 60, NULL);
    partial_merge (&self, &none);
    assert_false (self.mixed_scopes);
    assert_false (self.synthetic);
    partial_merge (&none, &other);
    assert_false (none.mixed_scopes);
    assert_int_equal (none.scope.pid, 3327);
    partial_merge (&self, &other);
    assert_true (self.mixed_scopes);
    assert_true (self.synthetic);
}

static void
test_partial_decodes_what_it_encodes (void **state)
{
    (void) state;
    uint8_t buffer[PARTIAL_MAX_BYTES];
    frame_t frame = s_frame (3, UINT64_MAX, 23);
    frame.scope = (scope_t){.kind = SCOPE_CGROUP, .cgroup = "/a"};
    partial_t self = s_partial ("n1", -60, 60, &frame), decoded;
    size_t size = partial_encode (&self, METRIC_ALL, buffer, sizeof buffer);
    assert_int_not_equal (size, 0);
    assert_int_equal (partial_decode (&decoded, s_reader, buffer, size), 0);
    assert_memory_equal (&decoded, &self, sizeof self);
}

static void
test_partial_encodes_only_the_metrics_asked_for (void **state)
{
    (void) state;
    uint8_t buffer[PARTIAL_MAX_BYTES];
    frame_t frame = s_frame (3, 100, 23);
    partial_t self = s_partial ("n1", 0, 60, &frame), decoded;
    size_t size = partial_encode (&self, METRIC_BIT (METRIC_pidpersec), buffer, sizeof buffer);
    assert_int_equal (partial_decode (&decoded, s_reader, buffer, size), 0);
    assert_int_equal (decoded.metrics[METRIC_cpudist].histogram.count, 0);
    assert_int_equal (decoded.metrics[METRIC_pidpersec].histogram.count, 23);
}

static void
test_partial_with_the_greatest_numbers_fits (void **state)
{
    (void) state;
    uint8_t buffer[PARTIAL_MAX_BYTES];
    static partial_t self;
    memset (&self, 0xff, sizeof self);
    memset (self.node, 0, sizeof self.node);
    memset (self.node, 'x', NODE_NAME_MAX);
    self.scope = (scope_t){.kind = SCOPE_CGROUP};
    memset (self.scope.cgroup, 'x', CGROUP_PATH_MAX);
    self.mixed_scopes = self.synthetic = true;
    assert_in_range (partial_encode (&self, METRIC_ALL, buffer, sizeof buffer), 1,
                     PARTIAL_MAX_BYTES);
}

static void
test_partial_refuses_every_truncation_and_a_size_too_small (void **state)
{
    (void) state;
    uint8_t buffer[PARTIAL_MAX_BYTES], small[PARTIAL_MAX_BYTES];
    frame_t frame = s_frame (3, 100, 23);
    partial_t self = s_partial ("n1", 0, 60, &frame), decoded;
    size_t size = partial_encode (&self, METRIC_ALL, buffer, sizeof buffer);
    for (size_t part = 0; part < size; part++) {
        assert_int_equal (partial_decode (&decoded, s_reader, buffer, part), -1);
        assert_int_equal (partial_encode (&self, METRIC_ALL, small, part), 0);
    }
}

//  Encode a partial that says what cannot be.
static void
s_expect_refused (const partial_t *self)
{
    uint8_t buffer[PARTIAL_MAX_BYTES];
    partial_t decoded;
    size_t size = partial_encode (self, METRIC_ALL, buffer, sizeof buffer);
    assert_int_not_equal (size, 0);
    assert_int_equal (partial_decode (&decoded, s_reader, buffer, size), -1);
}

static void
test_partial_refuses_what_cannot_be (void **state)
{
    (void) state;
    frame_t frame = s_frame (3, 100, 23);
    partial_t self = s_partial ("n1", 60, 0, &frame);
    s_expect_refused (&self);
    self = s_partial ("n 1", 0, 60, &frame);
    s_expect_refused (&self);
    self = s_partial ("n1", 0, 60, &frame);
    self.metrics[METRIC_cpudist].histogram.count++;
    s_expect_refused (&self);
    self = s_partial ("n1", 0, 60, &frame);
    self.metrics[METRIC_pidpersec].histogram.buckets[1] = 23;
    s_expect_refused (&self);
}

static void
test_partial_golden_is_read_and_written_the_same (void **state)
{
    (void) state;
    uint8_t buffer[PARTIAL_MAX_BYTES];
    partial_t decoded;
    size_t size = s_load_golden ("partial_v1");
    assert_int_equal (partial_decode (&decoded, s_reader, s_golden, size), 0);
    assert_int_equal (decoded.frames, 59);
    assert_true (decoded.metrics[METRIC_cpudist].accrued_ns == (uint128_t) 3 << 63);
    assert_int_equal (decoded.metrics[METRIC_cpudist].histogram.buckets[90], 1);
    metric_set_t metrics = METRIC_BIT (METRIC_cpudist) | METRIC_BIT (METRIC_pidpersec);
    assert_int_equal (partial_encode (&decoded, metrics, buffer, sizeof buffer), size);
    assert_memory_equal (buffer, s_golden, size);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_partial_golden_is_read_and_written_the_same),
        cmocka_unit_test (test_partial_starts_with_its_window_expected_and_nothing_present),
        cmocka_unit_test (test_partial_adds_frames_up),
        cmocka_unit_test (test_partial_counts_no_presence_for_what_a_frame_did_not_measure),
        cmocka_unit_test (test_partial_adds_only_the_metrics_asked_for),
        cmocka_unit_test (test_partial_merge_of_adjoining_windows_is_the_whole_window),
        cmocka_unit_test (test_partial_merge_of_nodes_sums_what_was_expected),
        cmocka_unit_test (test_partial_sums_pass_64_bits),
        cmocka_unit_test (test_partial_knows_mixed_scopes_and_synthetic_frames),
        cmocka_unit_test (test_partial_decodes_what_it_encodes),
        cmocka_unit_test (test_partial_encodes_only_the_metrics_asked_for),
        cmocka_unit_test (test_partial_with_the_greatest_numbers_fits),
        cmocka_unit_test (test_partial_refuses_every_truncation_and_a_size_too_small),
        cmocka_unit_test (test_partial_refuses_what_cannot_be),
    };
    return cmocka_run_group_tests_name ("partial", tests, s_set_up, s_tear_down);
}
