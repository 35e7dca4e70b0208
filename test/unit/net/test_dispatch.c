/* Ports, content, and who is the client; datagrams into parsers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/fakeproto.h"

#define MS 1000000

static struct fake fake;
static struct flow flow;
static struct flow_more more;

static int setup(void **state)
{
    (void)state;
    fake_begin(&fake);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dispatch_detach(&fake.dispatch, &flow, FLOW_END_CAPTURE, 0);
    fake_end(&fake);
    return 0;
}

/* A flow whose first sender is the end with the first port. */
static void begin(uint8_t l4, uint16_t sport, uint16_t dport)
{
    struct flow_key key = { .ip_ver = 4,
                            .l4 = l4,
                            .addr = { { { 10, 1 } }, { { 10, 2 } } },
                            .port = { sport, dport },
                            .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN } };
    flow = (struct flow){ .first_is_low = 1, .proto_id = FLOW_PROTO_OPEN, .more = &more };
    more = (struct flow_more){ 0 };
    flow_set_key(&flow, &key, NULL);
    list_init(&more.pairs);
}

static void datagram(enum flow_dir dir, const char *text)
{
    struct packet p = { .ts_ns = 5 * MS,
                        .ip_ver = 4,
                        .l4 = IPPROTO_N_UDP,
                        .has_ports = true,
                        .payload = slice_cstr(text) };
    dispatch_datagram(&fake.dispatch, &flow, &p, dir);
}

#define EXPECT(text) assert_string_equal(fake_log(), text)

static void port_decides(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 40000, 7000);
    datagram(FLOW_FIRST, "hello\n");
    datagram(FLOW_BACK, "world\n");
    EXPECT("c:hello@5 s:world@5");
    dispatch_detach(&fake.dispatch, &flow, FLOW_END_TIMEOUT, 0);
    begin(IPPROTO_N_UDP, 7000, 40000); /* the server's answer came first */
    datagram(FLOW_FIRST, "hello\n");
    EXPECT("s:hello@5");
}

static void source_port_is_looked_at_first(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 7001, 7000);
    datagram(FLOW_FIRST, "OTHER\n");
    EXPECT("other s:OTHER\n@5");
}

/* Who opened the connection may have any port. */
static void servers_port_counts_more_than_the_clients(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 7001, 7000);
    flow.client_is_known = 1;
    assert_int_equal(dispatch_port(&fake.dispatch, &flow), 0);
    flow.client_is_back = 1;
    assert_int_equal(dispatch_port(&fake.dispatch, &flow), 1);
}

static enum choice choose(const char *first, bool may_wait)
{
    return dispatch_choose(&fake.dispatch, &flow, slice_cstr(first), FLOW_FIRST, may_wait);
}

static void content_decides_when_only_the_clients_port_is_known(void **state)
{
    (void)state;
    begin(IPPROTO_N_TCP, 7000, 40000);
    flow.client_is_known = 1;
    assert_int_equal(choose("O", true), CHOICE_MORE);
    assert_int_equal(choose("OTH", true), CHOICE_MORE);
    assert_int_equal(choose("OTHER", true), CHOICE_MADE);
    assert_int_equal(flow.proto_id, 1);
    dispatch_detach(&fake.dispatch, &flow, FLOW_END_TIMEOUT, 0);
    begin(IPPROTO_N_TCP, 7000, 40000);
    flow.client_is_known = 1;
    assert_int_equal(choose("OTH", false), CHOICE_MADE);
    assert_int_equal(flow.proto_id, 0);
}

static void content_tells_the_client_between_equal_ports(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 7000, 7000);
    datagram(FLOW_FIRST, "<hello\n");
    EXPECT("s:<hello@5");
}

static void content_decides_on_other_ports(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 1, 2);
    datagram(FLOW_BACK, "what?\n");
    datagram(FLOW_BACK, ">hello\n");
    datagram(FLOW_BACK, "what?\n");
    EXPECT("c:>hello@5 c:what?@5");
}

/* What only begins like a message may be one in a stream; a datagram is whole. */
static void likely_is_not_enough_for_datagrams(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 1, 2);
    datagram(FLOW_FIRST, "~hello\n");
    EXPECT("");
    begin(IPPROTO_N_TCP, 1, 2);
    assert_int_equal(dispatch_choose(&fake.dispatch, &flow, SLICE("~hello"), FLOW_FIRST, true),
                     CHOICE_MADE);
    dispatch_detach(&fake.dispatch, &flow, FLOW_END_TIMEOUT, 0);
}

