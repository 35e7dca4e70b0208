/* dissect and decode_json_fields: patterns and documents. Answers are those of Beats' own tests
 * where there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/processing.h"

#define REST   ",\"type\":\"http\"}"
#define BARE   ", {drop_fields: {fields: [x, m]}}]"
#define FAILED ",\"log\":{\"flags\":[\"dissect_parsing_error\"]}" REST

static void texts_are_dissected(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text, *want; /* NULL: it is not of that form */
    } cases[] = {
        { "%{a} %{b}", "one two", "\"a\":\"one\",\"b\":\"two\"" },
        { "%{a} - %{b}", "one two", NULL },
        { "[%{a}] %{b}", "[one] two three", "\"a\":\"one\",\"b\":\"two three\"" },
        { "[%{a}]", "x[one]", NULL },
        { "%{a}, %{}, %{b}", "1, 2, 3", "\"a\":\"1\",\"b\":\"3\"" },
        { "%{a}, %{?skip}, %{b}", "1, 2, 3", "\"a\":\"1\",\"b\":\"3\"" },
        { "%{+a} %{+a} %{b}", "1 2 3", "\"a\":\"1 2\",\"b\":\"3\"" },
        { "%{+a/2},%{+a/1} %{b}", "1,2 3", "\"a\":\"2 1\",\"b\":\"3\"" },
        { "%{?k}=%{&k}", "name=jack", "\"name\":\"jack\"" },
        { "%{*k}=%{&k};%{*l}=%{&l}", "b=1;a=2", "\"b\":\"1\",\"a\":\"2\"" },
        { "%{a->} %{b}", "1    2", "\"a\":\"1\",\"b\":\"2\"" },
        { "%{->} %{b}", "1    2", "\"b\":\"2\"" },
        { "%{a} %{b}", "1 ", "\"a\":\"1\",\"b\":\"\"" },
        { "%{a#2}%{b#3}", "12345", "\"a\":\"12\",\"b\":\"345\"" },
        { "%{a#2}%{b#3}", "1234", NULL },
        { "%{a#9}x", "1", NULL },
        { "%{a|integer} %{b|boolean} %{c|double}", "7 true 1.5", "\"a\":7,\"b\":true,\"c\":1.5" },
        { "%{a|integer} %{b}", "x y", "\"a\":\"x\",\"b\":\"y\"" },
        { "%{a};", "1; rest", "\"a\":\"1\"" },
        { "%{a};", "1", NULL },
        { "%{a}", "", NULL },
        { "%{a} %{a}", "1 2", "\"a\":\"2\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[512], want[512];
        snprintf(yaml, sizeof yaml,
                 "[{add_fields: {target: '', fields: {m: '%s'}}}, {dissect: {tokenizer: '%s', "
                 "field: m}}" BARE,
                 cases[i].text, cases[i].pattern);
        snprintf(want, sizeof want, ",\"dissect\":{%s}" REST, cases[i].want ? cases[i].want : "");
        processing_is(yaml, cases[i].want ? want : FAILED, !cases[i].want);
    }
}

#define SAY(text) "[{add_fields: {target: '', fields: {m: '" text "'}}}, "

static void dissected_keys_find_their_place(void **state)
{
    (void)state;
    processing_is(
        SAY("1 2") "{dissect: {tokenizer: '%{a} %{b}', field: m, target_prefix: ''}}" BARE,
        ",\"a\":\"1\",\"b\":\"2\"" REST, 0);
    processing_is(
        SAY("1 2") "{dissect: {tokenizer: '%{type} %{b}', field: m, target_prefix: ''}}" BARE, REST,
        1);
    processing_is(SAY("1 2") "{dissect: {tokenizer: '%{type} %{b}', field: m, target_prefix: '',"
                             " overwrite_keys: true}}" BARE,
                  ",\"b\":\"2\",\"type\":\"1\"}", 0);
    processing_is(
        SAY("q 2") "{dissect: {tokenizer: '%{?k} %{&k}', field: m, target_prefix: ''}}" BARE,
        ",\"q\":\"2\"" REST, 0);
    processing_is(
        SAY(" 1- 2 ") "{dissect: {tokenizer: '%{a}-%{b}', field: m, trim_values: all}}" BARE,
        ",\"dissect\":{\"a\":\"1\",\"b\":\"2\"}" REST, 0);
    processing_is(
        SAY("1") "{dissect: {tokenizer: '%{a} %{b}', field: m, ignore_failure: true}}" BARE, REST,
        0);
    processing_is("[{dissect: {tokenizer: '%{a} %{b}'}}" BARE, REST, 2); /* no message, no m */
}

static void patterns_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "abc", "no %{key}" }, { "%{a|}", "type is missing" }, { "%{a|int}", "types are" },
        { "%{+&a}", "mixed" },  { "%{&a}", "needs" },           { "%{+}", "empty" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "[{dissect: {tokenizer: '%s'}}]", cases[i][0]);
        const char *reason = processing_refusal(yaml);
        if (!strstr(reason, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], reason);
    }
}

