/* Streams, index sets and indices: made when absent by title, left alone when present, there after
 * a restart, a damaged file, another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/state.h"

#define NOW INT64_C(1770000000000)

static char folder[64], path[128], said[1024];
static struct why why;
static struct arena arena;
static struct state *st;

static void sink(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area;
    snprintf(said, sizeof said, "%s", text);
}

static struct state *opened(void)
{
    struct state *s = NULL;
    if (state_open(path, NOW, &s, &why))
        fail_msg("%s", why.text);
    return s;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_state.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, STATE_FILE);
    arena_init(&arena, NULL, 0);
    log_set_sink(sink, NULL);
    said[0] = '\0';
    st = opened();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const parts[] = { "", "-wal", "-shm", ".broken-1", ".broken-2" };
    char name[256];
    state_close(st);
    arena_free(&arena);
    log_set_sink(NULL, NULL);
    for (unsigned i = 0; i < COUNT(parts); i++) {
        snprintf(name, sizeof name, "%s%s", path, parts[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static void again(void)
{
    state_close(st);
    st = opened();
}

static struct index_set set_of(const char *title, const char *prefix)
{
    struct index_set s;
    index_set_preset(&s);
    snprintf(s.title, sizeof s.title, "%s", title);
    snprintf(s.prefix, sizeof s.prefix, "%s", prefix);
    s.created_ms = NOW + 1;
    return s;
}

static bool add_set(struct index_set *s)
{
    bool made;
    if (state_add_index_set(st, s, &made, &why))
        fail_msg("%s", why.text);
    return made;
}

static struct index_sets sets(void)
{
    struct index_sets all;
    if (state_index_sets(st, &arena, &all, &why))
        fail_msg("%s", why.text);
    return all;
}

static struct stream_defs streams(void)
{
    struct stream_defs all;
    if (state_streams(st, &arena, &all, &why))
        fail_msg("%s", why.text);
    return all;
}

static void test_new(void **state)
{
    (void)state;
    struct index_sets s = sets();
    struct stream_defs d = streams();
    assert_int_equal(s.n, 1);
    assert_string_equal(s.v[0].title, "Default index set");
    assert_string_equal(s.v[0].prefix, "graylog");
    assert_true(s.v[0].is_default && s.v[0].writable);
    assert_int_equal(strlen(s.v[0].id), 24);
    assert_int_equal(d.n, 1);
    assert_string_equal(d.v[0].id, "000000000000000000000001");
    assert_string_equal(d.v[0].index_set_id, s.v[0].id);
    assert_int_equal(d.v[0].created_ms, NOW);
}

/* Made when absent; afterwards the user's, whatever a second activation wants. */
static void test_present_is_left(void **state)
{
    (void)state;
    struct index_set s = set_of("Packetbeat Logs", "gl_packetbeat"), other;
    s.keep_indices = 90;
    assert_true(add_set(&s));
    s.keep_indices = 7;
    s.rotation = ROTATE_COUNT;
    s.max_docs = 11;
    assert_int_equal(state_change_index_set(st, &s, &why), ERR_OK);
    again();
    other = set_of("Packetbeat Logs", "another");
    assert_false(add_set(&other));
    assert_string_equal(other.id, s.id);
    assert_string_equal(other.prefix, "gl_packetbeat");
    assert_int_equal(other.keep_indices, 7);
    assert_int_equal(other.rotation, ROTATE_COUNT);
    assert_int_equal(other.max_docs, 11);
    assert_int_equal(sets().n, 2);
}

