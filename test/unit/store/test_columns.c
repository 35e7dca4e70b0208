/* Messages to columns and back: each field is equal, whatever its type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/columns.h"

#define ROOM 65536

static struct jsondoc before, after;
static uint8_t memory[ROOM], joined[ROOM];
static struct message_row row;
static struct column_scanner *scanner;
static struct why why;

static int setup(void **state)
{
    (void)state;
    jsondoc_init(&before, 1000);
    jsondoc_init(&after, 1000);
    scanner = column_scanner_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jsondoc_free(&before);
    jsondoc_free(&after);
    column_scanner_free(scanner);
    return 0;
}

static uint8_t *copy(struct slice s, uint8_t to[ROOM])
{
    assert_true(s.n + JSONDOC_PAD <= ROOM);
    memcpy(to, s.p, s.n);
    return to;
}

static err split(const char *json)
{
    static uint8_t text[ROOM];
    struct slice s = slice_cstr(json);
    struct buf mem = buf_of(memory, sizeof memory);
    return columns_split(&row, &before, slice_of(copy(s, text), s.n), &mem, &why);
}

static struct slice join(void)
{
    struct buf out = buf_of(joined, sizeof joined);
    assert_true(columns_join(&row, &out));
    return buf_slice(&out);
}

static const struct jsondoc_node *member(const struct jsondoc *d, uint32_t at)
{
    return at ? &d->node[at] : NULL;
}

static unsigned count(const struct jsondoc *d)
{
    unsigned n = 0;
    for (const struct jsondoc_node *v = member(d, d->node[0].child); v; v = member(d, v->next))
        n++;
    return n;
}

/* As Graylog's reader sees them, both have the same members with the same values. */
static void assert_same(const char *json, struct slice again)
{
    static uint8_t one[ROOM], two[ROOM], a[ROOM], b[ROOM];
    struct slice s = slice_cstr(json);
    assert_int_equal(jsondoc_read(&before, copy(s, one), s.n, 0), JSONDOC_OK);
    assert_int_equal(jsondoc_read(&after, copy(again, two), again.n, 0), JSONDOC_OK);
    assert_int_equal(count(&before), count(&after));
    const struct jsondoc *d = &before;
    for (const struct jsondoc_node *v = member(d, d->node[0].child); v; v = member(d, v->next)) {
        const struct jsondoc_node *w = jsondoc_get(&after, &after.node[0], jsondoc_key(v));
        struct buf x = buf_of(a, sizeof a), y = buf_of(b, sizeof b);
        assert_non_null(w);
        jsondoc_write(&before, v, &x);
        jsondoc_write(&after, w, &y);
        if (!slice_eq(buf_slice(&x), buf_slice(&y)))
            fail_msg("%.*s became %.*s", (int)x.n, (char *)x.p, (int)y.n, (char *)y.p);
    }
}

static void columns_are_sorted_and_found(void **state)
{
    (void)state;
    for (int i = 0; i < COLUMNS_N; i++) {
        assert_true(i == 0 || slice_cmp(columns[i - 1].name, columns[i].name) < 0);
        assert_int_equal(columns_find(columns[i].name), i);
    }
    assert_int_equal(columns_find(SLICE("source_")), -1);
    assert_int_equal(columns_find(SLICE("")), -1);
    assert_int_equal(columns_find(SLICE("zzz")), -1);
}

static void values_go_into_their_columns(void **state)
{
    (void)state;
    assert_int_equal(split("{\"timestamp\":\"2024-02-14 21:18:29.782\",\"source_ip\":\"10.0.0.1\","
                           "\"source_port\":53,\"vendor_flow_final\":true,"
                           "\"streams\":[\"a\", \"b\"],\"other\":1}"),
                     ERR_OK);
    assert_int_equal(row.v[COLUMN_timestamp].kind, DUCK_TIME);
    assert_int_equal(row.v[COLUMN_timestamp].i, 1707945509782000);
    assert_true(slice_eq(row.v[COLUMN_source_ip].text, SLICE("10.0.0.1")));
    assert_int_equal(row.v[COLUMN_source_port].i, 53);
    assert_int_equal(row.v[COLUMN_vendor_flow_final].kind, DUCK_BOOL);
    assert_int_equal(row.v[COLUMN_vendor_flow_final].i, 1);
    assert_true(slice_eq(row.v[COLUMN_streams].text, SLICE("[\"a\",\"b\"]")));
    assert_true(slice_eq(row.doc, SLICE("{\"other\":1}")));
}

