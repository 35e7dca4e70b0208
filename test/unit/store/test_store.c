/* The store: each acknowledged message is there once, whatever is sealed, rotated, deleted, damaged
 * or begun again meanwhile. Needs tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "lib/duckdb.h"
#include "lib/storefolder.h"
#include "store/index_writer.h"
#include "store/state.h"
#include "store/store.h"

#define START STOREFOLDER_START
#define DAY   INT64_C(86400000)
#define LOGS  "0000000000000000000000aa" /* a stream with an index set of its own */

static char folder[64];
static struct why why;
static struct store *store;
static struct store_conf conf;
static bool ready;
static int64_t next_n; /* number of the next message */

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

/* ---- the world of a test */

static void add_logs(void)
{
    char path[128];
    struct state *st;
    struct arena a;
    bool made;
    struct index_set set = { 0 };
    arena_init(&a, NULL, 0);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    index_set_preset(&set);
    snprintf(set.title, sizeof set.title, "Logs");
    snprintf(set.prefix, sizeof set.prefix, "logs");
    OK(state_add_index_set(st, &set, &made, &why));
    struct stream_def d = { .id = LOGS, .title = "Logs", .index_set_id = set.id };
    OK(state_add_stream(st, &d, &a, &why));
    arena_free(&a);
    state_close(st);
}

static int setup(void **state)
{
    (void)state;
    if (!storefolder_make(folder, "test_store", &conf))
        return -1;
    ready = access(DUCKDB_LIBRARY, R_OK) == 0;
    next_n = 0;
    if (ready)
        add_logs();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    return storefolder_remove(folder);
}

static void open_store(void)
{
    OK(store_open(&store, &conf, &why));
}

static void again(void)
{
    store_close(store);
    store = NULL;
    open_store();
}

static err put_to(const struct slice *streams, unsigned n, int64_t ms)
{
    char text[200];
    int length = snprintf(text, sizeof text, "{\"source_port\":%lld,\"rest\":\"x%lld\"}",
                          (long long)next_n, (long long)next_n);
    struct store_line line = { slice_of(text, (size_t)length), streams, n, ms, ms };
    err e = store_put(store, &line, &why);
    next_n += !e;
    return e;
}

static void put(unsigned n, int64_t ms)
{
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    for (unsigned i = 0; i < n; i++)
        OK(put_to(&stream, 1, ms + i));
    OK(store_sync(store, &why));
}

static void settle(void)
{
    assert_true(store_settle(store));
    store_tick(store, START);
}

/* ---- what is there */

static struct view_range everything = { INT64_MIN, INT64_MAX, NULL, NULL };

