/* link: -Wl,--wrap=fsync,--wrap=write */
/* Indices: where messages go, rotation and retention by a test clock, failures, restarts, what a
 * crash leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/index_writer.h"
#include "store/state.h"

#define DAY   INT64_C(86400000)
#define START (INT64_C(20500) * DAY) /* midnight */

static int fail_sync, fail_write;
int __real_fsync(int fd);
int __wrap_fsync(int fd);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

int __wrap_fsync(int fd)
{
    if (fail_sync > 0 && --fail_sync == 0) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(fd);
}

/* The second half of what is written is refused. */
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (fail_write == 2 && n > 1) {
        fail_write = 1;
        return __real_write(fd, p, n / 2);
    }
    if (fail_write == 1) {
        fail_write = 0;
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, p, n);
}

static char folder[64];
static struct why why;
static struct arena arena;
static struct index_writer *x;
static struct index_set logs;
static const char *stream;
static char said[4096];

static void sink(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)area;
    size_t n = strlen(said);
    if (level <= LOG_WARN)
        snprintf(said + n, sizeof said - n, "%s\n", text);
}

static struct state *state_of(void)
{
    char path[128];
    struct state *st = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, STATE_FILE);
    if (state_open(path, START, &st, &why))
        fail_msg("%s", why.text);
    return st;
}

static void begin(int64_t now_ms)
{
    if (index_writer_open(folder, now_ms, &x, &why))
        fail_msg("%s", why.text);
}

