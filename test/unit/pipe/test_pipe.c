/* The whole pipe with an output that keeps its lines: common fields, configuration, drops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"
#include "codec/yaml.h"
#include "host/interfaces.h"
#include "pipe/pipe.h"

static struct arena arena;
static struct why why;
static struct counters counters;
static struct pipe_conf conf;
static struct interfaces interfaces;
static struct batch batch;
static struct chunk_pool pool;

static char lines[8][4096];
static unsigned n_lines, flushes;
static err write_result;

static err keep_open(void *ctx, const void *c, struct why *w)
{
    (void)ctx, (void)c, (void)w;
    return ERR_OK;
}

static err keep_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx, (void)e;
    if (write_result)
        return why_set(w, write_result, "broken");
    snprintf(lines[n_lines++], sizeof lines[0], "%.*s", (int)line.n, (const char *)line.p);
    return ERR_OK;
}

static err keep_flush(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    flushes++;
    return ERR_OK;
}

static void keep_close(void *ctx)
{
    (void)ctx;
}

static const struct output keeper = { .name = "keeper",
                                      .ctx_size = 1,
                                      .open = keep_open,
                                      .write = keep_write,
                                      .flush = keep_flush,
                                      .close = keep_close };

static struct addr address(const char *text)
{
    struct addr a;
    assert_true(addr_parse(slice_cstr(text), &a));
    return a;
}

static struct event *add(const char *type, uint8_t source, const char *src, const char *dst)
{
    struct event *e = event_make(&batch.arena, 8);
    struct addr a = address(src), b = address(dst);
    e->ts_ns = 1424218389003000000;
    e->source = source;
    if (type)
        event_str(e, &ecs[ECS_TYPE], slice_cstr(type));
    event_str(e, &ecs[ECS_NETWORK_PROTOCOL], SLICE("dns"));
    event_ip(e, &ecs[ECS_SOURCE_IP], &a);
    event_ip(e, &ecs[ECS_DESTINATION_IP], &b);
    event_int(e, &ecs[ECS_SOURCE_PORT], 51958);
    event_int(e, &ecs[ECS_DESTINATION_PORT], 53);
    e->ends = (struct event_ends){ true, 17, a, b, 51958, 53 };
    batch.event[batch.n++] = e;
    return e;
}

static struct node *yaml(const char *text)
{
    struct node *n;
    if (yaml_read(&arena, slice_cstr(text), "t.yml", &n, &why))
        fail_msg("%s", why.text);
    return n;
}

static struct pipe *p;

/* Makes the pipe; events can be added from here on. */
static void start(void)
{
    if (pipe_new(&conf, &p, &why))
        fail_msg("%s", why.text);
    schema_freeze();
    memset(&counters, 0, sizeof counters);
    n_lines = flushes = 0;
}

/* Runs what was added; the pipe's answer. */
static err run(void)
{
    err e = pipe_batch(p, &batch, &counters, &why);
    pipe_free(p);
    return e;
}

static struct node *line(unsigned i)
{
    struct node *n;
    assert_true(i < n_lines);
    if (json_read(&arena, slice_cstr(lines[i]), "line", &n, &why))
        fail_msg("%s in %s", why.text, lines[i]);
    return n;
}

static const char *text_at(struct node *n, const char *path)
{
    struct node *at = node_path(n, path);
    return at && at->text ? at->text : "(none)";
}

static void a_transaction_gets_its_common_fields(void **state)
{
    (void)state;
    start();
    struct event *e = add("dns", 1, "172.31.98.49", "8.8.8.8");
    struct addr answer = address("2606:2800::1946"), again = address("8.8.8.8");
    event_int(e, &ecs[ECS_SOURCE_BYTES], 33);
    event_int(e, &ecs[ECS_DESTINATION_BYTES], 61);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &answer, true);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &again, true);
    assert_int_equal(run(), ERR_OK);
    struct node *n = line(0);
    static const char *const want[][2] = {
        { "network.community_id", "1:/Zwm1tJot2cAhFAO0OxKQHuXs3Y=" },
        { "network.bytes", "94" },
        { "network.direction", "outbound" },
        { "client.ip", "172.31.98.49" },
        { "client.port", "51958" },
        { "client.bytes", "33" },
        { "server.ip", "8.8.8.8" },
        { "server.port", "53" },
        { "server.bytes", "61" },
        { "event.kind", "event" },
        { "event.category.0", "network" },
        { "event.type.0", "connection" },
        { "event.type.1", "protocol" },
        { "event.dataset", "dns" },
        { "related.ip.0", "172.31.98.49" },
        { "related.ip.1", "8.8.8.8" },
        { "related.ip.2", "2606:2800::1946" },
        { "related.ip.3", "(none)" },
        { "agent.type", "packetbeat" },
        { "agent.name", "sensor" },
        { "agent.version", "8.12.0" },
        { "agent.id", "id" },
        { "agent.ephemeral_id", "eph" },
        { "host.name", "sensor" },
        { "ecs.version", "8.0.0" },
    };
    for (size_t i = 0; i < COUNT(want); i++) {
        if (strcmp(text_at(n, want[i][0]), want[i][1]) != 0)
            fail_msg("%s is %s", want[i][0], text_at(n, want[i][0]));
    }
    assert_int_equal(flushes, 1);
}