/* One number of all tables of the view. */
static int64_t ask(const struct store_view *v, const char *what)
{
    static char sql[65536];
    struct buf b = buf_of(sql, sizeof sql);
    struct duck_session *s;
    struct duck_query *q;
    err rc;
    buf_printf(&b, "SELECT (%s)::BIGINT FROM (SELECT 0 AS source_port, '' AS doc WHERE false",
               what);
    for (unsigned i = 0; i < v->n; i++)
        buf_printf(&b, " UNION ALL SELECT source_port, doc FROM %s", v->table[i].name);
    buf_cstr(&b, ")");
    OK(duck_session_open(&s, v->duck, &why));
    OK(duck_prepare(&q, s, buf_slice(&b), &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    int64_t n = duck_value(q, 0).i;
    duck_query_free(q);
    duck_session_close(s);
    return n;
}

static int64_t rows_of(const struct store_view *v)
{
    int64_t n = 0;
    for (unsigned i = 0; i < v->n; i++)
        n += (int64_t)v->table[i].rows;
    return n;
}

static struct store_view *view(const struct view_range *r)
{
    struct store_view *v;
    OK(store_view_open(store, r, &v, &why));
    return v;
}

/* n messages in this range, each as often as said. */
static void assert_in(const struct view_range *r, int64_t n, int64_t times)
{
    assert_true(store_show(store));
    struct store_view *v = view(r);
    assert_int_equal(ask(v, "count(*)"), n * times);
    assert_int_equal(ask(v, "count(DISTINCT source_port)"), n);
    assert_int_equal(
        ask(v, "count(*) FILTER (WHERE doc = '{\"rest\":\"x' || source_port || '\"}')"), n * times);
    assert_int_equal(rows_of(v), n * times);
    store_view_close(store, v);
}

static void assert_all(int64_t n)
{
    assert_in(&everything, n, 1);
}

static uint64_t counted(enum counter_id id)
{
    return counter_get(store_counters(store), id);
}

static bool has_file(const char *name)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/" INDICES_FOLDER "/%s.duckdb", folder, name);
    return stat(path, &st) == 0;
}

static void damage(const char *name)
{
    char path[160], junk[40000];
    snprintf(path, sizeof path, "%s/" INDICES_FOLDER "/%s.duckdb", folder, name);
    memset(junk, 'x', sizeof junk);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fwrite(junk, 1, sizeof junk, f);
    fclose(f);
}

/* Changes the default set. */
static struct index_set change_set(void (*change)(struct index_set *))
{
    char path[128];
    struct state *st;
    struct arena a;
    struct index_sets sets;
    arena_init(&a, NULL, 0);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    OK(state_index_sets(st, &a, &sets, &why));
    unsigned at = 0;
    while (!sets.v[at].is_default)
        at++;
    struct index_set set = sets.v[at];
    if (change) {
        change(&set);
        OK(state_change_index_set(st, &set, &why));
    }
    state_close(st);
    arena_free(&a);
    return set;
}

static void keep_two(struct index_set *s)
{
    s->keep_indices = 2;
}

static void close_beyond_two(struct index_set *s)
{
    s->keep_indices = 2;
    s->retention = RETAIN_CLOSE;
}

static void rotate_each_50(struct index_set *s)
{
    s->rotation = ROTATE_COUNT;
    s->max_docs = 50;
    s->retention = RETAIN_NONE;
}

/* Docs of an index as the state has them; -1: no row. */
static int64_t docs_of(int64_t number)
{
    char path[128];
    struct state *st;
    struct arena a;
    struct index_rows rows;
    int64_t docs = -1;
    struct index_set set = change_set(NULL);
    arena_init(&a, NULL, 0);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    OK(state_indices(st, set.id, &a, &rows, &why));
    for (unsigned i = 0; i < rows.n; i++)
        if (rows.v[i].number == number)
            docs = rows.v[i].docs;
    arena_free(&a);
    state_close(st);
    return docs;
}

#define NEEDS_LIBRARY()                                                                            \
    do {                                                                                           \
        if (!ready)                                                                                \
            skip();                                                                                \
        open_store();                                                                              \
    } while (0)

/* ---- messages */

static void seen_at_once_and_sealed_later(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    assert_all(0);
    put(30, START);
    assert_all(30);
    assert_int_equal(counted(COUNTER_STORE_SEALED), 0);
    put(170, START);
    assert_all(200);
    settle();
    assert_int_equal(counted(COUNTER_STORE_SEALED), 200);
    assert_true(has_file("graylog_0"));
    put(5, START);
    assert_all(205);
}

static void begun_again_with_unsealed_messages(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    for (unsigned i = 0; i < 7; i++) {
        put(37, START);
        if (i % 3 == 1)
            settle();
        again();
        assert_all(next_n);
        assert_int_equal(docs_of(0), next_n);
    }
}

static void a_view_stays_as_it_is(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(50, START);
    assert_true(store_show(store));
    struct store_view *v = view(&everything);
    put(160, START);
    settle();
    put(10, START);
    assert_int_equal(ask(v, "count(*)"), 50);
    assert_int_equal(ask(v, "count(DISTINCT source_port)"), 50);
    store_view_close(store, v);
    assert_all(220);
}

static void streams_of_two_sets(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    struct slice both[] = { SLICE(STATE_DEFAULT_STREAM), SLICE(LOGS), SLICE("unknown") };
    for (unsigned i = 0; i < 120; i++)
        OK(put_to(both, 3, START));
    OK(put_to(both, 0, START)); /* nowhere */
    OK(store_sync(store, &why));
    next_n = 120;
    struct index_set set = change_set(NULL);
    struct view_range one = { INT64_MIN, INT64_MAX, set.id, NULL };
    for (unsigned i = 0; i < 2; i++) {
        assert_in(&everything, 120, 2);
        assert_in(&one, 120, 1);
        settle();
    }
    again();
    assert_in(&everything, 120, 2);
}

static void a_group_that_failed_is_gone(void **state)
{
    (void)state;
    if (!ready)
        skip();
    conf.journal_bytes = 40000;
    open_store();
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    put(10, START);
    err e = ERR_OK;
    while (!e)
        e = put_to(&stream, 1, START);
    assert_int_equal(e, ERR_LIMIT);
    assert_non_null(strstr(why.text, "journal"));
    next_n = 10;
    OK(store_sync(store, &why));
    assert_all(10);
    put(10, START);
    assert_all(20);
    again();
    assert_all(20);
    assert_int_equal(docs_of(0), 20);
}

static void a_full_disk_refuses(void **state)
{
    (void)state;
    if (!ready)
        skip();
    conf.reserve_bytes = UINT64_MAX / 4;
    open_store();
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    assert_int_equal(put_to(&stream, 1, START), ERR_LIMIT);
    assert_non_null(strstr(why.text, "disk"));
    OK(store_sync(store, &why));
    assert_all(0);
    conf.reserve_bytes = 0;
    again();
    put(3, START);
    assert_all(3);
}

static void a_message_that_cannot_be_split_is_kept(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    struct store_line line = { SLICE("no JSON"), &stream, 1, START, START };
    OK(store_put(store, &line, &why));
    OK(store_sync(store, &why));
    assert_true(store_show(store));
    struct store_view *v = view(&everything);
    assert_int_equal(ask(v, "count(*) FILTER (WHERE doc = 'no JSON')"), 1);
    store_view_close(store, v);
    assert_int_equal(counted(COUNTER_STORE_UNSPLIT), 1);
}

/* ---- rotation and retention */

static void a_file_a_day(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    for (int day = 0; day < 4; day++) {
        put(20, START + day * DAY);
        put(20, START - DAY + day * DAY); /* late: kept by the clock of intake */
    }
    assert_all(160);
    settle();
    assert_all(160);
    assert_true(has_file("graylog_3"));
    struct view_range day = { (START + 2 * DAY) * 1000, (START + 2 * DAY + 100) * 1000, NULL,
                              NULL };
    struct store_view *v = view(&day);
    assert_int_equal(v->n, 2); /* its own and the late ones of the next */
    assert_int_equal(ask(v, "count(*)"), 80);
    store_view_close(store, v);
    again();
    assert_all(160);
    assert_int_equal(docs_of(2), 40);
}

static void many_small_indices(void **state)
{
    (void)state;
    if (!ready)
        skip();
    (void)change_set(rotate_each_50);
    open_store();
    for (unsigned i = 0; i < 10; i++)
        put(33, START); /* a group is in several indices */
    assert_all(330);
    again();
    assert_all(330);
    settle();
    assert_all(330);
    for (int i = 0; i < 6; i++)
        assert_int_equal(docs_of(i), 50);
    assert_int_equal(docs_of(6), 30);
}

/* Not by their number, but by what they take. */
static void large_messages_go_into_files_early(void **state)
{
    (void)state;
    if (!ready)
        skip();
    const unsigned n = 48, size = 1 << 20;
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    conf.memory_bytes = 64 << 20; /* two fifths of it: for rows */
    conf.seal_rows = 0;
    open_store();
    for (unsigned i = 0; i < n; i++) {
        int head = snprintf(text, size, "{\"source_port\":%u,\"rest\":\"", i);
        text[head] = 'x';
        memcpy(text + size - 2, "\"}", 2);
        struct store_line line = { slice_of(text, size), &stream, 1, START, START };
        OK(store_put(store, &line, &why));
    }
    OK(store_sync(store, &why));
    assert_true(store_show(store));
    assert_true(counted(COUNTER_STORE_SEALED) >= n / 4);
    struct store_view *v = view(&everything);
    assert_int_equal(ask(v, "count(DISTINCT source_port)"), n);
    assert_int_equal(rows_of(v), n);
    store_view_close(store, v);
    free(text);
}

static void retention_deletes(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    (void)change_set(keep_two);
    put(20, START);
    settle();
    struct store_view *v = view(&everything);
    for (int day = 1; day < 4; day++)
        put(20, START + day * DAY);
    settle();
    for (unsigned i = 0; i < 3; i++)
        store_tick(store, START + 3 * DAY + i);
    assert_true(has_file("graylog_0")); /* somebody reads it */
    assert_int_equal(counted(COUNTER_STORE_DEFERRED), 1);
    assert_int_equal(ask(v, "count(*)"), 20);
    store_view_close(store, v);
    while (has_file("graylog_0") || has_file("graylog_1"))
        store_tick(store, START + 3 * DAY + 4);
    while (docs_of(0) >= 0 || docs_of(1) >= 0)
        store_tick(store, START + 3 * DAY + 5);
    v = view(&everything);
    assert_int_equal(ask(v, "min(source_port)"), 40);
    store_view_close(store, v);
    again();
    v = view(&everything);
    assert_int_equal(ask(v, "count(*)"), 40);
    store_view_close(store, v);
}

static void retention_closes(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    (void)change_set(close_beyond_two);
    for (int day = 0; day < 4; day++)
        put(20, START + day * DAY);
    settle();
    store_tick(store, START + 3 * DAY + 60000);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(store_show(store));
        struct store_view *v = view(&everything);
        assert_int_equal(ask(v, "count(*)"), 40);
        assert_int_equal(ask(v, "min(source_port)"), 40);
        store_view_close(store, v);
        assert_true(has_file("graylog_0"));
        again();
    }
}

