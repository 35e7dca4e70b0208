/* ICMP: pairs, notes, names, status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/parser.h"

static struct parser p;

static int setup(void **state)
{
    (void)state;
    parser_open(&p, "icmp", L4_ICMP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parser_close(&p);
    return 0;
}

static void send(enum dir d, unsigned type, unsigned code, unsigned seq, int64_t ts_ns)
{
    p.icmp_type = (uint8_t)type;
    p.icmp_code = (uint8_t)code;
    p.icmp_seq = (uint16_t)seq;
    assert_int_equal(parser_feed(&p, d, ts_ns, SLICE("ping")), PARSE_OK);
}

static void expect(unsigned event, const char *field, const char *value)
{
    assert_string_equal(parser_text(&p, event, field), value);
}

static void pairs(void **state)
{
    (void)state;
    send(DIR_CLIENT, 8, 0, 1, 1000);
    assert_int_equal(p.n, 0);
    send(DIR_SERVER, 0, 0, 1, 5000);
    assert_int_equal(p.n, 1);
    expect(0, "icmp.request.message", "EchoRequest");
    expect(0, "icmp.response.message", "EchoReply");
    expect(0, "icmp.request.type", "8");
    expect(0, "icmp.response.code", "0");
    expect(0, "icmp.version", "4");
    expect(0, "event.duration", "4000");
    expect(0, "status", "OK");
    expect(0, "path", "10.0.0.2");
    expect(0, "source.ip", "10.0.0.1");
    expect(0, "source.bytes", "4");
    expect(0, "network.transport", "icmp");
    expect(0, "network.protocol", "");
}

static void matches_by_number_and_direction(void **state)
{
    (void)state;
    send(DIR_CLIENT, 8, 0, 1, 1000);
    send(DIR_CLIENT, 8, 0, 2, 2000);
    send(DIR_SERVER, 8, 0, 2, 3000); /* the other side asks with the same number */
    send(DIR_SERVER, 0, 0, 2, 4000);
    send(DIR_CLIENT, 0, 0, 2, 5000);
    assert_int_equal(p.n, 2);
    expect(0, "source.ip", "10.0.0.1");
    expect(0, "event.duration", "2000");
    expect(1, "source.ip", "10.0.0.2");
    expect(1, "event.duration", "2000");
}

static void repeated_request_closes_the_first(void **state)
{
    (void)state;
    send(DIR_CLIENT, 8, 0, 1, 1000);
    send(DIR_CLIENT, 8, 0, 1, 2000);
    assert_int_equal(p.n, 1);
    expect(0, "error.message",
           "Another request with the same Id and Seq was received so this request was closed "
           "without receiving a response.");
    expect(0, "status", "Error");
    send(DIR_SERVER, 0, 0, 1, 3000);
    expect(1, "event.duration", "1000");
}

static void unanswered_and_unasked(void **state)
{
    (void)state;
    send(DIR_CLIENT, 13, 0, 1, 1000);
    parser_expire(&p, 9999999999);
    assert_int_equal(p.n, 0);
    parser_expire(&p, 10000001000);
    assert_int_equal(p.n, 1);
    expect(0, "error.message", "Request was received without an associated response.");
    expect(0, "icmp.request.message", "TimestampRequest");
    send(DIR_SERVER, 0, 0, 7, 3000);
    expect(1, "error.message", "Response was received without an associated request.");
    expect(1, "source.ip", "10.0.0.1");
    expect(1, "destination.bytes", "4");
    expect(1, "icmp.request.message", "");
    expect(1, "status", "Error");
}

static void other_messages_stand_alone(void **state)
{
    (void)state;
    send(DIR_SERVER, 3, 3, 0, 1000);
    expect(0, "icmp.request.message", "DestinationUnreachable(Port)");
    expect(0, "status", "Error");
    expect(0, "source.ip", "10.0.0.2");
    expect(0, "error.message", "");
    send(DIR_CLIENT, 5, 9, 0, 1000);
    expect(1, "icmp.request.message", "Redirect(Code: 9)");
    expect(1, "status", "OK");
    send(DIR_CLIENT, 200, 4, 0, 1000);
    expect(2, "icmp.request.message", "200(4)");
    send(DIR_CLIENT, 4, 0, 0, 1000);
    expect(3, "icmp.request.message", "SourceQuench");
}

static void version_six_has_its_own_names(void **state)
{
    (void)state;
    struct flow_key key = flow_key(&p.flow);
    key.ip_ver = 6;
    parser_set_key(&p, &key);
    send(DIR_CLIENT, 135, 0, 0, 1000);
    expect(0, "icmp.request.message", "NeighborSolicitation");
    expect(0, "network.transport", "ipv6-icmp");
    send(DIR_CLIENT, 143, 0, 0, 1000);
    expect(1, "icmp.request.message", "143(0)");
    send(DIR_CLIENT, 1, 4, 0, 1000);
    expect(2, "icmp.request.message", "DestinationUnreachable(PortUnreachable)");
    send(DIR_CLIENT, 128, 0, 3, 1000);
    send(DIR_SERVER, 129, 0, 3, 1500);
    expect(3, "event.duration", "500");
}

static void cut_packets_count_whole(void **state)
{
    (void)state;
    p.cut = 96;
    send(DIR_CLIENT, 11, 0, 0, 1000);
    expect(0, "source.bytes", "100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(matches_by_number_and_direction, setup, teardown),
        cmocka_unit_test_setup_teardown(repeated_request_closes_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(unanswered_and_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(other_messages_stand_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(version_six_has_its_own_names, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_packets_count_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
