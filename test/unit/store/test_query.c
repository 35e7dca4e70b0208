/* Requests, what the words of a search mean, and answers about a small index: errors and their
 * places, ends of time, limits, streams, cursors. test/query compares every kind of question with
 * a program of its own. Without the library (tools/fetch-duckdb) what needs it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/daystore.h"
#include "os/thread.h"
#include "store/query_private.h"

#define FROM_MS 1789948800000 /* 2026-09-21 */
#define HOUR_MS 3600000
#define ROWS    600
#define SET_A   "aaaaaaaaaaaaaaaaaaaaaaaa"
#define SET_B   "bbbbbbbbbbbbbbbbbbbbbbbb"
#define STREAM  "0000000000000000000000aa"

static struct daystore store;
static struct query_session *session;
static struct arena mem;
static uint8_t *out;
static char answer[1 << 20];

static int open_all(void **state)
{
    (void)state;
    struct messages m = {
        .seed = 7, .from_ms = FROM_MS, .span_ms = HOUR_MS, .n = ROWS, .odd = 50, .stream = STREAM
    };
    struct messages later = m;
    struct daystore_rows rows = { ROWS, daystore_message, &m };
    struct daystore_rows more = { ROWS, daystore_message, &later };
    later.from_ms += HOUR_MS;
    out = malloc(QUERY_ANSWER_BYTES);
    arena_init(&mem, NULL, 0);
    if (!daystore_open(&store, NULL, 2))
        return -1;
    if (!store.duck)
        return 0;
    return daystore_add(&store, "a.x", SET_A, &rows) && daystore_add(&store, "b.x", SET_B, &more) &&
                   !query_session_open(&session, store.duck, &store.why)
               ? 0
               : -1;
}

static int close_all(void **state)
{
    (void)state;
    query_session_close(session);
    daystore_close(&store);
    arena_free(&mem);
    free(out);
    return 0;
}

/* ---- requests */

static err read_request(struct query *q, const char *json, struct query_error *e)
{
    arena_reset(&mem);
    return query_read(q, slice_cstr(json), FROM_MS + HOUR_MS, &mem, e);
}

static void requests_are_read(void **state)
{
    (void)state;
    struct query q;
    struct query_error e;
    assert_int_equal(read_request(&q,
                                  "{\"range\":60,\"stream\":\"s\",\"query\":\"a:b\",\"ask\":["
                                  "{\"id\":\"x\",\"kind\":\"terms\",\"field\":\"f\",\"metric\":"
                                  "\"percentile(g, 95)\",\"limit\":3,\"order\":\"asc\"}]}",
                                  &e),
                     ERR_OK);
    assert_int_equal(q.to_ms, FROM_MS + HOUR_MS + 1);
    assert_int_equal(q.from_ms, FROM_MS + HOUR_MS - 60000);
    assert_int_equal(q.ask[0].kind, QUERY_TERMS);
    assert_int_equal(q.ask[0].metric.kind, METRIC_PERCENTILE);
    assert_true(slice_eq(q.ask[0].metric.field, SLICE("g")));
    assert_true(q.ask[0].metric.at == 95 && q.ask[0].ascending && q.ask[0].limit == 3);
    assert_int_equal(read_request(&q,
                                  "{\"from\":\"2026-09-21T00:00:00.000Z\",\"to\":1789948800001,"
                                  "\"ask\":[{\"id\":\"x\",\"kind\":\"fields\"}]}",
                                  &e),
                     ERR_OK);
    assert_int_equal(q.from_ms, FROM_MS);
    assert_int_equal(q.timeout_ms, QUERY_TIMEOUT_MS);
}

#define ASK(inside) "{\"range\":60,\"ask\":[{\"id\":\"x\"," inside "}]}"

