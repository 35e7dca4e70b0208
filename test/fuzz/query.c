/* Fuzz target: the text of a search to SQL, and that SQL on a table of messages. What our parser
 * accepts is SQL that the library takes, and nothing that was typed stands in it: its literals are
 * names of fields and those that are listed here. Without the library (tools/fetch-duckdb) only
 * the text is looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daystore.h"
#include "store/query_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ROWS      40
#define SQL_BYTES ((size_t)4 << 20)

static struct daystore store;
static struct query_session *session;
static uint8_t *out, *text;
static struct sql_param *param;

static void fail(const char *what, struct slice at)
{
    fprintf(stderr, "%s: %.*s\n", what, (int)at.n, (const char *)at.p);
    __builtin_trap();
}

static void close_all(void)
{
    query_session_close(session);
    daystore_close(&store);
}

static void start(void)
{
    struct messages m = {
        .seed = 1, .from_ms = 1000000, .span_ms = 100000, .n = ROWS, .odd = 500, .stream = "a"
    };
    struct daystore_rows rows = { ROWS, daystore_message, &m };
    out = malloc(QUERY_ANSWER_BYTES);
    text = malloc(SQL_BYTES);
    param = calloc(QUERY_PARAMS_MAX, sizeof *param);
    if (!daystore_open(&store, NULL, 1) || !store.duck)
        return;
    if (!daystore_add(&store, "fuzz.x", "s", &rows) ||
        query_session_open(&session, store.duck, &store.why))
        fail(store.why.text, SLICE(""));
    atexit(close_all);
}

/* ---- the text */

static bool is_listed(struct slice literal)
{
    static const char *const known[] = {
        "$",
        "$.*",
        "$[*]",
        "\\",
        "ARRAY",
        "[",
        "NULL",
        "BIGINT",
        "UBIGINT",
        "DOUBLE",
        "HUGEINT",
        "UHUGEINT",
        "%Y-%m-%d %H:%M:%S.%g",
        "[" QUERY_WORD_CHARS "]+(?:[.", /* a quote is written twice */
        "][" QUERY_WORD_CHARS "]+)*",
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (slice_eq(literal, slice_cstr(known[i])))
            return true;
    bool path = slice_starts(literal, SLICE("$.\"")) && slice_ends(literal, SLICE("\""));
    return path && literal.n > 4 && query_name_ok(slice_of(literal.p + 3, literal.n - 4));
}

/* Outside of literals: what the compiler writes, and no comment or second statement. */
static void check_sql(struct slice sql)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_$(),.:<>=*[]+- ";
    for (size_t i = 0; i < sql.n; i++) {
        if (sql.p[i] == '\'') {
            ptrdiff_t end = slice_find(slice_after(sql, i + 1), '\'');
            if (end < 0 || !is_listed(slice_of(sql.p + i + 1, (size_t)end)))
                fail("a literal", slice_after(sql, i));
            i += (size_t)end + 1;
        } else if (!sql.p[i] || !strchr(plain, sql.p[i]) ||
                   (sql.p[i] == '-' && i + 1 < sql.n && sql.p[i + 1] == '-')) {
            fail("a character", slice_after(sql, i));
        }
    }
}

static void compile(const struct search_node *root, struct arena *mem, enum sql_shape shape)
{
    struct query_error error = { .line = 0 };
    struct sql s = { .b = buf_of(text, SQL_BYTES),
                     .param = param,
                     .mem = mem,
                     .now_ms = 1700000000000,
                     .error = &error };
    sql_filter(&s, root, shape);
    if (!s.rc && !s.full && !s.b.full)
        check_sql(buf_slice(&s.b));
}

/* ---- on messages */

static void answer(struct slice query)
{
    struct query_error error;
    struct query_ask ask = { .id = SLICE("a"), .kind = QUERY_VALUE };
    struct query q = { .from_ms = 0,
                       .to_ms = 2000000,
                       .now_ms = 1700000000000,
                       .text = query,
                       .timeout_ms = 5000,
                       .ask = &ask,
                       .n = 1 };
    struct query_data data = { .view = &store.view };
    struct buf b = buf_of(out, QUERY_ANSWER_BYTES);
    err rc = query_answer(session, &q, &data, &b, &error);
    if (rc && rc != ERR_LIMIT && rc != ERR_FORMAT)
        fail(error.why.text, query);
    /* a mistake of the library's is told with its name in front */
    if (!rc && slice_search(buf_slice(&b), SLICE("\"text\":\"store: ")) >= 0)
        fail("the library", buf_slice(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct search_conf conf = { false };
    struct search search;
    struct why why;
    struct arena mem;
    uint8_t *exact = malloc(n);
    if (!text)
        start();
    if (n)
        memcpy(exact, data, n);
    arena_init(&mem, &pool, 0);
    if (!search_parse(&search, slice_of(exact, n), &conf, &mem, &why)) {
        compile(search.root, &mem, SHAPE_COLUMNS);
        compile(search.root, &mem, SHAPE_MISFITS);
    }
    arena_free(&mem);
    chunk_pool_free(&pool);
    if (session)
        answer(slice_of(exact, n));
    free(exact);
    return 0;
}
