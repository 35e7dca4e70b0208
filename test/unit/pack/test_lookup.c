/* Lookup tables: CSV files with texts and networks, entries of pack.yml, files of MaxMind. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bug.h"
#include "codec/yaml.h"
#include "lib/mmdb.h"
#include "os/thread.h"
#include "pack/compile.h"
#include "pack/eval.h"
#include "pack/lookup_cache.h"
#include "pack/lookup_kept.h"

static struct arena arena;
static struct mistakes wrong;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    wrong = (struct mistakes){ .mem = &arena };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct lookup_source csv(void)
{
    return (struct lookup_source){ .name = SLICE("t"),
                                   .path = "t.csv",
                                   .key = "key",
                                   .value = "value",
                                   .separator = ',',
                                   .quote = '"' };
}

static const char *text_of(struct rule_value v)
{
    static char text[4][400];
    static unsigned next;
    char *out = text[next++ % 4];
    struct buf b = buf_of(out, 399);
    value_print(&b, &v);
    out[b.n] = '\0';
    return out;
}

static const char *ask(const struct lookup_table *t, const char *key)
{
    struct rule_value k = rule_string(slice_cstr(key));
    struct lookup_answer a = lookup_ask(t, &k, 0, &arena);
    return a.single.kind == K_NULL ? NULL : text_of(a.single);
}

static void refuses(struct lookup_source s, const char *text, const char *want)
{
    struct lookup_table t;
    wrong.n = 0;
    assert_false(lookup_csv(&t, &s, slice_cstr(text), &arena, &wrong));
    assert_true(wrong.n >= 1);
    assert_string_equal(wrong.v[0], want);
}

static void texts(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    const char *text = "\xef\xbb\xbfvalue,key\r\n"
                       "one,1\r\n"
                       "\"with, comma\",\"q\"\"uote\"\n"
                       "\n"
                       "\"two\nlines\",\"\\\"back\\\\\"\n"
                       "\"\",empty\n"
                       "umlaut,\xc3\xa4";
    assert_true(lookup_csv(&t, &s, slice_cstr(text), &arena, &wrong));
    assert_int_equal(t.n, 5);
    assert_string_equal(ask(&t, "1"), "one");
    assert_string_equal(ask(&t, "q\"uote"), "with, comma");
    assert_string_equal(ask(&t, "\"back\\"), "two\nlines");
    assert_string_equal(ask(&t, "empty"), "");
    assert_string_equal(ask(&t, "\xc3\xa4"), "umlaut");
    assert_null(ask(&t, "One"));
    struct rule_value number = { .kind = K_INT, .i = 1 };
    assert_string_equal(text_of(lookup_ask(&t, &number, 0, &arena).multi), "{value=one}");
}

static void separators(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    s.separator = ';';
    s.quote = '\'';
    s.nocase = true;
    assert_true(lookup_csv(&t, &s, SLICE("key;value\nABC;'x;y'\n'd\"';z\n"), &arena, &wrong));
    assert_string_equal(ask(&t, "abC"), "x;y");
    assert_string_equal(ask(&t, "D\""), "z");
    refuses(s, "key;value\nabc;1\nABC;2\n",
            "t.csv:3:1: the key 'abc' stands in line 2 already (mend: keep one of them)");
}

static void networks(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    s.cidr = true;
    const char *text = "key,value\n10.0.0.0/8,ten\n10.1.0.0/16,one\n10.1.2.3,host\n"
                       "0.0.0.0/0,all\n2001:db8::/32,doc\n2001:db8::7/128,seven\n::/0,six\n"
                       "192.168.1.77/24,bits of the host do not count\n";
    assert_true(lookup_csv(&t, &s, slice_cstr(text), &arena, &wrong));
    assert_string_equal(ask(&t, "10.2.0.1"), "ten");
    assert_string_equal(ask(&t, "10.1.0.1"), "one");
    assert_string_equal(ask(&t, "10.1.2.3"), "host");
    assert_string_equal(ask(&t, "11.0.0.1"), "all");
    assert_string_equal(ask(&t, "192.168.1.1"), "bits of the host do not count");
    assert_string_equal(ask(&t, "2001:db8::1"), "doc");
    assert_string_equal(ask(&t, "2001:db8::7"), "seven");
    assert_string_equal(ask(&t, "fe80::1"), "six");
    assert_null(ask(&t, "no address"));
    struct addr a;
    assert_true(addr_parse(SLICE("10.1.9.9"), &a));
    struct rule_value ip = { .kind = K_IP, .p = &a };
    assert_string_equal(text_of(lookup_ask(&t, &ip, 0, &arena).single), "one");
    refuses(s, "key,value\n10.0.0.0/33,x\n",
            "t.csv:2:1: '10.0.0.0/33' is no network (10.0.0.0/8, 2001:db8::/32) and no address");
    refuses(s, "key,value\n10.0.0.0/8,x\n10.1.1.1/8,y",
            "t.csv:3:1: the key '10.1.1.1/8' stands in line 2 already (mend: keep one of them)");
}

static void mistakes(void **state)
{
    (void)state;
    refuses(csv(), "",
            "t.csv:1:1: the file is empty (mend: a first line with the names of the "
            "columns, key and value)");
    refuses(csv(), "key,val\na,b\n",
            "t.csv:1:1: no column is called 'value'; there are: key, val (mend: the first line "
            "names the columns)");
    refuses(csv(), "key,value\na,b\nc\n",
            "t.csv:3:1: this line has 1 columns, not the 2 that are needed");
    refuses(csv(), "key,value\na,\"b\nc\n",
            "t.csv:2:3: this quote is not closed (mend: end the value with \")");
    refuses(csv(), "key,value\na,\"b\"c\n",
            "t.csv:2:6: text behind a closed quote (mend: put all of the value between quotes, and "
            "write quotes in it twice)");
    refuses(csv(), "key,value\na,1\na,2\nb\nb,3\na,4\n",
            "t.csv:3:1: the key 'a' stands in line 2 already (mend: keep one of them)");
    assert_int_equal(wrong.n, 3);
}

static void too_many_rows(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_map *m = lookup_map_new(&arena, 2, &s);
    struct place at = { "t.csv", 2, 1 };
    for (; at.line < 4; at.line++) {
        struct lookup_row row = { .key = at.line == 2 ? SLICE("a") : SLICE("b") };
        assert_true(lookup_map_add(m, row, at, &arena, &wrong));
    }
    assert_false(lookup_map_add(m, (struct lookup_row){ .key = SLICE("c") }, at, &arena, &wrong));
    assert_string_equal(wrong.v[0], "t.csv:4:1: more than 2 rows (mend: a table of fewer rows)");
    assert_int_equal(m->n, 2);
    assert_true(lookup_map_new(&arena, 1u << 23, &s)->cap == LOOKUP_ROWS_MAX);
}

/* As Java's toLowerCase does it: capital letters of all scripts, and bytes that are no text. */
static void case_of_all_letters(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    char key[400], text[1000];
    s.nocase = true;
    memset(key, 'x', sizeof key);
    memcpy(key, "\xc3\x84\xc3\x96", 4); /* ÄÖ */
    snprintf(text, sizeof text,
             "key,value\n\xc3\x84rger,1\n\xd0\x96\xd1\x83\xd0\xba,2\n\xff\xc3\x84,3\n"
             "\xce\xa3\xce\x91\xce\xa3,4\n%.*s,5\n",
             (int)sizeof key, key);
    assert_true(lookup_csv(&t, &s, slice_cstr(text), &arena, &wrong));
    assert_string_equal(ask(&t, "\xc3\xa4RGER"), "1");
    assert_string_equal(ask(&t, "\xd0\xb6\xd0\xa3\xd0\x9a"), "2");
    assert_string_equal(ask(&t, "\xff\xc3\x84"), "3");
    assert_null(ask(&t, "\xff\xc3\xa4"));
    assert_string_equal(ask(&t, "\xcf\x83\xce\xb1\xcf\x82"), "4"); /* the small sigma of an end */
    memcpy(key, "\xc3\xa4\xc3\xb6", 4);
    key[sizeof key - 1] = '\0';
    assert_null(ask(&t, key));
    snprintf(text, sizeof text, "%sX", key);
    assert_string_equal(ask(&t, text), "5");
    assert_false(lookup_csv(&t, &s, SLICE("key,value\n\xc3\x84,1\n\xc3\xa4,2\n"), &arena, &wrong));
}

