/* Processors: what each does to an event, and what the configuration may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/log.h"
#include "lib/processing.h"

static unsigned warnings;

static void count_warning(void *ctx, enum log_level level, const char *area, const char *line)
{
    (void)ctx, (void)level, (void)area, (void)line;
    warnings++;
}

/* The fields of the event after the processors; NULL when it was dropped. */
static const char *after(const char *yaml)
{
    const char *head = "{\"@timestamp\":\"1970-01-01T00:00:00.000Z\",\"@metadata\":{\"beat\":\"b\","
                       "\"type\":\"_doc\",\"version\":\"v\"}";
    const char *whole = processing_whole(yaml);
    if (strcmp(whole, "dropped") == 0)
        return NULL;
    assert_memory_equal(whole, head, strlen(head));
    return whole + strlen(head);
}

#define WHOLE                                                                                      \
    ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"v\"},\"name\":\"n\","         \
    "\"size\":7}}"

static void is(const char *yaml, const char *want, unsigned errors)
{
    const char *got = after(yaml);
    if (!got)
        fail_msg("%s dropped the event", yaml);
    assert_string_equal(got, want);
    assert_int_equal(processing_errors(), errors);
}

static void adds_fields(void **state)
{
    (void)state;
    is("[{add_fields: {target: '', fields: {site: here, n: 5, on: true, l: [a, b]}}}]",
       ",\"l\":[\"a\",\"b\"],\"n\":5,\"on\":true,\"site\":\"here\",\"type\":\"http\",\"x\":{"
       "\"headers\":"
       "{\"host\":\"h\",\"via\":\"v\"},\"name\":\"n\",\"size\":7}}",
       0);
    is("[{add_fields: {fields: {a.b: 1}}}, {drop_fields: {fields: [x, type]}}]",
       ",\"fields\":{\"a\":{\"b\":1}},\"type\":\"http\"}", 0);
    is("[{add_fields: {target: x, fields: {name: m, headers: {host: i}}}}]",
       ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"i\",\"via\":\"v\"},\"name\":\"m\","
       "\"size\":7}}",
       0);
    is("[{add_labels: {labels: {a.b: c}}}, {drop_fields: {fields: [x]}}]",
       ",\"labels\":{\"a\":{\"b\":\"c\"}},\"type\":\"http\"}", 0);
}

static void names_are_escaped(void **state)
{
    (void)state;
    is("[{add_fields: {target: 'a\"b', fields: {'c\\d': 1}}}, {drop_fields: {fields: [x]}}]",
       ",\"a\\\"b\":{\"c\\\\d\":1},\"type\":\"http\"}", 0);
}

static void a_value_cannot_be_a_group(void **state)
{
    (void)state;
    is("[{add_fields: {target: '', fields: {type.x: 1}}}]", WHOLE, 1);
    is("[{add_fields: {target: '', fields: {x: 1}}}]", ",\"type\":\"http\",\"x\":1}", 0);
}

static void adds_tags(void **state)
{
    (void)state;
    is("[{add_tags: {tags: [a]}}, {add_tags: {tags: [b, a]}}, {drop_fields: {fields: [x]}}]",
       ",\"tags\":[\"a\",\"b\",\"a\"],\"type\":\"http\"}", 0);
    is("[{add_tags: {tags: a, target: x.size}}]", WHOLE, 1); /* a number is no list */
}

static void drops_fields(void **state)
{
    (void)state;
    is("[{drop_fields: {fields: [x.headers.via, x.name]}}]",
       ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\"},\"size\":7}}", 0);
    is("[{drop_fields: {fields: ['/^x[.](n|h)/']}}]", ",\"type\":\"http\",\"x\":{\"size\":7}}", 0);
    is("[{drop_fields: {fields: ['/^x$/']}}]", ",\"type\":\"http\"}", 0);
    is("[{drop_fields: {fields: [nope]}}]", WHOLE, 1);
    is("[{drop_fields: {fields: [nope], ignore_missing: true}}]", WHOLE, 0);
}

static void includes_fields(void **state)
{
    (void)state;
    is("[{include_fields: {fields: [x.size, nope]}}]", ",\"type\":\"http\",\"x\":{\"size\":7}}", 0);
    is("[{include_fields: {fields: [x.headers.host]}}]",
       ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\"}}}", 0);
    is("[{include_fields: {fields: [x]}}]", WHOLE, 0);
}

