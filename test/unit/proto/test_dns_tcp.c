/* DNS over TCP: framing, holes, what is damaged, zone transfers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/dnsmake.h"

static struct parser p;

static int open_tcp(void **state)
{
    (void)state;
    parser_open(&p, "dns", L4_TCP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parser_close(&p);
    return 0;
}

static void expect(unsigned event, const char *field, const char *value)
{
    assert_string_equal(parser_text(&p, event, field), value);
}

static void several_messages_a_segment_and_back(void **state)
{
    (void)state;
    uint8_t both[200];
    struct buf b = buf_of(both, sizeof both);
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    buf_add(&b, dnsmake_framed());
    dnsmake_begin(2, QUERY);
    dnsmake_question(WWW, RR_AAAA);
    buf_add(&b, dnsmake_framed());
    for (size_t i = 0; i < b.n; i++)
        parser_feed(&p, DIR_CLIENT, 1000 + (int64_t)i, slice_of(both + i, 1));
    b.n = 0;
    dnsmake_begin(2, NXDOMAIN);
    dnsmake_question(WWW, RR_AAAA);
    buf_add(&b, dnsmake_framed());
    dnsmake_begin(1, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    buf_add(&b, dnsmake_framed());
    assert_int_equal(parser_feed(&p, DIR_SERVER, 5000, buf_slice(&b)), PARSE_OK);
    assert_int_equal(p.n, 2);
    expect(0, "dns.id", "2");
    expect(0, "source.bytes", "35");
    expect(1, "dns.id", "1");
    expect(1, "network.transport", "tcp");
    expect(1, "event.duration", "4000");
}

static void bad_messages_close_the_query(void **state)
{
    (void)state;
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    assert_int_equal(parser_feed(&p, DIR_SERVER, 2000, SLICE("\0\3abc")), PARSE_OK);
    expect(0, "error.message", "Response: Message's data could not be decoded as DNS");
    assert_int_equal(parser_feed(&p, DIR_SERVER, 2000, SLICE("\0\0")), PARSE_BAD);
    expect(1, "error.message", "Response: Message's length was set to zero");
    assert_int_equal(parser_feed(&p, DIR_SERVER, 2000, SLICE("\0\x20xyz")), PARSE_MORE);
    parser_end(&p, DIR_CLIENT);
    parser_end(&p, DIR_SERVER);
    expect(2, "error.message", "Response: Message's data is incomplete");
    assert_int_equal(p.n, 3);
    assert_int_equal(parser_feed(&p, DIR_CLIENT, 1000, SLICE("\0\3abc")), PARSE_OK);
    assert_int_equal(p.n, 3); /* a bad query has no event */
}