static void large(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    char *text = malloc(4 << 20), key[16], want[16];
    struct buf b = buf_of(text, 4 << 20);
    buf_lit(&b, "key,value\n");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&b, "k%u,\"v%u\"\n", i, i * 7);
    assert_true(lookup_csv(&t, &s, buf_slice(&b), &arena, &wrong));
    for (unsigned i = 0; i < 100000; i += 997) {
        snprintf(key, sizeof key, "k%u", i);
        snprintf(want, sizeof want, "v%u", i * 7);
        assert_string_equal(ask(&t, key), want);
    }
    assert_null(ask(&t, "k100000"));
    free(text);
}

static void memory(void **state)
{
    (void)state;
    struct lookup_source s = { .name = SLICE("m") };
    struct lookup_table t;
    struct why w;
    struct node *n;
    assert_int_equal(yaml_read(&arena,
                               SLICE("a: alpha\n53: dns\nn: 7\nb: true\nm: {x: 1, y: z}\n"
                                     "l: [p, q]\n"),
                               "pack.yml", &n, &w),
                     ERR_OK);
    s.entries = n;
    assert_true(lookup_memory(&t, &s, &arena, &wrong));
    assert_string_equal(ask(&t, "a"), "alpha");
    assert_string_equal(ask(&t, "53"), "dns");
    assert_string_equal(ask(&t, "n"), "7");
    struct rule_value k = rule_string(SLICE("m"));
    assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).multi), "{x=1, y=z}");
    k = rule_string(SLICE("l"));
    assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).list), "[p, q]");
    s.entries = NULL;
    assert_true(lookup_memory(&t, &s, &arena, &wrong));
    assert_null(ask(&t, "a"));
}