static void a_flow_gets_its_id_only(void **state)
{
    (void)state;
    start();
    add("flow", EVENT_SOURCE_FLOW, "172.31.98.49", "8.8.8.8");
    assert_int_equal(run(), ERR_OK);
    struct node *n = line(0);
    assert_string_equal(text_at(n, "network.community_id"), "1:/Zwm1tJot2cAhFAO0OxKQHuXs3Y=");
    assert_null(node_get(n, "client"));
    assert_null(node_get(n, "related"));
    assert_null(node_path(n, "network.direction"));
}

static void directions(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        { "1.1.1.1", "192.0.2.9", "ingress" },  { "192.0.2.9", "1.1.1.1", "egress" },
        { "1.1.1.1", "127.0.0.1", "ingress" },  { "fe80::1", "2001:db8::1", "egress" },
        { "10.0.0.1", "10.0.0.2", "internal" }, { "10.0.0.1", "1.1.1.1", "outbound" },
        { "1.1.1.1", "10.0.0.1", "inbound" },   { "1.1.1.1", "8.8.8.8", "external" },
    };
    start();
    for (size_t i = 0; i < COUNT(cases); i++)
        add("dns", 1, cases[i][0], cases[i][1]);
    assert_int_equal(run(), ERR_OK);
    for (unsigned i = 0; i < COUNT(cases); i++)
        assert_string_equal(text_at(line(i), "network.direction"), cases[i][2]);
}

static void outgoing_and_invalid_are_dropped_and_counted(void **state)
{
    (void)state;
    conf.ignore_outgoing = true;
    start();
    add("dns", 1, "192.0.2.9", "1.1.1.1");
    add("flow", EVENT_SOURCE_FLOW, "192.0.2.9", "1.1.1.1");
    add(NULL, 1, "10.0.0.1", "1.1.1.1");
    add("dns", 1, "10.0.0.1", "1.1.1.1")->ts_ns = 0;
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(n_lines, 1);
    assert_string_equal(text_at(line(0), "type"), "flow");
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FILTERED), 1);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_INVALID), 2);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 1);
}

static void tags_and_fields_of_both_levels(void **state)
{
    (void)state;
    static const char *global[] = { "nginx", "drum" }, *own[] = { "web" };
    conf.global.tags = (struct texts){ global, 2 };
    conf.global.fields = yaml("{dc: '1', both: global}");
    conf.source[1].tags = (struct texts){ own, 1 };
    conf.source[1].fields = yaml("{env: test, agent: {name: mine}}");
    conf.source[1].fields_under_root = true;
    conf.source[1].index = "My-Index";
    conf.source[2].fields = yaml("{both: own}");
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    add("http", 2, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_OK);
    struct node *n = line(0);
    assert_string_equal(text_at(n, "tags.0"), "nginx");
    assert_string_equal(text_at(n, "tags.2"), "web");
    assert_string_equal(text_at(n, "fields.dc"), "1");
    assert_string_equal(text_at(n, "env"), "test");
    assert_string_equal(text_at(n, "agent.name"), "mine"); /* not overwritten */
    assert_string_equal(text_at(n, "host.name"), "sensor");
    assert_string_equal(text_at(n, "@metadata.raw_index"), "my-index");
    n = line(1);
    assert_string_equal(text_at(n, "fields.both"), "own");
    assert_string_equal(text_at(n, "tags.1"), "drum");
    assert_null(node_path(n, "tags.2"));
    assert_null(node_path(n, "@metadata.raw_index"));
}

