//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the worker's spool: a store that is not to be trusted is set aside and another
//  begun; on a full disk the oldest frames give way, and never for nothing.
#include "test_store.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "publisher/spool.h"
#include "publisher/worker_options.h"

#define MIB (1ULL << 20)

typedef struct {
    char root[64];
    char path[128];
    spool_options_t options;
    spool_t *spool;
} bench_t;

static void
s_open (bench_t *bench)
{
    char error[512];
    bench->spool = spool_new (&bench->options, error);
    if (!bench->spool)
        fail_msg ("%s", error);
}

static int
s_set_up (void **state)
{
    bench_t *bench = calloc (1, sizeof *bench);
    assert_non_null (bench);
    strcpy (bench->root, "/tmp/kpulse-spool-XXXXXX");
    assert_non_null (mkdtemp (bench->root));
    snprintf (bench->path, sizeof bench->path, "%s/n1", bench->root);
    bench->options = (spool_options_t){.path = bench->path, .node = "n1"};
    *state = bench;
    return 0;
}

static int
s_tear_down (void **state)
{
    bench_t *bench = *state;
    spool_destroy (&bench->spool);
    nftw (bench->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free (bench);
    return 0;
}

static int
s_append (bench_t *bench, uint64_t seq, const void *data, size_t size)
{
    frame_t frame = {
        .node = "n1", .epoch = 1, .seq = seq, .start_wall_s = 1000 + (int64_t) seq, .span_s = 1};
    return spool_append (bench->spool, &frame, data, size);
}

static store_node_t
s_node (const bench_t *bench)
{
    store_node_t node = {0};
    store_node (spool_store (bench->spool), "n1", &node);
    return node;
}

//  Bytes that do not compress, other ones for each seq.
static void
s_fill_bytes (uint8_t *bytes, size_t size, uint64_t seq)
{
    uint64_t state = seq * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        bytes[i] = (uint8_t) state;
    }
}

static int
s_append_big (bench_t *bench, uint64_t seq)
{
    uint8_t bytes[4096];
    s_fill_bytes (bytes, sizeof bytes, seq);
    return s_append (bench, seq, bytes, sizeof bytes);
}

//  The only store that was set aside.
static void
s_find_aside (const bench_t *bench, char path[512])
{
    size_t found = 0;
    DIR *folder = opendir (bench->root);
    assert_non_null (folder);
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder))
        if (strstr (entry->d_name, ".quarantined-")) {
            snprintf (path, 512, "%s/%s", bench->root, entry->d_name);
            found++;
        }
    closedir (folder);
    assert_int_equal (found, 1);
}

//  --- Trust -----------------------------------------------------------------------------------

static void
test_a_spool_keeps_its_frames_from_run_to_run (void **state)
{
    bench_t *bench = *state;
    s_open (bench);
    assert_int_equal (s_append (bench, 1, "one", 3), 0);
    spool_destroy (&bench->spool);
    s_open (bench);
    assert_int_equal (s_node (bench).frames, 1);
    assert_int_equal (spool_resets (bench->spool), 0);
    assert_true (spool_is_sound (bench->spool));
}

static void
test_another_nodes_spool_is_set_aside_with_its_data (void **state)
{
    bench_t *bench = *state;
    char error[512], aside[512];
    store_options_t foreign = {.owner = "n2"};
    store_t *store = store_new (bench->path, &foreign, error);
    assert_int_equal (append_one (store, record ("n2", 1, 1, 100, "x")), STORE_ADDED);
    store_destroy (&store);

    s_open (bench);
    assert_int_equal (spool_resets (bench->spool), 1);
    assert_int_equal (s_append (bench, 1, "one", 3), 0);
    s_find_aside (bench, aside);
    store = store_new (aside, &foreign, error);
    assert_non_null (store);
    assert_int_equal (append_one (store, record ("n2", 1, 1, 100, "x")), STORE_DUPLICATE);
    store_destroy (&store);
}

//  Flip the byte in the middle of the store's files that end so.
static void
s_damage (const bench_t *bench, const char *ending)
{
    char path[512];
    DIR *folder = opendir (bench->path);
    assert_non_null (folder);
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder)) {
        size_t length = strlen (entry->d_name);
        if (length < 4 || strcmp (entry->d_name + length - 4, ending) != 0)
            continue;
        snprintf (path, sizeof path, "%s/%s", bench->path, entry->d_name);
        int file = open (path, O_RDWR | O_CLOEXEC);
        struct stat status;
        uint8_t byte;
        assert_int_equal (fstat (file, &status), 0);
        assert_int_equal (pread (file, &byte, 1, status.st_size / 2), 1);
        byte ^= 0xFF;
        assert_int_equal (pwrite (file, &byte, 1, status.st_size / 2), 1);
        close (file);
    }
    closedir (folder);
}

