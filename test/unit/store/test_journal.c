/* link: -Wl,--wrap=fdatasync,--wrap=pwrite */
/* The journal: what was synced is read again, in order and once; torn, flipped and missing bytes;
 * writes that fail; consumers. */
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

#include <zstd.h>

#include "store/journal.h"
#include "store/journal_frame.h"

static int fail_sync, fail_write; /* how many calls fail, from now on */

int __real_fdatasync(int fd);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
int __wrap_fdatasync(int fd);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);

int __wrap_fdatasync(int fd)
{
    if (fail_sync > 0) {
        fail_sync--;
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

/* Half of what remains is written, then the disk is full. */
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (fail_write > 0 && n > 1)
        return __real_pwrite(fd, p, n / 2, at);
    if (fail_write > 0) {
        fail_write = 0;
        errno = ENOSPC;
        return -1;
    }
    return __real_pwrite(fd, p, n, at);
}

static char folder[64];
static struct why why;

static int setup(void **state)
{
    (void)state;
    fail_sync = fail_write = 0;
    snprintf(folder, sizeof folder, "/tmp/test_journal.XXXXXX");
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

/* ---- records: "NUMBER " and a tail whose length depends on it */

static struct slice record_of(uint64_t n, char out[512])
{
    int head = snprintf(out, 512, "%llu ", (unsigned long long)n);
    size_t tail = n * 7 % 90;
    memset(out + head, 'a' + (int)(n % 26), tail);
    return slice_of(out, (size_t)head + tail);
}

static struct journal *open_with(const struct journal_conf *more, struct journal_found *found)
{
    struct journal_conf conf = more ? *more : (struct journal_conf){ 0 };
    struct journal *j = NULL;
    conf.folder = folder;
    if (journal_open(&j, &conf, found, &why))
        fail_msg("%s", why.text);
    return j;
}

static struct journal *open_plain(void)
{
    struct journal_found found;
    return open_with(NULL, &found);
}

static void append(struct journal *j, unsigned n)
{
    char text[512];
    for (unsigned i = 0; i < n; i++) {
        uint64_t seq;
        assert_int_equal(journal_append(j, record_of(journal_next(j), text), &seq, &why), ERR_OK);
    }
}

static void append_and_sync(struct journal *j, unsigned n)
{
    append(j, n);
    assert_int_equal(journal_sync(j, &why), ERR_OK);
}

/* Reads from `from` on; every record must be the one of its number, in rising order. */
static unsigned read_all(const struct journal *j, uint64_t from)
{
    struct journal_reader *r;
    uint64_t seq, last = from - 1;
    struct slice s;
    char text[512];
    unsigned n = 0;
    err rc = journal_reader_open(&r, j, from, &why);
    while (!rc && journal_read(r, &seq, &s, &rc, &why)) {
        assert_true(seq > last);
        assert_true(slice_eq(s, record_of(seq, text)));
        last = seq;
        n++;
    }
    assert_int_equal(rc, ERR_OK);
    journal_reader_close(r);
    return n;
}

static void segment_path(uint64_t first, char out[256])
{
    snprintf(out, 256, "%s/%020llu.journal", folder, (unsigned long long)first);
}

static off_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) ? -1 : st.st_size;
}

/* ---- the tests */

static void what_is_synced_is_read_again(void **state)
{
    (void)state;
    struct journal *j = open_plain();
    append_and_sync(j, 1000);
    append(j, 5); /* not synced: not there */
    assert_int_equal(read_all(j, 1), 1000);
    assert_int_equal(read_all(j, 990), 11);
    assert_int_equal(journal_durable(j), 1000);
    journal_close(j);
    struct journal_found found;
    j = open_with(NULL, &found);
    assert_int_equal(found.records, 1000);
    assert_int_equal(found.cut_bytes + found.lost + found.bad_frames, 0);
    assert_int_equal(journal_next(j), 1001);
    append_and_sync(j, 10);
    assert_int_equal(read_all(j, 1), 1010);
    journal_close(j);
}

static void a_reader_follows_over_segments(void **state)
{
    (void)state;
    struct journal_conf conf = { .segment_bytes = 2000, .frame_bytes = 512 };
    struct journal_found found;
    struct journal *j = open_with(&conf, &found);
    struct journal_reader *r;
    uint64_t seq, want = 1;
    struct slice s;
    char text[512];
    err rc = journal_reader_open(&r, j, 1, &why);
    for (unsigned round = 0; !rc && round < 50; round++) {
        append_and_sync(j, 37);
        while (journal_read(r, &seq, &s, &rc, &why)) {
            assert_int_equal(seq, want);
            assert_true(slice_eq(s, record_of(want++, text)));
        }
        assert_int_equal(rc, ERR_OK);
        assert_int_equal(want, 37 * (round + 1) + 1);
    }
    journal_reader_close(r);
    journal_close(j);
    j = open_with(&conf, &found);
    assert_int_equal(found.records, 50 * 37);
    journal_close(j);
}