static void processors_of_both_levels(void **state)
{
    (void)state;
    struct loading l = { "processors", &arena, &why };
    assert_int_equal(processors_load(yaml("[{add_fields: {target: '', fields: {host.name: h}}}]"),
                                     &l, &conf.source[1].processors),
                     ERR_OK);
    assert_int_equal(processors_load(yaml("[{drop_fields: {fields: [agent, related.ip]}},"
                                          " {drop_event: {when: {equals: {host.name: sensor}}}}]"),
                                     &l, &conf.global.processors),
                     ERR_OK);
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    add("http", 2, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(n_lines, 1);
    assert_string_equal(text_at(line(0), "host.name"), "h");
    assert_null(node_get(line(0), "agent"));
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FILTERED), 1);
}

/* The encoder writes the first ones, plans the rest (model/event_plan.h). */
static void later_lines_are_as_the_first(void **state)
{
    (void)state;
    static const char *tags[] = { "one", "with \"quotes\"" };
    struct loading l = { "processors", &arena, &why };
    conf.global.tags = (struct texts){ tags, 2 };
    conf.source[1].fields = yaml("{env: test, deep: {list: [1, x]}}");
    conf.source[1].fields_under_root = true;
    conf.source[1].index = "idx";
    assert_int_equal(processors_load(yaml("[{drop_fields: {fields: [agent.id, related.ip]}},"
                                          " {copy_fields: {fields: [{from: type, to: kind}]}},"
                                          " {truncate_fields: {fields: [status], max_bytes: 1}}]"),
                                     &l, &conf.global.processors),
                     ERR_OK);
    start();
    for (unsigned i = 0; i < 8; i++) {
        struct event *e = add("dns", 1, "10.0.0.1", "1.1.1.1");
        event_cstr_ref(e, &ecs[ECS_STATUS], i % 2 ? "OK" : "Error");
    }
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(n_lines, 8);
    for (unsigned i = 2; i < 8; i++)
        assert_string_equal(lines[i], lines[i % 2]);
    assert_string_equal(text_at(line(6), "status"), "E");
    assert_string_equal(text_at(line(7), "status"), "O");
    assert_string_equal(text_at(line(7), "kind"), "dns");
    assert_null(node_path(line(7), "agent.id"));
}

static void a_format_makes_the_line(void **state)
{
    (void)state;
    conf.format = "%{[source.ip]} > %{[destination.ip]} %{[no]:-}";
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_OK);
    assert_string_equal(lines[0], "10.0.0.1 > 1.1.1.1 -");
}

static void large_events_make_room(void **state)
{
    (void)state;
    start();
    struct event *e = add("dns", 1, "10.0.0.1", "1.1.1.1");
    char *big = arena_alloc(&arena, 300000);
    memset(big, 'x', 300000);
    event_str(e, &ecs[ECS_REQUEST], slice_of(big, 300000));
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 1);
}

static void a_broken_output_is_counted(void **state)
{
    (void)state;
    write_result = ERR_IO;
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FAILED), 1);
}

static void a_closed_output_ends_it(void **state)
{
    (void)state;
    write_result = ERR_END;
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_END);
}

static void a_dry_run_writes_nothing(void **state)
{
    (void)state;
    conf.dry_run = true;
    start();
    add("dns", 1, "10.0.0.1", "1.1.1.1");
    assert_int_equal(run(), ERR_OK);
    assert_int_equal(n_lines, 0);
}

static int setup(void **state)
{
    (void)state;
    static const char *networks[] = { "private" };
    arena_init(&arena, NULL, 0);
    schema_reset();
    pool.max_bytes = (size_t)16 << 20;
    batch_init(&batch, &pool, 0, 0);
    interfaces = (struct interfaces){ .n = 1, .addr = { address("192.0.2.9") } };
    conf = (struct pipe_conf){ .name = "sensor",
                               .agent_id = "id",
                               .ephemeral_id = "eph",
                               .version = "8.12.0",
                               .interfaces = &interfaces,
                               .internal_networks = { networks, 1 },
                               .json = { .beat = "packetbeat", .version = "8.12.0" },
                               .output = &keeper };
    write_result = ERR_OK;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    batch_free(&batch);
    chunk_pool_free(&pool);
    schema_reset();
    arena_free(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_transaction_gets_its_common_fields),
        TEST(a_flow_gets_its_id_only),
        TEST(directions),
        TEST(outgoing_and_invalid_are_dropped_and_counted),
        TEST(tags_and_fields_of_both_levels),
        TEST(processors_of_both_levels),
        TEST(later_lines_are_as_the_first),
        TEST(a_format_makes_the_line),
        TEST(large_events_make_room),
        TEST(a_broken_output_is_counted),
        TEST(a_closed_output_ends_it),
        TEST(a_dry_run_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
