/* link: -rdynamic */
/* The store on a disk that fails: writes and syncs of DuckDB's files, or of the journal, fail for a
 * while. What was acknowledged is there once, and it goes on by itself. Needs tools/fetch-duckdb.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/duckdb.h"
#include "lib/storefolder.h"
#include "store/state.h"
#include "store/store.h"

#define START STOREFOLDER_START

/* ---- the disk: calls of this program and, as they are exported, of DuckDB's library */

static _Atomic int fail_write, fail_sync;  /* an errno; 0: they work */
static const char *_Atomic fail_path = ""; /* part of the path of files that it is about */

static bool is_meant(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return strstr(path, fail_path) != NULL;
}

static bool fails(int fd, int number)
{
    if (!number || !is_meant(fd))
        return false;
    errno = number;
    return true;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return fails(fd, fail_write) ? -1 : REAL(pwrite)(fd, p, n, at);
}

ssize_t write(int fd, const void *p, size_t n)
{
    return fails(fd, fail_write) ? -1 : REAL(write)(fd, p, n);
}

int fsync(int fd)
{
    return fails(fd, fail_sync) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(fd, fail_sync) ? -1 : REAL(fdatasync)(fd);
}

/* ---- the world of a test */

static char folder[64];
static struct why why;
static struct store *store;
static struct store_conf conf;
static int64_t next_n;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

static int setup(void **state)
{
    (void)state;
    if (!storefolder_make(folder, "test_store_disk", &conf))
        return -1;
    next_n = 0;
    return access(DUCKDB_LIBRARY, R_OK) || !store_open(&store, &conf, &why) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    fail_write = fail_sync = 0;
    store_close(store);
    store = NULL;
    return storefolder_remove(folder);
}

static err put_one(void)
{
    char text[200];
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    int n = snprintf(text, sizeof text, "{\"source_port\":%lld,\"rest\":\"x\"}", (long long)next_n);
    struct store_line line = { slice_of(text, (size_t)n), &stream, 1, START, START };
    return store_put(store, &line, &why);
}

/* A group; it is put again by whoever needs it when it failed. */
static err put(unsigned n)
{
    int64_t before = next_n;
    err e = ERR_OK;
    for (unsigned i = 0; i < n && !e; i++) {
        e = put_one();
        next_n++;
    }
    if (!e)
        e = store_sync(store, &why);
    if (e)
        next_n = before;
    return e;
}

static int64_t ask(const char *what)
{
    static char sql[65536];
    const struct view_range all = { INT64_MIN, INT64_MAX, NULL, NULL };
    struct buf b = buf_of(sql, sizeof sql);
    struct store_view *v;
    struct duck_session *s;
    struct duck_query *q;
    err rc;
    OK(store_view_open(store, &all, &v, &why));
    buf_printf(&b, "SELECT (%s)::BIGINT FROM (SELECT 0 AS source_port WHERE false", what);
    for (unsigned i = 0; i < v->n; i++)
        buf_printf(&b, " UNION ALL SELECT source_port FROM %s", v->table[i].name);
    buf_cstr(&b, ")");
    OK(duck_session_open(&s, v->duck, &why));
    OK(duck_prepare(&q, s, buf_slice(&b), &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    int64_t n = duck_value(q, 0).i;
    duck_query_free(q);
    duck_session_close(s);
    store_view_close(store, v);
    return n;
}

static void assert_all(int64_t n)
{
    assert_int_equal(ask("count(*)"), n);
    assert_int_equal(ask("count(DISTINCT source_port)"), n);
}

/* Ticks as serve does, until everything is in files again. */
static void mend_and_settle(void)
{
    fail_write = fail_sync = 0;
    for (int i = 0; i < 20 && !store_settle(store); i++)
        store_tick(store, START);
    assert_true(store_settle(store));
}

static void again(void)
{
    store_close(store);
    store = NULL;
    OK(store_open(&store, &conf, &why));
    assert_true(store_show(store));
}

static void files_fail(int write_error, int sync_error)
{
    OK(put(150));
    assert_true(store_settle(store));
    fail_path = ".duckdb";
    fail_write = write_error;
    fail_sync = sync_error;
    OK(put(150)); /* the journal goes on */
    assert_false(store_settle(store));
    store_tick(store, START);
    OK(put(70));
    mend_and_settle();
    assert_all(370);
    OK(put(10));
    assert_true(store_show(store));
    assert_all(380);
    again();
    assert_all(380);
}

static void no_space_for_files(void **state)
{
    (void)state;
    if (!store)
        skip();
    files_fail(ENOSPC, 0);
}

static void files_cannot_be_written(void **state)
{
    (void)state;
    if (!store)
        skip();
    files_fail(EIO, 0);
}

static void files_cannot_be_synced(void **state)
{
    (void)state;
    if (!store)
        skip();
    files_fail(0, EIO);
}

static void the_journal_fails(void **state)
{
    (void)state;
    if (!store)
        skip();
    OK(put(30));
    fail_path = "/journal/";
    for (int round = 0; round < 2; round++) {
        fail_write = round ? 0 : ENOSPC;
        fail_sync = round ? EIO : 0;
        assert_int_equal(put(40), ERR_IO);
        fail_write = fail_sync = 0;
        assert_true(store_show(store));
        assert_all(30 + 40 * round);
        OK(put(40));
    }
    mend_and_settle();
    assert_all(110);
    again();
    assert_all(110);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(no_space_for_files), TEST(files_cannot_be_written),
                                        TEST(files_cannot_be_synced), TEST(the_journal_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
