/* TCP streams: order, holes, overlaps, retransmissions, the ends. The parser is a fake one that
 * writes down what it is told (lib/fakeproto.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/fakeproto.h"
#include "model/stream.h"
#include "net/reorder.h"
#include "net/tcp.h"

#define MS 1000000

/* One connection from port 40000 to `port`, whose client is FLOW_FIRST; ISNs 999 and 4999. */
static struct fake fake;
static struct flow flow;
static struct flow_more more;
static int64_t now_ms;

static void begin(uint16_t port)
{
    struct flow_key key = { .ip_ver = 4,
                            .l4 = IPPROTO_N_TCP,
                            .addr = { { { 10, 1 } }, { { 10, 2 } } },
                            .port = { 40000, port },
                            .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN } };
    flow = (struct flow){ .first_is_low = 1, .proto_id = FLOW_PROTO_OPEN, .more = &more };
    more = (struct flow_more){ 0 };
    flow_set_key(&flow, &key, NULL);
    list_init(&more.pairs);
    now_ms = 1;
}

static int setup(void **state)
{
    (void)state;
    fake_begin(&fake);
    begin(7000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tcp_end(&fake.dispatch, &flow, FLOW_END_CAPTURE, now_ms * MS);
    fake_log();
    fake_end(&fake);
    return 0;
}

struct sent {
    uint32_t seq, ack;
    unsigned flags;
    const char *text;
    uint32_t cut;
};

/* One packet, in memory of its exact size; packets come 1 ms apart. */
static void send(enum flow_dir dir, struct sent s)
{
    size_t n = s.text ? strlen(s.text) : 0;
    uint8_t *bytes = n ? malloc(n) : NULL;
    if (n)
        memcpy(bytes, s.text, n);
    struct packet p = { .ts_ns = now_ms * MS,
                        .ip_ver = 4,
                        .l4 = IPPROTO_N_TCP,
                        .has_ports = true,
                        .payload = slice_of(bytes, n),
                        .cut = s.cut,
                        .seq = s.seq,
                        .ack = s.ack,
                        .tcp_flags = (uint8_t)(s.flags | (s.ack ? TCP_ACK : 0)) };
    tcp_note(&flow, &p, dir);
    tcp_packet(&fake.dispatch, &flow, &p, dir, now_ms * MS);
    free(bytes);
    now_ms++;
}

#define CLIENT(...) send(FLOW_FIRST, (struct sent){ __VA_ARGS__ })
#define SERVER(...) send(FLOW_BACK, (struct sent){ __VA_ARGS__ })

static void handshake(void)
{
    CLIENT(.seq = 999, .flags = TCP_SYN);
    SERVER(.seq = 4999, .ack = 1000, .flags = TCP_SYN);
    CLIENT(.seq = 1000, .ack = 5000);
    now_ms = 10;
}

#define EXPECT(text) assert_string_equal(fake_log(), text)

static uint64_t counted(enum counter_id id)
{
    return counter_get(&fake.counters, id);
}

static void bytes_come_in_order(void **state)
{
    (void)state;
    handshake();
    assert_null(more.tcp);
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n>b\n>c");
    EXPECT("c:>a@10 c:>b@10");
    SERVER(.seq = 5000, .ack = 1008, .text = "<x\n");
    CLIENT(.seq = 1008, .ack = 5003, .text = "c\n>d\n");
    EXPECT("s:<x@11 c:>cc@10-12 c:>d@12");
    CLIENT(.seq = 1013, .ack = 5003, .flags = TCP_FIN);
    SERVER(.seq = 5003, .ack = 1014, .text = "<y", .flags = TCP_FIN);
    EXPECT("c:end1[] s:end1[<y]");
    assert_null(more.tcp);
    assert_int_equal(flow.proto_id, FLOW_PROTO_NONE);
    assert_int_equal(fake.slab.used_bytes, 0);
}

static void each_byte_alone(void **state)
{
    (void)state;
    handshake();
    const char *text = ">ab\n#3:xyz>c\n";
    for (uint32_t i = 0; text[i]; i++)
        CLIENT(.seq = 1000 + i, .ack = 5000, .text = (char[]){ text[i], 0 });
    EXPECT("c:>ab@10-13 c:xyz@14-19 c:>c@20-22");
}

static void late_segment_is_awaited(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1006, .ack = 5000, .text = ">c\n");
    CLIENT(.seq = 1003, .ack = 5000, .text = ">b\n");
    EXPECT("");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@12 c:>b@12 c:>c@12");
    assert_int_equal(counted(COUNTER_TCP_OUT_OF_ORDER), 2);
}