static void other_types_stay_in_doc(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{\"source_port\":\"53\"}",
        "{\"source_port\":53.0}",
        "{\"source_port\":92233720368547758070}",
        "{\"source_port\":null}",
        "{\"source_ip\":1}",
        "{\"source_ip\":[\"10.0.0.1\"]}",
        "{\"source_ip\":\"\\ud83d\"}",
        "{\"vendor_flow_final\":\"true\"}",
        "{\"streams\":\"a\"}",
        "{\"timestamp\":\"2024-02-14T21:18:29.782Z\"}",
        "{\"timestamp\":\"2024-02-14 21:18:29.78\"}",
        "{\"timestamp\":\"2024-02-30 21:18:29.782\"}",
        "{\"timestamp\":\"2024-02-14 21:18:29,782\"}",
        "{\"timestamp\":\"+024-02-14 21:18:29.782\"}",
        "{\"timestamp\":1707945509782}",
    };
    for (size_t i = 0; i < COUNT(json); i++) {
        assert_int_equal(split(json[i]), ERR_OK);
        for (int c = 0; c < COLUMNS_N; c++)
            if (columns[c].kind != COLUMN_MARK)
                assert_int_equal(row.v[c].kind, DUCK_NULL);
        /* what is marked is read where it is; null is as good as not there */
        assert_int_equal(row.v[COLUMN_misfits].i, strstr(json[i], "null") == NULL);
        assert_same(json[i], join());
    }
}

static void marks_are_no_fields(void **state)
{
    (void)state;
    static const char *const json[] = { "{\"misfits\":true,\"source_port\":\"53\"}",
                                        "{\"source_port\":\"53\",\"misfits\":{\"a\":[]}}" };
    for (size_t i = 0; i < COUNT(json); i++) {
        assert_int_equal(split(json[i]), ERR_OK);
        assert_int_equal(row.v[COLUMN_misfits].kind, DUCK_BOOL);
        assert_same(json[i], join());
    }
    assert_int_equal(split("{\"misfits\":true,\"source_port\":53,\"x\":1}"), ERR_OK);
    assert_int_equal(row.v[COLUMN_misfits].kind, DUCK_NULL);
    assert_same("{\"misfits\":true,\"source_port\":53,\"x\":1}", join());
}

static void fields_come_back(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{}",
        "{\"a\":1}",
        "{\"source\":\"\"}",
        "{\"source\":\"x\",\"message\":\"a\\\"b\\\\c\\n\\u0000\\u00e4\\ud83d\\ude00\"}",
        "{\"source_bytes_sent\":-9223372036854775808,\"z\":{\"b\":[1,2.5,null,true,\"q\"]}}",
        "{\"vendor_flow_final\":false,\"streams\":[],\"x\":[]}",
        "{\"timestamp\":\"1969-12-31 23:59:59.999\",\"streams\":[[1],{\"a\":\"b\"}]}",
        "{\"timestamp\":\"9999-12-31 00:00:00.000\",\"doc\":\"doc\"}",
        "{\"source\":\"one\",\"source\":2}",
        "{\"k\\\"ey\":1e300,\"wide\":123456789012345678901234567890}",
    };
    for (size_t i = 0; i < COUNT(json); i++) {
        assert_int_equal(split(json[i]), ERR_OK);
        assert_same(json[i], join());
    }
}

