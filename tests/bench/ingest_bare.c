//  SPDX-License-Identifier: GPL-2.0-or-later
//  ingest_bare - what bench-ingest compares the broker with: a SUB socket of libzmq in a loop that
//  receives each message and does nothing with it.
//
//      ingest_bare FRAMES ENDPOINT...
//
//  Receives so many messages of two parts, then prints a JSON object: how many, how long it took
//  from the first to the last, and the CPU time of the whole process in between.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

#define TIMEOUT_MS 30000

static double
s_read_s (clockid_t id)
{
    struct timespec time;
    clock_gettime (id, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void *
s_subscribe (void *context, int count, char **endpoints)
{
    void *socket = zmq_socket (context, ZMQ_SUB);
    int timeout_ms = TIMEOUT_MS;
    assert (socket);
    zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    for (int i = 0; i < count; i++)
        if (zmq_connect (socket, endpoints[i]) == -1) {
            fprintf (stderr, "ingest_bare: %s: %s\n", endpoints[i], zmq_strerror (zmq_errno ()));
            exit (EXIT_FAILURE);
        }
    return socket;
}

//  Returns 0, or -1 where nothing comes any more.
static int
s_receive (void *socket)
{
    zmq_msg_t part;
    int more, rc;
    do {
        zmq_msg_init (&part);
        rc = zmq_msg_recv (&part, socket, 0);
        more = rc >= 0 && zmq_msg_more (&part);
        zmq_msg_close (&part);
    } while (more);
    return rc >= 0 ? 0 : -1;
}

int
main (int argc, char **argv)
{
    if (argc < 3) {
        fprintf (stderr, "usage: ingest_bare FRAMES ENDPOINT...\n");
        return 2;
    }
    uint64_t wanted = strtoull (argv[1], NULL, 10), received = 0;
    void *context = zmq_ctx_new ();
    void *socket = s_subscribe (context, argc - 2, argv + 2);
    if (s_receive (socket) == -1)
        return EXIT_FAILURE;
    double begun_s = s_read_s (CLOCK_MONOTONIC), cpu_s = s_read_s (CLOCK_PROCESS_CPUTIME_ID);
    while (++received < wanted && s_receive (socket) == 0)
        ;
    printf ("{\"received\": %" PRIu64 ", \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n", received,
            s_read_s (CLOCK_MONOTONIC) - begun_s, s_read_s (CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
    zmq_close (socket);
    zmq_ctx_term (context);
    return received == wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}