static void failures_take_back_what_is_not_durable(void **state)
{
    (void)state;
    struct journal *j = open_plain();
    append_and_sync(j, 100);
    append(j, 50);
    fail_sync = 1;
    assert_int_equal(journal_sync(j, &why), ERR_IO);
    assert_int_equal(journal_next(j), 101); /* the numbers are given again */
    append(j, 60);
    fail_write = 1;
    assert_int_equal(journal_sync(j, &why), ERR_IO);
    assert_int_equal(journal_next(j), 101);
    append_and_sync(j, 20);
    assert_int_equal(read_all(j, 1), 120);
    journal_close(j);
    struct journal_found found;
    j = open_with(NULL, &found);
    assert_int_equal(found.records, 120);
    assert_int_equal(found.cut_bytes, 0);
    journal_close(j);
}

static void every_cut_of_the_last_frame_is_mended(void **state)
{
    (void)state;
    char path[256];
    struct journal_found found;
    struct journal *j = open_plain();
    segment_path(1, path);
    append_and_sync(j, 20);
    off_t first = size_of(path);
    append_and_sync(j, 20);
    journal_close(j);
    for (off_t at = size_of(path) - 1; at >= first; at--) {
        assert_int_equal(truncate(path, at), 0);
        j = open_with(NULL, &found);
        assert_int_equal(found.records, 20);
        assert_int_equal(found.cut_bytes, at - first);
        assert_int_equal(read_all(j, 1), 20);
        append_and_sync(j, 20); /* as before, for the next cut */
        journal_close(j);
    }
}

static void flip(const char *path, off_t at)
{
    uint8_t b;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= 0x10;
    assert_int_equal(__real_pwrite(fd, &b, 1, at), 1);
    close(fd);
}

static void a_flipped_byte_costs_its_frame_only(void **state)
{
    (void)state;
    char path[256];
    struct journal_found found;
    struct journal *j = open_plain();
    segment_path(1, path);
    append_and_sync(j, 10);
    off_t from = size_of(path);
    append_and_sync(j, 10);
    off_t to = size_of(path);
    append_and_sync(j, 10);
    journal_close(j);
    for (off_t at = 0; at < to; at += at < from ? 5 : 1) {
        flip(path, at);
        j = open_with(NULL, &found);
        assert_int_equal(found.bad_frames, 1);
        assert_int_equal(found.lost, 10);
        assert_int_equal(found.records, 20);
        assert_int_equal(read_all(j, 1), 20);
        assert_int_equal(journal_next(j), 31);
        journal_close(j);
        flip(path, at);
    }
}

static void consumers_hold_what_they_need(void **state)
{
    (void)state;
    char first[256];
    uint64_t seq;
    struct journal_conf conf = { .segment_bytes = 500, .frame_bytes = 256 };
    struct journal_found found;
    struct journal *j = open_with(&conf, &found);
    segment_path(1, first);
    assert_int_equal(journal_consumer(j, "store", &seq, &why), ERR_OK);
    assert_int_equal(journal_consumer(j, "kafka", &seq, &why), ERR_OK);
    for (unsigned i = 0; i < 20; i++)
        append_and_sync(j, 20);
    assert_int_equal(journal_passed(j, "store", 400, &why), ERR_OK);
    assert_true(size_of(first) > 0); /* kafka has not read it */
    uint64_t before = journal_bytes(j);
    assert_int_equal(journal_passed(j, "kafka", 300, &why), ERR_OK);
    assert_int_equal(size_of(first), -1);
    assert_true(journal_bytes(j) < before);
    assert_int_equal(read_all(j, 301), 100);
    journal_close(j);
    j = open_with(&conf, &found);
    assert_int_equal(journal_consumer(j, "kafka", &seq, &why), ERR_OK);
    assert_int_equal(seq, 300);
    assert_int_equal(journal_next(j), 401);
    journal_close(j);
}

/* The end of the journal is damaged after a consumer has read it: no number is given twice. */
static void numbers_are_never_given_twice(void **state)
{
    (void)state;
    char path[256];
    uint64_t seq;
    struct journal_found found;
    struct journal *j = open_plain();
    segment_path(1, path);
    assert_int_equal(journal_consumer(j, "a-Z_0z9", &seq, &why), ERR_OK);
    append_and_sync(j, 10);
    append_and_sync(j, 10);
    assert_int_equal(journal_passed(j, "a-Z_0z9", 20, &why), ERR_OK);
    journal_close(j);
    assert_int_equal(truncate(path, size_of(path) - 1), 0);
    j = open_with(NULL, &found);
    assert_int_equal(journal_next(j), 21);
    append_and_sync(j, 5);
    assert_int_equal(read_all(j, 21), 5);
    journal_close(j);
}

