/* The whole packet path: frames in, flow events out; timers, the ends of flows, caps. The protocols
 * are fake ones (lib/fakeproto.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/fakeproto.h"
#include "model/event_json.h"

#define MS ((int64_t)1000000)
#define S  ((int64_t)1000000000)

static struct fake fake;
static struct net *net;
static struct counters counters;
static struct chunk_pool chunks;
static struct batch batch;
static char events[1 << 16]; /* one line an event: what note_event writes */
static struct buf out;
static char last_json[8192];

static struct batch *get_batch(void *ctx, int64_t now_ns)
{
    (void)ctx;
    (void)now_ns;
    return &batch;
}

static void put_counters(const struct event *e, enum ecs_id packets, enum ecs_id bytes)
{
    const struct value *p = event_get(e, &ecs[packets]), *b = event_get(e, &ecs[bytes]);
    if (p)
        buf_printf(&out, " %lld/%lld", (long long)p->i, (long long)b->i);
    else
        buf_lit(&out, " -");
}

/* time in s, reason or alive, packets/bytes of source and destination. */
static void note_event(void *ctx, struct event *e)
{
    (void)ctx;
    const struct value *reason = event_get(e, &ecs[ECS_EVENT_REASON]);
    buf_printf(&out, "%g", (double)e->ts_ns / 1e9);
    buf_lit(&out, " ");
    if (reason)
        buf_put(&out, reason->p, reason->n);
    else
        buf_lit(&out, "alive");
    put_counters(e, ECS_SOURCE_PACKETS, ECS_SOURCE_BYTES);
    put_counters(e, ECS_DESTINATION_PACKETS, ECS_DESTINATION_BYTES);
    buf_lit(&out, "\n");
    const struct event_json_conf conf = { .precision = TIME_MILLI, .beat = "b", .version = "1" };
    struct buf json = buf_of(last_json, sizeof last_json - 1);
    event_json(e, &conf, NULL, &json);
    last_json[json.n] = 0;
    batch_reset(&batch);
}

static void open_net(void)
{
    const struct net_sink sink = { get_batch, note_event, NULL };
    net = net_new(&fake.conf, &sink, &counters);
}

static int setup(void **state)
{
    (void)state;
    schema_reset();
    schema_freeze();
    memset(&counters, 0, sizeof counters);
    chunks = (struct chunk_pool){ .max_bytes = 1 << 20 };
    batch_init(&batch, &chunks, 0, 0);
    out = buf_of(events, sizeof events - 1);
    fake_conf(&fake);
    fake.conf.period_ns = -1;
    fake_log();
    net = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (net)
        net_finish(net);
    net_free(net);
    batch_free(&batch);
    chunk_pool_free(&chunks);
    fake_log();
    return 0;
}

static const char *noted(void)
{
    events[out.n] = 0;
    out.n = 0;
    return events;
}

#define EXPECT(text) assert_string_equal(noted(), text)

/* What a frame is made of. Ends are numbers: 10.0.0.N, MAC 02::N. */
struct frame {
    int64_t at_ns;
    uint8_t l4, src, dst, flags, icmp_type;
    uint8_t mac_turn; /* another MAC for the same address */
    uint16_t vlan, sport, dport;
    uint32_t seq, ack;
    const char *text;
};

static void put_u16(struct buf *b, uint16_t v)
{
    buf_u8(b, (uint8_t)(v >> 8));
    buf_u8(b, (uint8_t)v);
}

static void put_u32(struct buf *b, uint32_t v)
{
    put_u16(b, (uint16_t)(v >> 16));
    put_u16(b, (uint16_t)v);
}

static void put_link(struct buf *b, const struct frame *f)
{
    const uint8_t mac[6] = { 2, 0, 0, 0, f->mac_turn };
    for (unsigned i = 0; i < 2; i++) {
        buf_put(b, mac, 5);
        buf_u8(b, i ? f->src : f->dst);
    }
    if (f->vlan) {
        put_u16(b, 0x8100);
        put_u16(b, f->vlan);
    }
}

static void put_l4(struct buf *b, const struct frame *f, struct slice text)
{
    if (f->l4 == IPPROTO_N_ICMP) {
        put_u32(b, (uint32_t)f->icmp_type << 24);
        put_u32(b, 7 << 16 | 1);
        return;
    }
    put_u16(b, f->sport);
    put_u16(b, f->dport);
    if (f->l4 == IPPROTO_N_UDP) {
        put_u16(b, (uint16_t)(8 + text.n));
        put_u16(b, 0);
        return;
    }
    put_u32(b, f->seq);
    put_u32(b, f->ack);
    buf_u8(b, 0x50);
    buf_u8(b, (uint8_t)(f->flags | (f->ack ? TCP_ACK : 0)));
    put_u16(b, 1024);
    put_u32(b, 0);
}

