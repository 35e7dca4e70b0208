/* link: -Wl,--wrap=fdatasync,--wrap=pwrite */
/* The queue on disk over its journal: what was put is there after any cut of the file, goes on
 * behind what was passed, and survives a disk that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/diskqueue.h"

#define FIRST "00000000000000000001.journal"

static bool disk_full, sync_fails;
static unsigned syncs;

int __real_fdatasync(int fd);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
int __wrap_fdatasync(int fd);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);

int __wrap_fdatasync(int fd)
{
    syncs++;
    errno = EIO;
    return sync_fails ? -1 : __real_fdatasync(fd);
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    errno = ENOSPC;
    return disk_full ? -1 : __real_pwrite(fd, p, n, at);
}

static char folder[64];
static struct why why;
static struct counters counters;
static struct queue_section conf;

static int setup(void **state)
{
    (void)state;
    disk_full = sync_fails = false;
    memset(&counters, 0, sizeof counters);
    snprintf(folder, sizeof folder, "/tmp/test_diskqueue.XXXXXX");
    conf = (struct queue_section){ .path = folder, .segment_bytes = 1 << 20 };
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[512];
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (d->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    return rmdir(folder);
}

static struct diskqueue *d;
static const struct queue *q;

static void begin(void)
{
    if (diskqueue_open(&d, &conf, "/nowhere", &counters, &why))
        fail_msg("%s", why.text);
    q = diskqueue_queue(d);
}

static void end(void)
{
    diskqueue_close(d);
    d = NULL;
}

/* Puts lines with the numbers [from, to); what the queue says. */
static err put(unsigned from, unsigned to, unsigned *taken)
{
    static char text[256][24];
    struct slice line[256];
    *taken = to - from;
    for (unsigned i = from; i < to; i++) {
        snprintf(text[i - from], sizeof text[0], "event %u", i);
        line[i - from] = slice_cstr(text[i - from]);
    }
    return q->put(q->ctx, line, taken, &why);
}

static void put_all(unsigned from, unsigned to)
{
    unsigned taken;
    assert_int_equal(put(from, to, &taken), ERR_OK);
    assert_int_equal(taken, to - from);
}

/* Reads all there is: numbers must follow each other from `from` on. */
static unsigned read_from(uint64_t from)
{
    uint64_t number;
    struct slice line;
    char text[24];
    unsigned n = 0;
    err rc;
    while (q->next(q->ctx, &number, &line, &rc, &why)) {
        assert_int_equal(number, from + n);
        snprintf(text, sizeof text, "event %u", (unsigned)number);
        assert_true(slice_eq(line, slice_cstr(text)));
        n++;
    }
    assert_int_equal(rc, ERR_OK);
    return n;
}

static struct queue_state state_now(void)
{
    struct queue_state st = { 0 };
    q->state(q->ctx, &st);
    return st;
}

static void goes_on_behind_what_was_passed(void **state)
{
    (void)state;
    begin();
    put_all(1, 101);
    assert_int_equal(read_from(1), 100);
    assert_int_equal(q->pass(q->ctx, 60, &why), ERR_OK);
    assert_int_equal(state_now().events, 40);
    assert_int_equal(state_now().unread, 0);
    end();
    begin();
    assert_int_equal(state_now().unread, 40);
    assert_int_equal(read_from(61), 40);
    assert_int_equal(q->rewind(q->ctx, &why), ERR_OK);
    put_all(101, 151);
    assert_int_equal(read_from(61), 90);
    assert_int_equal(q->pass(q->ctx, 150, &why), ERR_OK);
    end();
    begin();
    assert_int_equal(read_from(151), 0);
    put_all(151, 152);
    assert_int_equal(read_from(151), 1);
    end();
}

