/* link: -Wl,--wrap=fsync */
/* The file output: names, rotation, what is kept, permissions, events that are too large; what
 * stays in the files when a sync fails. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "pipe/pipe.h"

extern const struct output output_file;

static struct arena arena;
static struct why why;
static char folder[64], date[16];
static void *conf, *ctx;

static void configure(const char *more)
{
    char yaml[512];
    struct node *root;
    struct loading l = { "output.file", &arena, &why };
    snprintf(yaml, sizeof yaml, "{path: %s/in, filename: events, %s}", folder, more);
    conf = arena_zalloc(&arena, output_file.conf_size);
    if (yaml_read(&arena, slice_cstr(yaml), "t.yml", &root, &why) ||
        option_load(output_file.options, root, conf, &l))
        fail_msg("%s", why.text);
}

static void begin(void)
{
    ctx = calloc(1, output_file.ctx_size);
    if (output_file.open(ctx, conf, &why))
        fail_msg("%s", why.text);
}

static void end(void)
{
    output_file.close(ctx);
    free(ctx);
}

static err put(size_t bytes, char fill)
{
    static char line[200000];
    memset(line, fill, bytes);
    return output_file.write(ctx, NULL, slice_of(line, bytes), &why);
}

/* Size of the file of today with that number (0: none); -1: not there. */
static long size_of(unsigned number)
{
    char path[256];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/in/events-%s", folder, date);
    if (number)
        n += snprintf(path + n, sizeof path - (size_t)n, "-%u", number);
    snprintf(path + n, sizeof path - (size_t)n, ".ndjson");
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void rotates_before_the_limit(void **state)
{
    (void)state;
    configure("rotate_every_kb: 1, number_of_files: 3");
    begin();
    assert_int_equal(put(511, 'a'), ERR_OK); /* 512 with its newline: two fill a file */
    assert_int_equal(put(511, 'b'), ERR_OK);
    assert_int_equal(size_of(0), 0); /* buffered */
    assert_int_equal(output_file.flush(ctx, &why), ERR_OK);
    assert_int_equal(size_of(0), 1024);
    assert_int_equal(put(0, 'c'), ERR_OK);
    assert_int_equal(output_file.flush(ctx, &why), ERR_OK);
    assert_int_equal(size_of(0), 1024);
    assert_int_equal(size_of(1), 1);
    end();
}

static void keeps_so_many_older_ones(void **state)
{
    (void)state;
    configure("rotate_every_kb: 1, number_of_files: 2");
    begin();
    for (int i = 0; i < 5; i++)
        assert_int_equal(put(1000, 'a'), ERR_OK);
    end();
    assert_int_equal(size_of(0), -1);
    assert_int_equal(size_of(1), -1);
    assert_int_equal(size_of(2), 1001);
    assert_int_equal(size_of(3), 1001);
    assert_int_equal(size_of(4), 1001); /* active */
}

static void rotates_at_start_or_goes_on(void **state)
{
    (void)state;
    configure("rotate_on_startup: true");
    begin();
    put(9, 'a');
    end();
    begin();
    put(9, 'b');
    end();
    assert_int_equal(size_of(0), 10);
    assert_int_equal(size_of(1), 10);
    configure("rotate_on_startup: false");
    begin();
    put(9, 'c');
    end();
    assert_int_equal(size_of(1), 20);
    assert_int_equal(size_of(2), -1);
}

static void too_large_events_are_refused(void **state)
{
    (void)state;
    configure("rotate_every_kb: 1");
    begin();
    assert_int_equal(put(1024, 'a'), ERR_LIMIT);
    assert_int_equal(put(1023, 'b'), ERR_OK);
    end();
    assert_int_equal(size_of(0), 1024);
}

static void permissions_are_as_told(void **state)
{
    (void)state;
    char path[256];
    struct stat st;
    mode_t old = umask(0);
    configure("permissions: '0640'");
    begin();
    end();
    snprintf(path, sizeof path, "%s/in/events-%s.ndjson", folder, date);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    snprintf(path, sizeof path, "%s/in", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0710);
    umask(old);
}

static void an_unwritable_folder_fails(void **state)
{
    (void)state;
    configure("permissions: '0999'");
    ctx = calloc(1, output_file.ctx_size);
    assert_int_equal(output_file.open(ctx, conf, &why), ERR_CONFIG);
    free(ctx);
}

static void sweep(const char *path)
{
    DIR *d = opendir(path);
    char name[512];
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        unlink(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static int setup(void **state)
{
    (void)state;
    time_t now = time(NULL);
    struct tm tm;
    arena_init(&arena, NULL, 0);
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y%m%d", &tm);
    snprintf(folder, sizeof folder, "/tmp/test_file.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/in", folder);
    sweep(path);
    rmdir(folder);
    arena_free(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static unsigned syncs, failing_sync; /* calls so far; the one that fails */
static unsigned folder_syncs;        /* of folders, that succeeded */
static bool folder_fails;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    struct stat st;
    bool is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (++syncs == failing_sync || (is_folder && folder_fails)) {
        errno = EIO;
        return -1;
    }
    folder_syncs += is_folder;
    return __real_fsync(fd);
}

static void begin_durable(void)
{
    syncs = failing_sync = 0;
    begin();
    assert_int_equal(output_file.sync(ctx, &why), ERR_OK);
    syncs = 0;
}

static void a_failed_sync_leaves_nothing(void **state)
{
    (void)state;
    configure("rotate_every_kb: 1024");
    begin_durable();
    assert_int_equal(put(9, 'a'), ERR_OK);
    assert_int_equal(output_file.sync(ctx, &why), ERR_OK);
    assert_int_equal(size_of(0), 10);
    failing_sync = syncs + 1;
    assert_int_equal(put(19, 'b'), ERR_OK);
    assert_int_equal(output_file.sync(ctx, &why), ERR_IO);
    assert_int_equal(size_of(0), 10);
    assert_int_equal(put(19, 'b'), ERR_OK); /* the group again */
    assert_int_equal(output_file.sync(ctx, &why), ERR_OK);
    assert_int_equal(size_of(0), 30);
    end();
    assert_int_equal(size_of(0), 30);
}

/* A group of three events of which the third begins a new file; whichever sync fails, it is told,
 * and everything is there once the group has been written again. */
static void a_sync_that_fails_at_a_rotation_is_told(void **state)
{
    (void)state;
    unsigned failed = 0, ended = 0;
    for (unsigned n = 1; !ended; n++) {
        configure("rotate_every_kb: 1, rotate_on_startup: true");
        begin_durable();
        failing_sync = n;
        for (unsigned attempt = 0; attempt < 2; attempt++) {
            err e = put(511, 'a');
            for (char fill = 'b'; !e && fill <= 'c'; fill++)
                e = put(511, fill);
            if (!e)
                e = output_file.sync(ctx, &why);
            assert_int_equal(e, attempt == 0 && syncs >= n ? ERR_IO : ERR_OK);
            failed += e != ERR_OK;
            ended = !e && attempt == 0;
            if (!e)
                break;
        }
        end();
    }
    assert_true(failed >= 4); /* old file and its folder, new file and its folder */
}

/* What is in a file whose name may be lost is not safe. */
static void a_new_name_is_synced_before_what_it_names(void **state)
{
    (void)state;
    configure("rotate_every_kb: 1");
    begin_durable();
    assert_int_equal(put(1000, 'a'), ERR_OK);
    assert_int_equal(output_file.sync(ctx, &why), ERR_OK);
    folder_fails = true;
    err e = put(1000, 'b'); /* begins another file */
    assert_int_equal(e ? e : output_file.sync(ctx, &why), ERR_IO);
    folder_fails = false;
    folder_syncs = 0;
    assert_int_equal(put(1000, 'b'), ERR_OK);
    assert_int_equal(output_file.sync(ctx, &why), ERR_OK);
    assert_int_equal(folder_syncs, 1);
    assert_int_equal(size_of(1), 1001);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rotates_before_the_limit),
        TEST(keeps_so_many_older_ones),
        TEST(rotates_at_start_or_goes_on),
        TEST(too_large_events_are_refused),
        TEST(permissions_are_as_told),
        TEST(an_unwritable_folder_fails),
        TEST(a_failed_sync_leaves_nothing),
        TEST(a_sync_that_fails_at_a_rotation_is_told),
        TEST(a_new_name_is_synced_before_what_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
