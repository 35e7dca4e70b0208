/* The store for reading alone: beside others who read, nothing on disk is changed, and all that is
 * durable is seen; and the export, which has few files open at once. Needs tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/duckdb.h"
#include "lib/storefolder.h"
#include "os/file.h"
#include "store/index_writer.h"
#include "store/state.h"
#include "store/store.h"
#include "store/store_export.h"
#include "store/store_turn.h"

#define START STOREFOLDER_START
#define DAY   INT64_C(86400000)
#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

static char folder[64];
static struct why why;
static struct store_conf conf;
static const struct view_range everything = { INT64_MIN, INT64_MAX, NULL, NULL };

static int setup(void **state)
{
    (void)state;
    if (!storefolder_make(folder, "test_read", &conf))
        return -1;
    conf.seal_rows = 20;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return storefolder_remove(folder);
}

static bool there_is_no_library(void)
{
    return access(DUCKDB_LIBRARY, R_OK) != 0;
}

static struct store *open_store(bool read_only)
{
    struct store *s;
    struct store_conf c = conf;
    c.read_only = read_only;
    OK(store_open(&s, &c, &why));
    return s;
}

static void put(struct store *s, unsigned n, int64_t ms)
{
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    for (unsigned i = 0; i < n; i++) {
        struct store_line line = { SLICE("{\"source_port\":1}"), &stream, 1, ms, ms };
        OK(store_put(s, &line, &why));
    }
    OK(store_sync(s, &why));
}

/* Four days; what came last is in the journal alone, as after a kill. */
static void fill(void)
{
    struct store *s = open_store(false);
    for (int day = 0; day < 4; day++)
        put(s, 10, START + day * DAY);
    assert_true(store_settle(s));
    store_tick(s, START + 3 * DAY);
    put(s, 70, START + 3 * DAY);
    put(s, 5, START + 4 * DAY); /* the first of its day */
}

static void fill_and_die(void)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fill();
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool count_line(void *ctx, struct slice line)
{
    assert_true(slice_eq(line, SLICE("{\"source_port\":1}")));
    ++*(unsigned *)ctx;
    return true;
}

static unsigned lines_of(struct store *s)
{
    unsigned n = 0;
    struct store_sink sink = { &n, count_line };
    OK(store_export(s, &everything, &sink, &why));
    return n;
}

/* What files there are, how large and how new; SQLite's own are not ours. */
static void list_files(char out[8192])
{
    char command[256];
    snprintf(command, sizeof command,
             "find %s -type f ! -name 'state.sqlite*' -printf '%%p %%s %%T@\\n' | sort", folder);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(out, 1, 8191, f);
    out[n] = '\0';
    assert_int_equal(pclose(f), 0);
    assert_true(n > 0 && n < 8191);
}

static void readers_change_nothing(void **state)
{
    (void)state;
    char before[8192], after[8192];
    struct store *other;
    if (there_is_no_library())
        skip();
    fill_and_die();
    list_files(before);
    struct store *one = open_store(true), *two = open_store(true);
    assert_int_equal(lines_of(one), 115);
    assert_int_equal(lines_of(two), 115);
    assert_int_equal(store_open(&other, &conf, &why), ERR_END);
    store_close(one);
    store_close(two);
    list_files(after);
    assert_string_equal(before, after);
    struct store *s = open_store(false);
    assert_int_equal(lines_of(s), 115);
    struct store_conf reader = conf;
    reader.read_only = true;
    assert_int_equal(store_open(&other, &reader, &why), ERR_LIMIT);
    store_close(s);
}

static int64_t bytes_of(int64_t number)
{
    char path[128];
    struct state *st;
    struct arena a;
    struct index_sets sets;
    struct index_rows rows;
    int64_t bytes = -1;
    arena_init(&a, NULL, 0);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    OK(state_index_sets(st, &a, &sets, &why));
    OK(state_indices(st, sets.v[0].id, &a, &rows, &why));
    for (unsigned i = 0; i < rows.n; i++)
        if (rows.v[i].number == number)
            bytes = rows.v[i].bytes;
    arena_free(&a);
    state_close(st);
    return bytes;
}

/* Also of messages that are in the journal alone. */
static void the_state_has_sizes(void **state)
{
    (void)state;
    if (there_is_no_library())
        skip();
    struct store *s = open_store(false);
    put(s, 10, START);
    store_tick(s, START + 60000);
    int64_t waiting = bytes_of(0);
    assert_true(waiting > 0 && waiting < 4096);
    assert_true(store_settle(s));
    store_tick(s, START + 120000);
    assert_true(bytes_of(0) > 4096); /* a file of DuckDB has some blocks */
    store_close(s);
    assert_true(bytes_of(0) > 4096);
}

static void where_nothing_is(void **state)
{
    (void)state;
    char path[128];
    struct store *s;
    if (there_is_no_library())
        skip();
    conf.read_only = true;
    assert_int_equal(store_open(&s, &conf, &why), ERR_MISSING);
    snprintf(path, sizeof path, "%s/" INDICES_FOLDER, folder);
    assert_int_equal(access(path, F_OK), -1);
}

static void an_export_opens_few_files(void **state)
{
    (void)state;
    struct store_view *v;
    if (there_is_no_library())
        skip();
    fill_and_die();
    struct store *s = open_store(false);
    assert_true(store_settle(s));
    store_close(s);
    conf.files = conf.files_max = 2;
    s = open_store(false);
    assert_int_equal(lines_of(s), 115);
    assert_int_equal(store_view_open(s, &everything, &v, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "more than 2 files"));
    store_close(s);
}

/* A question about more files than stay open has all of them, again and again. */
static void a_question_about_many_files(void **state)
{
    (void)state;
    struct store_view *v;
    if (there_is_no_library())
        skip();
    fill_and_die();
    conf.files = 2;
    struct store *s = open_store(false);
    assert_true(store_settle(s));
    for (int round = 0; round < 3; round++) {
        const struct view_range day = { (START + round * DAY) * 1000,
                                        (START + round * DAY + 1) * 1000, NULL, NULL };
        uint64_t rows = 0;
        OK(store_view_open(s, &everything, &v, &why));
        for (unsigned i = 0; i < v->n; i++)
            rows += v->table[i].rows;
        assert_int_equal(rows, 115);
        assert_true(v->n >= 5);
        store_view_close(s, v);
        OK(store_view_open(s, &day, &v, &why));
        assert_int_equal(v->n, 1);
        store_view_close(s, v);
    }
    store_close(s);
}

/* Readers that are there end as they like, no more of them come, then the one who writes has it. */
static void readers_make_way(void **state)
{
    (void)state;
    struct store *other;
    struct store_conf reader = conf;
    reader.read_only = true;
    if (there_is_no_library())
        skip();
    fill_and_die();
    assert_false(store_turn_is_taken(folder));
    struct store *one = open_store(true);
    assert_true(store_turn_is_taken(folder));
    int turn = store_turn_wait(folder);
    assert_true(turn >= 0);
    assert_int_equal(store_open(&other, &reader, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "waits"));
    assert_int_equal(lines_of(one), 115);
    store_close(one);
    assert_false(store_turn_is_taken(folder));
    struct store *s = open_store(false);
    file_unlock(turn);
    assert_int_equal(lines_of(s), 115);
    put(s, 3, START + 4 * DAY);
    assert_true(store_settle(s));
    assert_int_equal(lines_of(s), 118);
    store_close(s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(readers_change_nothing),    TEST(readers_make_way),
        TEST(where_nothing_is),          TEST(the_state_has_sizes),
        TEST(an_export_opens_few_files), TEST(a_question_about_many_files)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