static void renames(void **state)
{
    (void)state;
    is("[{rename: {fields: [{from: x.name, to: q}]}}]",
       ",\"q\":\"n\",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"v\"},\"size\":"
       "7}}",
       0);
    is("[{rename: {fields: [{from: x, to: y}]}}]",
       ",\"type\":\"http\",\"y\":{\"headers\":{\"host\":\"h\",\"via\":\"v\"},\"name\":\"n\","
       "\"size\":7}}",
       0);
    is("[{rename: {fields: [{from: type, to: type.old}]}}, {drop_fields: {fields: [x]}}]",
       ",\"type\":{\"old\":\"http\"}}", 0);
    is("[{rename: {fields: [{from: x.name, to: x.headers.n}]}}]",
       ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"v\",\"n\":\"n\"},\"size\":"
       "7}}",
       0);
}

static void a_failed_rename_changes_nothing(void **state)
{
    (void)state;
    is("[{rename: {fields: [{from: x.headers.via, to: a}, {from: x.name, to: x.size}]}}]",
       ",\"error\":{\"message\":\"Failed to rename fields in processor\"}" WHOLE, 1);
    is("[{rename: {fail_on_error: false, fields: [{from: no, to: a}, {from: x.name, to: b}]}}]",
       ",\"b\":\"n\",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"v\"},\"size\":"
       "7}}",
       1);
    is("[{rename: {ignore_missing: true, fields: [{from: no, to: a}]}}]", WHOLE, 0);
}

static void copies(void **state)
{
    (void)state;
    is("[{copy_fields: {fields: [{from: x.headers.via, to: a.b}]}}]", ",\"a\":{\"b\":\"v\"}" WHOLE,
       0);
}

static void conditions_decide(void **state)
{
    (void)state;
    assert_null(after("[{drop_event: {when: {equals: {x.size: 7}}}}]"));
    is("[{drop_event: {when: {equals: {x.size: 8}}}}]", WHOLE, 0);
    is("[{if: {equals: {x.size: 7}}, then: {add_fields: {target: '', fields: {a: 1}}},"
       "  else: [{add_fields: {target: '', fields: {a: 2}}}]}]",
       ",\"a\":1" WHOLE, 0);
    is("[{if: {equals: {x.size: 8}}, then: [{add_fields: {target: '', fields: {a: 1}}}],"
       "  else: [{add_fields: {target: '', fields: {a: 2}}}]}]",
       ",\"a\":2" WHOLE, 0);
    assert_null(
        after("[{if: {has_fields: [x]}, then: [{drop_event: {when: {has_fields: [x]}}}]}]"));
}

static void a_failure_ends_an_inner_list_only(void **state)
{
    (void)state;
    is("[{if: {has_fields: [x]}, then: [{drop_fields: {fields: [no]}},"
       " {add_fields: {target: '', fields: {a: 1}}}]}, {add_fields: {target: '', fields: {b: 1}}}]",
       ",\"b\":1" WHOLE, 1);
}

static void replaces(void **state)
{
    (void)state;
    is("[{replace: {fields: [{field: x.name, pattern: '^(n)$', replacement: '<$1-$$>'}]}},"
       " {drop_fields: {fields: [x.headers]}}]",
       ",\"type\":\"http\",\"x\":{\"name\":\"<n-$>\",\"size\":7}}", 0);
    is("[{replace: {fields: [{field: x.headers.via, pattern: v, replacement: ''}]}}]",
       ",\"type\":\"http\",\"x\":{\"headers\":{\"host\":\"h\",\"via\":\"\"},\"name\":\"n\","
       "\"size\":7}}",
       0);
    is("[{replace: {fields: [{field: x.name, pattern: n, replacement: m},"
       " {field: x.size, pattern: '7', replacement: m}]}}]",
       ",\"error\":{\"message\":\"Failed to replace fields in processor\"}" WHOLE, 1);
    is("[{replace: {ignore_missing: true, fields: [{field: no, pattern: n, replacement: m}]}}]",
       WHOLE, 0);
}

static void a_long_replacement_finds_room(void **state)
{
    (void)state;
    const char *got =
        after("[{replace: {fields: [{field: type, pattern: '', replacement: "
              "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}]}}]");
    assert_non_null(strstr(got, "xhx"));
}