static size_t l4_bytes(uint8_t l4)
{
    return l4 == IPPROTO_N_TCP ? 20 : 8;
}

static void put_ip(struct buf *b, const struct frame *f, struct slice text)
{
    put_u16(b, 0x0800);
    put_u16(b, 0x4500);
    put_u16(b, (uint16_t)(20 + l4_bytes(f->l4) + text.n));
    put_u32(b, 0);
    put_u16(b, (uint16_t)(64 << 8 | f->l4));
    put_u16(b, 0);
    put_u32(b, 10u << 24 | f->src);
    put_u32(b, 10u << 24 | f->dst);
}

static void send(struct frame f)
{
    uint8_t bytes[512];
    struct buf b = buf_of(bytes, sizeof bytes);
    struct slice text = slice_cstr(f.text);
    put_link(&b, &f);
    if (f.l4) {
        put_ip(&b, &f, text);
        put_l4(&b, &f, text);
        buf_add(&b, text);
    } else {
        put_u16(&b, 0x0806);
        buf_lit(&b, "arp");
    }
    struct packet p = { .ts_ns = f.at_ns,
                        .frame = buf_slice(&b),
                        .wire_len = (uint32_t)b.n,
                        .link_type = LINK_ETHERNET };
    net_prefetch(net, &p);
    net_packet(net, &p);
}

#define SEND(...) send((struct frame){ __VA_ARGS__ })
#define UDP(at, s, sp, d, dp, ...)                                                                 \
    SEND(.at_ns = at, .l4 = IPPROTO_N_UDP, .src = s, .sport = sp, .dst = d, .dport = dp,           \
         __VA_ARGS__)
#define TCP(at, s, sp, d, dp, ...)                                                                 \
    SEND(.at_ns = at, .l4 = IPPROTO_N_TCP, .src = s, .sport = sp, .dst = d, .dport = dp,           \
         __VA_ARGS__)

static void flow_is_reported_when_the_capture_ends(void **state)
{
    (void)state;
    open_net();
    UDP(1 * S, 1, 5000, 2, 99, .text = "x");
    UDP(2 * S, 2, 99, 1, 5000, .text = "xyz");
    UDP(3 * S, 1, 5000, 2, 99, .text = "x", .mac_turn = 1);
    SEND(.at_ns = 4 * S, .src = 1, .dst = 2);
    net_finish(net);
    EXPECT("4 capture end 2/86 1/45\n4 capture end 1/17 -\n");
}

static void event_has_packetbeats_fields(void **state)
{
    (void)state;
    open_net();
    UDP(1500 * MS, 1, 5000, 2, 99, .text = "x", .vlan = 10);
    UDP(1600 * MS, 2, 99, 1, 5000, .text = "x", .vlan = 10);
    net_finish(net);
    assert_string_equal(
        last_json,
        "{\"@timestamp\":\"1970-01-01T00:00:01.600Z\",\"@metadata\":{\"beat\":\"b\",\"type\":\"_"
        "doc\","
        "\"version\":\"1\"},\"destination\":{\"bytes\":47,\"ip\":\"10.0.0.2\","
        "\"mac\":\"02-00-00-00-00-02\",\"packets\":1,\"port\":99},\"event\":{\"action\":"
        "\"network_flow\",\"category\":[\"network\"],\"dataset\":\"flow\",\"duration\":100000000,"
        "\"end\":\"1970-01-01T00:00:01.600Z\",\"kind\":\"event\",\"reason\":\"capture end\","
        "\"start\":\"1970-01-01T00:00:01.500Z\",\"type\":[\"connection\",\"end\"]},\"flow\":{"
        "\"final\":true,\"id\":\"FQIA/wz/Dv////8W//8BAQECAAAAAAECAAAAAAIKAAoAAAEKAAACiBNjAA\","
        "\"vlan\":10},\"network\":{\"bytes\":94,\"packets\":2,\"transport\":\"udp\",\"type\":"
        "\"ipv4\""
        "},\"source\":{\"bytes\":47,\"ip\":\"10.0.0.1\",\"mac\":\"02-00-00-00-00-01\",\"packets\":"
        "1,"
        "\"port\":5000},\"type\":\"flow\"}");
}

