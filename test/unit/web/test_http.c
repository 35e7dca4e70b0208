/* Heads of requests: what is taken, and that everything which could be read in two ways is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "web/http.h"

static struct arena mem;
static struct http_head head;
static struct why why;

static int setup(void **state)
{
    (void)state;
    arena_init(&mem, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

static int read_head(const char *text)
{
    return http_head_read(&head, slice_cstr(text), &mem, &why);
}

static void assert_text(struct slice s, const char *want)
{
    if (!slice_eq(s, slice_cstr(want)))
        fail_msg("'%.*s', not '%s'", (int)s.n, (const char *)s.p, want);
}

static void takes_a_head_apart(void **state)
{
    (void)state;
    assert_int_equal(read_head("POST /api/v1/a%20b?x=%2f HTTP/1.1\r\nHost: [::1]:8514\r\n"
                               "content-length:  12\r\nExpect: 100-continue\r\n"
                               "Cookie: a=1; wirelume_session=abc; b=2\r\n\r\n"),
                     0);
    assert_int_equal(head.method, HTTP_POST);
    assert_text(head.path, "/api/v1/a b");
    assert_text(head.query, "x=%2f");
    assert_text(head.host, "[::1]:8514");
    assert_text(http_cookie(&head, SLICE("wirelume_session")), "abc");
    assert_text(http_cookie(&head, SLICE("session")), "");
    assert_int_equal(head.body_bytes, 12);
    assert_true(head.keep_alive && head.expects_continue);
    assert_int_equal(read_head("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_false(head.keep_alive);
    assert_int_equal(read_head("GET / HTTP/1.1\r\nConnection: te, Close\r\n\r\n"), 0);
    assert_false(head.keep_alive);
}

struct refusal {
    const char *text;
    int status;
};

static void refuses_what_has_two_meanings(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        { "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n A: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nA\tb: c\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n: c\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nOrigin: a\r\norigin: b\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\n\r\n", 400 },
        { " GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET /\r\n\r\n", 400 },
        { "\r\nGET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\n\r\n", 505 },
        { "GET / HTTP/1.2\r\n\r\n", 505 },
        { "GET / http/1.1\r\n\r\n", 400 },
        { "get / HTTP/1.1\r\n\r\n", 501 },
        { "PATCH / HTTP/1.1\r\n\r\n", 501 },
        { "G@T / HTTP/1.1\r\n\r\n", 400 },
        { "GET http://x/ HTTP/1.1\r\n\r\n", 400 },
        { "GET * HTTP/1.1\r\n\r\n", 400 },
        { "GET /a#b HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nExpect: more\r\n\r\n", 417 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (read_head(cases[i].text) != cases[i].status)
            fail_msg("%s: %d, not %d", cases[i].text, read_head(cases[i].text), cases[i].status);
}

static void refuses_paths_that_lead_elsewhere(void **state)
{
    (void)state;
    static const char *const paths[] = { "/../etc/passwd",
                                         "/a/..",
                                         "/./a",
                                         "/%2e%2e/etc",
                                         "/a/%2E./b",
                                         "/a%2fb",
                                         "/a%5cb",
                                         "/a\\b",
                                         "/a%00b",
                                         "/a%0d%0aX:%20y",
                                         "/%zz",
                                         "/%4",
                                         "/%c0%ae%c0%ae/etc",
                                         "/a%7fb",
                                         "/%ff" };
    char text[256];
    for (size_t i = 0; i < COUNT(paths); i++) {
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n\r\n", paths[i]);
        if (read_head(text) != 400)
            fail_msg("%s: taken as '%.*s'", paths[i], (int)head.path.n, (const char *)head.path.p);
    }
    assert_int_equal(read_head("GET /a..b/...c/%e2%82%ac HTTP/1.1\r\n\r\n"), 0);
    assert_text(head.path, "/a..b/...c/\xe2\x82\xac");
}

static void has_bounds(void **state)
{
    (void)state;
    static char text[65536];
    struct buf b = buf_of(text, sizeof text - 1);
    buf_lit(&b, "GET / HTTP/1.1\r\n");
    for (unsigned i = 0; i < HTTP_HEADERS_MAX; i++)
        buf_lit(&b, "A: b\r\n");
    size_t n = b.n;
    buf_lit(&b, "\r\n");
    assert_int_equal(http_head_read(&head, buf_slice(&b), &mem, &why), 0);
    b.n = n;
    buf_lit(&b, "A: b\r\n\r\n");
    assert_int_equal(http_head_read(&head, buf_slice(&b), &mem, &why), 431);
    buf_reset(&b);
    buf_lit(&b, "GET /");
    for (unsigned i = 0; i < HTTP_PATH_MAX; i++)
        buf_u8(&b, 'a');
    buf_lit(&b, " HTTP/1.1\r\n\r\n");
    assert_int_equal(http_head_read(&head, buf_slice(&b), &mem, &why), 414);
}

/* However the bytes come, the end is found at the same place. */
static void knows_who_takes_gzip(void **state)
{
    static const struct {
        const char *list;
        bool takes;
    } cases[] = {
        { "gzip, deflate, br, zstd", true },
        { "deflate;q=0.5, GZIP;q=0.001", true },
        { "*", true },
        { "gzip ; q=0, *", false },
        { "*;q=0.0", false },
        { "gzip;q=0.000, deflate", false },
        { "x-gzipper, br", false },
        { "identity", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[200];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n\r\n",
                 cases[i].list);
        assert_int_equal(read_head(text), 0);
        if (http_takes_gzip(&head) != cases[i].takes)
            fail_msg("%s", cases[i].list);
    }
    assert_int_equal(read_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    assert_false(http_takes_gzip(&head));
}

static void finds_the_end(void **state)
{
    (void)state;
    struct slice s = SLICE("GET / HTTP/1.1\r\nA: b\r\n\r\nGET /");
    for (size_t step = 1; step <= s.n; step++) {
        size_t seen = 0, have = 0;
        enum http_scan scan = HTTP_MORE;
        while (scan == HTTP_MORE && have < s.n) {
            have = have + step < s.n ? have + step : s.n;
            scan = http_head_scan(slice_first(s, have), &seen);
        }
        assert_int_equal(scan, HTTP_WHOLE);
        assert_int_equal(seen, s.n - 5);
    }
    size_t n = 0;
    assert_int_equal(http_head_scan(SLICE("GET / HTTP/1.1\nA: b\r\n"), &n), HTTP_BROKEN);
    n = 0;
    assert_int_equal(http_head_scan(SLICE("GET / HTTP/1.1\r\n\n"), &n), HTTP_BROKEN);
    n = 0;
    assert_int_equal(http_head_scan(SLICE("GET / HTTP/1.1\r\nA: b\r\n"), &n), HTTP_MORE);
}

static void reads_hosts(void **state)
{
    (void)state;
    assert_text(http_host_name(SLICE("a.b:80")), "a.b");
    assert_text(http_host_name(SLICE("a.b")), "a.b");
    assert_text(http_host_name(SLICE("[::1]:80")), "::1");
    assert_text(http_host_name(SLICE("[::1]")), "::1");
    static const char *const bad[] = { "", "a:b", "a:80:80", "[::1", "[::1]x", "a:99999", ":80" };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_text(http_host_name(slice_cstr(bad[i])), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_a_head_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_has_two_meanings, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_paths_that_lead_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(has_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_who_takes_gzip, setup, teardown),
        cmocka_unit_test(finds_the_end),
        cmocka_unit_test(reads_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