static void goes_on_behind_a_hole_inside_a_message(void **state)
{
    (void)state;
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    dnsmake_begin(1, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    struct slice whole = dnsmake_framed();
    parser_feed(&p, DIR_SERVER, 2000, slice_first(whole, 10));
    assert_int_equal(parser_gap(&p, DIR_SERVER, 5), PARSE_OK);
    expect(0, "error.message", "Response: Message's data is incomplete");
    parser_feed(&p, DIR_SERVER, 2000, slice_after(whole, 15));
    assert_int_equal(p.n, 1);
    dnsmake_begin(2, QUERY);
    dnsmake_question(WWW, RR_A);
    parser_feed(&p, DIR_CLIENT, 3000, dnsmake_framed());
    dnsmake_begin(2, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    parser_feed(&p, DIR_SERVER, 4000, dnsmake_framed());
    expect(1, "dns.id", "2");
    parser_feed(&p, DIR_SERVER, 4000, slice_first(dnsmake_framed(), 10));
    assert_int_equal(parser_gap(&p, DIR_SERVER, 500), PARSE_OK);
    /* amid something: nothing is made of it, until a message begins */
    assert_int_equal(parser_feed(&p, DIR_SERVER, 5000, SLICE("\0\2ab\3com\0\0\1\0\1xxxxxxxxxx")),
                     PARSE_BAD);
    dnsmake_begin(3, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    parser_feed(&p, DIR_SERVER, 6000, dnsmake_framed());
    expect(p.n - 1, "dns.id", "3");
}

static void what_is_there_of_a_message_tells(void **state)
{
    (void)state;
    for (unsigned id = 1; id <= 2; id++) {
        dnsmake_begin(id, QUERY);
        dnsmake_question(WWW, RR_A);
        parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    }
    dnsmake_begin(2, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(1, RR_A, SLICE("\1\2\3\4"));
    dnsmake_record(1, RR_A, SLICE("\5\6\7\10"));
    parser_feed(&p, DIR_SERVER, 2000, slice_first(dnsmake_framed(), dnsmake.n));
    parser_end(&p, DIR_SERVER);
    assert_int_equal(p.n, 1);
    expect(0, "dns.id", "2");
    expect(0, "dns.answers_count", "1");
    expect(0, "error.message", "Response: Message's data is incomplete");
    expect(0, "destination.bytes", "67");
}

static const struct slice soa_new = {
    (const uint8_t *)"\0\0\0\0\0\7\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22
};
static const struct slice soa_old = {
    (const uint8_t *)"\0\0\0\0\0\6\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22
};

static void transfer_answer(bool with_question, unsigned n, const struct slice *soa)
{
    dnsmake_begin(5, 0x8400);
    if (with_question)
        dnsmake_question(WWW, RR_AXFR);
    for (unsigned i = 0; i < n; i++) {
        dnsmake_count(1);
        buf_u8(&dnsmake, 0);
        dnsmake_u16(soa[i].n == 4 ? RR_A : RR_SOA);
        dnsmake_u16(1);
        buf_put(&dnsmake, "\0\0\0\1", 4);
        dnsmake_u16((unsigned)soa[i].n);
        buf_add(&dnsmake, soa[i]);
    }
    parser_feed(&p, DIR_SERVER, 2000, dnsmake_framed());
}

static void a_transfer_is_one_event(void **state)
{
    (void)state;
    struct slice a = SLICE("\1\2\3\4");
    dnsmake_begin(5, QUERY);
    dnsmake_question(WWW, RR_AXFR);
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    transfer_answer(true, 3, (struct slice[]){ soa_new, a, a });
    uint64_t bytes = dnsmake.n + 2;
    transfer_answer(false, 2, (struct slice[]){ a, a });
    bytes += dnsmake.n + 2;
    assert_int_equal(p.n, 0);
    transfer_answer(false, 2, (struct slice[]){ a, soa_new });
    bytes += dnsmake.n + 2;
    assert_int_equal(p.n, 1);
    expect(0, "dns.answers_count", "7");
    assert_int_equal(event_get(p.event[0], &ecs[ECS_DESTINATION_BYTES])->i, bytes);
    expect(0, "status", "OK");
    expect(0, "error.message", "");
}

static void a_broken_transfer_says_so(void **state)
{
    (void)state;
    dnsmake_begin(5, QUERY);
    dnsmake_question(WWW, RR_AXFR);
    parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
    transfer_answer(true, 1, &soa_new);
    parser_flow_end(&p, ORPHAN_CLOSED);
    assert_int_equal(p.n, 1);
    expect(0, "error.message", "Response: Message's data is incomplete");
}

static void incremental_transfers_end(void **state)
{
    (void)state;
    struct slice a = SLICE("\1\2\3\4");
    for (unsigned i = 0; i < 3; i++) {
        dnsmake_begin(5, QUERY);
        dnsmake_question(WWW, RR_IXFR);
        parser_feed(&p, DIR_CLIENT, 1000, dnsmake_framed());
        dnsmake_begin(5, 0x8400);
        if (i == 0) { /* nothing new */
            transfer_answer(false, 1, &soa_new);
        } else if (i == 1) { /* the whole zone */
            transfer_answer(false, 2, (struct slice[]){ soa_new, a });
            transfer_answer(false, 1, &soa_new);
        } else {
            transfer_answer(false, 4, (struct slice[]){ soa_new, soa_old, a, soa_new });
            assert_int_equal(p.n, i);
            transfer_answer(false, 2, (struct slice[]){ a, soa_new });
        }
        assert_int_equal(p.n, i + 1);
        expect(i, "status", "OK");
    }
}

#define TEST_TCP(f) cmocka_unit_test_setup_teardown(f, open_tcp, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_TCP(several_messages_a_segment_and_back),
        TEST_TCP(bad_messages_close_the_query),
        TEST_TCP(goes_on_behind_a_hole_inside_a_message),
        TEST_TCP(what_is_there_of_a_message_tells),
        TEST_TCP(a_transfer_is_one_event),
        TEST_TCP(a_broken_transfer_says_so),
        TEST_TCP(incremental_transfers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