static void sequence_wraps(void **state)
{
    (void)state;
    CLIENT(.seq = 0xfffffffc, .flags = TCP_SYN);
    CLIENT(.seq = 3, .ack = 1, .text = ">b\n");
    CLIENT(.seq = 0, .ack = 1, .text = ">a\n");
    EXPECT("");
    CLIENT(.seq = 0xfffffffd, .ack = 1, .text = ">z\n");
    EXPECT("c:>z@4 c:>a@4 c:>b@4");
}

static void repeated_bytes_count_once(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    CLIENT(.seq = 999, .ack = 5000, .text = "x"); /* keep-alive */
    CLIENT(.seq = 1001, .ack = 5000, .text = "XX>b\n");
    CLIENT(.seq = 1000, .ack = 5000, .flags = TCP_SYN); /* repeated */
    EXPECT("c:>a@10 c:>b@13");
    assert_int_equal(counted(COUNTER_TCP_RETRANSMITTED), 2);
    assert_int_equal(counted(COUNTER_TCP_OVERLAP), 1);
}

static void first_bytes_of_an_overlap_stand(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1002, .ack = 5000, .text = "cd");
    CLIENT(.seq = 1006, .ack = 5000, .text = "gh");
    CLIENT(.seq = 1001, .ack = 5000, .text = "BCDEFGHI\n");
    EXPECT("");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">");
    EXPECT("c:>BcdEFghI@13");
}

static void hole_is_given_up_when_acknowledged(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a");
    CLIENT(.seq = 1010, .ack = 5000, .text = ">b\n");
    SERVER(.seq = 5000, .ack = 1013);
    EXPECT("");
    for (unsigned i = 0; i < 15; i++)
        SERVER(.seq = 5000, .ack = 1013);
    EXPECT("c:gap8[>a] c:>b@11");
    assert_int_equal(counted(COUNTER_TCP_GAP_BYTES), 8);
}

static void hole_may_be_filled_before_it_is_given_up(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1003, .ack = 5000, .text = ">b\n");
    for (unsigned i = 0; i < 100; i++)
        SERVER(.seq = 5000, .ack = 1000);
    EXPECT("");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@111 c:>b@111");
}

static void hole_is_given_up_in_time(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@10");
    CLIENT(.seq = 1006, .ack = 5000, .text = ">b\n");
    int64_t due_ns = tcp_due_ns(&flow);
    assert_true(due_ns == (int64_t)10011 * MS);
    tcp_tick(&fake.dispatch, &flow, due_ns - 1);
    EXPECT("");
    tcp_tick(&fake.dispatch, &flow, due_ns);
    EXPECT("c:gap3[] c:>b@11");
    assert_true(tcp_due_ns(&flow) == INT64_MAX);
}

static void answer_waits_for_its_request(void **state)
{
    (void)state;
    handshake();
    SERVER(.seq = 5000, .ack = 1003, .text = "<x\n");
    EXPECT("");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@11 s:<x@10");
}

static void answer_to_a_lost_request_comes_after_the_gap(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    SERVER(.seq = 5000, .ack = 1003, .text = "<x\n");
    SERVER(.seq = 5003, .ack = 1006, .text = "<y\n"); /* >b was lost */
    CLIENT(.seq = 1006, .ack = 5006, .text = ">c\n");
    SERVER(.seq = 5006, .ack = 1009, .text = "<z\n");
    EXPECT("c:>a@10 s:<x@11");
    tcp_tick(&fake.dispatch, &flow, tcp_due_ns(&flow));
    EXPECT("c:gap3[] s:<y@12 c:>c@13 s:<z@14");
}

static void window_has_a_limit(void **state)
{
    (void)state;
    fake.conf.reorder_bytes = 1000;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    for (uint32_t i = 0; i < 30; i++)
        CLIENT(.seq = 1100 + 10 * i, .ack = 5000, .text = ">a\n");
    const char *log = fake_log();
    assert_non_null(strstr(log, "c:gap97[]"));
    assert_true(more.tcp->half[0].held_bytes <= 1000);
    fake.conf.reorder_bytes = 0;
    CLIENT(.seq = 9000, .ack = 5000, .text = ">z\n");
    log = fake_log();
    assert_non_null(strstr(log, "c:>z@"));
    assert_int_equal(more.tcp->half[0].n_held, 0);
}

