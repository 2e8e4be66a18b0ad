//  SPDX-License-Identifier: GPL-2.0-or-later
//  What transport/socket.h promises: which endpoints are taken, who may bind where, and that one
//  peer's oversized message costs nobody else anything.

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "schema/wire.h"
#include "transport/socket.h"

static void
test_endpoint_takes_what_zeromq_takes (void **state)
{
    (void) state;
    assert_true (endpoint_is_valid ("tcp://127.0.0.1:7001"));
    assert_true (endpoint_is_valid ("tcp://node-1.example.org:65535"));
    assert_true (endpoint_is_valid ("tcp://[::1]:7001"));
    assert_true (endpoint_is_valid ("tcp://*:*"));
    assert_true (endpoint_is_valid ("ipc:///run/kpulse/live"));
    assert_true (endpoint_is_valid ("inproc://frames"));
}

static void
test_endpoint_refuses_what_is_no_address (void **state)
{
    (void) state;
    const char *wrong[] = {"",
                           "7001",
                           "127.0.0.1:7001",
                           "udp://127.0.0.1:7001",
                           "tcp://",
                           "tcp://127.0.0.1",
                           "tcp://:7001",
                           "tcp://127.0.0.1:",
                           "tcp://127.0.0.1:0",
                           "tcp://127.0.0.1:65536",
                           "tcp://127.0.0.1:7001x",
                           "tcp://127.0.0.1:99999999999999999999",
                           "tcp://10.0.0.1;127.0.0.1:7001",
                           "tcp://[::1:7001",
                           "tcp://::1:7001",
                           "tcp://a b:7001",
                           "ipc://",
                           "ipc:///tmp/a\nb",
                           "inproc://"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (endpoint_is_valid (wrong[i]))
            fail_msg ("taken: '%s'", wrong[i]);
}

static void
test_loopback_is_what_no_other_machine_reaches (void **state)
{
    (void) state;
    assert_true (endpoint_is_loopback ("tcp://127.0.0.1:7001"));
    assert_true (endpoint_is_loopback ("tcp://127.255.0.3:7001"));
    assert_true (endpoint_is_loopback ("tcp://localhost:7001"));
    assert_true (endpoint_is_loopback ("tcp://[::1]:7001"));
    assert_true (endpoint_is_loopback ("ipc:///run/kpulse/live"));
    assert_false (endpoint_is_loopback ("tcp://*:7001"));
    assert_false (endpoint_is_loopback ("tcp://0.0.0.0:7001"));
    assert_false (endpoint_is_loopback ("tcp://[::]:7001"));
    assert_false (endpoint_is_loopback ("tcp://127.0.0.1.example.org:7001"));
    assert_false (endpoint_is_loopback ("tcp://localhost.example.org:7001"));
    assert_false (endpoint_is_loopback ("nonsense"));
}

static void
test_bind_beyond_loopback_needs_insecure (void **state)
{
    (void) state;
    char error[512];
    zsock_t *socket = socket_new (ZMQ_PUB);
    assert_int_equal (socket_bind (socket, "tcp://0.0.0.0:*", false, error), -1);
    assert_non_null (strstr (error, "tcp://0.0.0.0:*"));
    assert_non_null (strstr (error, "--insecure"));
    assert_int_equal (socket_bind (socket, "tcp://0.0.0.0:*", true, error), 0);
    zsock_destroy (&socket);
}

static void
test_bind_in_use_names_the_endpoint_and_the_way_out (void **state)
{
    (void) state;
    char error[512], endpoint[256];
    zsock_t *first = socket_new (ZMQ_PUB);
    zsock_t *second = socket_new (ZMQ_PUB);
    assert_int_equal (socket_bind (first, "tcp://127.0.0.1:*", false, error), 0);
    snprintf (endpoint, sizeof endpoint, "%s", zsock_endpoint (first));
    assert_int_equal (socket_bind (second, endpoint, false, error), -1);
    assert_non_null (strstr (error, endpoint));
    assert_non_null (strstr (error, "in use"));
    assert_non_null (strstr (error, "ss -ltnp"));
    zsock_destroy (&first);
    zsock_destroy (&second);
}

static void
test_bind_at_a_foreign_address_says_so (void **state)
{
    (void) state;
    char error[512];
    zsock_t *socket = socket_new (ZMQ_PUB);
    assert_int_equal (socket_bind (socket, "tcp://192.0.2.1:7199", true, error), -1);
    assert_non_null (strstr (error, "no address of this machine"));
    zsock_destroy (&socket);
}

static void
test_connect_refuses_a_wildcard (void **state)
{
    (void) state;
    char error[512];
    zsock_t *socket = socket_new (ZMQ_SUB);
    assert_int_equal (socket_connect (socket, "tcp://*:7001", error), -1);
    assert_non_null (strstr (error, "'*'"));
    assert_int_equal (socket_connect (socket, "127.0.0.1:7001", error), -1);
    assert_non_null (strstr (error, "tcp://HOST:PORT"));
    zsock_destroy (&socket);
}

static void
test_ipv6_loopback_carries_messages (void **state)
{
    (void) state;
    char error[512];
    zsock_t *router = socket_new (ZMQ_ROUTER);
    if (socket_bind (router, "tcp://[::1]:*", false, error) == -1) {
        zsock_destroy (&router);
        skip (); //  A machine without IPv6
    }
    zsock_t *dealer = socket_new (ZMQ_DEALER);
    assert_int_equal (socket_connect (dealer, zsock_endpoint (router), error), 0);
    zstr_send (dealer, "hello");
    zsock_set_rcvtimeo (router, 5000);
    zmsg_t *message = zmsg_recv (router);
    assert_non_null (message);
    zmsg_destroy (&message);
    zsock_destroy (&dealer);
    zsock_destroy (&router);
}

static void
test_an_oversized_message_never_arrives_and_harms_no_other_peer (void **state)
{
    (void) state;
    char error[512];
    zsock_t *router = socket_new (ZMQ_ROUTER);
    zsock_t *hostile = socket_new (ZMQ_DEALER);
    zsock_t *good = socket_new (ZMQ_DEALER);
    assert_int_equal (socket_bind (router, "tcp://127.0.0.1:*", false, error), 0);
    assert_int_equal (socket_connect (hostile, zsock_endpoint (router), error), 0);
    zframe_t *large = zframe_new (NULL, WIRE_MAX_BYTES + 1);
    zframe_send (&large, hostile, 0);
    assert_int_equal (socket_connect (good, zsock_endpoint (router), error), 0);
    zstr_send (good, "hello");

    zsock_set_rcvtimeo (router, 5000);
    zmsg_t *message = zmsg_recv (router);
    assert_non_null (message);
    assert_true (zframe_streq (zmsg_last (message), "hello"));
    zmsg_destroy (&message);
    zsock_set_rcvtimeo (router, 0);
    assert_null (zmsg_recv (router));
    zsock_destroy (&hostile);
    zsock_destroy (&good);
    zsock_destroy (&router);
}

static void
test_no_socket_has_heartbeats_or_unbounded_queues (void **state)
{
    (void) state;
    zsock_t *socket = socket_new (ZMQ_SUB);
    assert_int_equal (zsock_heartbeat_ivl (socket), 0);
    assert_int_equal (zsock_linger (socket), 0);
    assert_in_range (zsock_rcvhwm (socket), 1, 100000);
    assert_in_range (zsock_sndhwm (socket), 1, 100000);
    assert_int_equal (zsock_maxmsgsize (socket), WIRE_MAX_BYTES);
    assert_int_equal (zsock_reconnect_ivl (socket), 100);
    assert_int_equal (zsock_reconnect_ivl_max (socket), 1000);
    zsock_destroy (&socket);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_endpoint_takes_what_zeromq_takes),
        cmocka_unit_test (test_endpoint_refuses_what_is_no_address),
        cmocka_unit_test (test_loopback_is_what_no_other_machine_reaches),
        cmocka_unit_test (test_bind_beyond_loopback_needs_insecure),
        cmocka_unit_test (test_bind_in_use_names_the_endpoint_and_the_way_out),
        cmocka_unit_test (test_bind_at_a_foreign_address_says_so),
        cmocka_unit_test (test_connect_refuses_a_wildcard),
        cmocka_unit_test (test_ipv6_loopback_carries_messages),
        cmocka_unit_test (test_an_oversized_message_never_arrives_and_harms_no_other_peer),
        cmocka_unit_test (test_no_socket_has_heartbeats_or_unbounded_queues),
    };
    return cmocka_run_group_tests_name ("socket", tests, NULL, NULL);
}