static void mistakes_in_requests_are_told(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { "[]", "a request is an object" },
        { "{", "request:1" },
        { "{\"range\":60}", "\"ask\" is missing" },
        { "{\"ask\":[]}", "from is missing" },
        { "{\"from\":5,\"to\":5,\"ask\":[]}", "not after" },
        { "{\"from\":\"now\",\"to\":5,\"ask\":[]}", "from: a time like" },
        { "{\"range\":-1,\"ask\":[]}", "range: a whole number" },
        { "{\"range\":1,\"query\":5,\"ask\":[]}", "query: a text" },
        { "{\"range\":1,\"ask\":[{\"kind\":\"value\"}]}", "\"id\" is missing" },
        { ASK("\"kind\":\"nothing\""), "kind: value, histogram" },
        { ASK("\"kind\":\"value\",\"metric\":\"sum\""), "metric \"sum\": count()" },
        { ASK("\"kind\":\"value\",\"metric\":\"sum()\""), "one field is needed" },
        { ASK("\"kind\":\"value\",\"metric\":\"count(a)\""), "takes no field" },
        { ASK("\"kind\":\"value\",\"metric\":\"percentile(a)\""), "percentile(field,95)" },
        { ASK("\"kind\":\"value\",\"metric\":\"percentile(a,101)\""), "percentile(field,95)" },
        { ASK("\"kind\":\"terms\""), "\"field\" is missing" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"order\":\"up\""), "order:" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"limit\":1001"), "limit:" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"networks\":24"), "networks:" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"networks\":{\"ipv4\":33}"), "ipv4:" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"networks\":{\"ipv6\":0}"), "one bit" },
        { ASK("\"kind\":\"terms\",\"field\":\"a\",\"metric\":\"card(b)\",\"networks\":{}"),
          "networks: only" },
        { ASK("\"kind\":\"pairs\",\"fields\":[\"a\"]"), "needs 2 names" },
        { ASK("\"kind\":\"pairs\",\"fields\":[\"a\",\"b\",\"c\",\"d\"]"), "at most 3" },
        { ASK("\"kind\":\"histogram\",\"interval\":0"), "interval:" },
        { ASK("\"kind\":\"histogram\",\"split\":{}"), "split:" },
        { ASK("\"kind\":\"percentiles\",\"field\":\"a\",\"at\":[]"), "at:" },
        { ASK("\"kind\":\"message\""), "\"message_id\" is missing" },
        { "{\"range\":1,\"ask\":[{\"id\":\"x\",\"kind\":\"value\"},{\"id\":\"x\",\"kind\":"
          "\"value\"}]}",
          "stands twice" },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct query q;
        struct query_error e;
        assert_int_equal(read_request(&q, wrong[i][0], &e), ERR_FORMAT);
        if (!strstr(e.why.text, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], e.why.text);
    }
}

/* ---- words */

static void dates_of_any_length_are_read(void **state)
{
    (void)state;
    const int64_t now = 1707945509782; /* 2024-02-14T21:18:29.782Z, a Wednesday */
    static const struct {
        const char *text;
        int64_t from_ms, to_ms;
    } dates[] = {
        { "2024-02-14", 1707868800000, 1707955200000 },
        { "2024-02", 1706745600000, 1709251200000 },
        { "2024", 1704067200000, 1735689600000 },
        { "2024-02-14 21", 1707944400000, 1707948000000 },
        { "2024-02-14 21:18", 1707945480000, 1707945540000 },
        { "2024-02-14T21:18:29Z", 1707945509000, 1707945510000 },
        { "2024-02-14 21:18:29.782", 1707945509782, 1707945509783 },
        { "2024-02-14T21:18:29.78+01:00", 1707941909780, 1707941909790 },
        { "now", 1707945509782, 1707945509783 },
        { "now-1h", 1707941909782, 1707941909782 },
        { "now/d", 1707868800000, 1707955200000 },
        { "now-1d/d", 1707782400000, 1707868800000 },
        { "now/w", 1707696000000, 1708300800000 },
        { "now/M", 1706745600000, 1709251200000 },
        { "2024-01-31||+1M", 1709164800000, 1709164800000 },
        { "2024-02-14||+1y/y", 1735689600000, 1767225600000 },
        { "1969-12-31", -86400000, 0 },
        { "1969-12-31 21:18||/h", -10800000, -7200000 },
        { "1960-02-29||/M", -312940800000, -310435200000 },
        { "1969-12-31||/w", -259200000, 345600000 },
    };
    for (size_t i = 0; i < COUNT(dates); i++) {
        int64_t from, to;
        if (!query_date_read(slice_cstr(dates[i].text), now, &from, &to))
            fail_msg("%s is not read", dates[i].text);
        if (from != dates[i].from_ms * 1000 || to / 1000 != dates[i].to_ms)
            fail_msg("%s: %lld to %lld", dates[i].text, (long long)from, (long long)to);
    }
}

