//  SPDX-License-Identifier: GPL-2.0-or-later
//  cgroup - see cgroup.h. How deep a cgroup lies is counted from where the hierarchy is mounted;
//  so that must be its root, not a part of it that a container was given.

#include "publisher/cgroup.h"

#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "program/exit_code.h"
#include "publisher/source_ops.h"

#define ROOT_CGROUP_ID 1 //  Inode number of the unified hierarchy's root

//  Where cgroup2 is mounted. Returns 0, or -1 where it is not.
static int
s_find_mount (char mount_point[PATH_MAX])
{
    FILE *mounts = setmntent ("/proc/self/mounts", "r");
    int rc = -1;
    for (struct mntent *entry; rc && mounts && (entry = getmntent (mounts));)
        if (strcmp (entry->mnt_type, "cgroup2") == 0) {
            snprintf (mount_point, PATH_MAX, "%s", entry->mnt_dir);
            rc = 0;
        }
    if (mounts)
        endmntent (mounts);
    return rc;
}

//  The cgroup's real path: path itself, or path below mount_point. Returns its part below
//  mount_point ("" for the root itself), or NULL where there is no such folder there.
static const char *
s_resolve (const char *mount_point, const char *path, char real_path[PATH_MAX])
{
    char below[2 * PATH_MAX];
    size_t length = strlen (mount_point);
    snprintf (below, sizeof below, "%s/%s", mount_point, path);
    const char *choices[] = {path, below};
    for (int i = 0; i < 2; i++)
        if (realpath (choices[i], real_path) && strncmp (real_path, mount_point, length) == 0 &&
            (real_path[length] == '/' || real_path[length] == '\0'))
            return real_path + length;
    return NULL;
}

static int
s_count_steps (const char *path)
{
    int steps = 0;
    for (; *path; path++)
        steps += *path == '/';
    return steps;
}

int
cgroup_find (cgroup_t *self, const char *path, source_error_t *error)
{
    char mount_point[PATH_MAX], real_path[PATH_MAX];
    struct stat root, found;
    if (s_find_mount (mount_point) || stat (mount_point, &root)) {
        source_fail (error, EXIT_KERNEL,
                     "no cgroup2 file system is mounted: mount one, or "
                     "measure a process (-p) instead of cgroup %s",
                     path);
        return -1;
    }
    if (root.st_ino != ROOT_CGROUP_ID) {
        source_fail (error, EXIT_NO_RIGHTS,
                     "%s shows only a container's part of the cgroups: "
                     "run where the whole hierarchy is mounted",
                     mount_point);
        return -1;
    }
    const char *below = s_resolve (mount_point, path, real_path);
    if (!below || stat (real_path, &found) || !S_ISDIR (found.st_mode)) {
        source_fail (error, EXIT_NO_SUCH_TASK, "no cgroup %s: name a folder below %s", path,
                     mount_point);
        return -1;
    }
    if (strlen (below) > CGROUP_PATH_MAX) {
        source_fail (error, EXIT_FAILED, "the path of cgroup %s is longer than %d characters", path,
                     CGROUP_PATH_MAX);
        return -1;
    }
    self->id = found.st_ino;
    self->level = s_count_steps (below);
    snprintf (self->path, sizeof self->path, "%s", *below ? below : "/");
    return 0;
}

int
cgroup_name_scope (scope_t *scope, source_error_t *error)
{
    cgroup_t cgroup;
    if (scope->kind != SCOPE_CGROUP)
        return 0;
    if (cgroup_find (&cgroup, scope->cgroup, error))
        return -1;
    memcpy (scope->cgroup, cgroup.path, sizeof scope->cgroup);
    return 0;
}