/* ---- files of MaxMind */

static void put_pair(struct buf *b, const char *key, const char *text)
{
    mmdb_text(b, key);
    mmdb_text(b, text);
}

static void net(struct mmdb_writer *w, const char *text, unsigned bits)
{
    struct addr a;
    assert_true(addr_parse(slice_cstr(text), &a));
    mmdb_net(w, &a, bits);
}

static void put_nested(struct buf *b)
{
    mmdb_map(b, 4);
    mmdb_text(b, "city");
    mmdb_map(b, 1);
    mmdb_text(b, "names");
    mmdb_map(b, 1);
    put_pair(b, "en", "Berlin");
    mmdb_text(b, "country");
    mmdb_map(b, 1);
    put_pair(b, "iso_code", "DE");
    mmdb_text(b, "subdivisions");
    mmdb_list(b, 1);
    mmdb_map(b, 1);
    put_pair(b, "iso_code", "BE");
    mmdb_text(b, "location");
    mmdb_map(b, 2);
    mmdb_text(b, "latitude");
    mmdb_double(b, 52.5);
    mmdb_text(b, "longitude");
    mmdb_double(b, 13.25);
}

static void put_flat(struct buf *b)
{
    mmdb_map(b, 4);
    put_pair(b, "country", "FR");
    put_pair(b, "city", "Paris");
    put_pair(b, "asn", "AS3215");
    put_pair(b, "as_name", "Orange");
}

static bool open_mmdb(struct lookup_table *t, const char *path)
{
    struct lookup_source s = { .name = SLICE("geo"),
                               .path = "geo.mmdb",
                               .path_at = { "conf.yml", 3, 9 } };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = lookup_mmdb(t, &s, fd, &wrong);
    close(fd);
    return good;
}

static void maxmind(void **state)
{
    (void)state;
    static struct mmdb_writer w;
    struct lookup_table t;
    char path[] = "/tmp/lookup-XXXXXX";
    close(mkstemp(path));
    mmdb_begin(&w);
    net(&w, "192.0.2.0", 96 + 24);
    put_nested(&w.data);
    net(&w, "198.51.100.0", 96 + 24);
    put_flat(&w.data);
    net(&w, "2001:db8::", 32);
    mmdb_map(&w.data, 1);
    put_pair(&w.data, "country", "Utopia");
    assert_true(mmdb_write(&w, path));
    assert_true(open_mmdb(&t, path));
    assert_string_equal(ask(&t, "192.0.2.77"), "52.5,13.25");
    assert_string_equal(ask(&t, "198.51.100.1"), "FR");
    assert_null(ask(&t, "203.0.113.1"));
    assert_null(ask(&t, "text"));
    struct rule_value k = rule_string(SLICE("198.51.100.1"));
    assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).multi),
                        "{country={iso_code=FR}, city={names={en=Paris}}, asn=AS3215, "
                        "as_name=Orange, autonomous_system_number=3215, "
                        "autonomous_system_organization=Orange}");
    k = rule_string(SLICE("2001:db8::1"));
    assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).multi),
                        "{country={names={en=Utopia}}}");
    const struct lookup_cache_conf conf = { .max_size = 10 };
    lookup_cache_put(&t, &conf);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(ask(&t, "192.0.2.77"), "52.5,13.25");
        assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).multi),
                            "{country={names={en=Utopia}}}");
        assert_null(ask(&t, "203.0.113.1"));
    }
    lookup_close(&t);
    unlink(path);
}

