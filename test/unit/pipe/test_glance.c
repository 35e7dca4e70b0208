/* Who sends most and what was slow: sums, windows, reports of flows, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"
#include "pipe/glance.h"

#define SECOND INT64_C(1000000000)

static struct arena arena;
static struct glance *g;
static struct why why;
static uint8_t text[65536];

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    schema_freeze();
    g = glance_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    glance_free(g);
    schema_reset();
    arena_free(&arena);
    return 0;
}

static struct event *event(unsigned src, uint64_t bytes)
{
    struct event *e = event_make(&arena, 8);
    uint8_t from[4] = { 10, 0, (uint8_t)(src >> 8), (uint8_t)src }, to[4] = { 192, 0, 2, 1 };
    e->ends = (struct event_ends){ true, 17, addr_v4(from), addr_v4(to), 1000, 53 };
    e->source = 1;
    event_int(e, &ecs[ECS_SOURCE_BYTES], (int64_t)bytes);
    return e;
}

static const struct node *answer(int64_t now_ns)
{
    struct node *n;
    struct buf b = buf_of(text, sizeof text);
    glance_json(g, &b, now_ns);
    if (json_read(&arena, buf_slice(&b), "glance", &n, &why))
        fail_msg("%s in %.*s", why.text, (int)b.n, (const char *)text);
    return n;
}

static int64_t bytes_of(const struct node *n, const char *address)
{
    for (const struct node *c = node_get(n, "talkers")->child; c; c = c->next)
        if (strcmp(node_get(c, "address")->text, address) == 0)
            return node_get(c, "bytes")->i;
    return -1;
}

static void the_largest_sender_is_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++)
        glance_event(g, event(i, 100 + i), SECOND);
    glance_event(g, event(7, 100000), SECOND);
    const struct node *n = answer(2 * SECOND);
    assert_string_equal(node_path(n, "talkers.0.address")->text, "10.0.0.7");
    assert_int_equal(bytes_of(n, "10.0.0.7"), 100107);
}

static void what_is_past_goes(void **state)
{
    (void)state;
    glance_event(g, event(1, 50), SECOND);
    glance_event(g, event(2, 60), 12 * SECOND);
    assert_int_equal(bytes_of(answer(13 * SECOND), "10.0.0.1"), 50);
    assert_int_equal(bytes_of(answer(23 * SECOND), "10.0.0.1"), -1);
    assert_int_equal(bytes_of(answer(24 * SECOND), "10.0.0.2"), 60);
    assert_int_equal(bytes_of(answer(90 * SECOND), "10.0.0.2"), -1);
}

/* A flow's reports count from its start. */
static void reports_of_a_flow_are_not_added_up(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        struct event *e = event(1, 100 * i);
        e->source = EVENT_SOURCE_FLOW;
        event_str(e, &ecs[ECS_FLOW_ID], SLICE("flow"));
        glance_event(g, e, SECOND);
    }
    glance_event(g, event(1, 5000), SECOND); /* a transaction within it */
    assert_int_equal(bytes_of(answer(SECOND), "10.0.0.1"), 300);
}

static void the_slowest_of_both_windows_in_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct event *e = event(i, 1);
        event_int(e, &ecs[ECS_EVENT_DURATION], (int64_t)(i * 37 % 101) * 1000);
        event_str(e, &ecs[ECS_QUERY], SLICE("a \x1b\"query\""));
        glance_event(g, e, i < 50 ? SECOND : 12 * SECOND);
    }
    const struct node *slow = node_get(answer(13 * SECOND), "slow");
    int64_t before = 100 * 1000;
    unsigned n = 0;
    for (const struct node *c = slow->child; c; c = c->next, n++) {
        assert_true(node_get(c, "duration_ns")->i <= before);
        before = node_get(c, "duration_ns")->i;
        assert_string_equal(node_get(c, "query")->text, "a  \"query\"");
    }
    assert_int_equal(n, 16);
    assert_int_equal(slow->child->next->next->next ? 1 : 0, 1);
}

static void a_flood_of_addresses_is_bounded(void **state)
{
    (void)state;
    glance_event(g, event(60000, 1 << 30), SECOND);
    for (unsigned i = 0; i < 20000; i++) {
        glance_event(g, event(i, 10), SECOND);
        if (i % 1000 == 0)
            arena_reset(&arena);
    }
    const struct node *n = answer(SECOND);
    assert_int_equal(bytes_of(n, "10.0.234.96"), 1 << 30); /* the large one stays */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_largest_sender_is_first, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_past_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_of_a_flow_are_not_added_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_slowest_of_both_windows_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_addresses_is_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
