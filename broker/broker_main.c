//  SPDX-License-Identifier: GPL-2.0-or-later
//  broker - the coordinator: gathers the frames of all workers, keeps them, sends them on live and
//  answers statements about them.
#include "broker/coordinator.h"
#include "program/exit_code.h"
#include "program/stop.h"
#include <czmq.h>
#include <sys/resource.h>

#define STORE_MEMORY_BYTES   (64 * 1024 * 1024)
#define FILES_FOR_THE_REST   512 //  The store, the service, clients and live readers
#define FILES_PER_NODE       5   //  See FILES_PER_LINK, and one for a connection being replaced
#define SOCKETS_PER_NODE     3   //  A subscription and both ends of its monitor
#define SOCKETS_FOR_THE_REST 64
#define NODES_MAX            4096

static int
s_fail (int exit_code, const char *text)
{
    fprintf (stderr, "broker: %s\n", text);
    return exit_code;
}

//  How many nodes the limit on open files allows, once it is as high as it may be. Fewer files
//  than nodes would make libzmq spin.
static size_t
s_max_nodes (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == -1)
        return 1;
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur <= FILES_FOR_THE_REST + FILES_PER_NODE)
        return 1;
    rlim_t nodes = (limit.rlim_cur - FILES_FOR_THE_REST) / FILES_PER_NODE;
    return nodes < NODES_MAX ? (size_t) nodes : NODES_MAX;
}

static void
s_introduce (const broker_options_t *options, size_t max_nodes)
{
    zsys_info ("sends frames on live on %s, answers on %s, keeps frames in %s; room for %zu nodes",
               options->live, options->answer, options->store, max_nodes);
    if (options->worker_count)
        zsys_info ("subscribes to %zu listed workers, and to those that announce themselves",
                   options->worker_count);
    else
        zsys_info ("waits for workers to announce themselves");
}

static int
s_run (const broker_options_t *options, int stop_fd)
{
    char error[512];
    size_t max_nodes = s_max_nodes ();
    zsys_set_logident ("broker");
    zsys_set_logstream (stderr);
    zsys_set_max_sockets (SOCKETS_PER_NODE * max_nodes + SOCKETS_FOR_THE_REST);
    const store_options_t store_options = {.memory_bytes = STORE_MEMORY_BYTES,
                                           .sync = options->sync};
    store_t *store = store_new (options->store, &store_options, error);
    if (!store)
        return s_fail (EXIT_FAILED, error);
    coordinator_t *coordinator = coordinator_new (options, max_nodes, &store, error);
    if (!coordinator)
        return s_fail (EXIT_CANNOT_CONNECT, error);
    s_introduce (options, max_nodes);
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