static void what_is_no_date_is_none(void **state)
{
    (void)state;
    static const char *const no[] = { "",
                                      "x",
                                      "24-02-14",
                                      "2024-13",
                                      "2024-02-30",
                                      "2024-2-14",
                                      "2024-02-1x",
                                      "2024-02-14 25",
                                      "2024-02-14T21:18:29.",
                                      "2024-02-14||",
                                      "now+",
                                      "now-1x",
                                      "now-99999999999d",
                                      "now/",
                                      "now+999999999y",
                                      "nowx" };
    int64_t from, to;
    for (size_t i = 0; i < COUNT(no); i++)
        if (query_date_read(slice_cstr(no[i]), 1707945509782, &from, &to))
            fail_msg("'%s' is read", no[i]);
}

static void numbers_and_networks_are_told_from_words(void **state)
{
    (void)state;
    struct query_number n;
    struct query_addresses a;
    assert_true(query_number_read(SLICE("-12"), &n) && n.is_int && n.i == -12);
    assert_true(query_number_read(SLICE("1e3"), &n) && n.is_int && n.i == 1000);
    assert_true(query_number_read(SLICE("9223372036854775807000"), &n) && !n.is_int);
    assert_true(query_number_read(SLICE(".5"), &n) && !n.is_int && n.d == 0.5);
    static const char *const no[] = { "", "-", "1.2.3", "0x10", "1e", "inf", "nan", "1 ", "1e999" };
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(query_number_read(slice_cstr(no[i]), &n));
    assert_true(query_addresses_read(SLICE("10.1.2.3/12"), &a));
    assert_memory_equal(a.from.b + 12, "\x0a\x00\x00\x00", 4);
    assert_memory_equal(a.to.b + 12, "\x0a\x0f\xff\xff", 4);
    assert_true(query_addresses_read(SLICE("fd00::/8"), &a));
    assert_int_equal(a.to.b[15], 0xff);
    assert_true(query_addresses_read(SLICE("0.0.0.0/0"), &a));
    assert_false(query_addresses_read(SLICE("10.0.0.0/33"), &a));
    assert_false(query_addresses_read(SLICE("10.0.0/8"), &a));
    assert_false(query_addresses_read(SLICE("10.0.0.0/"), &a));
}

static void assert_regex(const char *lucene, const char *want)
{
    char text[1024];
    size_t bad;
    struct buf b = buf_of(text, sizeof text - 1);
    bool good = query_pattern_regex(&b, slice_cstr(lucene), NULL, &bad);
    text[b.n] = '\0';
    if (good != (want != NULL) || (want && strcmp(text, want)))
        fail_msg("%s became %s", lucene, good ? text : "nothing");
}

static void patterns_become_those_of_the_library(void **state)
{
    (void)state;
    assert_regex("a.c", "a.c");
    assert_regex("^a$", "\\^a\\$"); /* Lucene has no anchors */
    assert_regex("a**", "(?:(?:a)*)*");
    assert_regex("(a|b){2,3}", "(?:(?:a|b)){2,3}");
    assert_regex("[^a-c\\]]", "[^a-c\\]]");
    assert_regex("\"a.b\"", "(?:a\\.b)");
    assert_regex("@", "(?:.*)");
    assert_regex("\\/\\d", "\\/\\d");
    assert_regex("a~b", NULL);
    assert_regex("a&b", NULL);
    assert_regex("<1-9>", NULL);
    assert_regex("(a", NULL);
    assert_regex("a)", NULL);
    assert_regex("[b-a]", NULL);
    assert_regex("[", NULL);
    assert_regex("a{2000}", NULL);
    assert_regex("((a{100}){100}){100}", NULL);
    assert_regex("a{3,2}", NULL);
    assert_regex("a\\", NULL);
}

/* ---- answers */