/* Half way through a deletion: the row says that it goes. */
static void a_deletion_that_was_cut_off_goes_on(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(20, START);
    put(20, START + DAY);
    settle();
    store_close(store);
    store = NULL;
    char path[128];
    struct state *st;
    struct index_set set = change_set(NULL);
    struct index_row row = { .number = 0, .state = INDEX_GOING };
    memcpy(row.set_id, set.id, sizeof row.set_id);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    OK(state_put_indices(st, &row, 1, &why));
    state_close(st);
    open_store();
    assert_false(has_file("graylog_0"));
    store_tick(store, START + DAY);
    assert_int_equal(docs_of(0), -1);
    struct store_view *v = view(&everything);
    assert_int_equal(ask(v, "count(*)"), 20);
    store_view_close(store, v);
}

/* The clock goes a year ahead and back: what was put is there. */
static void the_clock_jumps(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(20, START);
    put(20, START + 365 * DAY);
    put(20, START);
    store_tick(store, START - 400 * DAY);
    put(20, START - 400 * DAY);
    assert_all(80);
    settle();
    again();
    assert_all(80);
}

/* ---- damage and loss */

static void a_damaged_file_leaves_the_others(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    for (int day = 0; day < 3; day++)
        put(20, START + day * DAY);
    settle();
    store_close(store);
    store = NULL;
    damage("graylog_1");
    open_store();
    struct store_view *v = view(&everything);
    assert_int_equal(ask(v, "count(*)"), 40);
    store_view_close(store, v);
    assert_int_equal(counted(COUNTER_STORE_DAMAGED), 1);
    assert_true(has_file("graylog_1"));
}