/* Each document that the pack's tests know as right. */
static void documents_of_the_pack_come_back(void **state)
{
    (void)state;
    static char line[ROOM];
    unsigned n = 0, filled = 0;
    FILE *list = popen("cat test/pack/golden/*.ndjson", "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list)) {
        assert_int_equal(split(line), ERR_OK);
        for (int c = 0; c < COLUMNS_N; c++)
            filled += row.v[c].kind != DUCK_NULL;
        assert_same(line, join());
        n++;
    }
    assert_int_equal(pclose(list), 0);
    assert_true(n >= 4);
    assert_true(filled > 5 * n);
}

/* ---- the scanner */

static uint8_t scanned_memory[ROOM];
static struct message_row scanned;

static bool scan(struct slice text)
{
    struct buf mem = buf_of(scanned_memory, sizeof scanned_memory);
    return columns_scan(scanner, text, &scanned, &mem);
}

/* As written by jsondoc_write: numbers have one form then. */
static struct slice normal(struct slice doc, uint8_t to[ROOM])
{
    static uint8_t text[ROOM];
    struct buf b = buf_of(to, ROOM);
    if (!doc.n)
        return doc;
    assert_int_equal(jsondoc_read(&after, copy(doc, text), doc.n, 0), JSONDOC_OK);
    jsondoc_write(&after, &after.node[0], &b);
    return buf_slice(&b);
}

/* What the scanner took is what columns_split makes of it. */
static void assert_split_alike(struct slice text)
{
    static uint8_t own[ROOM], a[ROOM], b[ROOM];
    struct buf mem = buf_of(memory, sizeof memory);
    err e = columns_split(&row, &before, slice_of(copy(text, own), text.n), &mem, &why);
    if (e)
        fail_msg("%.*s: %s", (int)text.n, (const char *)text.p, why.text);
    for (int c = 0; c < COLUMNS_N; c++) {
        assert_int_equal(scanned.v[c].kind, row.v[c].kind);
        assert_int_equal(scanned.v[c].i, row.v[c].i);
        assert_true(slice_eq(scanned.v[c].text, row.v[c].text));
    }
    struct slice x = normal(scanned.doc, a), y = normal(row.doc, b);
    if (!slice_eq(x, y))
        fail_msg("%.*s is not %.*s", (int)x.n, (const char *)x.p, (int)y.n, (const char *)y.p);
}

static void the_scanner_takes_usual_messages(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{\"timestamp\":\"2024-02-14 21:18:29.782\",\"source_ip\":\"10.0.0.1\",\"source_port\":53,"
        "\"vendor_flow_final\":true,\"streams\":[\"a\",\"b\"],\"other\":1}",
        "{\"a\":1,\"b\":\"x\",\"source_port\":1,\"c\":[],\"d\":{},\"message\":\"m\",\"e\":null}",
        "{\"source_port\":\"53\",\"source_ip\":1,\"streams\":{},\"misfits\":true}",
        "{\"entropy\":3.4594316186372973,\"half\":0.5,\"none\":0.0,\"low\":-12.001}",
        "{\"text\":\"a\\\"b\\\\c\\n\",\"list\":[{\"k\":[1,-2,\"\xc3\xa4\"]},false]}",
        "{\"source_port\":null,\"timestamp\":\"2024-02-30 00:00:00.000\",\"http_bytes\":1.5}",
    };
    for (size_t i = 0; i < COUNT(json); i++) {
        if (!scan(slice_cstr(json[i])))
            fail_msg("%s", json[i]);
        assert_split_alike(slice_cstr(json[i]));
    }
}