static void test_streams(void **state)
{
    (void)state;
    struct index_set s = set_of("Packetbeat Logs", "gl_packetbeat");
    assert_true(add_set(&s));
    struct stream_rule rules[] = {
        { STREAM_RULE_EXACT, false, SLICE("a"), SLICE("1"), "first" },
        { STREAM_RULE_REGEX, true, SLICE("b"), SLICE("x.*"), "" },
    };
    struct stream_def d = { .title = "Illuminate:Packetbeat Messages",
                            .description = "d",
                            .index_set_id = s.id,
                            .rule = rules,
                            .n_rules = 2,
                            .created_ms = NOW + 2,
                            .match_any = true,
                            .remove_from_default = true };
    assert_int_equal(state_add_stream(st, &d, &arena, &why), ERR_OK);
    const char *id = d.id;
    d = (struct stream_def){ .title = "Illuminate:Packetbeat Messages", .paused = true };
    assert_int_equal(state_add_stream(st, &d, &arena, &why), ERR_OK);
    assert_string_equal(d.id, id);
    again();
    struct stream_defs all = streams();
    assert_int_equal(all.n, 2);
    assert_string_equal(all.v[1].index_set_id, s.id);
    assert_true(all.v[1].match_any && all.v[1].remove_from_default && !all.v[1].paused);
    assert_int_equal(all.v[1].n_rules, 2);
    assert_int_equal(all.v[1].rule[1].type, STREAM_RULE_REGEX);
    assert_true(all.v[1].rule[1].inverted);
    assert_true(slice_eq(all.v[1].rule[1].value, SLICE("x.*")));
}

static void refuse(const char *title, const char *prefix, const char *text)
{
    struct index_set s = set_of(title, prefix);
    bool made;
    assert_int_equal(state_add_index_set(st, &s, &made, &why), ERR_CONFIG);
    assert_false(made);
    if (!strstr(why.text, text))
        fail_msg("%s", why.text);
}

static void test_refused(void **state)
{
    (void)state;
    refuse(" ", "a", "needs a title");
    refuse("A", "", "is no index prefix");
    refuse("A", "Upper", "is no index prefix");
    refuse("A", "_a", "is no index prefix");
    refuse("A", "a/b", "is no index prefix");
    refuse("A", "graylog_a", "clashes with \"graylog\"");
    refuse("A", "gray", "clashes with \"graylog\"");
    struct index_set s = set_of("A", "ok");
    snprintf(s.period, sizeof s.period, "daily");
    bool made;
    assert_int_equal(state_add_index_set(st, &s, &made, &why), ERR_CONFIG);
    assert_int_equal(sets().n, 1);
}

static void test_indices(void **state)
{
    (void)state;
    struct index_set s = sets().v[0];
    struct index_row rows[] = { { .number = 0, .state = INDEX_OPEN, .docs = 3 },
                                { .number = 1, .state = INDEX_WRITE, .created_ms = NOW } };
    struct index_rows got;
    snprintf(rows[0].set_id, 25, "%s", s.id);
    snprintf(rows[1].set_id, 25, "%s", s.id);
    assert_int_equal(state_put_indices(st, rows, 2, &why), ERR_OK);
    snprintf(s.period, sizeof s.period, "PT6H");
    assert_int_equal(state_change_index_set(st, &s, &why), ERR_OK);
    again();
    assert_int_equal(state_indices(st, s.id, &arena, &got, &why), ERR_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.v[0].docs, 3);
    assert_int_equal(got.v[1].anchor_ms, NOW - NOW % 21600000); /* the new grid */
    assert_int_equal(state_drop_index(st, &got.v[0], &why), ERR_OK);
    assert_int_equal(state_indices(st, s.id, &arena, &got, &why), ERR_OK);
    assert_int_equal(got.n, 1);
    struct index_row lost = { .set_id = "nobody" };
    assert_int_equal(state_put_indices(st, &lost, 1, &why), ERR_IO);
}

static void test_damaged(void **state)
{
    (void)state;
    char aside[160];
    state_close(st);
    FILE *f = fopen(path, "w");
    fputs("this is no database, and long enough to be looked at: ", f);
    for (unsigned i = 0; i < 100; i++)
        fputs("................................................", f);
    fclose(f);
    st = opened();
    assert_int_equal(sets().n, 1);
    snprintf(aside, sizeof aside, "%s.broken-1", path);
    assert_int_equal(access(aside, F_OK), 0);
    assert_non_null(strstr(said, "is damaged"));
}

static void test_changed_by_another(void **state)
{
    (void)state;
    struct state *mine = st, *other = opened();
    assert_true(state_is_changed(mine));
    assert_false(state_is_changed(mine));
    struct index_set s = set_of("B", "b");
    st = other;
    assert_true(add_set(&s));
    st = mine;
    assert_true(state_is_changed(mine));
    assert_false(state_is_changed(mine));
    state_close(other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_new),     T(test_present_is_left), T(test_streams),           T(test_refused),
        T(test_indices), T(test_damaged),         T(test_changed_by_another)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
