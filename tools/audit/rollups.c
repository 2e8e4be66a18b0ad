//  SPDX-License-Identifier: GPL-2.0-or-later
//  rollups - see rollups.h.
#include "tools/audit/rollups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "program/exit_code.h"
#include "program/stop.h"
#include "storage/store.h"
#include "tools/audit/side_self.h"

static int
s_say_failed (store_t *store)
{
    char error[512];
    store_error (store, error);
    fprintf (stderr, "%s: %s\n", program_invocation_short_name, error);
    return EXIT_CANNOT_CONNECT;
}

static int
s_audit_node (store_t *store, const char *node)
{
    char difference[512];
    uint64_t rows;
    int rc = store_audit_rollups (store, node, &rows, difference);
    if (rc == -1)
        return s_say_failed (store);
    if (rc == 1)
        printf ("different: %s\n", difference);
    else
        printf ("%s: %" PRIu64 " rollups are what lies under them\n", node, rows);
    return rc == 1 ? EXIT_FAILED : EXIT_DONE;
}

static int
s_audit_named (store_t *store, const char *folder, const char *node)
{
    store_node_t record;
    if (store_node (store, node, &record) == 0)
        return s_audit_node (store, node);
    fprintf (stderr, "%s: %s knows no node %s: is its name right?\n", program_invocation_short_name,
             folder, node);
    return EXIT_CANNOT_CONNECT;
}

static int
s_audit_all (store_t *store)
{
    store_node_t *nodes;
    size_t count;
    int exit_code = EXIT_DONE;
    if (store_nodes (store, &nodes, &count) == -1)
        return s_say_failed (store);
    for (size_t i = 0; i < count && exit_code == EXIT_DONE && !stop_requested (); i++)
        exit_code = s_audit_node (store, nodes[i].node);
    free (nodes);
    return stop_requested () ? EXIT_CANNOT_CONNECT : exit_code;
}

int
audit_rollups (const char *folder, const char *node)
{
    char error[SIDE_ERROR_MAX + 1];
    store_t *store = side_folder_open (folder, error);
    if (!store) {
        fprintf (stderr, "%s: %s\n", program_invocation_short_name, error);
        return EXIT_CANNOT_CONNECT;
    }
    int exit_code = node ? s_audit_named (store, folder, node) : s_audit_all (store);
    store_destroy (&store);
    return exit_code;
}
