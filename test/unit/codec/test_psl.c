/* Registrable domains: suffixes of one and more labels, wildcards, exceptions, case, length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libpsl.h>
#include <stdio.h>

#include "codec/psl.h"

static void expect(const char *name, const char *registrable)
{
    for (unsigned again = 0; again < 2; again++) { /* the second answer is the cache's */
        struct slice got = psl_registrable(slice_cstr(name));
        if (!slice_eq(got, slice_cstr(registrable)))
            fail_msg("%s: got '%.*s', want '%s'", name, (int)got.n, (const char *)got.p,
                     registrable);
    }
}

static void splits(void **state)
{
    (void)state;
    expect("www.example.com", "example.com");
    expect("example.com", "example.com");
    expect("a.b.c.example.co.uk", "example.co.uk");
    expect("me.github.io", "me.github.io"); /* the private section */
    expect("a.b.ck", "a.b.ck");             /* wildcard *.ck */
    expect("x.www.ck", "www.ck");           /* exception !www.ck */
    expect("h1.big.test", "big.test");      /* no rule: the last label */
    expect("4.3.2.1.0.10.in-addr.arpa", "10.in-addr.arpa");
}

static void finds_none(void **state)
{
    (void)state;
    expect("com", "");
    expect("co.uk", "");
    expect("github.io", "");
    expect("foo.ck", "");
    expect(".", "");
    expect("", "");
    expect(".com", "");
    expect("a..com", "");
    expect("a.com.", "");
}

static void ignores_case_and_keeps_it(void **state)
{
    (void)state;
    expect("WWW.EXAMPLE.CO.UK", "EXAMPLE.CO.UK");
    expect("wWw.LaB.tEsT", "LaB.tEsT");
}

static void takes_long_names(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof name);
    for (unsigned i = 2; i < 240; i += 2)
        name[i] = '.';
    memcpy(name + 240, "a.example.com", 14);
    expect(name, "example.com");
    memset(name, 'a', 250);
    memcpy(name + 250, ".example.com", 13); /* a tail that is longer than what is looked at */
    expect(name, "");
}

/* Of labels that many rules are made of: what libpsl says of the whole name. */
static void says_what_the_list_says(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "com",       "co",        "uk",   "ck",        "www",  "github",  "io",
        "compute",   "amazonaws", "jp",   "x",         "arpa", "in-addr", "kawasaki",
        "city",      "s3",        "elb",  "us-east-1", "org",  "net",     "cloud66",
        "futurecms", "at",        "priv", "example",   "bd",   "er",      "a1",
        "k12",       "ma",        "us",   "pvt",       "nom",  "br",      "xn--p1ai",
    };
    uint64_t dice = 88172645463325252;
    for (unsigned i = 0; i < 50000; i++) {
        char name[200];
        int n = 0;
        dice = dice * 6364136223846793005 + 1442695040888963407;
        uint64_t left = dice >> 16;
        unsigned many = 1 + (unsigned)(dice >> 8) % 6;
        for (unsigned k = 0; k < many; k++, left /= 35)
            n += snprintf(name + n, sizeof name - (size_t)n, "%s%s", k ? "." : "",
                          labels[left % (sizeof labels / sizeof *labels)]);
        const char *want = psl_registrable_domain(psl_builtin(), name);
        expect(name, want ? want : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(finds_none),
        cmocka_unit_test(ignores_case_and_keeps_it),
        cmocka_unit_test(takes_long_names),
        cmocka_unit_test(says_what_the_list_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
