/* HTTP answers that are not as RFC 9112 has them, or come before their request has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/parser.h"
#include "model/stream.h"
#include "proto/http/http.h"

static struct parser p;
static int64_t now_ns;

static int setup(void **state)
{
    (void)state;
    parser_open(&p, "http", L4_TCP);
    p.more.tcp = slab_alloc(&p.slab, sizeof *p.more.tcp);
    now_ns = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parser_close(&p);
    return 0;
}

/* In one piece, or byte by byte. */
static void say(enum dir d, const char *text, bool bytewise)
{
    struct slice s = slice_cstr(text);
    now_ns += 1000000;
    for (size_t step = bytewise ? 1 : s.n; s.n; s = slice_after(s, step))
        parser_feed(&p, d, now_ns, slice_first(s, step));
}

static void expect(unsigned event, const char *field, const char *text)
{
    assert_string_equal(parser_text(&p, event, field), text);
}

static void odd_status_codes(bool bytewise)
{
    say(DIR_CLIENT, "GET /a HTTP/1.1\r\n\r\n", bytewise);
    say(DIR_SERVER, "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", bytewise);
    say(DIR_CLIENT, "GET /b HTTP/1.1\r\n\r\n", bytewise);
    say(DIR_SERVER, "HTTP/1.1 2000 \r\nContent-Length: 0\r\n\r\n", bytewise);
    assert_int_equal(p.n, 2);
    expect(0, "http.response.status_code", "20");
    expect(0, "status", "OK");
    expect(1, "http.response.status_code", "2000");
    expect(1, "status", "Error");
}

static void test_odd_status_codes(void **state)
{
    odd_status_codes(false);
    teardown(state);
    setup(state);
    odd_status_codes(true);
}

static void test_shoutcast(void **state)
{
    (void)state;
    say(DIR_CLIENT, "GET /c HTTP/1.0\r\nIcy-MetaData: 1\r\n\r\n", true);
    say(DIR_SERVER, "ICY 200 OK\r\nicy-name: radio\r\n\r\nmusic", true);
    parser_end(&p, DIR_SERVER);
    assert_int_equal(p.n, 1);
    expect(0, "query", "GET /c");
    expect(0, "http.response.status_code", "200");
    expect(0, "http.response.body.bytes", "5");
}

/* The head never ends: the server gives up, then the client. */
static void test_refused_head(void **state)
{
    (void)state;
    say(DIR_CLIENT, "GET /slow HTTP/1.1\r\nHost: h\r\nX-a: b", true);
    say(DIR_SERVER, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", true);
    say(DIR_CLIENT, "c", true);
    parser_end(&p, DIR_SERVER);
    parser_end(&p, DIR_CLIENT);
    parser_flow_end(&p, ORPHAN_CLOSED);
    assert_int_equal(p.n, 1);
    expect(0, "query", "GET /slow");
    expect(0, "url.domain", "h");
    expect(0, "http.response.status_code", "408");
}

/* Only a refusal may come before the head's end: this one answers something that was not seen. */
static void test_answer_to_the_unseen(void **state)
{
    (void)state;
    say(DIR_CLIENT, "GET /cut HTTP/1.1\r\nHost: h\r\nX", false);
    say(DIR_SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    say(DIR_CLIENT, "-a: b\r\n\r\n", false);
    say(DIR_SERVER, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", false);
    assert_int_equal(p.n, 2);
    expect(0, "error.message", "Unmatched response");
    expect(1, "query", "GET /cut");
    expect(1, "http.response.status_code", "404");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_odd_status_codes),
        TEST(test_shoutcast),
        TEST(test_refused_head),
        TEST(test_answer_to_the_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