static void idle_flow_times_out(void **state)
{
    (void)state;
    open_net();
    UDP(1 * S, 1, 5000, 2, 99, .text = "x");
    net_tick(net, 30 * S);
    EXPECT("");
    net_tick(net, 31 * S + 20 * MS);
    EXPECT("31 timeout 1/43 -\n");
    UDP(40 * S, 1, 5000, 2, 99, .text = "x");
    UDP(70 * S, 1, 5000, 2, 99, .text = "x"); /* exactly at its end: another flow */
    EXPECT("70 timeout 1/43 -\n");
}

static void reports_come_each_period(void **state)
{
    (void)state;
    fake.conf.period_ns = 10 * S;
    open_net();
    UDP(1 * S, 1, 5000, 2, 99, .text = "x");
    UDP(5 * S, 1, 5000, 2, 99, .text = "x");
    UDP(11 * S, 2, 99, 1, 5000, .text = "x"); /* not in the report of this moment */
    EXPECT("11 alive 2/86 -\n");
    net_tick(net, 60 * S);
    EXPECT("21 alive 2/86 1/43\n31 alive 2/86 1/43\n41 timeout 2/86 1/43\n");
}

static void delta_reports_say_what_is_new(void **state)
{
    (void)state;
    fake.conf.period_ns = 10 * S;
    fake.conf.delta_reports = true;
    open_net();
    UDP(1 * S, 1, 5000, 2, 99, .text = "x");
    UDP(12 * S, 2, 99, 1, 5000, .text = "x");
    net_finish(net);
    EXPECT("11 alive 1/43 -\n12 capture end 0/0 1/43\n");
}

static void flows_may_be_off(void **state)
{
    (void)state;
    fake.conf.flows_enabled = false;
    fake.conf.period_ns = 10 * S;
    open_net();
    UDP(1 * S, 1, 5000, 2, 7000, .text = ">x\n");
    net_finish(net);
    EXPECT("");
    assert_string_equal(fake_log(), "c:>x@1000");
}

static void closed_connection_ends_soon(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 99, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 2, 99, 1, 5000, .seq = 20, .ack = 11, .flags = TCP_SYN);
    TCP(2 * S, 1, 5000, 2, 99, .seq = 11, .ack = 21, .flags = TCP_FIN);
    net_tick(net, 20 * S);
    TCP(21 * S, 2, 99, 1, 5000, .seq = 21, .ack = 12, .flags = TCP_FIN);
    TCP(22 * S, 1, 5000, 2, 99, .seq = 12, .ack = 22);
    EXPECT("");
    net_tick(net, 28 * S);
    EXPECT("27 closed 3/162 2/108\n");
}

static void reset_connection_ends_soon(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 99, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 2, 99, 1, 5000, .ack = 11, .flags = TCP_RST);
    net_tick(net, 7 * S);
    EXPECT("6 reset 1/54 1/54\n");
}

static void reused_ports_are_another_flow(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN); /* repeated */
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a");
    TCP(2 * S, 1, 5000, 2, 7000, .seq = 99999, .flags = TCP_SYN);
    EXPECT("2 reused 3/164 -\n");
    assert_string_equal(fake_log(), "c:end4[>a] s:end4[]");
    TCP(2 * S, 1, 5000, 2, 7000, .seq = 100000, .text = ">b\n");
    assert_string_equal(fake_log(), "c:>b@2000");
}

/* Goes on VLAN 10, comes back on 20: a flow each, one conversation. */
static void vlans_share_a_connection(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 20, .ack = 11, .flags = TCP_SYN | TCP_ACK);
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 11, .text = ">a\n");
    TCP(1 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 21, .ack = 14, .text = ">b\n");
    assert_string_equal(fake_log(), "c:>a@1000 s:>b@1000");
    TCP(2 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 14, .flags = TCP_FIN);
    TCP(2 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 24, .ack = 15, .flags = TCP_FIN | TCP_ACK);
    assert_string_equal(fake_log(), "c:end1[] s:end1[]");
    TCP(2 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 21, .ack = 14, .text = ">b\n");
    assert_string_equal(fake_log(), "");
    net_tick(net, 20 * S);
    EXPECT("7 closed 3/177 -\n7 closed 4/238 -\n");
}

