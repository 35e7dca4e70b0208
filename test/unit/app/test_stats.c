/* The names of all numbers: whole JSON without a name twice, differences, Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/stats.h"
#include "base/buf.h"
#include "codec/json.h"
#include "codec/tree.h"

static const struct stats_facts facts = { .name = "here",
                                          .id = "id",
                                          .ephemeral_id = "\"quoted\"",
                                          .output = "logstash",
                                          .output_acks = true };
static struct tally tally;
static struct stat_list now, before, changed;
static uint8_t text[256 * 1024];
static struct arena arena;
static struct why why;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    tally = (struct tally){ 0 };
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        tally.v[i] = i + 1;
    tally.gauge[GAUGE_OUTPUT_HELD] = 7;
    tally.proto[1][PC_UNMATCHED_REQUEST] = 5;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct node *read_json(const struct stat_list *l, bool pretty)
{
    struct node *n;
    struct buf b = buf_of(text, sizeof text);
    buf_u8(&b, '{');
    stats_json(&b, l, pretty);
    buf_u8(&b, '}');
    if (json_read(&arena, buf_slice(&b), "stats", &n, &why))
        fail_msg("%s", why.text);
    return n;
}

static void no_name_twice(const struct node *map)
{
    for (const struct node *a = map->child; a; a = a->next) {
        for (const struct node *b = a->next; b; b = b->next)
            if (strcmp(a->key, b->key) == 0)
                fail_msg("%s is there twice", a->key);
        if (a->type == NODE_MAP)
            no_name_twice(a);
    }
}

static int64_t number(const struct node *n, const char *path)
{
    const struct node *found = node_path(n, path);
    assert_non_null(found);
    assert_int_equal(found->type, NODE_INT);
    return found->i;
}

static void all_numbers_are_one_tree(void **state)
{
    (void)state;
    stats_collect(&facts, &tally, &now);
    for (unsigned pretty = 0; pretty < 2; pretty++) {
        const struct node *n = read_json(&now, pretty);
        no_name_twice(n);
        assert_int_equal(number(n, "libbeat.output.events.acked"), COUNTER_OUTPUT_ACKED + 1);
        assert_int_equal(number(n, "libbeat.output.events.active"), 7);
        assert_int_equal(number(n, "wirelume.capture.packets"), COUNTER_CAPTURE_PACKETS + 1);
        assert_string_equal(node_path(n, "beat.info.ephemeral_id")->text, "\"quoted\"");
        assert_true(number(n, "beat.memstats.rss") > 0);
        assert_true(number(n, "beat.handles.open") > 2);
        assert_true(number(n, "beat.runtime.goroutines") > 0);
        unsigned rows = 0;
        for (unsigned i = 0; i < COUNTER_COUNT; i++) {
            char path[STAT_NAME + 16];
            snprintf(path, sizeof path, "wirelume.%s", counter_rows[i].name);
            rows += number(n, path) == i + 1;
        }
        assert_int_equal(rows, COUNTER_COUNT);
    }
}

static void only_what_changed_is_logged(void **state)
{
    (void)state;
    stats_collect(&facts, &tally, &before);
    tally.v[COUNTER_OUTPUT_ACKED] += 3;
    stats_collect(&facts, &tally, &now);
    assert_true(stats_changes(&now, &before, &changed));
    const struct node *n = read_json(&changed, false);
    assert_int_equal(number(n, "libbeat.output.events.acked"), 3);
    assert_int_equal(number(n, "wirelume.output.acked"), 3);
    assert_int_equal(number(n, "libbeat.output.events.active"), 7); /* as it stands */
    assert_null(node_path(n, "wirelume.capture"));
    assert_false(stats_changes(&now, &now, &changed));
    assert_null(node_path(read_json(&changed, false), "wirelume.output.acked"));
}

static void names_at_prometheus_are_names(void **state)
{
    (void)state;
    char name[STAT_NAME + 32];
    for (unsigned i = 0; i < COUNTER_COUNT + GAUGE_COUNT; i++) {
        bool counts = i < COUNTER_COUNT;
        const char *from = counts ? counter_rows[i].name : gauge_rows[i - COUNTER_COUNT].name;
        stats_prometheus_name(from, counts, name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(name));
        bool total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
        assert_int_equal(total, counts);
    }
    struct buf b = buf_of(text, sizeof text);
    stats_prometheus(&b, &facts, &tally);
    assert_false(b.full);
    assert_true(slice_ends(buf_slice(&b), SLICE("\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_numbers_are_one_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_changed_is_logged, setup, teardown),
        cmocka_unit_test_setup_teardown(names_at_prometheus_are_names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
