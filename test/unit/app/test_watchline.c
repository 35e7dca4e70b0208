/* Events as lines for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/watchline.h"
#include "proto/proto.h"

static struct arena arena;
static char text[2048];

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    schema_reset();
    proto_add_fields();
    schema_freeze();
    arena_init(&arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    schema_reset();
    return 0;
}

static struct event *http_event(const char *query)
{
    static const uint8_t client[4] = { 10, 0, 0, 1 }, server[4] = { 10, 0, 0, 2 };
    struct addr a = addr_v4(client), b = addr_v4(server);
    struct event *e = event_make(&arena, 16);
    e->ts_ns = 1706091072345000000;
    event_cstr_ref(e, &ecs[ECS_TYPE], "http");
    event_ip(e, &ecs[ECS_SOURCE_IP], &a);
    event_ip(e, &ecs[ECS_DESTINATION_IP], &b);
    event_int(e, &ecs[ECS_SOURCE_PORT], 40000);
    event_int(e, &ecs[ECS_DESTINATION_PORT], 80);
    event_str(e, &ecs[ECS_QUERY], slice_cstr(query));
    event_cstr_ref(e, &ecs[ECS_STATUS], "OK");
    event_int(e, &ecs[ECS_EVENT_DURATION], 1500000);
    return e;
}

static const char *line(const struct event *e, bool colour, unsigned columns)
{
    struct watchline_conf conf = { colour, columns };
    struct slice s = watchline_format(e, &conf, text, sizeof text - 1);
    text[s.n] = '\0';
    return text;
}

static void test_columns(void **state)
{
    (void)state;
    assert_string_equal(line(http_event("GET /x"), false, 120),
                        "10:11:12.345 http   10.0.0.1:40000        → 10.0.0.2:80           "
                        "GET /x                        OK               1.5 ms");
}

static void test_long_text_is_cut_with_a_mark(void **state)
{
    (void)state;
    const char *s = line(http_event("GET /0123456789012345678901234567890123456789"), false, 120);
    assert_non_null(strstr(s, "GET /01234567890123456789012… OK"));
}

static void test_nothing_from_the_wire_reaches_the_terminal(void **state)
{
    (void)state;
    const char *s = line(http_event("GET \033[31m\xff\xc2\x9b/é"), false, 120);
    assert_non_null(strstr(s, "GET .[31m.."));
    assert_non_null(strstr(s, "/é"));
    assert_null(strchr(s, '\033'));
}

static void test_colours(void **state)
{
    (void)state;
    assert_non_null(strstr(line(http_event("GET /x"), true, 120), "\033[32mOK\033[0m"));
}

static void test_flow(void **state)
{
    (void)state;
    struct event *e = event_make(&arena, 8);
    e->ts_ns = 1706091072345000000;
    e->source = EVENT_SOURCE_FLOW;
    event_cstr_ref(e, &ecs[ECS_TYPE], "flow");
    event_cstr_ref(e, &ecs[ECS_SOURCE_MAC], "02-00-00-00-00-01");
    event_int(e, &ecs[ECS_NETWORK_PACKETS], 1);
    event_int(e, &ecs[ECS_NETWORK_BYTES], 1500);
    event_bool(e, &ecs[ECS_FLOW_FINAL], true);
    const char *s = line(e, false, 120);
    assert_non_null(strstr(s, "02-00-00-00-00-01"));
    assert_non_null(strstr(s, "1 packet 1.5 kB"));
    assert_non_null(strstr(s, " end "));
}

static void test_half_a_transaction_says_which_half(void **state)
{
    (void)state;
    struct event *e = http_event("GET /x");
    event_note(e, "Unmatched request");
    event_time(e, &ecs[ECS_EVENT_START], 1706091072345000000);
    assert_non_null(strstr(line(e, false, 120), " no answer "));
    e = http_event("");
    event_note(e, "Unmatched response");
    event_time(e, &ecs[ECS_EVENT_END], 1706091072345000000);
    assert_non_null(strstr(line(e, false, 120), " no request "));
    event_time(e, &ecs[ECS_EVENT_START], 1706091072345000000);
    assert_non_null(strstr(line(e, false, 120), " OK "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_text_is_cut_with_a_mark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_from_the_wire_reaches_the_terminal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_colours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_a_transaction_says_which_half, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
