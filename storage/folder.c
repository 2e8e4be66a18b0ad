//  SPDX-License-Identifier: GPL-2.0-or-later
//  folder - a few system calls, so that a wrong path is reported in words before RocksDB sees it.
#include "storage/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDER_MODE 0755

static int
s_fail (const char *path, const char *way_out, char error[FOLDER_ERROR_MAX])
{
    snprintf (error, FOLDER_ERROR_MAX, "cannot use %s as a store: %s; %s", path, strerror (errno),
              way_out);
    return -1;
}

static int
s_make (const char *path)
{
    return mkdir (path, FOLDER_MODE) == 0 || errno == EEXIST ? 0 : -1;
}

//  mkdir -p. A parent that exists but is a file shows at the next step, as ENOTDIR.
static int
s_make_all (const char *path)
{
    char parent[PATH_MAX];
    size_t length = strlen (path);
    if (length == 0 || length >= sizeof parent) {
        errno = length ? ENAMETOOLONG : ENOENT;
        return -1;
    }
    for (size_t i = 1; i < length; i++)
        if (path[i] == '/') {
            memcpy (parent, path, i);
            parent[i] = 0;
            if (s_make (parent))
                return -1;
        }
    return s_make (path);
}

static int
s_check_writable (const char *path)
{
    int folder = open (path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    close (folder);
    return access (path, W_OK | X_OK);
}

int
folder_create (const char *path, char error[FOLDER_ERROR_MAX])
{
    if (s_make_all (path))
        return s_fail (path, "choose a path where folders can be made", error);
    if (s_check_writable (path))
        return s_fail (path, "choose a folder this user may write to", error);
    return 0;
}

int
folder_place (const char *path, const char *file, folder_place_t *place)
{
    char name[PATH_MAX];
    struct stat folder_status, file_status;
    if (snprintf (name, sizeof name, "%s/%s", path, file) >= (int) sizeof name ||
        stat (path, &folder_status) || stat (name, &file_status))
        return -1;
    *place = (folder_place_t){folder_status.st_dev, folder_status.st_ino, file_status.st_ino};
    return 0;
}

static bool
s_ends_with (const char *name, const char *suffix)
{
    size_t length = strlen (name), end = strlen (suffix);
    return length >= end && strcmp (name + length - end, suffix) == 0;
}

uint64_t
folder_bytes_of (const char *path, const char *suffix)
{
    uint64_t bytes = 0;
    DIR *folder = opendir (path);
    if (!folder)
        return 0;
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder)) {
        struct stat status;
        if (s_ends_with (entry->d_name, suffix) &&
            fstatat (dirfd (folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG (status.st_mode))
            bytes += (uint64_t) status.st_blocks * 512;
    }
    closedir (folder);
    return bytes;
}

uint64_t
folder_used_bytes (const char *path)
{
    return folder_bytes_of (path, "");
}

uint64_t
folder_free_bytes (const char *path)
{
    struct statvfs status;
    if (statvfs (path, &status))
        return 0;
    return (uint64_t) status.f_bavail * status.f_frsize;
}