static void pieces_have_a_limit(void **state)
{
    (void)state;
    fake.conf.reorder_bytes = 4 << 20;
    handshake();
    for (uint32_t i = 0; i < 3000; i++)
        CLIENT(.seq = 1001 + 2 * i, .ack = 5000, .text = "\n");
    assert_true(more.tcp->half[0].n_held <= REORDER_SEGMENTS);
}

static void cut_payload_is_a_gap(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n>b", .cut = 5);
    CLIENT(.seq = 1010, .ack = 5000, .text = ">c\n");
    EXPECT("c:>a@10 c:gap5[>b] c:>c@11");
}

static void skipped_bytes_may_be_missing(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "=10\nabc");
    CLIENT(.seq = 1007, .ack = 5000, .text = "de", .cut = 5);
    CLIENT(.seq = 1014, .ack = 5000, .text = ">b\n=4\n", .cut = 6);
    EXPECT("c:=10@10 c:>b@12 c:=4@12 c:gap2[]");
}

static void mid_stream_is_joined(void **state)
{
    (void)state;
    begin(7000);
    SERVER(.seq = 5000, .ack = 1000, .text = "<x\n");
    CLIENT(.seq = 1000, .ack = 5003, .text = ">a\n");
    EXPECT("s:<x@1 c:>a@2");
    assert_int_equal(flow.client_is_known, 1);
}

static void client_is_found_by_content(void **state)
{
    (void)state;
    begin(1234);
    CLIENT(.seq = 1000, .ack = 5003, .text = "<a\n"); /* first, but it is the server */
    SERVER(.seq = 5003, .ack = 1003, .text = ">x\n");
    EXPECT("s:<a@1 c:>x@2");
    assert_int_equal(flow.client_is_back, 1);
}

static void parser_may_turn_roles(void **state)
{
    (void)state;
    handshake();
    SERVER(.seq = 5000, .ack = 1000, .text = "~\n<x\n");
    CLIENT(.seq = 1000, .ack = 5005, .text = ">a\n");
    EXPECT("c:<x@10 s:>a@11");
}

static void content_is_looked_at_on_any_port(void **state)
{
    (void)state;
    begin(1234);
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "OTH");
    SERVER(.seq = 5000, .ack = 1003, .text = "hello");
    EXPECT("");
    CLIENT(.seq = 1003, .ack = 5005, .text = "ER");
    EXPECT("other c:OTHER@10-12");
}

static void unknown_content_is_left_alone(void **state)
{
    (void)state;
    begin(1234);
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "hello");
    assert_non_null(more.tcp);
    SERVER(.seq = 5000, .ack = 1005, .text = "world");
    assert_null(more.tcp);
    assert_int_equal(flow.proto_id, FLOW_PROTO_NONE);
    assert_int_equal(fake.slab.used_bytes, 0);
}

static void sure_content_wins_over_port(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "OTHER");
    EXPECT("other c:OTHER@10");
}

static void bad_bytes_are_dropped_then_given_up(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "!x\nlost\n");
    CLIENT(.seq = 1008, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@11");
    for (uint32_t i = 0; i < 8; i++)
        CLIENT(.seq = 1011 + 2 * i, .ack = 5000, .text = "!\n");
    assert_null(more.tcp);
    assert_int_equal(counted(COUNTER_TCP_BAD_STREAMS), 1);
}

static void done_ends_the_following(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n.\n>b\n");
    EXPECT("c:>a@10");
    assert_null(more.tcp);
    CLIENT(.seq = 1008, .ack = 5000, .text = ">c\n");
    EXPECT("");
}

static void reset_ends_both(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    SERVER(.seq = 5000, .ack = 1003, .text = "<x");
    CLIENT(.seq = 1003, .ack = 5002, .flags = TCP_RST);
    EXPECT("c:>a@10 c:end2[] s:end2[<x]");
    assert_null(more.tcp);
}

static void late_bytes_come_before_the_end(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1003, .ack = 5000, .flags = TCP_FIN);
    CLIENT(.seq = 1003, .ack = 5000, .flags = TCP_FIN);
    EXPECT("");
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@12 c:end1[]");
}