static const struct stream_def streams[] = {
    { .id = STREAM, .title = "All of it", .index_set_id = SET_A },
    { .id = "0000000000000000000000bb", .title = "Nothing", .index_set_id = SET_A },
};

static err ask_json(const char *json, struct query_error *e)
{
    struct query q;
    struct query_data data = { .view = &store.view, .stream = streams, .n_streams = 2 };
    struct buf b = buf_of(out, QUERY_ANSWER_BYTES);
    err rc = read_request(&q, json, e);
    if (!rc)
        rc = query_answer(session, &q, &data, &b, e);
    snprintf(answer, sizeof answer, "%.*s", (int)b.n, (char *)b.p);
    return rc;
}

static void assert_says(const char *json, const char *want)
{
    struct query_error e;
    if (ask_json(json, &e))
        fail_msg("%s: %s", json, e.why.text);
    if (!strstr(answer, want))
        fail_msg("%s: %.500s", json, answer);
}

#define RANGE "{\"from\":1789948800000,\"to\":1789956000000,"

static void streams_choose_index_sets(void **state)
{
    (void)state;
    struct query_error e;
    if (!session)
        skip();
    assert_says(RANGE "\"ask\":[{\"id\":\"n\",\"kind\":\"value\"}]}", "{\"n\":{\"value\":1200,");
    assert_says(RANGE "\"stream\":\"All of it\",\"ask\":[{\"id\":\"n\",\"kind\":\"value\"}]}",
                "\"value\":600,");
    assert_says(RANGE "\"stream\":\"" STREAM "\",\"ask\":[{\"id\":\"n\",\"kind\":\"value\"}]}",
                "\"value\":600,");
    assert_says(RANGE "\"stream\":\"Nothing\",\"ask\":[{\"id\":\"n\",\"kind\":\"value\"}]}",
                "\"value\":0,");
    assert_int_equal(ask_json(RANGE "\"stream\":\"No\",\"ask\":[{\"id\":\"n\",\"kind\":"
                                    "\"value\"}]}",
                              &e),
                     ERR_MISSING);
    assert_non_null(strstr(e.why.text, "no stream 'No'"));
}

/* Texts that only conditions need are no parameters of a statement that reads no table. */
static void a_time_without_indices_is_empty(void **state)
{
    (void)state;
    if (!session)
        skip();
    assert_says("{\"from\":1000,\"to\":2000,\"stream\":\"All of it\",\"query\":\"source:web\","
                "\"ask\":[{\"id\":\"n\",\"kind\":\"value\",\"query\":\"a:b\"}]}",
                "{\"n\":{\"value\":0,");
    assert_says(
        "{\"from\":1000,\"to\":2000,\"stream\":\"All of it\",\"ask\":[{\"id\":\"n\",\"kind\":"
        "\"terms\",\"field\":\"source\",\"query\":\"a:b\"}]}",
        "{\"n\":{\"rows\":[],");
    assert_says("{\"from\":1789948800000,\"to\":1789956000000,\"stream\":\"All of it\",\"ask\":"
                "[{\"id\":\"n\",\"kind\":\"value\",\"previous\":true}]}",
                "\"value\":600,\"previous\":0");
}

static void a_mistake_in_one_query_leaves_the_others(void **state)
{
    (void)state;
    struct query_error e;
    if (!session)
        skip();
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"value\",\"query\":\"x:1\\na:(\"},{\"id\":"
                      "\"b\",\"kind\":\"value\"}]}",
                "\"line\":2,\"column\":3}},\"b\":{\"value\":1200");
    assert_int_equal(ask_json(RANGE "\"query\":\"a AND\",\"ask\":[{\"id\":\"a\",\"kind\":"
                                    "\"value\"}]}",
                              &e),
                     ERR_FORMAT);
    assert_int_equal(e.line, 1);
    assert_int_equal(e.column, 5);
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"value\",\"query\":\"b c:/x~/\"}]}",
                "not supported from byte 1 on");
}