static void documents_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *json, *more, *want;
        unsigned errors;
    } cases[] = {
        { "{\"a\":{\"b\":[1,2.5,\"c\",null,true,{}]}}", "",
          ",\"m\":{\"a\":{\"b\":[1,2.5,\"c\",null,true,{}]}}", 0 },
        { "{\"a\":1}", ", target: t", ",\"m\":\"{\\\"a\\\":1}\",\"t\":{\"a\":1}", 0 },
        { "[1,\"b\"]", "", ",\"m\":[1,\"b\"]", 0 },
        { "{\"a\":1} x", "", ",\"m\":\"{\\\"a\\\":1} x\"", 1 },
        { "{\"a\":", "", ",\"m\":\"{\\\"a\\\":\"", 1 },
        { "{", ", add_error_key: true",
          ",\"error\":{\"message\":\"parsing input as JSON failed\",\"type\":\"json\"},\"m\":\"{\"",
          1 },
        { "{\"a\":\"{\\\\\"b\\\\\":1}\"}", "", ",\"m\":{\"a\":\"{\\\"b\\\":1}\"}", 0 },
        { "{\"a\":\"{\\\\\"b\\\\\":1}\"}", ", max_depth: 2", ",\"m\":{\"a\":{\"b\":1}}", 0 },
        { "[\"[1]\"]", ", max_depth: 2", ",\"m\":[\"[1]\"]", 0 },
        { "[\"[1]\"]", ", max_depth: 2, process_array: true", ",\"m\":[[1]]", 0 },
        { "{\"a\":\"7\"}", ", max_depth: 2", ",\"m\":{\"a\":\"7\"}", 0 },
        { "{\"a.b\":1,\"a.c\":2}", ", expand_keys: true", ",\"m\":{\"a\":{\"b\":1,\"c\":2}}", 0 },
        { "{\"a.b\":1,\"a\":2}", ", expand_keys: true", ",\"m\":\"{\\\"a.b\\\":1,\\\"a\\\":2}\"",
          1 },
        { "{\"n\":18446744073709551615}", "", ",\"m\":{\"n\":1.8446744073709552e+19}", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[1024], want[512];
        snprintf(yaml, sizeof yaml,
                 "[{add_fields: {target: '', fields: {m: '%s'}}}, {decode_json_fields: {fields: "
                 "[m]%s}}, {drop_fields: {fields: [x]}}]",
                 cases[i].json, cases[i].more);
        for (char *p; (p = strstr(yaml, "\\\\\"")) != NULL;) /* \\" to \" */
            memmove(p, p + 1, strlen(p));
        snprintf(want, sizeof want, "%s" REST, cases[i].want);
        processing_is(yaml, want, cases[i].errors);
    }
}

static void documents_go_to_the_root(void **state)
{
    (void)state;
#define ROOT ", target: ''"
#define DECODE(json, more)                                                                         \
    SAY(json) "{decode_json_fields: {fields: [m]" more "}}, {drop_fields: {fields: [m]}}]"
    static const char x[] = "\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"v\"},";
    char want[512];
    processing_is(DECODE("{\"a\":1,\"b\":{\"c\":2}}", ROOT),
                  ",\"a\":1,\"b\":{\"c\":2},\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\","
                  "\"via\":\"v\"},\"name\":\"n\",\"size\":7}}",
                  0);
    snprintf(want, sizeof want, ",\"x.new\":1,\"type\":\"http\",%s\"name\":\"n\",\"size\":7}}", x);
    processing_is(DECODE("{\"x\":{\"name\":\"o\",\"new\":1}}", ROOT), want, 0);
    snprintf(want, sizeof want, ",\"type\":\"dns\",%s\"name\":\"o\",\"size\":7}}", x);
    processing_is(
        DECODE("{\"x\":{\"name\":\"o\"},\"type\":\"dns\"}", ROOT ", overwrite_keys: true"), want,
        0);
    processing_is(DECODE("[1]", ROOT) + 0,
                  ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\","
                  "\"via\":\"v\"},\"name\":\"n\",\"size\":7}}",
                  1);
    const char *whole =
        processing_whole(DECODE("{\"id\":\"q\",\"@timestamp\":\"2020-01-02T03:04:05.678Z\"}",
                                ROOT ", overwrite_keys: true, document_id: id"));
    assert_non_null(strstr(whole, "{\"@timestamp\":\"2020-01-02T03:04:05.678Z\""));
    assert_non_null(strstr(whole, "\"_id\":\"q\"}"));
    assert_null(strstr(whole, "\"id\""));
}

static void decoded_members_are_found(void **state)
{
    (void)state;
    processing_is(
        SAY("{\"a\":{\"b\":\"c\"}}") "{decode_json_fields: {fields: [m]}},"
                                     " {copy_fields: {fields: [{from: m.a.b, to: k}]}}" BARE,
        ",\"k\":\"c\"" REST, 0);
    processing_is(SAY("{\"a\":{\"b\":\"c\"}}") "{decode_json_fields: {fields: [m], target: ''}},"
                                               " {rename: {fields: [{from: a.b, to: k}]}}, "
                                               "{drop_fields: {fields: [a]}}" BARE,
                  ",\"k\":\"c\"" REST, 0);
}

static void deep_documents_are_refused(void **state)
{
    (void)state;
    static char yaml[4096];
    struct {
        unsigned deep, errors;
    } cases[] = { { 60, 0 }, { 70, 1 }, { 1200, 1 } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char lists[2500] = "";
        memset(lists, '[', cases[i].deep);
        memset(lists + cases[i].deep, ']', cases[i].deep);
        lists[2 * cases[i].deep] = '\0';
        snprintf(yaml, sizeof yaml,
                 "[{add_fields: {target: '', fields: {m: '%s'}}}, "
                 "{decode_json_fields: {fields: [m]}}" BARE,
                 lists);
        processing_is(yaml, REST, cases[i].errors);
    }
}

static int setup(void **state)
{
    (void)state;
    processing_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    processing_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_dissected),
        cmocka_unit_test(dissected_keys_find_their_place),
        cmocka_unit_test(patterns_are_refused),
        cmocka_unit_test(documents_are_decoded),
        cmocka_unit_test(documents_go_to_the_root),
        cmocka_unit_test(decoded_members_are_found),
        cmocka_unit_test(deep_documents_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
