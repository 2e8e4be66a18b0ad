//  SPDX-License-Identifier: GPL-2.0-or-later
//  side - one side of an audit: frames as a store's folder holds them, or as a running program
//  tells of them. Which of the two it is shows in the place's name alone.
//
//  Calls return 0, or -1 and then side_error says what, where and the way out. One thread.
#ifndef TOOLS_AUDIT_SIDE_H
#define TOOLS_AUDIT_SIDE_H

#include <stddef.h>
#include <stdint.h>
#include "schema/frame.h"
#include "schema/manifest.h"

#define SIDE_ERROR_MAX 1023
//  Runs of one node, loss ranges of one node and nodes of one side that are taken.
#define SIDE_RUNS_MAX   1000000
#define SIDE_LOSSES_MAX 1000000
#define SIDE_NODES_MAX  100000

typedef struct side_t side_t;
typedef char node_name_t[NODE_NAME_MAX + 1];

//  Open a folder, whose program must not be running, or tcp://... or ipc://..., where one answers.
//  Returns NULL and fills error.
side_t *side_new (const char *place, char error[SIDE_ERROR_MAX + 1]);
void side_destroy (side_t **self_p);

const char *side_error (const side_t *self);
//  As it was named to side_new.
const char *side_place (const side_t *self);

//  The nodes it knows. Caller frees *nodes.
int side_nodes (side_t *self, node_name_t **nodes, size_t *count);

//  The whole manifest of a node, all its pages. Caller clears it.
int side_manifest (side_t *self, const char *node, manifest_t *manifest);

//  What is on record as lost of a node. Caller frees *losses.
int side_losses (side_t *self, const char *node, loss_t **losses, size_t *count);

//  Start to read the frames held of a range, in order of seq; ends what was read before.
int side_seek (side_t *self, const char *node, const seq_range_t *range);
//  The next one: returns 1 with data borrowed until the next call, 0 at the end, or -1.
int side_next (side_t *self, const void **data, size_t *size);

#endif