static void
test_a_damaged_spool_is_set_aside_at_start (void **state)
{
    bench_t *bench = *state;
    char aside[512], bytes[400];
    memset (bytes, 'x', sizeof bytes);
    s_open (bench);
    for (uint64_t seq = 1; seq <= 50; seq++)
        assert_int_equal (s_append (bench, seq, bytes, sizeof bytes), 0);
    spool_destroy (&bench->spool);
    s_damage (bench, ".log");
    s_open (bench);
    assert_int_equal (spool_resets (bench->spool), 1);
    assert_int_equal (s_node (bench).frames, 0);
    s_find_aside (bench, aside);
}

//  Read all frames, as a replay would.
static void
s_read_all (const bench_t *bench)
{
    const void *data;
    size_t size;
    store_cursor_t *cursor = store_cursor_new (spool_store (bench->spool), "n1", 0, 100000);
    while (store_cursor_next (cursor, &data, &size) == 1)
        ;
    store_cursor_destroy (&cursor);
}

static void
test_a_spool_found_damaged_in_use_is_set_aside (void **state)
{
    bench_t *bench = *state;
    char aside[512];
    s_open (bench);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        assert_int_equal (s_append_big (bench, seq), 0);
    store_expire (spool_store (bench->spool), 1002, UINT64_MAX, &(size_t){0});
    store_reclaim (spool_store (bench->spool));
    assert_true (spool_is_sound (bench->spool));
    s_damage (bench, ".sst");
    s_read_all (bench);
    assert_false (spool_is_sound (bench->spool));
    assert_int_equal (spool_renew (bench->spool), 0);
    assert_true (spool_is_sound (bench->spool));
    assert_int_equal (spool_resets (bench->spool), 1);
    s_find_aside (bench, aside);
    assert_int_equal (s_append_big (bench, 1), 0);
}