/* The set and the stream of the Packetbeat pack. */
static int setup(void **state)
{
    (void)state;
    bool made;
    fail_sync = fail_write = 0;
    said[0] = '\0';
    log_set_sink(sink, NULL);
    arena_init(&arena, NULL, 0);
    snprintf(folder, sizeof folder, "/tmp/test_index.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    struct state *st = state_of();
    index_set_preset(&logs);
    snprintf(logs.title, sizeof logs.title, "Packetbeat Logs");
    snprintf(logs.prefix, sizeof logs.prefix, "gl_packetbeat");
    logs.keep_indices = 90;
    logs.created_ms = START;
    struct stream_def d = { .title = "Illuminate:Packetbeat Messages", .created_ms = START };
    if (state_add_index_set(st, &logs, &made, &why))
        fail_msg("%s", why.text);
    d.index_set_id = logs.id;
    if (state_add_stream(st, &d, &arena, &why))
        fail_msg("%s", why.text);
    stream = d.id;
    state_close(st);
    begin(START);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    index_writer_close(x);
    x = NULL;
    arena_free(&arena);
    log_set_sink(NULL, NULL);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static err try_put(const char *text, int64_t now_ms)
{
    struct slice id = slice_cstr(stream);
    struct index_line l = { slice_cstr(text), &id, 1, now_ms, now_ms };
    return index_writer_put(x, &l, &why);
}

static void put(const char *text, int64_t now_ms)
{
    if (try_put(text, now_ms))
        fail_msg("%s", why.text);
}

static void sync_all(void)
{
    if (index_writer_sync(x, &why))
        fail_msg("%s", why.text);
}

static void change(void)
{
    struct state *st = state_of();
    if (state_change_index_set(st, &logs, &why))
        fail_msg("%s", why.text);
    state_close(st);
}

/* What is in <prefix>_<n>; "(none)" when it is not there. */
static const char *content(const char *name)
{
    static char text[8192];
    char path[256];
    snprintf(path, sizeof path, "%s/%s/%s/%s", folder, INDICES_FOLDER, name, INDEX_FILE);
    FILE *f = fopen(path, "r");
    if (!f)
        return "(none)";
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* Exactly first..last of gl_packetbeat are there. */
static void check_numbers(int first, int last)
{
    char path[256], name[64];
    int n = 0;
    snprintf(path, sizeof path, "%s/%s", folder, INDICES_FOLDER);
    DIR *dir = opendir(path);
    for (struct dirent *d; (d = readdir(dir));)
        n += strncmp(d->d_name, "gl_packetbeat_", 14) == 0;
    closedir(dir);
    if (n != last - first + 1)
        fail_msg("%d indices instead of %d to %d", n, first, last);
    for (int i = first; i <= last; i++) {
        snprintf(name, sizeof name, "gl_packetbeat_%d", i);
        if (strcmp(content(name), "(none)") == 0)
            fail_msg("%s is missing", name);
    }
}

/* ---- where messages go */

static void test_once_a_set(void **state)
{
    (void)state;
    struct slice ids[] = { slice_cstr(STATE_DEFAULT_STREAM), slice_cstr(stream),
                           SLICE("ffffffffffffffffffffffff"), slice_cstr(stream) };
    struct index_line l = { SLICE("{1}"), ids, 4, START, START };
    assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
    l = (struct index_line){ SLICE("{2}"), ids + 1, 1, START, START };
    assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
    l = (struct index_line){ SLICE("{3}"), ids + 2, 1, START, START }; /* unknown: default */
    assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
    l = (struct index_line){ SLICE("{4}"), ids, 0, START, START };
    assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
    sync_all();
    assert_string_equal(content("graylog_0"), "{1}\n{3}\n");
    assert_string_equal(content("gl_packetbeat_0"), "{1}\n{2}\n");
}

static void test_large_lines(void **state)
{
    (void)state;
    static char big[700000];
    memset(big, 'x', sizeof big - 1);
    put("{a}", START);
    put(big, START);
    put("{b}", START);
    sync_all();
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s/gl_packetbeat_0/%s", folder, INDICES_FOLDER, INDEX_FILE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4 + (off_t)sizeof big + 4);
}

/* ---- time */

static void tick(int64_t now_ms)
{
    if (index_writer_tick(x, now_ms, &why))
        fail_msg("%s", why.text);
}

/* Days pass and no message comes: the clock alone rotates and retains. */
static void test_quiet_days(void **state)
{
    (void)state;
    logs.keep_indices = 3;
    change();
    tick(START);
    assert_string_equal(content("gl_packetbeat_0"), "(none)"); /* the first message makes it */
    put("{}", START);
    tick(START + 2 * DAY); /* a group is under way */
    sync_all();
    check_numbers(0, 0);
    for (int day = 1; day < 4; day++) {
        tick(START + day * DAY - 1);
        check_numbers(0, day - 1);
        tick(START + day * DAY);
        check_numbers(day < 3 ? 0 : 1, day);
    }
    tick(START + 9 * DAY); /* all are empty now: no more of them */
    check_numbers(1, 3);
    put("{late}", START + 4 * DAY - 1);
    sync_all();
    assert_string_equal(content("gl_packetbeat_3"), "{late}\n");
}

/* What the user sets is in force without a message, and the numbers of messages are kept. */
static void test_tick_reads_the_state(void **state)
{
    (void)state;
    struct index_rows rows;
    for (int day = 0; day < 5; day++) {
        put("{}", START + day * DAY);
        sync_all();
    }
    logs.keep_indices = 2;
    change();
    put("{}", START + 4 * DAY + 1); /* ended by the sync, but its row is not in the state yet */
    sync_all();
    tick(START + 4 * DAY + 20000);
    check_numbers(3, 4);
    struct state *st = state_of();
    assert_int_equal(state_indices(st, logs.id, &arena, &rows, &why), ERR_OK);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.v[1].docs, 2);
    state_close(st);
}

/* 120 days, a restart in the middle, 90 indices are kept; no day is quiet. */
static void test_120_days(void **state)
{
    (void)state;
    for (int day = 0; day < 120; day++) {
        int64_t now = START + day * DAY + 3600000;
        put("{a}", now);
        put("{b}", now + DAY / 2);
        sync_all();
        check_numbers(day < 90 ? 0 : day - 89, day);
        if (day == 57 || day == 101) {
            index_writer_close(x);
            begin(now + DAY / 2);
            check_numbers(day < 90 ? 0 : day - 89, day);
        }
    }
    assert_string_equal(content("gl_packetbeat_119"), "{a}\n{b}\n");
    assert_string_equal(said, "");
}

/* What the user sets is in force at once and stays over a restart. */
static void test_changed_by_the_user(void **state)
{
    (void)state;
    for (int day = 0; day < 10; day++) {
        put("{}", START + day * DAY);
        sync_all();
    }
    check_numbers(0, 9);
    logs.keep_indices = 3;
    change();
    put("{}", START + 9 * DAY + 1);
    sync_all();
    check_numbers(7, 9);
    snprintf(logs.period, sizeof logs.period, "PT6H");
    change();
    put("{}", START + 9 * DAY + 6 * 3600000 - 1);
    sync_all();
    check_numbers(7, 9);
    index_writer_close(x);
    begin(START + 9 * DAY);
    put("{}", START + 9 * DAY + 6 * 3600000);
    sync_all();
    check_numbers(8, 10);
}

/* Days without messages: one rotation, not many; an empty set is not rotated. */
static void test_missed_days(void **state)
{
    (void)state;
    put("{}", START);
    sync_all();
    put("{}", START + 30 * DAY);
    sync_all();
    check_numbers(0, 1);
    assert_string_equal(content("gl_packetbeat_1"), "{}\n");
}

/* Within one group: each message is in the index of its day. */
static void test_days_in_one_group(void **state)
{
    (void)state;
    char text[32], name[64];
    for (int day = 0; day < 100; day++) {
        snprintf(text, sizeof text, "{%d}", day);
        put(text, START + day * DAY);
    }
    sync_all();
    check_numbers(0, 64); /* 64 may end in a group: the rest is in the last */
    put("{100}", START + 100 * DAY);
    sync_all();
    check_numbers(0, 65);
    for (int day = 0; day < 64; day++) {
        snprintf(text, sizeof text, "{%d}\n", day);
        snprintf(name, sizeof name, "gl_packetbeat_%d", day);
        assert_string_equal(content(name), text);
    }
    assert_string_equal(content("gl_packetbeat_65"), "{100}\n");
}

static void test_count_and_size(void **state)
{
    (void)state;
    logs.rotation = ROTATE_COUNT;
    logs.max_docs = 2;
    logs.keep_indices = 2;
    change();
    for (int i = 0; i < 5; i++)
        put("{}", START);
    sync_all();
    check_numbers(1, 2);
    assert_string_equal(content("gl_packetbeat_1"), "{}\n{}\n");
    assert_string_equal(content("gl_packetbeat_2"), "{}\n");
    logs.rotation = ROTATE_SIZE;
    logs.max_bytes = 9;
    change();
    for (int i = 0; i < 3; i++)
        put("{}", START);
    sync_all();
    check_numbers(2, 3);
    assert_string_equal(content("gl_packetbeat_2"), "{}\n{}\n{}\n");
}

static void test_close_and_none(void **state)
{
    (void)state;
    struct index_rows rows;
    logs.retention = RETAIN_CLOSE;
    logs.keep_indices = 2;
    change();
    for (int day = 0; day < 4; day++) {
        put("{}", START + day * DAY);
        sync_all();
    }
    check_numbers(0, 3);
    struct state *st = state_of();
    assert_int_equal(state_indices(st, logs.id, &arena, &rows, &why), ERR_OK);
    state_close(st);
    assert_int_equal(rows.v[0].state, INDEX_CLOSED);
    assert_int_equal(rows.v[1].state, INDEX_CLOSED);
    assert_int_equal(rows.v[2].state, INDEX_OPEN);
    assert_int_equal(rows.v[2].docs, 1);
    assert_int_equal(rows.v[3].state, INDEX_WRITE);
    logs.retention = RETAIN_NONE;
    change();
    for (int day = 4; day < 9; day++) {
        put("{}", START + day * DAY);
        sync_all();
    }
    check_numbers(0, 8);
}

/* ---- failures */

static void test_undone(void **state)
{
    (void)state;
    put("{1}", START);
    sync_all();
    put("{2}", START);
    put("{3}", START + DAY); /* rotates: its folders are synced first */
    fail_sync = 1;
    assert_int_equal(index_writer_sync(x, &why), ERR_IO);
    assert_string_equal(content("gl_packetbeat_0"), "{1}\n");
    assert_string_equal(content("gl_packetbeat_1"), "");
    put("{2}", START);
    put("{3}", START + DAY);
    fail_write = 2;
    assert_int_equal(index_writer_sync(x, &why), ERR_IO);
    assert_string_equal(content("gl_packetbeat_1"), "");
    put("{2}", START);
    put("{3}", START + DAY);
    sync_all();
    assert_string_equal(content("gl_packetbeat_0"), "{1}\n");
    assert_string_equal(content("gl_packetbeat_1"), "{2}\n{3}\n");
    check_numbers(0, 1);
}

/* At any fsync of a rotation: everything that was synced is there once, nothing twice. */
static void test_failing_rotation(void **state)
{
    (void)state;
    char text[32], all[64];
    for (int i = 1; i < 6; i++) {
        snprintf(text, sizeof text, "{%d}", i);
        fail_sync = i;
        err e = try_put(text, START + i * DAY);
        if (!e)
            e = index_writer_sync(x, &why);
        fail_sync = 0;
        if (e) {
            put(text, START + i * DAY);
            sync_all();
        }
        snprintf(all, sizeof all, "gl_packetbeat_%d", i - 1);
        snprintf(text, sizeof text, "{%d}\n", i);
        assert_string_equal(content(all), text);
    }
}

static void append(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s/%s/%s", folder, INDICES_FOLDER, name, INDEX_FILE);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* What a killed process leaves: lines that the state does not know yet, and half of one. */
static void test_after_a_crash(void **state)
{
    (void)state;
    struct index_rows rows;
    put("{1}", START);
    sync_all();
    index_writer_close(x);
    append("gl_packetbeat_0", "{\"timestamp\":\"2026-02-17 01:00:00.000\"}\n{\"timest");
    begin(START);
    put("{3}", START);
    sync_all();
    assert_string_equal(content("gl_packetbeat_0"),
                        "{1}\n{\"timestamp\":\"2026-02-17 01:00:00.000\"}\n{3}\n");
    index_writer_close(x);
    x = NULL;
    assert_non_null(strstr(said, "half a line (8 bytes)"));
    struct state *st = state_of();
    assert_int_equal(state_indices(st, logs.id, &arena, &rows, &why), ERR_OK);
    state_close(st);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.v[0].docs, 3);
    assert_int_equal(rows.v[0].torn_bytes, 8);
    assert_int_equal(rows.v[0].to_ms, INT64_C(1771290000000));
}

/* Without the state (it was damaged, say) the folders are taken in and written on. */
static void test_state_is_gone(void **state)
{
    (void)state;
    static const char *const parts[] = { "", "-wal", "-shm" };
    struct slice id = slice_cstr(STATE_DEFAULT_STREAM);
    char path[256];
    for (int day = 0; day < 3; day++) {
        struct index_line l = { SLICE("{\"timestamp\":\"2026-02-17 01:00:00.000\"}"), &id, 1,
                                START + day * DAY, START + day * DAY };
        assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
        sync_all();
    }
    index_writer_close(x);
    for (unsigned i = 0; i < COUNT(parts); i++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, STATE_FILE, parts[i]);
        unlink(path);
    }
    begin(START + 3 * DAY);
    struct index_line l = { SLICE("{}"), &id, 1, START + 3 * DAY, START + 3 * DAY };
    assert_int_equal(index_writer_put(x, &l, &why), ERR_OK);
    sync_all();
    assert_string_equal(content("graylog_3"), "{}\n");
    assert_string_equal(content("graylog_2"), "{\"timestamp\":\"2026-02-17 01:00:00.000\"}\n");
}

static void test_only_one_writes(void **state)
{
    (void)state;
    struct index_writer *other = NULL;
    assert_int_equal(index_writer_open(folder, START, &other, &why), ERR_LIMIT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_once_a_set),          T(test_large_lines),    T(test_120_days),
        T(test_changed_by_the_user), T(test_missed_days),    T(test_days_in_one_group),
        T(test_count_and_size),      T(test_close_and_none), T(test_undone),
        T(test_failing_rotation),    T(test_after_a_crash),  T(test_state_is_gone),
        T(test_only_one_writes),     T(test_quiet_days),     T(test_tick_reads_the_state)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