/* Messages of the journal whose file is damaged go into the next index, also the next time. */
static void a_damaged_write_index(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(120, START);
    settle();
    put(30, START);
    assert_true(store_show(store));
    store_close(store);
    store = NULL;
    damage("graylog_0");
    for (unsigned i = 0; i < 3; i++) {
        open_store();
        assert_true(store_show(store));
        struct store_view *v = view(&everything);
        assert_int_equal(ask(v, "count(DISTINCT source_port)"), 30 + 10 * i);
        assert_int_equal(ask(v, "count(*)"), 30 + 10 * i);
        assert_int_equal(ask(v, "min(source_port)"), 120);
        store_view_close(store, v);
        put(10, START + i * DAY);
        if (i == 1)
            settle();
        store_close(store);
        store = NULL;
    }
}

static void a_lost_state(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(120, START);
    put(20, START + DAY);
    settle();
    put(25, START + DAY);
    store_close(store);
    store = NULL;
    char command[200];
    snprintf(command, sizeof command, "rm -f %s/" STATE_FILE "*", folder);
    assert_int_equal(system(command), 0);
    open_store();
    assert_all(165);
    settle();
    assert_int_equal(docs_of(0), 120);
    assert_int_equal(docs_of(1), 45);
    put(5, START + DAY);
    assert_all(170);
}