static void no_maxmind(void **state)
{
    (void)state;
    struct lookup_table t;
    char path[] = "/tmp/lookup-XXXXXX";
    int fd = mkstemp(path);
    assert_true(write(fd, "no such thing\n", 14) == 14);
    close(fd);
    assert_false(open_mmdb(&t, path));
    assert_non_null(
        strstr(wrong.v[0], "conf.yml:3:9: path: geo.mmdb: not a file in MaxMind's format"));
    unlink(path);
}

/* ---- from rules */

static const char *run_rule(const struct lookup_table *t, const char *text)
{
    struct rule_errors errors = { .n = 0 };
    struct rule_env env = { .table = t, .n_tables = 1 };
    struct rule *r = rule_load(&arena, slice_cstr(text), &errors);
    struct message *m = message_new(&arena, 8);
    assert_non_null(r);
    struct run run = { .env = &env, .m = m, .mem = &arena };
    run.var = arena_zalloc(&arena, (r->slots + 1) * sizeof *run.var);
    assert_true(rule_act(&run, r));
    const struct value *v = message_get(m, SLICE("r"));
    struct rule_value got = value_read(v, &arena);
    return text_of(got);
}

static void defaults(void **state)
{
    (void)state;
    struct lookup_source s = csv();
    struct lookup_table t;
    assert_true(lookup_csv(&t, &s, SLICE("key,value\na,1\n"), &arena, &wrong));
    const char *miss = "rule \"r\" when true then set_field(\"r\", lookup_value(\"t\", \"x\", "
                       "\"mine\")); end";
    assert_string_equal(run_rule(&t, miss), "mine");
    t.default_single = rule_string(SLICE("table's"));
    assert_string_equal(run_rule(&t, miss), "table's");
    assert_string_equal(run_rule(&t, "rule \"r\" when true then set_field(\"r\", "
                                     "lookup_value(\"t\", \"a\", \"mine\")); end"),
                        "1");
}

/* ---- what rules keep */

static int64_t clock_ms;

static struct lookup_answer change_at(struct lookup_table *t, enum lookup_change_kind kind,
                                      const char *key, struct rule_value value, int64_t ttl_s)
{
    struct rule_value k = rule_string(slice_cstr(key));
    struct lookup_change c = {
        .kind = kind, .key = &k, .value = &value, .now_ms = clock_ms, .ttl_s = ttl_s
    };
    struct lookup_answer out = { 0 };
    t->adapter->change(t->data, &c, &arena, &out);
    return out;
}

static const char *set(struct lookup_table *t, const char *key, const char *value, int64_t ttl_s)
{
    return text_of(change_at(t, LOOKUP_SET, key, rule_string(slice_cstr(value)), ttl_s).single);
}

static const char *ask_at(const struct lookup_table *t, const char *key, int64_t now_ms)
{
    struct rule_value k = rule_string(slice_cstr(key));
    struct lookup_answer a = lookup_ask(t, &k, now_ms, &arena);
    return a.single.kind == K_NULL ? NULL : text_of(a.single);
}

static struct lookup_table changeable(uint32_t max_entries)
{
    struct lookup_source s = { .name = SLICE("t"), .max_entries = max_entries };
    struct lookup_table t;
    struct why w;
    struct node *n;
    assert_int_equal(yaml_read(&arena, SLICE("a: alpha\nl: [p, q]\n"), "pack.yml", &n, &w), ERR_OK);
    s.entries = n;
    assert_true(lookup_memory(&t, &s, &arena, &wrong));
    return t;
}