static void
test_a_spool_that_was_deleted_is_begun_anew (void **state)
{
    bench_t *bench = *state;
    s_open (bench);
    uint64_t id = store_id (spool_store (bench->spool));
    assert_int_equal (s_append (bench, 1, "one", 3), 0);
    nftw (bench->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    assert_false (spool_is_sound (bench->spool));
    assert_int_equal (spool_renew (bench->spool), 0);
    assert_true (spool_is_sound (bench->spool));
    assert_true (store_id (spool_store (bench->spool)) != id);
    assert_int_equal (spool_resets (bench->spool), 1);
    assert_int_equal (s_append (bench, 2, "two", 3), 0);
    assert_int_equal (s_node (bench).frames, 1);
}

static void
test_without_a_store_frames_are_counted_until_there_is_one (void **state)
{
    bench_t *bench = *state;
    char error[512], moved[256];
    s_open (bench);
    snprintf (moved, sizeof moved, "%s/moved", bench->root);
    assert_int_equal (rename (bench->path, moved), 0);
    int file = open (bench->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close (file);
    assert_int_equal (spool_renew (bench->spool), -1);
    assert_null (spool_store (bench->spool));
    assert_false (spool_is_sound (bench->spool));
    assert_int_equal (s_append (bench, 1, "one", 3), -1);
    assert_true (spool_is_failing (bench->spool));
    spool_error (bench->spool, error);
    assert_non_null (strstr (error, bench->path));
    assert_int_equal (unlink (bench->path), 0);
    assert_int_equal (spool_renew (bench->spool), 0);
    assert_int_equal (spool_resets (bench->spool), 1);
    assert_int_equal (s_append (bench, 2, "two", 3), 0);
    assert_int_equal (spool_take_unspooled (bench->spool), 1);
    assert_int_equal (spool_take_unspooled (bench->spool), 0);
}

static void
test_a_spool_in_use_is_not_taken_from_its_user (void **state)
{
    bench_t *bench = *state;
    char error[512];
    s_open (bench);
    assert_null (spool_new (&bench->options, error));
    assert_non_null (strstr (error, "in use"));
    assert_true (spool_is_sound (bench->spool));
}

//  --- A full disk -----------------------------------------------------------------------------

static int
s_mount (void **state)
{
    s_set_up (state);
    bench_t *bench = *state;
    if (mount ("kpulse", bench->root, "tmpfs", 0, "size=100m"))
        print_message ("no tmpfs can be mounted here: full disks are not tested\n");
    else
        s_open (bench);
    return 0;
}

static int
s_unmount (void **state)
{
    bench_t *bench = *state;
    spool_destroy (&bench->spool);
    umount2 (bench->root, MNT_DETACH);
    return s_tear_down (state);
}

//  Fill the disk until the store is so many bytes short of taking a frame.
static void
s_fill_disk (const bench_t *bench, uint64_t short_bytes)
{
    char path[128];
    store_stats_t stats;
    snprintf (path, sizeof path, "%s/ballast", bench->root);
    int file = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (file >= 0);
    for (off_t size = 0;; size += 65536) {
        store_stats (spool_store (bench->spool), &stats);
        if (stats.short_disk_bytes >= short_bytes)
            break;
        assert_int_equal (posix_fallocate (file, size, 65536), 0);
    }
    close (file);
}

static void
test_on_a_full_disk_the_oldest_frames_give_way (void **state)
{
    bench_t *bench = *state;
    spool_stats_t stats;
    if (!bench->spool)
        skip ();
    for (uint64_t seq = 1; seq <= 4000; seq++)
        assert_int_equal (s_append_big (bench, seq), 0);
    s_fill_disk (bench, 2 * MIB);
    for (uint64_t seq = 4001; seq <= 4100; seq++)
        assert_int_equal (s_append_big (bench, seq), 0);
    spool_stats (bench->spool, &stats);
    assert_in_range (stats.displaced, 100, 3000);
    store_node_t node = s_node (bench);
    assert_int_equal (node.frames, 4100 - stats.displaced);
    assert_int_equal (node.expired_seq, stats.displaced);
    assert_int_equal (node.last_seq, 4100);
    assert_int_equal (spool_take_unspooled (bench->spool), 0);
}

static void
test_no_frame_gives_way_where_that_would_not_help (void **state)
{
    bench_t *bench = *state;
    char path[128];
    spool_stats_t stats;
    if (!bench->spool)
        skip ();
    for (uint64_t seq = 1; seq <= 50; seq++)
        assert_int_equal (s_append_big (bench, seq), 0);
    s_fill_disk (bench, 20 * MIB);
    assert_int_equal (s_append_big (bench, 51), -1);
    spool_stats (bench->spool, &stats);
    assert_int_equal (stats.displaced, 0);
    assert_int_equal (s_node (bench).frames, 50);
    snprintf (path, sizeof path, "%s/ballast", bench->root);
    assert_int_equal (unlink (path), 0);
    assert_int_equal (s_append_big (bench, 52), 0);
    assert_int_equal (spool_take_unspooled (bench->spool), 1);
}

//  --- Sizes -----------------------------------------------------------------------------------

static void
test_sizes_have_units_of_1000_or_1024 (void **state)
{
    (void) state;
    uint64_t bytes;
    assert_int_equal (size_parse ("256MB", &bytes), 0);
    assert_int_equal (bytes, 256000000);
    assert_int_equal (size_parse ("1gib", &bytes), 0);
    assert_int_equal (bytes, 1u << 30);
    assert_int_equal (size_parse ("7", &bytes), 0);
    assert_int_equal (bytes, 7);
    static const char *none[] = {"", "MB", "-1MB", "1 MB", "1MBx", "99999999999GB", "1e3", "+1"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal (size_parse (none[i], &bytes), -1);
}

int
main (void)
{
#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
#define FULL_TEST(test)  cmocka_unit_test_setup_teardown (test, s_mount, s_unmount)
    const struct CMUnitTest tests[] = {
        SPOOL_TEST (test_a_spool_keeps_its_frames_from_run_to_run),
        SPOOL_TEST (test_another_nodes_spool_is_set_aside_with_its_data),
        SPOOL_TEST (test_a_damaged_spool_is_set_aside_at_start),
        SPOOL_TEST (test_a_spool_found_damaged_in_use_is_set_aside),
        SPOOL_TEST (test_a_spool_that_was_deleted_is_begun_anew),
        SPOOL_TEST (test_without_a_store_frames_are_counted_until_there_is_one),
        SPOOL_TEST (test_a_spool_in_use_is_not_taken_from_its_user),
        FULL_TEST (test_on_a_full_disk_the_oldest_frames_give_way),
        FULL_TEST (test_no_frame_gives_way_where_that_would_not_help),
        cmocka_unit_test (test_sizes_have_units_of_1000_or_1024),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
