//  SPDX-License-Identifier: GPL-2.0-or-later
//  side_self - what a kind of side provides: side_folder.c and side_endpoint.c each make one, and
//  keep what is theirs behind it.
#ifndef TOOLS_AUDIT_SIDE_SELF_H
#define TOOLS_AUDIT_SIDE_SELF_H

#include "storage/store.h"
#include "tools/audit/side.h"

//  The calls of side.h, which fill error where they return -1.
struct side_t {
    void (*destroy) (side_t *self);
    int (*nodes) (side_t *self, node_name_t **nodes, size_t *count);
    int (*manifest) (side_t *self, const char *node, manifest_t *manifest);
    int (*losses) (side_t *self, const char *node, loss_t **losses, size_t *count);
    int (*seek) (side_t *self, const char *node, const seq_range_t *range);
    int (*next) (side_t *self, const void **data, size_t *size);
    const char *place; //  Borrowed
    char error[SIDE_ERROR_MAX + 1];
};

//  Open the store in a folder, where there is one. Returns NULL and fills error.
store_t *side_folder_open (const char *path, char error[SIDE_ERROR_MAX + 1]);

side_t *side_folder_new (const char *path, char error[SIDE_ERROR_MAX + 1]);
side_t *side_endpoint_new (const char *endpoint, char error[SIDE_ERROR_MAX + 1]);

//  Keep a sentence, with the place before it. Returns -1.
int side_fail (side_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
