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
        if (!grok_make(&arena, NULL, slice_cstr(text), false, &why))
            fail_msg("%s: %s", names[i], why.text);
        if (!grok_make(&arena, NULL, slice_cstr(text), true, &why))
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
    const struct grok *g = grok_make(&arena, NULL, slice_cstr(pattern), true, &why);
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
        assert_null(grok_make(&arena, NULL, slice_cstr(bad[i]), false, &why));
        assert_true(*why.text);
    }
    /* More parts than there may be. */
    char many[8192];
    struct buf b = buf_of(many, sizeof many);
    struct why why = { "" };
    for (unsigned i = 0; i < 200; i++)
        buf_lit(&b, "%{WORD:a} ");
    assert_null(grok_make(&arena, NULL, buf_slice(&b), false, &why));
}

/* ---- a user's patterns */

static struct mistakes wrong;

static struct grok_library *library(const char *text)
{
    struct grok_library *lib = grok_library_new(&arena);
    wrong = (struct mistakes){ .mem = &arena };
    assert_non_null(lib);
    grok_library_read(lib, "my.grok", slice_cstr(text), &wrong);
    grok_library_check(lib, &wrong);
    return lib;
}

static void own_patterns(void **state)
{
    (void)state;
    struct why why = { "" };
    struct rule_value v;
    struct grok_library *lib =
        library("\xef\xbb\xbf# of the shop\n\nORDER %{SHOP}-%{INT:no;int}\r\n"
                "  SHOP\t(?:a|b) # no comment\nCLASS [%{}x]");
    assert_int_equal(wrong.n, 1);
    assert_string_equal(wrong.v[0], "my.grok:5:8: there is no pattern ''");
    lib = library("# of the shop\n\nORDER %{SHOP}-%{INT:no;int}\r\n  SHOP\t(?:a|b)");
    assert_int_equal(wrong.n, 0);
    assert_int_equal(grok_library_count(lib), 2);
    assert_true(grok_has(lib, SLICE("ORDER")) && grok_has(lib, SLICE("INT")));
    assert_false(grok_has(NULL, SLICE("ORDER")));
    const struct grok *g = grok_make(&arena, lib, SLICE("order %{ORDER:o}"), true, &why);
    assert_non_null(g);
    assert_true(grok_find(g, SLICE("an order b-17 x"), &arena, &v));
    assert_true(slice_eq(rule_text(value_member(&v, SLICE("o"))), SLICE("b-17")));
    assert_int_equal(value_member(&v, SLICE("no"))->i, 17);
    assert_null(grok_make(&arena, NULL, SLICE("order %{ORDER:o}"), true, &why));
}

static void own_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "A a\nB x%{C}", "my.grok:2:4: there is no pattern 'C'" },
        { "A a\nB %{A:f}%{A", "my.grok:2:9: '%{' without its '}'" },
        { "A a%{B:x}\nB %{INT}%{A}", "my.grok:2:9: the pattern 'A' needs itself" },
        { "A %{A}", "my.grok:1:3: the pattern 'A' needs itself" },
        { "X  %{INT}(%{INT:y}[)", "my.grok:1:21: missing terminating ]" },
        { "A a\n\nA b", "my.grok:3:1: the pattern 'A' is there already, at my.grok:1 (mend" },
        { "INT a", "my.grok:1:1: 'INT' is a built-in pattern (mend: a name of its own)" },
        { "A-B a", "my.grok:1:2: a name is letters, digits and '_'" },
        { "ALONE  ", "my.grok:1:6: 'ALONE  ' has no pattern (mend: NAME pattern)" },
        { "A (?<n>a)\nB %{A}%{A}", "my.grok:2:3: with the patterns in it: two named subpatterns" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        library(rows[i].text);
        if (wrong.n != 1 || strncmp(wrong.v[0], rows[i].want, strlen(rows[i].want)) != 0)
            fail_msg("%s: %u mistakes, '%s' instead of '%s'", rows[i].text, wrong.n,
                     wrong.n ? wrong.v[0] : "", rows[i].want);
    }
}

/* A chain that is too deep, and patterns that grow beyond every bound. */
static void own_bounds(void **state)
{
    (void)state;
    static char text[200000];
    struct buf b = buf_of(text, sizeof text - 1);
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&b, "P%u %%{P%u}\n", i, i + 1);
    buf_lit(&b, "P1000 x\n");
    text[b.n] = '\0';
    library(text);
    assert_true(wrong.n > 0);
    assert_non_null(strstr(wrong.v[0], "patterns nest deeper than 16"));
    buf_reset(&b);
    for (unsigned i = 0; i < 12; i++) {
        buf_printf(&b, "P%u ", i);
        for (unsigned k = 0; k < 100; k++)
            buf_printf(&b, "%%{P%u}", i + 1);
        buf_lit(&b, "\n");
    }
    buf_lit(&b, "P12 x\n");
    text[b.n] = '\0';
    library(text);
    assert_true(wrong.n > 0);
    assert_non_null(strstr(wrong.v[0], "with the patterns in it: the pattern"));
}

/* Patterns known only while rules run are compiled once a thread. */
static void kept(void **state)
{
    (void)state;
    struct why why = { "" };
    struct pattern_room *room = pattern_room_new();
    pattern_use_room(room);
    size_t before = arena.used_bytes;
    const struct grok *g = grok_kept(&arena, NULL, SLICE("%{INT:x}"), true, &why);
    assert_non_null(g);
    assert_ptr_equal(grok_kept(&arena, NULL, SLICE("%{INT:x}"), true, &why), g);
    assert_null(grok_kept(&arena, NULL, SLICE("%{NONE}"), true, &why));
    why.text[0] = '\0';
    assert_null(grok_kept(&arena, NULL, SLICE("%{NONE}"), true, &why));
    assert_non_null(strstr(why.text, "NONE"));
    for (unsigned i = 0; i < 500; i++) {
        char text[32];
        struct rule_value v;
        snprintf(text, sizeof text, "%%{INT:x}-%u$", i);
        g = grok_kept(&arena, NULL, slice_cstr(text), i % 2, &why);
        assert_non_null(g);
        assert_true(grok_find(g, SLICE("7-499"), &arena, &v));
        assert_int_equal(v.fixed, i == 499 ? VALUE_MATCHED : VALUE_UNMATCHED);
    }
    assert_true(arena.used_bytes - before < 4096); /* none of it in the message's memory */
    pattern_room_free(room);
    assert_non_null(grok_kept(&arena, NULL, SLICE("%{INT:x}"), true, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_compile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(meanings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