static void changes(void **state)
{
    (void)state;
    struct lookup_table t = changeable(100);
    char text[] = "beta";
    assert_string_equal(ask(&t, "a"), "alpha");
    assert_string_equal(set(&t, "b", text, 0), "beta");
    memset(text, 'x', 4); /* the table has a copy */
    assert_string_equal(ask(&t, "b"), "beta");
    assert_string_equal(ask(&t, "a"), "alpha");
    set(&t, "a", "new", 0);
    assert_string_equal(ask(&t, "a"), "new");
    change_at(&t, LOOKUP_CLEAR, "a", rule_null(), 0);
    assert_null(ask(&t, "a"));
    struct rule_value items[] = { rule_string(SLICE("q")), rule_string(SLICE("r")) };
    struct rule_value list = { .kind = K_LIST, .n = 2, .p = items };
    struct lookup_answer a = change_at(&t, LOOKUP_ADD_LIST, "l", list, 0);
    assert_string_equal(text_of(a.list), "[p, q, r]");
    a = change_at(&t, LOOKUP_REMOVE_LIST, "l", list, 0);
    assert_string_equal(text_of(a.list), "[p]");
    struct rule_value k = rule_string(SLICE("l"));
    assert_string_equal(text_of(lookup_ask(&t, &k, 0, &arena).list), "[p]");
    lookup_close(&t);
}

static void times_to_live(void **state)
{
    (void)state;
    struct lookup_table t = changeable(100);
    set(&t, "x", "1", 10);
    assert_string_equal(ask_at(&t, "x", 9999), "1");
    assert_null(ask_at(&t, "x", 10000));
    set(&t, "y", "2", 0);
    assert_string_equal(ask_at(&t, "y", INT64_MAX - 1), "2");
    clock_ms = 5000;
    change_at(&t, LOOKUP_TTL, "y", rule_null(), 1);
    assert_string_equal(ask_at(&t, "y", 5999), "2");
    assert_null(ask_at(&t, "y", 6000));
    change_at(&t, LOOKUP_TTL, "none", rule_null(), 1); /* makes no key */
    clock_ms = 20000;
    change_at(&t, LOOKUP_SET, "z", rule_long(3), 0);
    clock_ms = 0;
    assert_int_equal(lookup_kept_counts(t.data).expired, 2);
    lookup_close(&t);
}

static void bounds(void **state)
{
    (void)state;
    struct lookup_table t = changeable(4); /* two of them are written */
    static char large[LOOKUP_KEPT_VALUE_BYTES + 2];
    set(&t, "1", "one", 0);
    set(&t, "2", "two", 0);
    set(&t, "1", "uno", 0);
    set(&t, "3", "three", 0);
    assert_null(ask(&t, "2"));
    assert_string_equal(ask(&t, "1"), "uno");
    assert_string_equal(ask(&t, "3"), "three");
    assert_string_equal(ask(&t, "a"), "alpha");
    assert_int_equal(lookup_kept_counts(t.data).evicted, 1);
    memset(large, 'x', sizeof large - 1);
    assert_true(change_at(&t, LOOKUP_SET, "4", rule_string(slice_cstr(large)), 0).failed);
    assert_int_equal(lookup_kept_counts(t.data).refused, 1);
    lookup_close(&t);
}

#define EACH 2000

/* Writes keys of its own and one of all; every value that is seen is whole. */
static void writer(void *ctx)
{
    struct lookup_table *t = ctx;
    for (unsigned i = 0; i < EACH; i++) {
        struct arena mem;
        char text[16];
        arena_init(&mem, NULL, 0);
        snprintf(text, sizeof text, "%04u-%04u", i % 50, i % 50);
        struct rule_value k = rule_string(SLICE("all")), v = rule_string(slice_cstr(text));
        struct lookup_change c = { .kind = LOOKUP_SET, .key = &k, .value = &v };
        struct lookup_answer out = { 0 };
        t->adapter->change(t->data, &c, &mem, &out);
        struct rule_value seen = lookup_ask(t, &k, 0, &mem).single;
        struct slice got = rule_text(&seen);
        BUG_ON(got.n != 9 || memcmp(got.p, got.p + 5, 4) != 0);
        arena_free(&mem);
    }
}

static void threads(void **state)
{
    (void)state;
    struct lookup_table t = changeable(100);
    struct thread a, b;
    assert_int_equal(thread_start(&a, "a", writer, &t), ERR_OK);
    assert_int_equal(thread_start(&b, "b", writer, &t), ERR_OK);
    thread_join(&a);
    thread_join(&b);
    assert_string_equal(ask(&t, "all"), "0049-0049");
    assert_string_equal(ask(&t, "a"), "alpha");
    lookup_close(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(texts),
        TEST(separators),
        TEST(networks),
        TEST(mistakes),
        TEST(large),
        TEST(too_many_rows),
        TEST(case_of_all_letters),
        TEST(memory),
        TEST(maxmind),
        TEST(no_maxmind),
        TEST(defaults),
        TEST(changes),
        TEST(times_to_live),
        TEST(bounds),
        TEST(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