static void the_scanner_leaves_the_rest(void **state)
{
    (void)state;
    static const char *const json[] = {
        "",
        "{}",
        "[]",
        "{\"a\":1} ",
        "{\"a\": 1}",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{\"source\":\"one\",\"source\":2}",
        "{\"a\":\"\\u00e4\"}",
        "{\"a\":\"\\/\"}",
        "{\"a\\n\":1}",
        "{\"source\":\"a\\nb\"}",
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":1e3}",
        "{\"a\":1.50}",
        "{\"a\":0.0001}",
        "{\"a\":12345678.5}",
        "{\"a\":9223372036854775808}",
        "{\"a\":tru}",
        "{\"a\":[1,]}",
        "{\"a\":{\"b\"}}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"b\tc\"}",
        "{\"a\":\"b",
        "{\"a\":\"b\\",
        "{\"a\"",
        "{\"a\":",
    };
    for (size_t i = 0; i < COUNT(json); i++)
        if (scan(slice_cstr(json[i])))
            fail_msg("%s", json[i]);
}

/* Documents of the pack as they are written, and with bytes of them changed: whatever the scanner
 * takes of that is right. */
static void the_scanner_is_never_wrong(void **state)
{
    (void)state;
    static char line[ROOM];
    static uint8_t text[ROOM];
    unsigned taken = 0, n = 0, changed = 0, seed = 1;
    FILE *list = popen("cat test/pack/golden/*.ndjson", "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list) && n < 100) {
        assert_int_equal(split(line), ERR_OK);
        struct slice s = join();
        bool whole = scan(s);
        taken += whole;
        n++;
        if (whole)
            assert_split_alike(s);
        for (unsigned i = 0; i < 50; i++) {
            seed = seed * 1103515245 + 12345;
            memcpy(text, s.p, s.n);
            text[(seed >> 8) % s.n] = "\"\\,:[]{}0-e\xc3\x01x. "[(seed >> 4) % 16];
            if (!scan(slice_of(text, s.n)))
                continue;
            changed++;
            assert_split_alike(slice_of(text, s.n));
        }
    }
    (void)pclose(list);
    assert_true(n >= 4 && taken > n * 3 / 4 && changed > n);
}

static void note_member(void *ctx, struct slice name, enum member_kind kind)
{
    buf_printf(ctx, "%.*s%d ", (int)name.n, (const char *)name.p, (int)kind);
}

static void members_of_docs(void **state)
{
    (void)state;
    uint8_t text[128];
    struct buf b = buf_of(text, sizeof text);
    assert_true(
        columns_members(SLICE("{\"a\":\"x\\n\",\"b\":1,\"c\":1.5,\"d\":true,\"e\":[],\"f\":{},"
                              "\"g\":null}"),
                        note_member, &b));
    assert_true(slice_eq(buf_slice(&b), SLICE("a0 b1 c2 d3 e4 f5 ")));
    buf_reset(&b);
    assert_false(columns_members(SLICE("{\"a\":1,\"b\":\"\\u00e4\"}"), note_member, &b));
    assert_false(columns_members(SLICE("not json"), note_member, &b));
    assert_int_equal(b.n, 0);
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    assert_int_equal(split("[1]"), ERR_FORMAT);
    assert_int_equal(split("{\"a\":"), ERR_FORMAT);
    assert_int_equal(split(""), ERR_FORMAT);
}

static void too_little_memory_is_told(void **state)
{
    (void)state;
    uint8_t text[64] = "{\"other\":\"0123456789\"}", small[8];
    struct buf mem = buf_of(small, sizeof small);
    assert_int_equal(columns_split(&row, &before, slice_of(text, 22), &mem, &why), ERR_LIMIT);
    assert_int_equal(split("{\"other\":1}"), ERR_OK);
    mem = buf_of(small, sizeof small);
    assert_false(columns_join(&row, &mem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_sorted_and_found),
        cmocka_unit_test(values_go_into_their_columns),
        cmocka_unit_test(other_types_stay_in_doc),
        cmocka_unit_test(marks_are_no_fields),
        cmocka_unit_test(fields_come_back),
        cmocka_unit_test(documents_of_the_pack_come_back),
        cmocka_unit_test(the_scanner_takes_usual_messages),
        cmocka_unit_test(the_scanner_leaves_the_rest),
        cmocka_unit_test(the_scanner_is_never_wrong),
        cmocka_unit_test(members_of_docs),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(too_little_memory_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