static void copy_cut(const char *from, const char *to, off_t n)
{
    char bytes[16384];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t got = read(in, bytes, sizeof bytes);
    assert_true(got >= n && n >= 0);
    assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

/* A kill or a crash of the machine may leave any part of the last write. */
static void a_file_that_is_cut_anywhere_keeps_what_was_put(void **state)
{
    (void)state;
    char path[128], whole[128];
    struct stat st;
    off_t after[5];
    snprintf(path, sizeof path, "%s/" FIRST, folder);
    snprintf(whole, sizeof whole, "%s/whole", folder);
    begin();
    for (unsigned i = 0; i < COUNT(after); i++) {
        put_all(1 + 10 * i, 11 + 10 * i);
        assert_int_equal(stat(path, &st), 0);
        after[i] = st.st_size;
    }
    end();
    copy_cut(path, whole, after[COUNT(after) - 1]);
    for (off_t cut = 0; cut <= after[COUNT(after) - 1]; cut++) {
        unsigned groups = 0;
        while (groups < COUNT(after) && after[groups] <= cut)
            groups++;
        copy_cut(whole, path, cut);
        begin();
        assert_int_equal(read_from(1), 10 * groups);
        put_all(1 + 10 * groups, 2 + 10 * groups); /* and it goes on */
        assert_int_equal(read_from(1 + 10 * groups), 1);
        end();
    }
}

static void a_damaged_group_is_counted_and_passed(void **state)
{
    (void)state;
    char path[128];
    struct stat st;
    uint64_t number;
    struct slice line;
    err rc;
    snprintf(path, sizeof path, "%s/" FIRST, folder);
    begin();
    put_all(1, 11);
    assert_int_equal(stat(path, &st), 0);
    put_all(11, 21);
    put_all(21, 31);
    end();
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, st.st_size + 40), 4);
    close(fd);
    begin();
    unsigned n = 0;
    while (q->next(q->ctx, &number, &line, &rc, &why))
        n++;
    assert_int_equal(n, 20);
    assert_int_equal(number, 30);
    assert_int_equal(counter_get(&counters, COUNTER_QUEUE_LOST), 10);
    end();
}

static void a_full_disk_takes_nothing_and_loses_nothing(void **state)
{
    (void)state;
    unsigned taken;
    begin();
    put_all(1, 11);
    disk_full = true;
    assert_int_equal(put(11, 21, &taken), ERR_IO);
    assert_int_equal(taken, 0);
    assert_int_equal(read_from(1), 10);
    disk_full = false;
    put_all(11, 21);
    assert_int_equal(read_from(11), 10);
    sync_fails = true;
    assert_int_equal(put(21, 31, &taken), ERR_IO);
    assert_int_equal(taken, 0);
    sync_fails = false;
    put_all(21, 31);
    assert_int_equal(read_from(21), 10);
    end();
    begin();
    assert_int_equal(read_from(1), 30);
    end();
}

static void its_largest_size_is_kept_and_ends_when_events_go(void **state)
{
    (void)state;
    unsigned taken, next = 1;
    conf.max_bytes = 60000;
    conf.segment_bytes = 2000;
    begin();
    for (err rc = ERR_OK; rc == ERR_OK; next += taken)
        rc = put(next, next + 200, &taken);
    assert_true(next > 200);
    assert_true(state_now().bytes <= 60000);
    assert_int_equal(read_from(1), next - 1);
    assert_int_equal(q->pass(q->ctx, next - 1, &why), ERR_OK);
    assert_true(state_now().bytes < 4000);
    put_all(next, next + 100);
    end();
}

static void one_write_for_a_group(void **state)
{
    (void)state;
    begin();
    syncs = 0;
    put_all(1, 201);
    assert_int_equal(syncs, 1);
    end();
}

static void two_may_not_have_it(void **state)
{
    (void)state;
    struct diskqueue *second;
    begin();
    assert_int_not_equal(diskqueue_open(&second, &conf, "/nowhere", &counters, &why), ERR_OK);
    assert_non_null(strstr(why.text, "queue.disk"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on_behind_what_was_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_cut_anywhere_keeps_what_was_put, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_damaged_group_is_counted_and_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_takes_nothing_and_loses_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(its_largest_size_is_kept_and_ends_when_events_go, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_write_for_a_group, setup, teardown),
        cmocka_unit_test_setup_teardown(two_may_not_have_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