/* Ten groups of 20 in the journal, of which one is damaged. */
static void journal_damage(bool torn)
{
    char path[160], byte = 0;
    for (unsigned i = 0; i < 10; i++)
        put(20, START);
    store_close(store);
    store = NULL;
    snprintf(path, sizeof path, "%s/journal/00000000000000000001.journal", folder);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_RDWR);
    off_t at = torn ? st.st_size - 5 : st.st_size / 2;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    if (torn)
        assert_int_equal(ftruncate(fd, at), 0);
    else
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
    for (unsigned i = 0; i < 2; i++) {
        open_store();
        assert_all(180);
        if (!i)
            assert_int_equal(counted(COUNTER_STORE_LOST), torn ? 0 : 20);
        settle();
        store_close(store);
        store = NULL;
    }
    open_store();
    put(20, START);
    assert_all(200);
}

static void a_flipped_bit_of_the_journal(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    journal_damage(false);
}

static void a_torn_journal(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    journal_damage(true);
}

static void a_file_that_vanished(void **state)
{
    (void)state;
    NEEDS_LIBRARY();
    put(20, START);
    put(20, START + DAY);
    put(20, START + 2 * DAY);
    settle();
    store_close(store);
    store = NULL;
    char path[160];
    snprintf(path, sizeof path, "%s/" INDICES_FOLDER "/graylog_1.duckdb", folder);
    assert_int_equal(unlink(path), 0);
    open_store();
    store_tick(store, START + 2 * DAY);
    struct store_view *v = view(&everything);
    assert_int_equal(ask(v, "count(*)"), 40);
    store_view_close(store, v);
    assert_int_equal(docs_of(1), -1);
}

/* Indices of output.index stay as they are, and their numbers are not used. */
static void beside_indices_of_lines(void **state)
{
    (void)state;
    if (!ready)
        skip();
    struct index_writer *x;
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    struct index_line line = { SLICE("{}"), &stream, 1, START, START };
    OK(index_writer_open(folder, START, &x, &why));
    OK(index_writer_put(x, &line, &why));
    OK(index_writer_sync(x, &why));
    index_writer_close(x);
    open_store();
    put(20, START);
    settle();
    assert_all(20);
    assert_true(has_file("graylog_1"));
    store_close(store);
    store = NULL;
    OK(index_writer_open(folder, START, &x, &why));
    OK(index_writer_put(x, &line, &why));
    OK(index_writer_sync(x, &why));
    index_writer_close(x);
    assert_true(has_file("graylog_1"));
    assert_int_equal(docs_of(0), 1);
    assert_int_equal(docs_of(1), 20);
    assert_int_equal(docs_of(2), 1);
    open_store();
    assert_all(20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(seen_at_once_and_sealed_later),
                                        TEST(begun_again_with_unsealed_messages),
                                        TEST(a_view_stays_as_it_is),
                                        TEST(streams_of_two_sets),
                                        TEST(a_group_that_failed_is_gone),
                                        TEST(a_full_disk_refuses),
                                        TEST(a_message_that_cannot_be_split_is_kept),
                                        TEST(a_file_a_day),
                                        TEST(many_small_indices),
                                        TEST(large_messages_go_into_files_early),
                                        TEST(retention_deletes),
                                        TEST(retention_closes),
                                        TEST(a_deletion_that_was_cut_off_goes_on),
                                        TEST(the_clock_jumps),
                                        TEST(a_damaged_file_leaves_the_others),
                                        TEST(a_damaged_write_index),
                                        TEST(a_lost_state),
                                        TEST(a_flipped_bit_of_the_journal),
                                        TEST(a_torn_journal),
                                        TEST(a_file_that_vanished),
                                        TEST(beside_indices_of_lines) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
