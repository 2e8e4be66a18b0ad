//  SPDX-License-Identifier: GPL-2.0-or-later
//  folder - where a database lies: making the place, and the room it takes and has left.
//  Keeps no state; safe from any thread.
#ifndef STORAGE_FOLDER_H
#define STORAGE_FOLDER_H

#include <stdint.h>
#include <sys/types.h>

#define FOLDER_ERROR_MAX 512

//  Make the folder and its parents where they are missing, and check that files can be made in
//  it. Returns 0, or -1 with one line in error.
int folder_create (const char *path, char error[FOLDER_ERROR_MAX]);

//  Which folder it is, and which file in it, whatever their names: to tell later whether they
//  are still there.
typedef struct {
    dev_t device;
    ino_t folder, file;
} folder_place_t;

//  Returns 0, or -1 where either is missing.
int folder_place (const char *path, const char *file, folder_place_t *place);

//  Bytes its own files take on disk (not those of folders inside); 0 where it cannot be read.
uint64_t folder_used_bytes (const char *path);
//  The same of those whose names end so.
uint64_t folder_bytes_of (const char *path, const char *suffix);

//  Bytes left to users on its file system; 0 where that cannot be told.
uint64_t folder_free_bytes (const char *path);

#endif