static void end_of_capture_shows_everything(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a");
    CLIENT(.seq = 1005, .ack = 5000, .text = ">c\n>d");
    SERVER(.seq = 5000, .ack = 1000, .text = "<x\n");
    SERVER(.seq = 5003, .ack = 1020);
    tcp_end(&fake.dispatch, &flow, FLOW_END_CAPTURE, now_ms * MS);
    EXPECT("s:<x@12 c:gap3[>a] c:>c@11 c:gap10[>d] c:end6[] s:end6[]");
}

static void buffer_has_a_limit(void **state)
{
    (void)state;
    handshake();
    char text[1025];
    memset(text, 'a', 1024);
    text[1024] = 0;
    for (uint32_t i = 0; i < 4; i++)
        CLIENT(.seq = 1000 + 1024 * i, .ack = 5000, .text = text);
    assert_int_equal(more.tcp->half[0].buffer.n, 4096);
    CLIENT(.seq = 1000 + 4096, .ack = 5000, .text = "b\n");
    assert_non_null(strstr(fake_log(), "c:gap2[aaa"));
    CLIENT(.seq = 1000 + 4098, .ack = 5000, .text = ">a\n");
    EXPECT("c:>a@15");
    CLIENT(.seq = 1000 + 4101, .ack = 5000, .text = "#5000:xyz");
    EXPECT("c:gap4997[#5000:xyz]");
    CLIENT(.seq = 1000 + 4110 + 4997, .ack = 5000, .text = ">b\n");
    SERVER(.seq = 5000, .ack = 1000 + 4110 + 5000);
    tcp_tick(&fake.dispatch, &flow, tcp_due_ns(&flow));
    EXPECT("c:>b@17");
}

static void kept_bytes_outlive_the_call(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = "+abc\n");
    CLIENT(.seq = 1005, .ack = 5000, .text = "+defghi\n?\n");
    EXPECT("c:+abc@10 c:+defghi@11 c:abcdefgh@11");
}

static struct packet syn(uint32_t seq)
{
    return (struct packet){ .seq = seq, .tcp_flags = TCP_SYN };
}

static void reuse_is_a_new_syn(void **state)
{
    (void)state;
    handshake();
    struct packet same = syn(999), late = syn(998), fresh = syn(70000), older = syn(999 - 70000);
    assert_false(tcp_is_reuse(&flow, &same, FLOW_FIRST));
    assert_false(tcp_is_reuse(&flow, &late, FLOW_FIRST));
    assert_true(tcp_is_reuse(&flow, &fresh, FLOW_FIRST));
    assert_true(tcp_is_reuse(&flow, &older, FLOW_FIRST));
    fresh.tcp_flags |= TCP_ACK;
    assert_false(tcp_is_reuse(&flow, &fresh, FLOW_FIRST));
}

static void stray_reset_is_known(void **state)
{
    (void)state;
    handshake();
    CLIENT(.seq = 1000, .ack = 5000, .text = ">a\n");
    struct packet far = { .seq = 0x80000000, .tcp_flags = TCP_RST }, near = { .seq = 1003 };
    assert_true(tcp_is_stray_reset(&flow, &far, FLOW_FIRST));
    assert_false(tcp_is_stray_reset(&flow, &near, FLOW_FIRST));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_in_order),
        TEST(each_byte_alone),
        TEST(late_segment_is_awaited),
        TEST(sequence_wraps),
        TEST(repeated_bytes_count_once),
        TEST(first_bytes_of_an_overlap_stand),
        TEST(hole_is_given_up_when_acknowledged),
        TEST(hole_may_be_filled_before_it_is_given_up),
        TEST(hole_is_given_up_in_time),
        TEST(answer_waits_for_its_request),
        TEST(answer_to_a_lost_request_comes_after_the_gap),
        TEST(window_has_a_limit),
        TEST(pieces_have_a_limit),
        TEST(cut_payload_is_a_gap),
        TEST(skipped_bytes_may_be_missing),
        TEST(mid_stream_is_joined),
        TEST(client_is_found_by_content),
        TEST(parser_may_turn_roles),
        TEST(content_is_looked_at_on_any_port),
        TEST(unknown_content_is_left_alone),
        TEST(sure_content_wins_over_port),
        TEST(bad_bytes_are_dropped_then_given_up),
        TEST(done_ends_the_following),
        TEST(reset_ends_both),
        TEST(late_bytes_come_before_the_end),
        TEST(end_of_capture_shows_everything),
        TEST(buffer_has_a_limit),
        TEST(kept_bytes_outlive_the_call),
        TEST(reuse_is_a_new_syn),
        TEST(stray_reset_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