static void ranges_without_messages_have_answers(void **state)
{
    (void)state;
    if (!session)
        skip();
    static const char *const asks[][2] = {
        { "\"kind\":\"value\"", "\"value\":0" },
        { "\"kind\":\"value\",\"previous\":true", "\"value\":0,\"previous\":0" },
        { "\"kind\":\"value\",\"metric\":\"avg(network_bytes)\"", "\"value\":null" },
        { "\"kind\":\"terms\",\"field\":\"source\"", "{\"rows\":[],\"other\":0,\"distinct\":0" },
        { "\"kind\":\"terms\",\"field\":\"tags\"", "\"missing\":0" },
        { "\"kind\":\"pairs\",\"fields\":[\"tags\",\"source\"]", "{\"rows\":[]" },
        { "\"kind\":\"histogram\",\"interval\":1", "\"values\":[0]" },
        { "\"kind\":\"histogram\",\"interval\":1,\"split\":{\"field\":\"tags\"}", "\"series\":[]" },
        { "\"kind\":\"percentiles\",\"field\":\"level\"", "\"values\":[null,null,null]" },
        { "\"kind\":\"messages\"", "{\"total\":0,\"rows\":[],\"next\":null" },
        { "\"kind\":\"fields\"", "{\"fields\":[],\"sampled\":false" },
        { "\"kind\":\"values\",\"field\":\"source\"", "{\"rows\":[]" },
    };
    for (size_t i = 0; i < COUNT(asks); i++) {
        char json[512];
        snprintf(json, sizeof json, "{\"from\":1000,\"to\":1500,\"ask\":[{\"id\":\"a\",%s}]}",
                 asks[i][0]);
        assert_says(json, asks[i][1]);
        snprintf(json, sizeof json,
                 "{\"from\":1000,\"to\":1500,\"stream\":\"All of it\",\"query\":\"source:x\","
                 "\"ask\":[{\"id\":\"a\",%s}]}",
                 asks[i][0]);
        assert_says(json, asks[i][1]);
    }
}

/* ---- networks */

#define NETWORKS "\"kind\":\"terms\",\"limit\":1000,\"networks\":{\"ipv4\":24,\"ipv6\":64}"

/* The number behind name in the answer, from *p on, which moves behind it; -1: there is none. */
static long long number_behind(const char **p, const char *name)
{
    const char *at = strstr(*p, name);
    if (!at)
        return -1;
    *p = at + strlen(name);
    return strtoll(*p, NULL, 10);
}

static long long count_of(const char *query)
{
    static char json[512];
    const char *p = answer;
    snprintf(json, sizeof json,
             RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"value\",\"query\":\"%s\"}]}", query);
    assert_says(json, "\"value\":");
    return number_behind(&p, "\"value\":");
}

static char *terms_of(const char *field)
{
    char json[512];
    snprintf(json, sizeof json, RANGE "\"ask\":[{\"id\":\"a\",\"field\":\"%s\"," NETWORKS "}]}",
             field);
    assert_says(json, "\"rows\":[{\"key\":");
    *strstr(answer, ",\"took_ms\"") = '\0';
    return strdup(answer);
}

/* A search for the network finds as many as its row says, and nothing is left over. */
static void terms_count_addresses_as_networks(void **state)
{
    (void)state;
    unsigned v4 = 0, v6 = 0;
    long long all = 0;
    if (!session)
        skip();
    char *rows = terms_of("source_ip"), *end;
    for (const char *p = rows; (p = strstr(p, "{\"key\":\""));) {
        char query[128];
        p += strlen("{\"key\":\"");
        snprintf(query, sizeof query, "source_ip:\\\"%.*s\\\"", (int)strcspn(p, "\""), p);
        end = strstr(query, "/24");
        v4 += end != NULL;
        v6 += strstr(query, "::/64") != NULL;
        long long n = number_behind(&p, "\"value\":");
        assert_int_equal(n, count_of(query));
        all += n;
    }
    assert_true(v4 > 3 && v6 > 0);
    const char *p = rows;
    assert_int_equal(number_behind(&p, "\"other\":"), 0);
    assert_int_equal(number_behind(&p, "\"distinct\":"), v4 + v6);
    assert_int_equal(number_behind(&p, "\"missing\":"), 1200 - all);
    assert_int_equal(all, count_of("_exists_:source_ip"));
    free(rows);
}

