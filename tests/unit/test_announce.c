//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about publisher/announcer and the addresses that a worker announces.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "publisher/announcer.h"
#include "publisher/worker_options.h"
#include "transport/socket.h"

static const message_t s_announcement = {.kind = MESSAGE_ANNOUNCE,
                                         .node = "n1",
                                         .publish_endpoint = "tcp://127.0.0.1:7101",
                                         .answer_endpoint = "tcp://127.0.0.1:7201",
                                         .version = "0.1.0"};

static announcer_t *
s_announcer (const char *endpoint)
{
    char error[512];
    announcer_t *announcer = announcer_new (endpoint, &s_announcement, error);
    assert_non_null (announcer);
    return announcer;
}

//  Bind to a port that the system chooses; endpoint says which.
static zsock_t *
s_bind (char endpoint[ENDPOINT_MAX + 1])
{
    char error[512];
    zsock_t *router = socket_new (ZMQ_ROUTER);
    zsock_set_rcvtimeo (router, 5000);
    assert_int_equal (socket_bind (router, "tcp://127.0.0.1:*", false, error), 0);
    char *bound = zsock_last_endpoint (router);
    strcpy (endpoint, bound);
    zstr_free (&bound);
    return router;
}

//  Announce until a connection is up and one arrives.
static void
s_assert_arrives (announcer_t *announcer, zsock_t *router)
{
    zframe_t *identity = NULL, *data = NULL;
    zsock_set_rcvtimeo (router, 20);
    for (int i = 0; i < 250 && !identity; i++) {
        announcer_send (announcer);
        identity = zframe_recv (router);
    }
    assert_non_null (identity);
    data = zframe_recv (router);
    message_t message;
    wire_reader_t *reader = wire_reader_new ();
    assert_int_equal (message_decode (&message, reader, zframe_data (data), zframe_size (data)), 0);
    assert_int_equal (message.kind, MESSAGE_ANNOUNCE);
    assert_string_equal (message.node, "n1");
    assert_string_equal (message.publish_endpoint, "tcp://127.0.0.1:7101");
    wire_reader_destroy (&reader);
    zframe_destroy (&identity);
    zframe_destroy (&data);
}

static void
test_a_coordinator_learns_name_and_endpoints (void **state)
{
    (void) state;
    char endpoint[ENDPOINT_MAX + 1];
    zsock_t *router = s_bind (endpoint);
    announcer_t *announcer = s_announcer (endpoint);
    s_assert_arrives (announcer, router);
    announcer_destroy (&announcer);
    zsock_destroy (&router);
}

static size_t
s_count_messages (zsock_t *router)
{
    size_t count = 0;
    zsock_set_rcvtimeo (router, 0);
    for (zmsg_t *message; (message = zmsg_recv (router)); count++)
        zmsg_destroy (&message);
    return count;
}

static void
test_nothing_piles_up_for_a_coordinator_that_is_away (void **state)
{
    (void) state;
    char endpoint[ENDPOINT_MAX + 1], error[512];
    zsock_t *router = s_bind (endpoint);
    zsock_destroy (&router);
    announcer_t *announcer = s_announcer (endpoint);
    for (int i = 0; i < 5000; i++)
        announcer_send (announcer);
    router = socket_new (ZMQ_ROUTER);
    assert_int_equal (socket_bind (router, endpoint, false, error), 0);
    s_assert_arrives (announcer, router);
    assert_true (s_count_messages (router) < 250);
    announcer_destroy (&announcer);
    zsock_destroy (&router);
}

static void
test_an_endpoint_that_is_none_is_refused (void **state)
{
    (void) state;
    char error[512] = "";
    assert_null (announcer_new ("7002", &s_announcement, error));
    assert_non_null (strstr (error, "7002"));
}

static void
test_an_address_takes_the_place_of_the_bound_one (void **state)
{
    (void) state;
    char result[ENDPOINT_MAX + 1];
    assert_int_equal (endpoint_advertise ("tcp://*:7101", "10.0.0.5", result), 0);
    assert_string_equal (result, "tcp://10.0.0.5:7101");
    assert_int_equal (endpoint_advertise ("tcp://0.0.0.0:7201", "fd00::5", result), 0);
    assert_string_equal (result, "tcp://[fd00::5]:7201");
    assert_int_equal (endpoint_advertise ("tcp://[::]:7201", "[fd00::5]", result), 0);
    assert_string_equal (result, "tcp://[fd00::5]:7201");
}

static void
test_an_address_that_nobody_can_connect_to_is_refused (void **state)
{
    (void) state;
    char result[ENDPOINT_MAX + 1];
    assert_int_equal (endpoint_advertise ("tcp://*:7101", "*", result), -1);
    assert_int_equal (endpoint_advertise ("tcp://*:7101", "0.0.0.0", result), -1);
    assert_int_equal (endpoint_advertise ("tcp://*:7101", "10.0.0.5:80", result), -1);
    assert_int_equal (endpoint_advertise ("tcp://*:7101", "", result), -1);
    assert_int_equal (endpoint_advertise ("ipc:///run/n1", "10.0.0.5", result), -1);
}

//  Before any socket, as every program does: see program/stop.h.
static int
s_leave_signals_alone (void **state)
{
    (void) state;
    return setenv ("ZSYS_SIGHANDLER", "false", 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_coordinator_learns_name_and_endpoints),
        cmocka_unit_test (test_nothing_piles_up_for_a_coordinator_that_is_away),
        cmocka_unit_test (test_an_endpoint_that_is_none_is_refused),
        cmocka_unit_test (test_an_address_takes_the_place_of_the_bound_one),
        cmocka_unit_test (test_an_address_that_nobody_can_connect_to_is_refused),
    };
    return cmocka_run_group_tests (tests, s_leave_signals_alone, NULL);
}
