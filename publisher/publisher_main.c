//  SPDX-License-Identifier: GPL-2.0-or-later
//  publisher - the worker: measures one node every second, keeps the frames, publishes them and
//  answers statements about them.
#include "program/exit_code.h"
#include "program/stop.h"
#include "publisher/worker.h"
#include <errno.h>
#include <czmq.h>

static int
s_fail (int exit_code, const char *text)
{
    fprintf (stderr, "%s: %s\n", program_invocation_short_name, text);
    return exit_code;
}

static void
s_introduce (const worker_options_t *options)
{
    char scope[SCOPE_TEXT_MAX + 1];
    scope_print (&options->scope, scope);
    zsys_info ("%s; source %s, scope %s; publishes on %s, answers on %s, keeps frames in %s",
               strncmp (options->source, "synthetic:", 10) == 0
                   ? "SYNTHETIC data: these frames are invented"
               : strcmp (options->source, "bpf") == 0 ? "measuring this kernel"
                                                      : "replaying a recording",
               options->source, scope, options->publish, options->answer, options->store);
    zsys_info ("announces itself to %s", options->coordinator ? options->coordinator : "nobody");
}

static int
s_run (const worker_options_t *options, int stop_fd)
{
    source_error_t refusal;
    zsys_set_logident (options->node);
    zsys_set_logstream (stderr);
    source_t *source = source_new (options->source, &options->scope, &refusal);
    if (!source)
        return s_fail (refusal.exit_code, refusal.text);
    char error[512];
    const spool_options_t spool_options = {.path = options->store,
                                           .node = options->node,
                                           .sync = options->sync,
                                           .retention = options->retention};
    spool_t *spool = spool_new (&spool_options, error);
    if (!spool) {
        source_destroy (&source);
        return s_fail (EXIT_FAILED, error);
    }
    worker_t *worker = worker_new (options, &source, &spool, error);
    if (!worker)
        return s_fail (EXIT_CANNOT_CONNECT, error);
    s_introduce (options);
    worker_run (worker, stop_fd);
    zsys_info ("stopped");
    worker_destroy (&worker);
    return EXIT_DONE;
}

int
main (int argc, char **argv)
{
    int stop_fd = stop_init ();
    settings_t *settings = settings_new (&publisher_program, argc, argv);
    worker_options_t options;
    worker_options_read (&options, settings);
    int exit_code = s_run (&options, stop_fd);
    settings_destroy (&settings);
    return exit_code;
}