/* By numbers of texts as by texts; what is no address stays as it is. */
static void networks_are_the_same_without_numbers(void **state)
{
    (void)state;
    static const char *const fields[] = { "source_reference", "destination_reference", "source_ip",
                                          "host_hostname" };
    if (!session)
        skip();
    for (size_t i = 0; i < COUNT(fields); i++) {
        char *with = terms_of(fields[i]);
        store.view.coded = false;
        char *without = terms_of(fields[i]);
        store.view.coded = true;
        assert_string_equal(with, without);
        assert_int_equal(strstr(with, "/24\"") != NULL, i < 3);
        free(with);
        free(without);
    }
}

static void what_takes_too_long_is_ended(void **state)
{
    (void)state;
    if (!session)
        skip();
    assert_says(RANGE "\"timeout_ms\":0,\"ask\":[{\"id\":\"a\",\"kind\":\"value\"}]}",
                "{\"a\":{\"error\":{\"text\":\"the query took longer than 0 ms");
    /* and the session is as good as before */
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"value\"}]}", "\"value\":1200");
}

static void limits_are_told(void **state)
{
    (void)state;
    struct query q;
    struct query_error e;
    struct query_data data = { .view = &store.view };
    struct buf small = buf_of(out, 60);
    if (!session)
        skip();
    assert_int_equal(read_request(&q, RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\"}]}", &e),
                     ERR_OK);
    assert_int_equal(query_answer(session, &q, &data, &small, &e), ERR_LIMIT);
    assert_true(small.n == 0 && !small.full);
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"histogram\",\"interval\":1}]}",
                "7200 buckets; at most 5000");
}

static void messages_come_back_whole(void **state)
{
    (void)state;
    if (!session)
        skip();
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\",\"limit\":1,\"query\":"
                      "\"_exists_:extra\"}]}",
                "\"extra\":{\"a\":[1,\"b\"]}");
    assert_non_null(strstr(answer, "\"index\":\"b.x\""));
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\",\"limit\":1,\"after\":\"x\"}]}",
                "give back what");
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\",\"limit\":1,\"before\":"
                      "\"9223372036854775807.1.a\"}]}",
                "give back what");
}

/* In their files a column that is a list by now has one text. */
static void files_of_older_builds_answer(void **state)
{
    (void)state;
    char older[256];
    const char *whole = store.table[0].name;
    if (!session)
        skip();
    snprintf(older, sizeof older, "(SELECT * REPLACE ('host-77' AS query_response) FROM %s)",
             whole);
    store.table[0].name = older;
    long long n = count_of("query_response:host\\\\-77");
    assert_true(n > 0);
    assert_int_equal(n, (long long)store.table[0].rows);
    assert_int_equal(n, count_of("query_response:host*"));
    assert_true(n <= count_of("\\\"host-77\\\""));
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\",\"limit\":1,\"query\":"
                      "\"query_response:host*\"}]}",
                "\"query_response\":\"host-77\"");
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"messages\",\"limit\":1,\"query\":"
                      "\"query_response:host*\",\"fields\":[\"query_response\"]}]}",
                "\"host-77\"");
    assert_says(RANGE "\"ask\":[{\"id\":\"a\",\"kind\":\"terms\",\"field\":\"query_response\"}]}",
                "\"key\":\"host-77\"");
    store.table[0].name = whole;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(mistakes_in_requests_are_told),
        cmocka_unit_test(dates_of_any_length_are_read),
        cmocka_unit_test(what_is_no_date_is_none),
        cmocka_unit_test(numbers_and_networks_are_told_from_words),
        cmocka_unit_test(patterns_become_those_of_the_library),
        cmocka_unit_test(streams_choose_index_sets),
        cmocka_unit_test(a_time_without_indices_is_empty),
        cmocka_unit_test(a_mistake_in_one_query_leaves_the_others),
        cmocka_unit_test(ranges_without_messages_have_answers),
        cmocka_unit_test(terms_count_addresses_as_networks),
        cmocka_unit_test(networks_are_the_same_without_numbers),
        cmocka_unit_test(what_takes_too_long_is_ended),
        cmocka_unit_test(limits_are_told),
        cmocka_unit_test(messages_come_back_whole),
        cmocka_unit_test(files_of_older_builds_answer),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
