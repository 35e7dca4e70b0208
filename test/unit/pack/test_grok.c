/* Grok: every pattern of the library compiles, and means what its name says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/grok.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *const names[] = {
#define GROK(name, text) #name,
#include "pack/grok.def"
#undef GROK
};

static void all_compile(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[64];
        struct why why = { "" };
        snprintf(text, sizeof text, "%%{%s:x}", names[i]);
        if (!grok_make(&arena, slice_cstr(text), false, &why))
            fail_msg("%s: %s", names[i], why.text);
        if (!grok_make(&arena, slice_cstr(text), true, &why))
            fail_msg("%s: %s", names[i], why.text);
    }
}

/* The part of text that the pattern of that name finds; NULL: none. */
static const char *found(const char *name, const char *text)
{
    static char got[256];
    char pattern[64];
    struct why why;
    struct rule_value v;
    snprintf(pattern, sizeof pattern, "%%{%s:x}", name);
    const struct grok *g = grok_make(&arena, slice_cstr(pattern), true, &why);
    assert_non_null(g);
    assert_true(grok_find(g, slice_cstr(text), &arena, &v));
    const struct rule_value *x = value_member(&v, SLICE("x"));
    if (!x)
        return "";
    snprintf(got, sizeof got, "%.*s", (int)x->n, (const char *)x->p);
    return got;
}

static void meanings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "IPV4", "x 192.0.2.255, y", "192.0.2.255" },
        { "IPV4", "1.2.3.4.5", "" },
        { "IPV4", "300.1.1.1", "" },
        { "IPV6", "a ::1 b", "::1" },
        { "IPV6", "from 2001:db8::1:2 to", "2001:db8::1:2" },
        { "IPV6", "fe80::1%eth0", "fe80::1%eth0" },
        { "IPV6", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
        { "IPV6", "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
        { "IPV6", "12:34:56", "" },
        { "NUMBER", "v=-1.50;", "-1.50" },
        { "POSINT", "0 12", "12" },
        { "BASE16NUM", "0xDEADbeef", "0xDEADbeef" },
        { "UUID", "id 0D245EAB-3205-4f95-8b23-2878569f4dbd",
          "0D245EAB-3205-4f95-8b23-2878569f4dbd" },
        { "MAC", "00:50:56:c0:00:08", "00:50:56:c0:00:08" },
        { "MAC", "0050.56c0.0008", "0050.56c0.0008" },
        { "QUOTEDSTRING", "a \"b \\\" c\" d", "b \\\" c" },
        { "HOSTNAME", "(www.Example.org.)", "www.Example.org." },
        { "EMAILADDRESS", "to: j.doe+x@example.org;", "j.doe+x@example.org" },
        { "URI", "GET https://u:p@ex.org:8080/a%20b?x=1&y#f",
          "https://u:p@ex.org:8080/a%20b?x=1&y#f" },
        { "UNIXPATH", "in /var/log/sys.log now", "/var/log/sys.log" },
        { "WINPATH", "C:\\Temp\\x", "C:\\Temp\\x" },
        { "TIME", "at 23:59:60.123", "23:59:60.123" },
        { "TIMESTAMP_ISO8601", "[2024-02-14T21:18:29.782+01:00]", "2024-02-14T21:18:29.782+01:00" },
        { "SYSLOGTIMESTAMP", "Feb  4 01:02:03 host", "Feb  4 01:02:03" },
        { "HTTPDATE", "[14/Feb/2024:21:18:29 +0000]", "14/Feb/2024:21:18:29 +0000" },
        { "LOGLEVEL", "2024 WARN x", "WARN" },
        { "MONTH", "14 September 2024", "September" },
        { "JAVACLASS", "(org.example.Main$1:3)", "org.example.Main$1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = found(rows[i].name, rows[i].text);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s in %s: wanted %s, got %s", rows[i].name, rows[i].text, rows[i].want, got);
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "%{NOSUCH}", "%{WORD", "(", "%{}", "(?<x>a)(?<x>b)" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct why why = { "" };
        assert_null(grok_make(&arena, slice_cstr(bad[i]), false, &why));
        assert_true(*why.text);
    }
    /* More parts than there may be. */
    char many[8192];
    struct buf b = buf_of(many, sizeof many);
    struct why why = { "" };
    for (unsigned i = 0; i < 200; i++)
        buf_lit(&b, "%{WORD:a} ");
    assert_null(grok_make(&arena, buf_slice(&b), false, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_compile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(meanings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