static void vlans_begin_again_together(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 20, .ack = 11, .flags = TCP_SYN | TCP_ACK);
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 11, .text = ">a");
    TCP(2 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 99999, .flags = TCP_SYN);
    EXPECT("2 reused 1/58 -\n2 reused 2/118 -\n");
    assert_string_equal(fake_log(), "c:end4[>a] s:end4[]");
    TCP(2 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 77, .ack = 100000, .flags = TCP_SYN | TCP_ACK);
    TCP(2 * S, 2, 7000, 1, 5000, .vlan = 20, .seq = 78, .ack = 100000, .text = ">b\n");
    assert_string_equal(fake_log(), "s:>b@2000");
}

/* VLANs of different networks: the same addresses and ports, two connections. */
static void vlans_may_be_strangers(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 20, .seq = 77777, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 11, .text = ">a\n");
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 20, .seq = 77778, .text = ">b\n");
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 20, .seq = 77781, .text = ">c\n");
    TCP(1 * S, 1, 5000, 2, 7000, .vlan = 10, .seq = 14, .text = ">d\n");
    assert_string_equal(fake_log(), "c:>a@1000 c:>b@1000 c:>c@1000 c:>d@1000");
}

static void late_copies_are_not_heard_twice(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a\n");
    TCP(2 * S, 1, 5000, 2, 7000, .seq = 14, .flags = TCP_FIN);
    TCP(2 * S, 2, 7000, 1, 5000, .seq = 20, .ack = 15, .flags = TCP_FIN);
    fake_log();
    net_tick(net, 9 * S);
    EXPECT("7 closed 3/165 1/54\n");
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a\n"); /* as captured then, seen now */
    TCP(40 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a\n");
    assert_string_equal(fake_log(), "");
    TCP(42 * S, 1, 5000, 2, 7000, .seq = 999, .flags = TCP_SYN);
    TCP(42 * S, 1, 5000, 2, 7000, .seq = 1000, .text = ">c\n");
    assert_string_equal(fake_log(), "c:>c@42000");
}

static void time_that_goes_back_for_good_ends_nothing(void **state)
{
    (void)state;
    open_net();
    UDP(1000 * S, 9, 9, 8, 8, .text = "x");
    UDP(1 * S, 1, 1, 2, 2, .text = "x"); /* a second capture, joined to a later one */
    UDP(11 * S, 2, 2, 1, 1, .text = "x");
    UDP(41 * S, 1, 1, 2, 2, .text = "x");
    EXPECT("");
    net_finish(net);
    EXPECT("1000 capture end 1/43 -\n1000 capture end 2/86 1/43\n");
    assert_non_null(strstr(last_json, "\"start\":\"1970-01-01T00:00:01.000Z\""));
    assert_non_null(strstr(last_json, "\"end\":\"1970-01-01T00:00:41.000Z\""));
}

static void full_table_evicts_the_silent(void **state)
{
    (void)state;
    fake.conf.max_flows = 2;
    open_net();
    UDP(1 * S, 1, 1, 9, 99, .text = "x");
    UDP(2 * S, 2, 2, 9, 99, .text = "x");
    UDP(3 * S, 1, 1, 9, 99, .text = "x");
    UDP(4 * S, 3, 3, 9, 99, .text = "x"); /* the first has a second chance: all are recent */
    EXPECT("4 evicted 2/86 -\n");
    assert_int_equal(counter_get(&counters, COUNTER_FLOW_EVICTED), 1);
    UDP(5 * S, 3, 3, 9, 99, .text = "x");
    UDP(6 * S, 4, 4, 9, 99, .text = "x");
    EXPECT("6 evicted 1/43 -\n");
}

static void without_memory_flows_make_room(void **state)
{
    (void)state;
    fake.conf.memory_bytes = 900; /* a sixteenth is kept back */
    open_net();
    for (uint8_t i = 1; i <= 10; i++)
        UDP(i * S, i, i, 99, 99, .text = "x");
    assert_int_equal(counter_get(&counters, COUNTER_FLOW_EVICTED), 6);
    assert_int_equal(counter_get(&counters, COUNTER_FLOW_REFUSED), 0);
    net_finish(net);
    net_free(net);
    fake.conf.memory_bytes = 100;
    open_net();
    UDP(1 * S, 1, 1, 99, 99, .text = "x");
    assert_int_equal(counter_get(&counters, COUNTER_FLOW_REFUSED), 1);
}

static void icmp_ids_are_flows_and_answers_have_a_type(void **state)
{
    (void)state;
    open_net();
    SEND(.at_ns = 1 * S, .l4 = IPPROTO_N_ICMP, .src = 2, .dst = 1, .icmp_type = 0);
    SEND(.at_ns = 2 * S, .l4 = IPPROTO_N_ICMP, .src = 1, .dst = 2, .icmp_type = 8);
    assert_string_equal(fake_log(), "s:ping0/0,7,1:0 c:ping8/0,7,1:0");
    net_finish(net);
    EXPECT("2 capture end 1/42 1/42\n");
    assert_non_null(strstr(last_json, "\"transport\":\"icmp\""));
    assert_non_null(strstr(last_json, "\"source\":{\"bytes\":42,\"ip\":\"10.0.0.2\""));
}

static void time_may_go_backwards(void **state)
{
    (void)state;
    open_net();
    UDP(100 * S, 1, 5000, 2, 99, .text = "x");
    UDP(90 * S, 1, 5000, 2, 99, .text = "x");
    UDP(-5, 1, 5001, 2, 99, .text = "x");
    UDP(INT64_MAX, 1, 5000, 2, 99, .text = "x");
    net_finish(net);
    assert_non_null(strstr(noted(), "130 timeout 2/86 -\n"));
}

static void connection_ends_with_its_flow(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a");
    net_tick(net, 40 * S);
    EXPECT("31 timeout 2/110 -\n");
    assert_string_equal(fake_log(), "c:end3[>a] s:end3[]");
}

/* A protocol that waits longer than flows do keeps its stream. */
static void stream_outlives_the_report(void **state)
{
    (void)state;
    fake.lines.transaction_timeout_ns = 100 * S;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a");
    net_tick(net, 40 * S);
    EXPECT("31 timeout 2/110 -\n");
    TCP(50 * S, 1, 5000, 2, 7000, .seq = 13, .text = "b\n");
    assert_string_equal(fake_log(), "c:>ab@1000-50000");
    net_tick(net, 200 * S);
    EXPECT("80 timeout 1/56 -\n");
}

static void hole_is_given_up_by_the_timer(void **state)
{
    (void)state;
    open_net();
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a\n");
    TCP(1 * S, 1, 5000, 2, 7000, .seq = 20, .text = ">b\n");
    net_tick(net, 10 * S);
    assert_string_equal(fake_log(), "c:>a@1000");
    net_tick(net, 12 * S);
    assert_string_equal(fake_log(), "c:gap6[] c:>b@1000");
}

/* The same capture twice: the second time nothing is a late copy, and timers run as the first. */
static void restart_begins_as_new(void **state)
{
    (void)state;
    open_net();
    for (int i = 0; i < 2; i++) {
        TCP(1 * S, 1, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
        TCP(1 * S, 1, 5000, 2, 7000, .seq = 11, .text = ">a\n");
        TCP(2 * S, 1, 5000, 2, 7000, .seq = 14, .flags = TCP_FIN);
        TCP(2 * S, 2, 7000, 1, 5000, .seq = 20, .ack = 15, .flags = TCP_FIN);
        TCP(100 * S, 3, 5000, 2, 7000, .seq = 10, .flags = TCP_SYN);
        assert_string_equal(fake_log(), "c:>a@1000 c:end1[] s:end1[]");
        net_restart(net);
        EXPECT("7 closed 3/165 1/54\n100 capture end 1/54 -\n");
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flow_is_reported_when_the_capture_ends),
        TEST(event_has_packetbeats_fields),
        TEST(idle_flow_times_out),
        TEST(reports_come_each_period),
        TEST(delta_reports_say_what_is_new),
        TEST(flows_may_be_off),
        TEST(closed_connection_ends_soon),
        TEST(reset_connection_ends_soon),
        TEST(reused_ports_are_another_flow),
        TEST(vlans_share_a_connection),
        TEST(vlans_begin_again_together),
        TEST(vlans_may_be_strangers),
        TEST(late_copies_are_not_heard_twice),
        TEST(time_that_goes_back_for_good_ends_nothing),
        TEST(full_table_evicts_the_silent),
        TEST(without_memory_flows_make_room),
        TEST(icmp_ids_are_flows_and_answers_have_a_type),
        TEST(time_may_go_backwards),
        TEST(connection_ends_with_its_flow),
        TEST(stream_outlives_the_report),
        TEST(hole_is_given_up_by_the_timer),
        TEST(restart_begins_as_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