static void put_file(const char *name, const void *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

/* A frame with the right checksums that holds other things than its header says. */
static void put_frame(uint64_t first, uint32_t n, const char raw[8])
{
    uint8_t out[JOURNAL_HEADER + 64];
    size_t packed = ZSTD_compress(out + JOURNAL_HEADER, 64, raw, 8, 1);
    struct journal_frame f = { first, n, (uint32_t)packed, 8,
                               journal_crc(slice_of(out + JOURNAL_HEADER, packed)) };
    journal_frame_put(out, &f);
    put_file("00000000000000000001.journal", out, JOURNAL_HEADER + packed);
}

/* Whatever stands in the files, what is added now is read. */
static void headers_that_lie_cost_nothing_new(void **state)
{
    (void)state;
    static const uint64_t firsts[][2] = { { UINT64_MAX - 2, 1 }, { 1, 500 }, { 700, 1 } };
    uint64_t next = 0;
    for (unsigned i = 0; i < COUNT(firsts); i++) {
        put_frame(firsts[i][0], (uint32_t)firsts[i][1], "nonsense");
        put_frame(2, 1, "nonsense"); /* behind it, lower numbers */
        struct journal *j = open_plain();
        assert_true(journal_next(j) > next);
        append_and_sync(j, 3);
        next = journal_next(j);
        assert_int_equal(read_all(j, next - 3), 3);
        journal_close(j);
    }
}

/* More records than the header says: they have no numbers. */
static void a_frame_has_as_many_records_as_it_says(void **state)
{
    (void)state;
    struct journal_reader *r;
    struct slice s;
    uint64_t seq = 0;
    put_frame(1, 1, "\0\0\0\0\0\0\0"); /* two, of no bytes */
    struct journal *j = open_plain();
    err rc = journal_reader_open(&r, j, 1, &why);
    assert_true(!rc && journal_read(r, &seq, &s, &rc, &why));
    assert_int_equal(seq, 1);
    assert_false(journal_read(r, &seq, &s, &rc, &why));
    assert_int_equal(rc, ERR_OK);
    journal_reader_close(r);
    journal_close(j);
}

static void an_offset_beyond_all_numbers_is_refused(void **state)
{
    (void)state;
    const struct journal_conf conf = { .folder = folder };
    struct journal_found found;
    struct journal *j;
    put_file("store.offset", "18446744073709551615\n", 21);
    assert_int_equal(journal_open(&j, &conf, &found, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "store.offset"));
}

static void nothing_follows_the_last_number(void **state)
{
    (void)state;
    uint64_t seq;
    put_file("store.offset", "9223372036854775807\n", 20);
    struct journal *j = open_plain();
    assert_false(journal_consumer(j, "store", &seq, &why));
    assert_int_equal(journal_append(j, SLICE("x"), &seq, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "set the folder aside"));
    journal_close(j);
}

static void bounds(void **state)
{
    (void)state;
    char text[512];
    uint64_t seq;
    struct journal_conf conf = { .max_bytes = 4000, .frame_bytes = 512 };
    struct journal_found found;
    struct journal *j = open_with(&conf, &found), *second;
    conf.folder = folder;
    assert_int_equal(journal_open(&second, &conf, &found, &why), ERR_LIMIT);
    err rc = ERR_OK;
    while (!rc) {
        rc = journal_append(j, record_of(journal_next(j), text), &seq, &why);
        if (!rc && journal_next(j) % 10 == 0)
            assert_int_equal(journal_sync(j, &why), ERR_OK);
    }
    assert_int_equal(rc, ERR_LIMIT);
    uint64_t next = journal_next(j); /* what was added before is kept */
    assert_int_equal(journal_sync(j, &why), ERR_OK);
    assert_int_equal(read_all(j, 1), next - 1);
    assert_true(journal_bytes(j) <= 4000);
    journal_close(j);
}

static void a_large_record_is_a_frame(void **state)
{
    (void)state;
    size_t n = JOURNAL_RECORD_MAX;
    uint8_t *large = calloc(1, n + 1);
    uint64_t seq;
    struct slice got;
    struct journal_reader *r;
    struct journal *j = open_plain();
    for (size_t i = 0; i < n; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 7);
    assert_int_equal(journal_append(j, slice_of(large, n + 1), &seq, &why), ERR_LIMIT);
    assert_int_equal(journal_append(j, slice_of(large, n), &seq, &why), ERR_OK);
    append(j, 1);
    assert_int_equal(journal_sync(j, &why), ERR_OK);
    err rc = journal_reader_open(&r, j, 1, &why);
    assert_true(!rc && journal_read(r, &seq, &got, &rc, &why));
    assert_true(slice_eq(got, slice_of(large, n)));
    journal_reader_close(r);
    assert_int_equal(read_all(j, 2), 1);
    journal_close(j);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_synced_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_follows_over_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_take_back_what_is_not_durable, setup, teardown),
        cmocka_unit_test_setup_teardown(every_cut_of_the_last_frame_is_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flipped_byte_costs_its_frame_only, setup, teardown),
        cmocka_unit_test_setup_teardown(consumers_hold_what_they_need, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_are_never_given_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_that_lie_cost_nothing_new, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_has_as_many_records_as_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offset_beyond_all_numbers_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_follows_the_last_number, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_record_is_a_frame, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