static void truncates(void **state)
{
    (void)state;
    is("[{truncate_fields: {fields: [type], max_bytes: 2}}]",
       ",\"log\":{\"flags\":[\"truncated\"]},\"type\":\"ht\",\"x\":{\"headers\":{\"host\":\"h\","
       "\"via\":\"v\"},"
       "\"name\":\"n\",\"size\":7}}",
       0);
    is("[{truncate_fields: {fields: [type], max_bytes: 4}}]", WHOLE, 0);
    is("[{add_fields: {target: '', fields: {type: \"\\u20ac\\u20ac\\u20ac\"}}},"
       " {truncate_fields: {fields: [type], max_characters: 2}}, {drop_fields: {fields: [x, "
       "log]}}]",
       ",\"type\":\"\xe2\x82\xac\xe2\x82\xac\"}", 0);
    is("[{truncate_fields: {fields: [x.size], max_bytes: 4}}]", WHOLE, 1);
}

static void tells_of_the_host(void **state)
{
    (void)state;
    const char *got = after("[{add_host_metadata: {name: h, geo: {name: lab}}}]");
    assert_non_null(strstr(got, "\"host\":{"));
    assert_non_null(strstr(got, "\"geo\":{\"name\":\"lab\"}"));
    assert_non_null(strstr(got, "\"name\":\"h\",\"os\":{"));
    assert_non_null(strstr(got, "\"type\":\"linux\","));
    assert_non_null(strstr(got, "\"containerized\":"));
    got = after("[{add_host_metadata: {netinfo: {enabled: false}}}]");
    assert_null(strstr(got, "\"mac\":"));
    got = after("[{add_fields: {target: host, fields: {x: 1}}},"
                " {add_host_metadata: {replace_fields: false}}, {drop_fields: {fields: [x]}}]");
    assert_string_equal(got, ",\"host\":{\"x\":1},\"type\":\"http\"}");
    got = after("[{add_fields: {target: host, fields: {name: n}}},"
                " {add_host_metadata: {replace_fields: false}}]");
    assert_non_null(strstr(got, "\"hostname\":"));
}

static void some_are_passed_over(void **state)
{
    (void)state;
    log_set_sink(count_warning, NULL);
    warnings = 0;
    is("[{script: {lang: javascript}}, {add_kubernetes_metadata: null}]", WHOLE, 0);
    assert_int_equal(warnings, 2);
    log_set_sink(NULL, NULL);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "[{no_such_processor: {}}]", "add_fields, add_formatted_index, add_host_metadata" },
        { "[{add_tag: {tags: [a]}}]", "did you mean add_tags" },
        /* what the first one holds is given back */
        { "[{decode_json_fields: {fields: [a]}}, {add_tag: {tags: [a]}}]",
          "did you mean add_tags" },
        { "[{decompress_gzip_field: {field: {from: a, to: b}}}, {if: {has_fields: [a]}}]", "then" },
        { "[{add_tags: {tags: [a]}, drop_event: {}}]", "exactly one" },
        { "[{drop_event: {when: {nosuch: {a: 1}}}}]", "condition" },
        { "[{drop_event: null}]", "when" },
        { "[{add_fields: {target: ''}}]", "fields" },
        { "[{add_tags: {tags: [a], tragets: b}}]", "did you mean" },
        { "[{rename: {fields: [{from: a}]}}]", "from and to" },
        { "[{if: {has_fields: [a]}}]", "then" },
        { "[text]", "map" },
        { "[{truncate_fields: {fields: [a]}}]", "max_bytes" },
        { "[{replace: {fields: [{field: a, pattern: b}]}}]", "replacement" },
        { "[{drop_fields: {fields: ['/(/']}}]", "regular expression" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *reason = processing_refusal(cases[i][0]);
        if (!strstr(reason, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], reason);
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
        cmocka_unit_test(adds_fields),
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(a_value_cannot_be_a_group),
        cmocka_unit_test(adds_tags),
        cmocka_unit_test(drops_fields),
        cmocka_unit_test(includes_fields),
        cmocka_unit_test(renames),
        cmocka_unit_test(a_failed_rename_changes_nothing),
        cmocka_unit_test(copies),
        cmocka_unit_test(conditions_decide),
        cmocka_unit_test(a_failure_ends_an_inner_list_only),
        cmocka_unit_test(replaces),
        cmocka_unit_test(a_long_replacement_finds_room),
        cmocka_unit_test(truncates),
        cmocka_unit_test(tells_of_the_host),
        cmocka_unit_test(some_are_passed_over),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
