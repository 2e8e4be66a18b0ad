//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_small_disk - the fixture's folder as a disk of its own, a tmpfs, which only root can mount.
#ifndef TESTS_UNIT_TEST_SMALL_DISK_H
#define TESTS_UNIT_TEST_SMALL_DISK_H

#include <fcntl.h>
#include <sys/mount.h>
#include "test_store.h"

//  size is as mount takes it: "size=80m". Returns whether there is such a disk; no store is open.
static inline bool
set_up_small_disk (void **state, const char *size)
{
    set_up (state);
    fixture_t *fixture = *state;
    store_destroy (&fixture->store);
    if (mount ("kpulse", fixture->root, "tmpfs", 0, size) == 0)
        return true;
    print_message ("no tmpfs can be mounted here: full disks are not tested\n");
    return false;
}

static inline int
tear_down_small_disk (void **state)
{
    fixture_t *fixture = *state;
    store_destroy (&fixture->store);
    umount2 (fixture->root, MNT_DETACH);
    return tear_down (state);
}

//  Fill the disk but for what is to be left, with one file.
static inline void
fill_small_disk (const fixture_t *fixture, const char *ballast, uint64_t left_bytes)
{
    store_stats_t stats;
    store_stats (fixture->store, &stats);
    int file = open (ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (file >= 0);
    assert_int_equal (posix_fallocate (file, 0, (off_t) (stats.free_disk_bytes - left_bytes)), 0);
    close (file);
}

#endif
