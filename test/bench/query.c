/* Messages in index files, and requests about them: to be measured, and compared with other ways.
 * Usage: query load FOLDER FILE [N SEED ODD FROM_MS SPAN_MS STREAM]   (no N: NDJSON on standard
 * input) query ask FOLDER THREADS FILE... < REQUESTS           one a line; answers, one a line
 *        query texts …                                         the same without numbers of texts
 * A FILE.old is as from before there were numbers, a FILE.some was so when it was filled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daystore.h"
#include "lib/lines.h"
#include "os/clock.h"
#include "store/query.h"

#define DAY_MS 86400000

static struct daystore store;
static char line[1 << 20];

static int64_t argument(int argc, char **argv, int i, int64_t otherwise)
{
    return i < argc ? strtoll(argv[i], NULL, 10) : otherwise;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n > k && strcmp(name + n - k, end) == 0;
}

static bool next_line(void *ctx, uint64_t i, struct buf *out)
{
    (void)i;
    struct lines *all = ctx;
    buf_cstr(out, all->v[i]);
    return !out->full;
}

static int load(int argc, char **argv)
{
    struct messages m = { .n = (uint64_t)argument(argc, argv, 4, 0),
                          .seed = (uint64_t)argument(argc, argv, 5, 1),
                          .odd = (unsigned)argument(argc, argv, 6, 0),
                          .from_ms = argument(argc, argv, 7, 1789948800000), /* 2026-09-21 */
                          .span_ms = argument(argc, argv, 8, DAY_MS),
                          .stream = argc > 9 ? argv[9] : "0000000000000000000000aa" };
    struct lines all = { 0 };
    bool made = argc > 4;
    if (!made && !lines_read(&all, "/dev/stdin"))
        return 1;
    struct daystore_rows rows = { all.n, next_line, &all };
    if (made)
        rows = (struct daystore_rows){ m.n, daystore_message, &m };
    store.plain = ends_with(argv[3], ".old") || ends_with(argv[3], ".some");
    if (!daystore_add(&store, argv[3], "a", &rows)) {
        fprintf(stderr, "query: %s\n", store.why.text);
        return 1;
    }
    printf("%llu rows\n", (unsigned long long)store.table[0].rows);
    return 0;
}

static void answer(struct query_session *s, struct arena *mem, struct buf *out)
{
    struct query q;
    struct query_error error;
    struct query_data data = { .view = &store.view };
    arena_reset(mem);
    buf_reset(out);
    err rc = query_read(&q, slice_cstr(line), clock_real_ns() / 1000000, mem, &error);
    if (!rc)
        rc = query_answer(s, &q, &data, out, &error);
    if (rc)
        query_error_write(out, &error);
    buf_u8(out, '\n');
    fwrite(out->p, 1, out->n, stdout);
}

static int ask(int argc, char **argv)
{
    struct query_session *s;
    struct arena mem;
    struct buf out = buf_of(malloc(QUERY_ANSWER_BYTES), QUERY_ANSWER_BYTES);
    for (int i = 4; i < argc; i++) {
        store.plain = ends_with(argv[i], ".old");
        if (!daystore_attach(&store, argv[i], "a")) {
            fprintf(stderr, "query: %s\n", store.why.text);
            return 1;
        }
    }
    store.view.coded = store.view.coded && strcmp(argv[1], "ask") == 0;
    if (query_session_open(&s, store.duck, &store.why))
        return 1;
    arena_init(&mem, NULL, 0);
    while (fgets(line, sizeof line, stdin)) {
        answer(s, &mem, &out);
        fflush(stdout);
    }
    query_session_close(s);
    arena_free(&mem);
    free(out.p);
    return 0;
}

int main(int argc, char **argv)
{
    bool is_ask = argc > 4 && (!strcmp(argv[1], "ask") || !strcmp(argv[1], "texts"));
    bool is_load = argc > 3 && strcmp(argv[1], "load") == 0;
    if (!is_ask && !is_load) {
        fprintf(stderr, "usage: query load FOLDER FILE [N SEED ODD FROM_MS SPAN_MS STREAM]\n"
                        "       query ask|texts FOLDER THREADS FILE... < REQUESTS\n");
        return 2;
    }
    if (!daystore_open(&store, argv[2], is_ask ? (unsigned)argument(argc, argv, 3, 2) : 2)) {
        fprintf(stderr, "query: %s\n", store.why.text);
        return 1;
    }
    if (!store.duck) {
        fprintf(stderr, "query: tools/fetch-duckdb\n");
        return 1;
    }
    int status = is_ask ? ask(argc, argv) : load(argc, argv);
    daystore_close(&store);
    return status;
}
