//  SPDX-License-Identifier: GPL-2.0-or-later
//  broker - the coordinator: gathers the frames of all workers, keeps them, sends them on live and
//  answers statements about them.
#include "broker/coordinator.h"
#include "program/exit_code.h"
#include "program/stop.h"
#include <errno.h>
#include <czmq.h>
#include <sys/resource.h>

#define STORE_MEMORY_BYTES   (128 * 1024 * 1024)
#define FILES_FOR_THE_REST   768 //  The store, the service, clients and live readers
#define FILES_PER_LINK       5   //  See links.c, and one for a connection being replaced
#define SOCKETS_PER_LINK     3   //  A subscription and both ends of its monitor
#define SOCKETS_FOR_THE_REST 64
#define WORKERS_MAX          4096

#ifndef ZMQ_ZERO_COPY_RECV
#define ZMQ_ZERO_COPY_RECV 10 //  zmq.h hides its name in stable releases; they know it
#endif

static int
s_fail (int exit_code, const char *text)
{
    fprintf (stderr, "%s: %s\n", program_invocation_short_name, text);
    return exit_code;
}

//  How many links the limit on open files allows, once it is as high as it may be. Fewer files
//  than links would make libzmq spin.
static size_t
s_max_links (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == -1)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur <= FILES_FOR_THE_REST)
        return 0;
    return (limit.rlim_cur - FILES_FOR_THE_REST) / FILES_PER_LINK;
}

//  Forwarders come first; what they leave is for workers.
static size_t
s_max_workers (const broker_options_t *options)
{
    size_t links = s_max_links ();
    size_t left = links > options->forwarder_count ? links - options->forwarder_count : 1;
    return left < WORKERS_MAX ? left : WORKERS_MAX;
}

static void
s_introduce (const broker_options_t *options, size_t max_workers)
{
    zsys_info ("sends frames on live on %s, answers on %s, keeps frames in %s; room for %zu nodes",
               options->live, options->answer, options->store, max_workers);
    if (options->worker_count)
        zsys_info ("subscribes to %zu listed worker%s, and to those that announce themselves",
                   options->worker_count, options->worker_count == 1 ? "" : "s");
    else
        zsys_info ("waits for workers to announce themselves");
    if (options->forwarder_count)
        zsys_info ("subscribes to %zu forwarder%s, and takes up to %zu node%s from there",
                   options->forwarder_count, options->forwarder_count == 1 ? "" : "s",
                   options->forwarded_nodes, options->forwarded_nodes == 1 ? "" : "s");
}

//  Received messages lie in the 8 KiB, or 18 with libzmq's books, that one call of recv was given
//  room for. The better a broker keeps up, the fewer are in each, and thousands of messages that
//  wait for the recorder held hundreds of MB. A copy each costs no time that could be measured.
static void
s_copy_what_is_received (void)
{
    zmq_ctx_set (zsys_init (), ZMQ_ZERO_COPY_RECV, 0);
}

static int
s_run (const broker_options_t *options, int stop_fd)
{
    char error[512];
    size_t max_workers = s_max_workers (options);
    zsys_set_logident ("broker");
    zsys_set_logstream (stderr);
    zsys_set_max_sockets (SOCKETS_PER_LINK * (max_workers + options->forwarder_count) +
                          SOCKETS_FOR_THE_REST);
    s_copy_what_is_received ();
    const store_options_t store_options = {
        .owner = STORE_OF_MANY, .memory_bytes = STORE_MEMORY_BYTES, .sync = options->sync};
    store_t *store = store_new (options->store, &store_options, error);
    if (!store)
        return s_fail (EXIT_FAILED, error);
    coordinator_t *coordinator = coordinator_new (options, max_workers, &store, error);
    if (!coordinator)
        return s_fail (EXIT_CANNOT_CONNECT, error);
    s_introduce (options, max_workers);
    coordinator_run (coordinator, stop_fd);
    coordinator_destroy (&coordinator);
    zsys_info ("stopped");
    return EXIT_DONE;
}

int
main (int argc, char **argv)
{
    int stop_fd = stop_init ();
    settings_t *settings = settings_new (&broker_program, argc, argv);
    broker_options_t options;
    broker_options_read (&options, settings);
    int exit_code = s_run (&options, stop_fd);
    broker_options_fini (&options);
    settings_destroy (&settings);
    return exit_code;
}
