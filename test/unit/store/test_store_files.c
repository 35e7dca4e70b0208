/* Checking files of indices, saving what can be read of damaged ones, Parquet. Needs
 * tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/duckdb.h"
#include "store/store_files.h"

#define ROWS ((uint64_t)3 * INDEXFILE_ROWS)

/* DuckDB forgets its unpackers (ZSTD_createDCtx) when a block cannot be read. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:duckdb_zstd";
}

static char folder[64], target[96], path[128];
static struct why why;
static struct store_files *files;
static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

/* A file a_0 with ROWS messages, whose texts do not pack well. */
static void make_file(void)
{
    struct duck_conf conf = { .libraries = libraries, .threads = 1, .memory_bytes = 512 << 20 };
    char indices[96], sql[256];
    struct duck *duck;
    struct duck_session *s;
    struct indexfile file = { path, "idx" };
    struct indexfile_content c;
    snprintf(indices, sizeof indices, "%s/indices", folder);
    conf.folder = indices;
    OK(duck_open(&duck, &conf, &why));
    OK(duck_session_open(&s, duck, &why));
    OK(indexfile_attach(s, &file, &c, &why));
    snprintf(sql, sizeof sql,
             "CREATE TABLE t AS SELECT i + 1 AS seq, epoch_ms(i) AS \"timestamp\", "
             "md5(i::VARCHAR) AS doc FROM range(%llu) r(i)",
             (unsigned long long)ROWS);
    OK(duck_run(s, sql, &why));
    c = (struct indexfile_content){ ROWS, ROWS, 0, (int64_t)ROWS, false };
    OK(indexfile_seal(s, "idx", "t", &c, &why));
    OK(indexfile_checkpoint(s, "idx", &why));
    duck_session_close(s);
    duck_close(duck);
}

static int setup(void **state)
{
    (void)state;
    const char *memory = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* many syncs */
    snprintf(folder, sizeof folder, "%s/test_files.XXXXXX", memory);
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/indices", folder);
    snprintf(target, sizeof target, "%s/parquet", folder);
    if (mkdir(path, 0700) || mkdir(target, 0700))
        return -1;
    snprintf(path, sizeof path, "%s/indices/a_0" INDEXFILE_SUFFIX, folder);
    if (access(DUCKDB_LIBRARY, R_OK))
        return 0;
    make_file();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    store_files_close(files);
    files = NULL;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void open_files(void)
{
    struct store_files_conf conf = { folder, libraries, 512 << 20, target };
    if (access(DUCKDB_LIBRARY, R_OK))
        skip();
    OK(store_files_open(&files, &conf, &why));
}

/* Each byte by another mask: DuckDB's checksums do not see that an even number of equal words of
 * 8 bytes have become other equal words. */
static void flip(off_t at)
{
    char bytes[64];
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, bytes, sizeof bytes, at), sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(bytes[i] ^ (3 * i + 1));
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, at), sizeof bytes);
    close(fd);
}

static void a_whole_file(void **state)
{
    (void)state;
    struct store_file_report r;
    open_files();
    assert_int_equal(store_files_count(files), 1);
    assert_string_equal(store_files_name(files, 0), "a_0");
    OK(store_files_check(files, 0, &r, &why));
    assert_int_equal(r.rows, ROWS);
    OK(store_files_rewrite(files, 0, &r, &why));
    assert_int_equal(r.rows, ROWS);
    assert_true(r.bytes_after > 0 && r.bytes_after < r.bytes * 2);
    OK(store_files_check(files, 0, &r, &why));
    assert_int_equal(r.content.sealed, ROWS);
    assert_int_equal(r.content.to_ms, ROWS - 1); /* as it is, not as it was said to be */
    OK(store_files_parquet(files, 0, &r, &why));
    snprintf(path, sizeof path, "%s/a_0.parquet", target);
    assert_int_equal(access(path, R_OK), 0);
}

static void a_damaged_block(void **state)
{
    (void)state;
    struct store_file_report r;
    struct stat st;
    if (access(DUCKDB_LIBRARY, R_OK))
        skip();
    assert_int_equal(stat(path, &st), 0);
    flip(st.st_size / 2);
    open_files();
    assert_int_equal(store_files_check(files, 0, &r, &why), ERR_FORMAT);
    OK(store_files_rewrite(files, 0, &r, &why));
    assert_true(r.rows >= INDEXFILE_ROWS && r.rows < ROWS);
    uint64_t kept = r.rows;
    OK(store_files_check(files, 0, &r, &why));
    assert_int_equal(r.rows, kept);
    assert_int_equal(r.content.sealed, ROWS);
    snprintf(path, sizeof path, "%s/indices/a_0" INDEXFILE_SUFFIX ".damaged", folder);
    assert_int_equal(access(path, R_OK), 0);
}

static void a_damaged_head(void **state)
{
    (void)state;
    struct store_file_report r;
    if (access(DUCKDB_LIBRARY, R_OK))
        skip();
    for (off_t at = 0; at < 12288; at += 64)
        flip(at);
    open_files();
    assert_int_equal(store_files_check(files, 0, &r, &why), ERR_FORMAT);
    assert_int_equal(store_files_rewrite(files, 0, &r, &why), ERR_FORMAT);
    assert_int_not_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/indices/a_0" INDEXFILE_SUFFIX ".damaged", folder);
    assert_int_equal(access(path, R_OK), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(a_whole_file), TEST(a_damaged_block),
                                        TEST(a_damaged_head) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