static void unknown_flow_is_left_alone(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 1, 2);
    for (unsigned i = 0; i < 4; i++)
        datagram(FLOW_FIRST, "what?\n");
    assert_int_equal(flow.proto_id, FLOW_PROTO_NONE);
    datagram(FLOW_FIRST, ">hello\n");
    EXPECT("");
}

static void detection_may_be_off(void **state)
{
    (void)state;
    dispatch_free(&fake.dispatch);
    fake.lines.detect = fake.other.detect = false;
    dispatch_init(&fake.dispatch, &fake.conf, &fake.env);
    begin(IPPROTO_N_UDP, 1, 2);
    assert_false(dispatch_wants(&fake.dispatch, &flow));
    begin(IPPROTO_N_UDP, 1, 7001);
    assert_true(dispatch_wants(&fake.dispatch, &flow));
    begin(IPPROTO_N_SCTP, 1, 7001);
    assert_false(dispatch_wants(&fake.dispatch, &flow));
}

static void disabled_protocol_gets_nothing(void **state)
{
    (void)state;
    dispatch_free(&fake.dispatch);
    fake.lines.enabled = fake.pings.enabled = false;
    dispatch_init(&fake.dispatch, &fake.conf, &fake.env);
    begin(IPPROTO_N_UDP, 40000, 7000);
    datagram(FLOW_FIRST, ">hello\n");
    EXPECT("");
    begin(IPPROTO_N_ICMP, 0, 0);
    assert_false(dispatch_wants(&fake.dispatch, &flow));
}

static void sure_content_wins_over_port(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 40000, 7000);
    datagram(FLOW_FIRST, "OTHER\n");
    EXPECT("other c:OTHER\n@5");
}

static void verdicts_are_counted(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 40000, 7000);
    datagram(FLOW_FIRST, ">hello\n");
    datagram(FLOW_FIRST, "no end of line");
    datagram(FLOW_FIRST, "!bad\n");
    datagram(FLOW_FIRST, "");
    assert_int_equal(fake.counters.proto[0][PC_MESSAGES], 1);
    assert_int_equal(fake.counters.proto[0][PC_BAD], 2);
    datagram(FLOW_FIRST, ".\n");
    assert_int_equal(flow.proto_id, FLOW_PROTO_NONE);
    assert_int_equal(fake.slab.used_bytes, 0);
}

static void fragments_are_not_parsed(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 40000, 7000);
    struct packet p = { .payload = SLICE(">hello\n"), .is_fragment = true };
    dispatch_datagram(&fake.dispatch, &flow, &p, FLOW_FIRST);
    EXPECT("");
}

static void icmp_has_its_own_protocol(void **state)
{
    (void)state;
    begin(IPPROTO_N_ICMP, 0, 0);
    flow.port[0] = 77;
    struct packet p = { .ts_ns = MS,
                        .ip_ver = 4,
                        .l4 = IPPROTO_N_ICMP,
                        .sport = 8,
                        .icmp_id = 77,
                        .icmp_seq = 3,
                        .payload = SLICE("abc") };
    dispatch_datagram(&fake.dispatch, &flow, &p, FLOW_FIRST);
    p.sport = 0;
    p.payload.n = 0;
    dispatch_datagram(&fake.dispatch, &flow, &p, FLOW_BACK);
    p.is_short = true; /* no identifier: nothing to tell of */
    dispatch_datagram(&fake.dispatch, &flow, &p, FLOW_BACK);
    EXPECT("c:ping8/0,77,3:3 s:ping0/0,77,3:0");
}

static void no_memory_is_counted(void **state)
{
    (void)state;
    begin(IPPROTO_N_UDP, 40000, 7000);
    fake.slab.max_bytes = 0;
    datagram(FLOW_FIRST, ">hello\n");
    EXPECT("");
    assert_int_equal(fake.counters.proto[0][PC_NO_MEMORY], 1);
    fake.slab.max_bytes = 1 << 20;
    datagram(FLOW_FIRST, ">hello\n");
    EXPECT("c:>hello@5");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(port_decides),
        TEST(source_port_is_looked_at_first),
        TEST(servers_port_counts_more_than_the_clients),
        TEST(content_decides_when_only_the_clients_port_is_known),
        TEST(content_tells_the_client_between_equal_ports),
        TEST(content_decides_on_other_ports),
        TEST(likely_is_not_enough_for_datagrams),
        TEST(unknown_flow_is_left_alone),
        TEST(detection_may_be_off),
        TEST(disabled_protocol_gets_nothing),
        TEST(sure_content_wins_over_port),
        TEST(verdicts_are_counted),
        TEST(fragments_are_not_parsed),
        TEST(icmp_has_its_own_protocol),
        TEST(no_memory_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
