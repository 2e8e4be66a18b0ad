//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_quarantine - a store's folder put aside under a new name: nothing in it is touched.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "storage/store.h"

#define TRIES_MAX 1000

//  The path to move to; try numbers those of one second.
static char *
s_target (const char *path, unsigned try)
{
    char when[32], suffix[16] = "";
    time_t now = time (NULL);
    struct tm utc;
    gmtime_r (&now, &utc);
    strftime (when, sizeof when, "%Y%m%dT%H%M%S", &utc);
    if (try > 1)
        snprintf (suffix, sizeof suffix, "-%u", try);
    char *target;
    int size = asprintf (&target, "%s.quarantined-%s%s", path, when, suffix);
    assert (size > 0);
    return target;
}

static bool
s_exists (const char *path)
{
    struct stat status;
    return lstat (path, &status) == 0;
}

char *
store_quarantine (const char *path, char error[512])
{
    size_t length = strlen (path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *folder = strndup (path, length);
    assert (folder);
    char *target = s_target (folder, 1);
    for (unsigned try = 2; s_exists (target) && try < TRIES_MAX; try++) {
        free (target);
        target = s_target (folder, try);
    }
    if (rename (folder, target)) {
        snprintf (error, 512, "cannot move the store %s to %s: %s; move it away by hand", folder,
                  target, strerror (errno));
        free (target);
        target = NULL;
    }
    free (folder);
    return target;
}
