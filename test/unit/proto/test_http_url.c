/* Request targets, hosts, parameters: the forms that Packetbeat's users search for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/http/url.h"

static struct arena mem;

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

static void expect(struct slice got, const char *want)
{
    if (!slice_eq(got, slice_cstr(want)))
        fail_msg("%.*s is not %s", (int)got.n, (const char *)got.p, want);
}

static void test_targets(void **state)
{
    (void)state;
    struct http_url u;
    http_url_parse(SLICE("/a%20b/c?x=1&y#frag"), false, &mem, &u);
    expect(u.path, "/a b/c");
    expect(u.query, "x=1&y");
    expect(u.authority, "");
    http_url_parse(SLICE("https://me:pw@h.example:444?q"), false, &mem, &u);
    expect(u.scheme, "https");
    expect(u.authority, "h.example:444");
    expect(u.path, "");
    expect(u.query, "q");
    http_url_parse(SLICE("//two/slashes"), false, &mem, &u);
    expect(u.path, "//two/slashes");
    http_url_parse(SLICE("*"), false, &mem, &u);
    expect(u.path, "*");
    http_url_parse(SLICE("/bad%zz"), false, &mem, &u);
    expect(u.path, "/bad%zz");
    http_url_parse(SLICE("/cut%4"), false, &mem, &u);
    expect(u.path, "/cut%4");
    http_url_parse(SLICE("/control\x01"), false, &mem, &u);
    expect(u.path, "");
    http_url_parse(SLICE("h:443"), true, &mem, &u);
    expect(u.authority, "h:443");
    http_url_parse(SLICE("/a?u=http://x"), false, &mem, &u);
    expect(u.authority, "");
}

static void host(const char *text, const char *name, uint16_t port)
{
    struct slice got;
    uint16_t got_port;
    http_host_split(slice_cstr(text), &got, &got_port);
    expect(got, name);
    assert_int_equal(got_port, port);
}

static void test_hosts(void **state)
{
    (void)state;
    host("h.example", "h.example", 0);
    host("h.example:8080", "h.example", 8080);
    host("h.example:40000", "h.example", 40000);
    host("h.example:0", "h.example:0", 0);
    host("h.example:65536", "h.example:65536", 0);
    host("h.example:x", "h.example:x", 0);
    host("[fd00::1]", "fd00::1", 0);
    host("[fd00::1]:81", "fd00::1", 81);
    host("fd00::1", "fd00::1", 0);
    host("[", "[", 0);
    host("[]", "", 0);
    host("", "", 0);
}

static void params(const char *query, const char *form, const char *want)
{
    static const char *names[] = { "pass" };
    struct texts hide = { names, 1 };
    expect(http_url_params(slice_cstr(query), slice_cstr(form), &hide, &mem), want);
}

static void test_params(void **state)
{
    (void)state;
    params("", "", "");
    params("b=2&a=1&b=1", "", "a=1&b=2&b=1");
    params("x", "", "x=");
    params("a=1&&=&a=%41+%2b", "", "=&a=1&a=A+%2B");
    params("PASS=secret&u=m", "", "PASS=xxxxx&u=m");
    params("a=1;b=2&c=3&d=%zz", "", "c=3");
    params("a=url&b=url", "a=form&c=form", "a=form&b=url&c=form");
    params("a=1", "a=2&b=%", "a=1");
    params("k=\xc3\xa4/*", "", "k=%C3%A4%2F%2A");
    params("j=1&i=1&h=1&g=1&f=1&e=1&d=1&c=1&b=1&a=1", "",
           "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1");
}

static void test_many_params(void **state)
{
    (void)state;
    static char text[4 * (HTTP_PARAMS_MAX + 10)];
    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, "a=1&", 4);
    struct slice got =
        http_url_params(slice_of(text, sizeof text), SLICE(""), &(struct texts){ 0 }, &mem);
    assert_int_equal(got.n, 4 * HTTP_PARAMS_MAX - 1);
}

static void test_escape(void **state)
{
    (void)state;
    expect(http_url_escape(SLICE("/logstash-*/_search"), &mem), "/logstash-%2A/_search");
    expect(http_url_escape(SLICE("/a b?c#d&e=f:g@h,i;j$+~"), &mem),
           "/a%20b%3Fc%23d&e=f:g@h,i;j$+~");
    expect(http_url_escape(SLICE(""), &mem), "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_targets),     TEST(test_hosts),  TEST(test_params),
        TEST(test_many_params), TEST(test_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
