/* SOCKS 5 byte by byte (RFC 1928, RFC 1929). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out/socks5.h"

static struct socks5_conf conf;
static struct socks5 s;
static uint8_t bytes[1024];
static struct buf out;
static struct why why;

static void begin(const char *url, const char *host)
{
    assert_int_equal(socks5_parse(url, &conf, &why), ERR_OK);
    s = (struct socks5){ .conf = &conf, .host = host, .port = "5044" };
    out = buf_of(bytes, sizeof bytes);
    socks5_begin(&s, &out);
}

static void sent(const char *expected, size_t n)
{
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, expected, n);
    buf_reset(&out);
}
#define SENT(text) sent(text, sizeof text - 1)

/* Every beginning of the answer must be waited on, the whole taken. */
static err reads(const char *answer, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cursor part = cur_of(slice_of(answer, i));
        struct socks5 copy = s;
        struct buf none = buf_of(NULL, 0);
        if (socks5_read(&copy, &part, &none, &why) == ERR_OK)
            assert_int_equal(cur_left(&part), i);
    }
    struct cursor c = cur_of(slice_of(answer, n));
    err e = socks5_read(&s, &c, &out, &why);
    if (!e)
        assert_int_equal(cur_left(&c), 0);
    return e;
}
#define READS(text) reads(text, sizeof text - 1)

static void connects_by_name(void **state)
{
    (void)state;
    begin("socks5://proxy", "a.example");
    SENT("\5\1\0");
    assert_int_equal(READS("\5\0"), ERR_OK);
    SENT("\5\1\0\3\11a.example\x13\xb4");
    assert_int_equal(READS("\5\0\0\3\4abcd\1\2"), ERR_OK);
    assert_int_equal(s.step, SOCKS5_DONE);
    assert_string_equal(conf.port, "1080");
}

static void connects_by_address_with_password(void **state)
{
    (void)state;
    begin("socks5://us%65r:p%3aw@10.0.0.1:99", "192.0.2.7");
    SENT("\5\2\0\2");
    assert_int_equal(READS("\5\2"), ERR_OK);
    SENT("\1\4user\3p:w");
    assert_int_equal(READS("\1\0"), ERR_OK);
    SENT("\5\1\0\1\xc0\0\2\7\x13\xb4");
    assert_int_equal(READS("\5\0\0\1\0\0\0\0\0\0"), ERR_OK);
    assert_int_equal(s.step, SOCKS5_DONE);
    assert_string_equal(conf.host, "10.0.0.1");
    assert_string_equal(conf.port, "99");
}

static void refusals_are_told(void **state)
{
    (void)state;
    begin("socks5://proxy", "a");
    buf_reset(&out);
    assert_int_equal(READS("\5\xff"), ERR_RIGHTS);
    begin("socks5://u:p@proxy", "a");
    assert_int_equal(READS("\5\2"), ERR_OK);
    assert_int_equal(READS("\1\1"), ERR_RIGHTS);
    begin("socks5://proxy", "a");
    assert_int_equal(READS("\5\0"), ERR_OK);
    assert_int_equal(READS("\5\5\0\1\0\0\0\0\0\0"), ERR_IO);
    assert_string_equal(why.text, "the proxy says: connection refused");
    begin("socks5://proxy", "a");
    assert_int_equal(READS("HTTP"), ERR_FORMAT);
    assert_int_equal(socks5_parse("http://proxy", &conf, &why), ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_by_name),
        cmocka_unit_test(connects_by_address_with_password),
        cmocka_unit_test(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
